// gzip by zlib, for a program that is linked statically, which ISA-L can't be in most systems.
#include "coding/codecs.hpp"
#include "core/try.hpp"

#include <limits>
#include <zlib.h>

namespace talaria {

namespace {

constexpr std::size_t size_max = std::numeric_limits<uInt>::max();
constexpr int gzip_window = 16 + MAX_WBITS; // a gzip member, with any window

class Inflater {
public:
  Inflater() : ready_(inflateInit2(&stream_, gzip_window) == Z_OK) {}
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Whether `packed` is one member of just `size` bytes.
  bool run(std::string_view packed, char* out, std::size_t size) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream_.avail_in = static_cast<uInt>(packed.size());
    stream_.next_out = reinterpret_cast<Bytef*>(size > 0 ? out : &nothing_);
    stream_.avail_out = static_cast<uInt>(size);
    return ready_ && inflate(&stream_, Z_FINISH) == Z_STREAM_END && stream_.avail_out == 0 &&
           stream_.avail_in == 0;
  }

private:
  z_stream stream_{};
  bool ready_;
  char nothing_ = 0; // where no bytes go
};

class GzipCodec final : public Codec {
public:
  CodecId id() const noexcept override { return CodecId::gzip; }

  Result<void> compress(std::string_view, int, std::string&) override {
    return failure(errc::internal, "gzip cannot compress in a program that only reads");
  }

  Result<void> decompress(std::string_view packed, char* out, std::size_t raw_size) override {
    if (raw_size <= size_max && packed.size() <= size_max && Inflater().run(packed, out, raw_size))
      return {};
    return failure(errc::damaged, "not a gzip member of the stated size");
  }
};

} // namespace

std::unique_ptr<Codec> make_gzip_codec(Content) {
  return std::make_unique<GzipCodec>();
}

} // namespace talaria
