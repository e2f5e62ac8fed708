// The codecs, one per file; used through make_codec() of coding/codec.hpp.
#pragma once

#include "coding/codec.hpp"

#include <memory>

namespace talaria {

std::unique_ptr<Codec> make_none_codec(Content content);
std::unique_ptr<Codec> make_zstd_codec(Content content);
std::unique_ptr<Codec> make_lz4_codec(Content content);
std::unique_ptr<Codec> make_gzip_codec(Content content);
std::unique_ptr<Codec> make_dense_codec(Content content);

// Refuses a level that the codec doesn't know (errc::invalid_argument, naming the range).
Result<void> check_level(CodecId id, int level);

} // namespace talaria
