// Zstandard: one frame with the content size in it and no checksum, since blocks carry their own.
#include "coding/codecs.hpp"

#include "coding/similarity.hpp"
#include "coding/zstd_frames.hpp"
#include "core/try.hpp"

#include <utility>

namespace talaria {

namespace {

// A reader that streams need keep no more than this of the content, whatever the level: 32 MiB.
constexpr int window_log_max = 25;
// The first level whose own window can be longer.
constexpr int long_window_level = 21;

// Parameters of zstd's that differ from those of its levels; 0 is the level's own.
struct Tuning {
  int strategy = 0;
  int hash_log = 0;
  int chain_log = 0;
  int search_log = 0;
  int min_match = 0;

  friend bool operator==(const Tuning&, const Tuning&) = default;
};

// The last level with tables of our own.
constexpr int last_fast_level = 3;

// Residues in similarity order. Matches shorter than 6 (nucleotides: 7) are chance ones: they cost more
// than the literals that they replace, and zstd's own levels choose them for small inputs. At the low
// levels a sequence's best match lies a few kilobytes back, so larger tables find nothing more in a
// block of this size, and leave the processor's cache. The second table of dfast, of long matches, finds
// what chance hits have overwritten in the other: for nucleotides at no cost, for proteins at 1.4 times
// the time. docs/decisions/0002-similarity-order.md has the figures.
Tuning tuning_of(int level, bool nucleotides) noexcept {
  if (level < 1) return {};
  if (level > last_fast_level) return {0, 0, 0, 0, 6};
  bool two_tables = nucleotides || level > 1;
  return {two_tables ? ZSTD_dfast : ZSTD_fast, 15, 13, 1, nucleotides ? 7 : 6};
}

class ZstdCodec final : public Codec {
public:
  explicit ZstdCodec(Content content) : content_(content) {}

  CodecId id() const noexcept override { return CodecId::zstd; }

  Result<void> compress(std::string_view raw, int level, std::string& out) override {
    TALARIA_TRY(check_level(CodecId::zstd, level));
    auto tuning = content_ == Content::residues ? tuning_of(level, is_nucleotide(raw)) : Tuning{};
    TALARIA_TRY(set_up(level, tuning));
    return append_zstd_frame(*compressor_, raw, out);
  }

  Result<void> decompress(std::string_view packed, char* out, std::size_t raw_size) override {
    if (!decompressor_) decompressor_ = make_zstd_decompressor();
    return read_zstd_frame(*decompressor_, packed, out, raw_size);
  }

private:
  Result<void> set_up(int level, const Tuning& tuning) {
    if (compressor_ && level == level_ && tuning == tuning_) return {};
    if (!compressor_) compressor_ = make_zstd_compressor();
    const int window_log = level >= long_window_level ? window_log_max : 0; // 0: the level's own
    for (auto [parameter, value] :
         {std::pair{ZSTD_c_compressionLevel, level}, std::pair{ZSTD_c_windowLog, window_log},
          std::pair{ZSTD_c_checksumFlag, 0}, std::pair{ZSTD_c_contentSizeFlag, 1},
          std::pair{ZSTD_c_strategy, tuning.strategy}, std::pair{ZSTD_c_hashLog, tuning.hash_log},
          std::pair{ZSTD_c_chainLog, tuning.chain_log}, std::pair{ZSTD_c_searchLog, tuning.search_log},
          std::pair{ZSTD_c_minMatch, tuning.min_match}})
      TALARIA_TRY(set(parameter, value));
    level_ = level;
    tuning_ = tuning;
    return {};
  }

  Result<void> set(ZSTD_cParameter parameter, int value) {
    return zstd_done(ZSTD_CCtx_setParameter(compressor_.get(), parameter, value));
  }

  // Made when first used: most objects go one way only.
  ZstdCompressor compressor_;
  ZstdDecompressor decompressor_;
  int level_ = 0; // what compressor_ is set to, as tuning_
  Tuning tuning_;
  Content content_;
};

} // namespace

std::unique_ptr<Codec> make_zstd_codec(Content content) {
  return std::make_unique<ZstdCodec>(content);
}

} // namespace talaria
