#include "coding/codecs.hpp"

#include <cstring>

namespace talaria {

namespace {

class NoneCodec final : public Codec {
public:
  CodecId id() const noexcept override { return CodecId::none; }

  Result<void> compress(std::string_view raw, int, std::string& out) override {
    out.append(raw);
    return {};
  }

  Result<void> decompress(std::string_view packed, char* out, std::size_t raw_size) override {
    if (packed.size() != raw_size) return failure(errc::damaged, "stored bytes of another size");
    if (raw_size != 0) std::memcpy(out, packed.data(), raw_size);
    return {};
  }
};

} // namespace

std::unique_ptr<Codec> make_none_codec(Content) {
  return std::make_unique<NoneCodec>();
}

} // namespace talaria
