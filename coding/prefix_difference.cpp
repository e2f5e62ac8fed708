#include "coding/prefix_difference.hpp"

#include "core/endian.hpp"
#include "core/try.hpp"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <new>
#include <utility>

namespace talaria {

namespace {

// Chunks are at most 256 KiB, and written once: the level at which nearly all is found that can be.
constexpr int level = 12;

struct FreeContexts {
  void operator()(ZSTD_CCtx* c) const noexcept { ZSTD_freeCCtx(c); }
  void operator()(ZSTD_DCtx* d) const noexcept { ZSTD_freeDCtx(d); }
};

tl::unexpected<Error> broken(std::size_t code) {
  return failure(errc::internal, std::string("zstd cannot compress: ") + ZSTD_getErrorName(code));
}

// A window that reaches over both, so that any place of the reference can be copied from.
int window_log(std::size_t bytes) {
  return std::clamp(static_cast<int>(std::bit_width(bytes)), 10, 27);
}

} // namespace

Result<void> encode_prefix_difference(std::string_view target, std::string_view reference,
                                      std::string& out) {
  std::unique_ptr<ZSTD_CCtx, FreeContexts> context(ZSTD_createCCtx());
  if (!context) throw std::bad_alloc();
  for (auto [parameter, value] :
       std::array{std::pair{ZSTD_c_compressionLevel, level},
                  std::pair{ZSTD_c_windowLog, window_log(target.size() + reference.size())},
                  std::pair{ZSTD_c_checksumFlag, 0}, std::pair{ZSTD_c_contentSizeFlag, 1}}) {
    const std::size_t set = ZSTD_CCtx_setParameter(context.get(), parameter, value);
    if (ZSTD_isError(set)) return broken(set);
  }
  const std::size_t prefix = ZSTD_CCtx_refPrefix(context.get(), reference.data(), reference.size());
  if (ZSTD_isError(prefix)) return broken(prefix);
  const std::size_t start = out.size();
  out.push_back(prefix_method);
  out.resize(start + 1 + ZSTD_compressBound(target.size()));
  const std::size_t n = ZSTD_compress2(context.get(), out.data() + start + 1, out.size() - start - 1,
                                       target.data(), target.size());
  out.resize(ZSTD_isError(n) ? start : start + 1 + n);
  if (ZSTD_isError(n)) return broken(n);
  return {};
}

Result<void> decode_prefix_difference(std::string_view frame, std::string_view reference, char* out,
                                      std::size_t size) {
  // The library itself would read several frames in a row, and frames of metadata, as one content.
  if (frame.size() < 4 || load_u32(frame.data()) != ZSTD_MAGICNUMBER ||
      ZSTD_getFrameContentSize(frame.data(), frame.size()) != size ||
      ZSTD_findFrameCompressedSize(frame.data(), frame.size()) != frame.size())
    return failure(errc::damaged, "a difference that is no zstd frame of its size");
  std::unique_ptr<ZSTD_DCtx, FreeContexts> context(ZSTD_createDCtx());
  if (!context) throw std::bad_alloc();
  const std::size_t prefix = ZSTD_DCtx_refPrefix(context.get(), reference.data(), reference.size());
  if (ZSTD_isError(prefix))
    return failure(errc::internal, std::string("zstd cannot decompress: ") + ZSTD_getErrorName(prefix));
  char nothing = 0;
  const std::size_t n =
      ZSTD_decompressDCtx(context.get(), size > 0 ? out : &nothing, size, frame.data(), frame.size());
  if (ZSTD_isError(n)) return failure(errc::damaged, std::string("zstd: ") + ZSTD_getErrorName(n));
  if (n != size) return failure(errc::damaged, "a difference of another size");
  return {};
}

} // namespace talaria
