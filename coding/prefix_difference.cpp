#include "coding/prefix_difference.hpp"

#include "coding/zstd_frames.hpp"
#include "core/try.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace talaria {

namespace {

// Chunks are at most 256 KiB, and written once: the level at which nearly all is found that can be.
constexpr int level = 12;

// A window that reaches over both, so that any place of the reference can be copied from.
int window_log(std::size_t bytes) {
  return std::clamp(static_cast<int>(std::bit_width(bytes)), 10, 27);
}

} // namespace

Result<void> encode_prefix_difference(std::string_view target, std::string_view reference,
                                      std::string& out) {
  auto context = make_zstd_compressor();
  for (auto [parameter, value] :
       std::array{std::pair{ZSTD_c_compressionLevel, level},
                  std::pair{ZSTD_c_windowLog, window_log(target.size() + reference.size())},
                  std::pair{ZSTD_c_checksumFlag, 0}, std::pair{ZSTD_c_contentSizeFlag, 1}})
    TALARIA_TRY(zstd_done(ZSTD_CCtx_setParameter(context.get(), parameter, value)));
  TALARIA_TRY(zstd_done(ZSTD_CCtx_refPrefix(context.get(), reference.data(), reference.size())));
  const std::size_t start = out.size();
  out.push_back(prefix_method);
  auto done = append_zstd_frame(*context, target, out);
  if (!done) out.resize(start);
  return done;
}

Result<void> decode_prefix_difference(std::string_view frame, std::string_view reference, char* out,
                                      std::size_t size) {
  auto context = make_zstd_decompressor();
  const std::size_t prefix = ZSTD_DCtx_refPrefix(context.get(), reference.data(), reference.size());
  if (ZSTD_isError(prefix))
    return failure(errc::internal, std::string("zstd cannot decompress: ") + ZSTD_getErrorName(prefix));
  return read_zstd_frame(*context, frame, out, size);
}

} // namespace talaria
