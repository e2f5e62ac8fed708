// Sketches of any bytes, by which a ReferenceFinder (coding/reference_finder.hpp) finds what resembles
// them.
#pragma once

#include "coding/reference_finder.hpp"

#include <string_view>

namespace talaria {

// The hashes of about one in 64 of all strings of 16 bytes, in their order, each once in a row: those
// whose hash is small. One pass over the bytes, thread-safe.
ReferenceSketch byte_sketch(std::string_view bytes);

} // namespace talaria
