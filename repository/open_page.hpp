// Pages as readers need them: with their numbers in the terms of the index.
#pragma once

#include "repository/digest_index.hpp"
#include "repository/page.hpp"
#include "talaria/error.hpp"
#include "talaria/object_store.hpp"

#include <cstdint>
#include <memory>

namespace talaria {

// A page with its numbers as the index counts generations.
struct OpenPage {
  Page page;
  uint64_t first_record = 0;
};

// Reads a page and translates its numbers. errc::damaged if it names an unknown generation.
Result<std::shared_ptr<const OpenPage>> open_page(const ObjectStore& store, const PageFile& file,
                                                  std::size_t place, const DigestIndex& index);

} // namespace talaria
