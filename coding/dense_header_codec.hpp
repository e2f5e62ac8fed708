// Compression of header lines by context mixing: slow and small, for the setting `dense`.
// docs/similarity.md, "Headers"; docs/format.md, "Dense headers".
#pragma once

#include "talaria/error.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace talaria {

// Keeps working memory: 13 MiB and in proportion to what it coded; used by one thread at a time.
class DenseHeaderCodec {
public:
  DenseHeaderCodec();
  ~DenseHeaderCodec();

  // Appends the compressed form of `raw`, which is headers of these lengths, one behind the other.
  // False, and `out` as it was, for headers that this codec doesn't take: more than
  // header_codec_max_bytes, each counted with one byte more, or with a line feed in one.
  Result<bool> compress(std::string_view raw, std::span<const std::uint32_t> lengths, std::string& out);

  // Decompresses into exactly `raw_size` bytes at `out`, and writes as many lengths as there are.
  // errc::damaged if `packed` isn't a whole valid form of just that.
  Result<void> decompress(std::string_view packed, char* out, std::size_t raw_size,
                          std::span<std::uint32_t> lengths);

private:
  class Model;
  std::unique_ptr<Model> model_; // made when first used
  std::vector<std::uint8_t> text_;
};

} // namespace talaria
