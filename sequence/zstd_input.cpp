#include "core/try.hpp"
#include "sequence/decompress.hpp"

#include <zstd.h>

#include <utility>

namespace talaria {
namespace {

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

class ZstdInput final : public Input {
public:
  explicit ZstdInput(SourceWindow window) : window_(std::move(window)), context_(ZSTD_createDCtx()) {}

  // Allows the longest windows (`zstd --long=31`: 2 GiB on 64-bit machines); memory is taken only by
  // files that were made with them.
  Result<void> begin() {
    if (!context_) return failure(errc::internal, "zstd: no memory for a decompressor");
    const ZSTD_bounds bounds = ZSTD_dParam_getBounds(ZSTD_d_windowLogMax);
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, bounds.upperBound);
    return {};
  }

  Result<std::size_t> read(char* out, std::size_t size) override {
    ZSTD_outBuffer to{out, size, 0};
    while (size > 0 && to.pos == 0) {
      TALARIA_TRY(window_.want(1));
      const std::string_view bytes = window_.view();
      if (bytes.empty() && !in_frame_) return std::size_t{0};
      ZSTD_inBuffer from{bytes.data(), bytes.size(), 0};
      const std::size_t code = ZSTD_decompressStream(context_.get(), &to, &from);
      window_.consume(from.pos);
      if (ZSTD_isError(code)) return damaged_input(window_, ZSTD_getErrorName(code));
      in_frame_ = code != 0;
      if (bytes.empty() && in_frame_ && to.pos == 0) return truncated_input(window_);
    }
    return to.pos;
  }

  std::string format() const override { return "zstd"; }
  std::string name() const override { return window_.name(); }

private:
  SourceWindow window_;
  std::unique_ptr<ZSTD_DCtx, FreeContext> context_;
  bool in_frame_ = false;
};

} // namespace

Result<std::unique_ptr<Input>> zstd_input(SourceWindow window) {
  auto input = std::make_unique<ZstdInput>(std::move(window));
  TALARIA_TRY(input->begin());
  return input;
}

} // namespace talaria
