#include "coding/codec.hpp"

#include "coding/codecs.hpp"

#include <array>
#include <limits>

namespace talaria {

namespace {

struct CodecEntry {
  CodecId id;
  std::string_view name;
  int lowest;
  int highest;
  std::unique_ptr<Codec> (*make)(Content);
};

// In the order of the numbers.
constexpr std::array<CodecEntry, codec_count> codecs{{
    {CodecId::none, "none", std::numeric_limits<int>::min(), std::numeric_limits<int>::max(),
     make_none_codec},
    {CodecId::zstd, "zstd", -7, 22, make_zstd_codec},
    {CodecId::lz4, "lz4", 1, 12, make_lz4_codec},
    {CodecId::gzip, "gzip", 0, 3, make_gzip_codec},
    {CodecId::dense, "dense", std::numeric_limits<int>::min(), std::numeric_limits<int>::max(),
     make_dense_codec},
}};

const CodecEntry* find(CodecId id) noexcept {
  for (const auto& c : codecs)
    if (c.id == id) return &c;
  return nullptr;
}

} // namespace

Result<CodecId> codec_from_number(std::uint8_t number) {
  if (number < codecs.size()) return codecs[number].id;
  return failure(errc::damaged, "no codec has the number " + std::to_string(number));
}

Result<CodecId> codec_from_name(std::string_view name) {
  for (const auto& c : codecs)
    if (c.name == name) return c.id;
  return failure(errc::invalid_argument, "no codec is named '" + std::string(name) +
                                             "'; there are none, zstd, lz4, gzip and dense");
}

std::string_view to_string(CodecId id) noexcept {
  const auto* c = find(id);
  return c ? c->name : "unknown";
}

bool level_is_valid(CodecId id, int level) noexcept {
  const auto* c = find(id);
  return c && level >= c->lowest && level <= c->highest;
}

Result<void> check_level(CodecId id, int level) {
  if (level_is_valid(id, level)) return {};
  const auto* c = find(id);
  return failure(errc::invalid_argument,
                 std::string(c->name) + " has no level " + std::to_string(level) + "; its levels are " +
                     std::to_string(c->lowest) + " to " + std::to_string(c->highest));
}

std::unique_ptr<Codec> make_codec(CodecId id, Content content) {
  const auto* c = find(id);
  return c ? c->make(content) : nullptr;
}

} // namespace talaria
