// Zstandard: one frame with the content size in it and no checksum, since blocks carry their own.
#include "coding/codecs.hpp"

#include "core/endian.hpp"
#include "core/try.hpp"

#include <zstd.h>

#include <array>
#include <new>
#include <utility>

namespace talaria {

namespace {

// A reader that streams need keep no more than this of the content, whatever the level: 32 MiB.
constexpr int window_log_max = 25;
// The first level whose own window can be longer.
constexpr int long_window_level = 21;

struct FreeContexts {
  void operator()(ZSTD_CCtx* c) const noexcept { ZSTD_freeCCtx(c); }
  void operator()(ZSTD_DCtx* d) const noexcept { ZSTD_freeDCtx(d); }
};

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
    const std::size_t start = out.size();
    out.resize(start + ZSTD_compressBound(raw.size()));
    const std::size_t n = ZSTD_compress2(compressor_.get(), out.data() + start, out.size() - start,
                                         raw.data(), raw.size());
    out.resize(ZSTD_isError(n) ? start : start + n);
    if (ZSTD_isError(n)) return broken(n);
    return {};
  }

  Result<void> decompress(std::string_view packed, char* out, std::size_t raw_size) override {
    if (!is_one_frame_of(packed, raw_size))
      return failure(errc::damaged, "not a zstd frame of the stated size");
    if (!decompressor_) decompressor_.reset(ZSTD_createDCtx());
    if (!decompressor_) throw std::bad_alloc();
    // Decompression in one pass goes straight to `out`: no window is allocated.
    char nothing = 0;
    const std::size_t n = ZSTD_decompressDCtx(decompressor_.get(), raw_size ? out : &nothing, raw_size,
                                              packed.data(), packed.size());
    if (ZSTD_isError(n)) return failure(errc::damaged, std::string("zstd: ") + ZSTD_getErrorName(n));
    if (n != raw_size) return failure(errc::damaged, "a zstd frame of another size");
    return {};
  }

private:
  // The library itself would read several frames in a row, and frames of metadata, as one content.
  static bool is_one_frame_of(std::string_view packed, std::size_t raw_size) noexcept {
    return packed.size() >= 4 && load_u32(packed.data()) == ZSTD_MAGICNUMBER &&
           ZSTD_getFrameContentSize(packed.data(), packed.size()) == raw_size &&
           ZSTD_findFrameCompressedSize(packed.data(), packed.size()) == packed.size();
  }

  static tl::unexpected<Error> broken(std::size_t code) {
    return failure(errc::internal, std::string("zstd cannot compress: ") + ZSTD_getErrorName(code));
  }

  Result<void> set_up(int level) {
    if (compressor_ && level == level_) return {};
    if (!compressor_) compressor_.reset(ZSTD_createCCtx());
    if (!compressor_) throw std::bad_alloc();
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
    const std::size_t n = ZSTD_CCtx_setParameter(compressor_.get(), parameter, value);
    if (ZSTD_isError(n)) return broken(n);
    return {};
  }

  // Made when first used: most objects go one way only.
  std::unique_ptr<ZSTD_CCtx, FreeContexts> compressor_;
  std::unique_ptr<ZSTD_DCtx, FreeContexts> decompressor_;
  int level_ = 0; // what compressor_ is set to
  Content content_;
};

} // namespace

std::unique_ptr<Codec> make_zstd_codec(Content content) {
  return std::make_unique<ZstdCodec>(content);
}

} // namespace talaria
