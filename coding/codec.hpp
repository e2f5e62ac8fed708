// General-purpose compression behind one interface.
#pragma once

#include "talaria/error.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace talaria {

// How a stored byte string is compressed. The numbers are part of the repository format. `headers` and
// `dense_headers` are for blocks of those only (coding/header_codec.hpp, coding/dense_header_codec.hpp):
// there is no Codec for them, and no setting names them.
enum class CodecId : std::uint8_t {
  none = 0,
  zstd = 1,
  lz4 = 2,
  gzip = 3,
  dense = 4,
  headers = 5,
  dense_headers = 6
};

// Codecs of any bytes; their numbers are those below.
inline constexpr std::size_t codec_count = 5;

// Compresses and decompresses whole byte strings. An object is used by one thread at a time and may
// keep working memory between calls.
class Codec {
public:
  virtual ~Codec() = default;

  virtual CodecId id() const noexcept = 0;

  // Appends the compressed form of `raw` to `out`. `level` has the codec's own meaning (zstd -7..22,
  // lz4 1..12, gzip 0..3 as ISA-L's, none and dense ignore it); errc::invalid_argument outside of it.
  virtual Result<void> compress(std::string_view raw, int level, std::string& out) = 0;

  // Decompresses into exactly `raw_size` bytes at `out`. errc::damaged if `packed` isn't a whole valid
  // stream of just that many bytes. Never writes beyond, and allocates nothing in proportion to sizes
  // that `packed` claims.
  virtual Result<void> decompress(std::string_view packed, char* out, std::size_t raw_size) = 0;
};

// errc::damaged for a number that names no codec for any bytes.
Result<CodecId> codec_from_number(std::uint8_t number);

// "none", "zstd", "lz4", "gzip", "dense"; errc::invalid_argument for another name.
Result<CodecId> codec_from_name(std::string_view name);
std::string_view to_string(CodecId id) noexcept;

// Whether `level` is one that the codec knows.
bool level_is_valid(CodecId id, int level) noexcept;

// What will be compressed: some codecs have better parameters for residues in similarity order.
enum class Content : std::uint8_t { any, residues };

std::unique_ptr<Codec> make_codec(CodecId id, Content content = Content::any);

} // namespace talaria
