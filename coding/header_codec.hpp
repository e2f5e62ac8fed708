// Compression of header lines: words that occur more than once stand in a dictionary, the others are
// spelled as what differs from similar ones. docs/similarity.md, "Headers"; docs/format.md, "Coded
// headers".
#pragma once

#include "talaria/error.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace talaria {

// The most that is coded in one go, each header counted with one byte more.
inline constexpr std::size_t header_codec_max_bytes = std::size_t{8} << 20;

// Keeps working memory, in proportion to what it coded; used by one thread at a time.
class HeaderCodec {
public:
  HeaderCodec();
  ~HeaderCodec();

  // Appends the compressed form of `raw`, which is headers of these lengths, one behind the other.
  // `level` is one of zstd's. False, and `out` as it was, for headers that this codec doesn't take: too
  // many, or with a line feed in one.
  Result<bool> compress(std::string_view raw, std::span<const std::uint32_t> lengths, int level,
                        std::string& out);

  // Decompresses into exactly `raw_size` bytes at `out`, and writes as many lengths as there are.
  // errc::damaged if `packed` isn't a whole valid form of just that. Memory: at most some times
  // `raw_size`.
  Result<void> decompress(std::string_view packed, char* out, std::size_t raw_size,
                          std::span<std::uint32_t> lengths);

private:
  class Encoder;
  class Decoder;
  std::unique_ptr<Encoder> encoder_; // made when first used: most objects go one way only
  std::unique_ptr<Decoder> decoder_;
};

} // namespace talaria
