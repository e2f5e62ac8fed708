// What all users of zstd here share: contexts, errors, and which bytes are one frame.
#pragma once

#include "core/endian.hpp"
#include "talaria/error.hpp"

#include <zstd.h>

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <string_view>

namespace talaria {

struct FreeZstdContext {
  void operator()(ZSTD_CCtx* c) const noexcept { ZSTD_freeCCtx(c); }
  void operator()(ZSTD_DCtx* d) const noexcept { ZSTD_freeDCtx(d); }
};
using ZstdCompressor = std::unique_ptr<ZSTD_CCtx, FreeZstdContext>;
using ZstdDecompressor = std::unique_ptr<ZSTD_DCtx, FreeZstdContext>;

inline ZstdCompressor make_zstd_compressor() {
  ZstdCompressor context(ZSTD_createCCtx());
  if (!context) throw std::bad_alloc();
  return context;
}

inline ZstdDecompressor make_zstd_decompressor() {
  ZstdDecompressor context(ZSTD_createDCtx());
  if (!context) throw std::bad_alloc();
  return context;
}

inline Result<void> zstd_done(std::size_t code) {
  if (!ZSTD_isError(code)) return {};
  return failure(errc::internal, std::string("zstd cannot compress: ") + ZSTD_getErrorName(code));
}

// Appends one frame of `raw`, as the context is set.
inline Result<void> append_zstd_frame(ZSTD_CCtx& context, std::string_view raw, std::string& out) {
  const std::size_t start = out.size();
  out.resize(start + ZSTD_compressBound(raw.size()));
  const std::size_t n =
      ZSTD_compress2(&context, out.data() + start, out.size() - start, raw.data(), raw.size());
  out.resize(ZSTD_isError(n) ? start : start + n);
  return zstd_done(n);
}

// The library itself would read several frames in a row, and frames of metadata, as one content.
inline bool is_one_zstd_frame_of(std::string_view packed, std::size_t raw_size) noexcept {
  return packed.size() >= 4 && load_u32(packed.data()) == ZSTD_MAGICNUMBER &&
         ZSTD_getFrameContentSize(packed.data(), packed.size()) == raw_size &&
         ZSTD_findFrameCompressedSize(packed.data(), packed.size()) == packed.size();
}

// Decompresses one frame of exactly `raw_size` bytes, as the context is set. errc::damaged if it isn't
// that.
inline Result<void> read_zstd_frame(ZSTD_DCtx& context, std::string_view packed, char* out,
                                    std::size_t raw_size) {
  if (!is_one_zstd_frame_of(packed, raw_size))
    return failure(errc::damaged, "not a zstd frame of the stated size");
  // Decompression in one pass goes straight to `out`: no window is allocated.
  char nothing = 0;
  const std::size_t n = ZSTD_decompressDCtx(&context, raw_size > 0 ? out : &nothing, raw_size,
                                            packed.data(), packed.size());
  if (ZSTD_isError(n)) return failure(errc::damaged, std::string("zstd: ") + ZSTD_getErrorName(n));
  if (n != raw_size) return failure(errc::damaged, "a zstd frame of another size");
  return {};
}

} // namespace talaria
