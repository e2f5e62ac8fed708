// Zstandard: one frame with the content size in it and no checksum, since blocks carry their own.
#include "coding/codecs.hpp"

#include "coding/zstd_frames.hpp"
#include "core/try.hpp"

#include <array>
#include <utility>

namespace talaria {

namespace {

// A reader that streams need keep no more than this of the content, whatever the level: 32 MiB.
constexpr int window_log_max = 25;
// The first level whose own window can be longer.
constexpr int long_window_level = 21;

// Residues in similarity order, at the low levels. A sequence's best match lies a few kilobytes back, so
//  - matches shorter than 7 are chance ones: they cost more than the literals they replace;
//  - larger tables find nothing more in a block of this size, and leave the processor's cache;
//  - from level 2 on, dfast: its second table, of long matches, finds what chance hits have overwritten
//  in the
//    other; 1% smaller at 1.4 times the time.
// zstd's own levels choose shorter matches for small inputs, which makes blocks of nucleotides 14%
// larger.
constexpr int last_tuned_level = 3;
constexpr std::array residue_parameters{std::pair{ZSTD_c_hashLog, 15}, std::pair{ZSTD_c_chainLog, 13},
                                        std::pair{ZSTD_c_searchLog, 1}, std::pair{ZSTD_c_minMatch, 7}};

class ZstdCodec final : public Codec {
public:
  explicit ZstdCodec(Content content) : content_(content) {}

  CodecId id() const noexcept override { return CodecId::zstd; }

  Result<void> compress(std::string_view raw, int level, std::string& out) override {
    TALARIA_TRY(check_level(CodecId::zstd, level));
    TALARIA_TRY(set_up(level));
    return append_zstd_frame(*compressor_, raw, out);
  }

  Result<void> decompress(std::string_view packed, char* out, std::size_t raw_size) override {
    if (!decompressor_) decompressor_ = make_zstd_decompressor();
    return read_zstd_frame(*decompressor_, packed, out, raw_size);
  }

private:
  Result<void> set_up(int level) {
    if (compressor_ && level == level_) return {};
    if (!compressor_) compressor_ = make_zstd_compressor();
    const int window_log = level >= long_window_level ? window_log_max : 0; // 0: the level's own
    for (auto [parameter, value] :
         {std::pair{ZSTD_c_compressionLevel, level}, std::pair{ZSTD_c_windowLog, window_log},
          std::pair{ZSTD_c_checksumFlag, 0}, std::pair{ZSTD_c_contentSizeFlag, 1}})
      TALARIA_TRY(set(parameter, value));
    if (content_ == Content::residues) {
      // 0 is the level's own.
      const bool tuned = level >= 1 && level <= last_tuned_level;
      for (auto [parameter, value] : residue_parameters) TALARIA_TRY(set(parameter, tuned ? value : 0));
      TALARIA_TRY(set(ZSTD_c_strategy, !tuned ? 0 : level == 1 ? ZSTD_fast : ZSTD_dfast));
    }
    level_ = level;
    return {};
  }

  Result<void> set(ZSTD_cParameter parameter, int value) {
    return zstd_done(ZSTD_CCtx_setParameter(compressor_.get(), parameter, value));
  }

  // Made when first used: most objects go one way only.
  ZstdCompressor compressor_;
  ZstdDecompressor decompressor_;
  int level_ = 0; // what compressor_ is set to
  Content content_;
};

} // namespace

std::unique_ptr<Codec> make_zstd_codec(Content content) {
  return std::make_unique<ZstdCodec>(content);
}

} // namespace talaria
