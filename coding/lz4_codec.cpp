// LZ4's block format, without a frame: sizes and checksums are the block's own business.
#include "coding/codecs.hpp"

#include "core/try.hpp"

#include <lz4.h>
#include <lz4hc.h>

namespace talaria {

namespace {

// Up to here the fast compressor, above the "high compression" one.
constexpr int fast_level_max = 2;

class Lz4Codec final : public Codec {
public:
  CodecId id() const noexcept override { return CodecId::lz4; }

  Result<void> compress(std::string_view raw, int level, std::string& out) override {
    TALARIA_TRY(check_level(CodecId::lz4, level));
    if (raw.size() > LZ4_MAX_INPUT_SIZE)
      return failure(errc::limit_exceeded, "lz4 compresses at most 2113929216 bytes at once");
    const int size = static_cast<int>(raw.size());
    const int bound = LZ4_compressBound(size);
    const std::size_t start = out.size();
    out.resize(start + static_cast<std::size_t>(bound));
    const char* source = raw.empty() ? "" : raw.data();
    const int n = level <= fast_level_max
                      ? LZ4_compress_default(source, out.data() + start, size, bound)
                      : LZ4_compress_HC(source, out.data() + start, size, bound, level);
    out.resize(start + static_cast<std::size_t>(n > 0 ? n : 0));
    if (n <= 0) return failure(errc::internal, "lz4 cannot compress");
    return {};
  }

  Result<void> decompress(std::string_view packed, char* out, std::size_t raw_size) override {
    // Both bounds are beyond what compress() makes, and what the library's int can say.
    if (raw_size > LZ4_MAX_INPUT_SIZE || packed.size() > LZ4_COMPRESSBOUND(LZ4_MAX_INPUT_SIZE))
      return failure(errc::damaged, "not an lz4 block");
    const int size = static_cast<int>(raw_size);
    char nothing = 0;
    const int n = LZ4_decompress_safe(packed.empty() ? "" : packed.data(), raw_size ? out : &nothing,
                                      static_cast<int>(packed.size()), size);
    if (n != size) return failure(errc::damaged, "not an lz4 block of the stated size");
    return {};
  }
};

} // namespace

std::unique_ptr<Codec> make_lz4_codec(Content) {
  return std::make_unique<Lz4Codec>();
}

} // namespace talaria
