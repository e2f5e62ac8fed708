// gzip by ISA-L: one member, which any gunzip reads. Its CRC-32 is checked on reading.
#include "coding/codecs.hpp"

#include "core/try.hpp"

#include <isa-l/igzip_lib.h>

#include <array>
#include <limits>
#include <vector>

namespace talaria {

namespace {

// ISA-L counts bytes in 32 bits.
constexpr std::size_t size_max = std::numeric_limits<std::uint32_t>::max();
// Room for the header, the trailer and a few block headers; more is made when it runs out.
constexpr std::size_t slack = 1024;

// Working memory of each level, as ISA-L wants it.
constexpr std::array<std::uint32_t, 4> level_memory{ISAL_DEF_LVL0_DEFAULT, ISAL_DEF_LVL1_DEFAULT,
                                                    ISAL_DEF_LVL2_DEFAULT, ISAL_DEF_LVL3_DEFAULT};

// ISA-L takes mutable pointers to what it only reads.
std::uint8_t* input(std::string_view bytes) noexcept {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(bytes.data()));
}

class GzipCodec final : public Codec {
public:
  CodecId id() const noexcept override { return CodecId::gzip; }

  Result<void> compress(std::string_view raw, int level, std::string& out) override {
    TALARIA_TRY(check_level(CodecId::gzip, level));
    if (raw.size() > size_max)
      return failure(errc::limit_exceeded, "gzip compresses at most 4 GiB at once");
    const std::size_t start = out.size();
    isal_zstream& s = begin(raw, static_cast<std::uint32_t>(level));
    do {
      const std::size_t used = out.size();
      const std::size_t room = raw.size() / 2 + slack;
      out.resize(used + room);
      s.next_out = reinterpret_cast<std::uint8_t*>(out.data() + used);
      s.avail_out = static_cast<std::uint32_t>(room);
      const int code = isal_deflate(&s);
      out.resize(used + room - s.avail_out);
      if (code != COMP_OK) {
        out.resize(start);
        return failure(errc::internal, "gzip cannot compress: ISA-L code " + std::to_string(code));
      }
    } while (s.internal_state.state != ZSTATE_END);
    return {};
  }

  Result<void> decompress(std::string_view packed, char* out, std::size_t raw_size) override {
    if (raw_size > size_max || packed.size() > size_max)
      return failure(errc::damaged, "not a gzip member");
    if (!inflater_) inflater_ = std::make_unique<inflate_state>();
    inflate_state& s = *inflater_;
    isal_inflate_init(&s);
    char nothing = 0;
    s.crc_flag = ISAL_GZIP;
    s.next_in = input(packed);
    s.avail_in = static_cast<std::uint32_t>(packed.size());
    s.next_out = reinterpret_cast<std::uint8_t*>(raw_size ? out : &nothing);
    s.avail_out = static_cast<std::uint32_t>(raw_size);
    const int code = isal_inflate_stateless(&s);
    if (code == ISAL_INCORRECT_CHECKSUM) return failure(errc::damaged, "gzip checksum does not match");
    if (code != ISAL_DECOMP_OK || s.block_state != ISAL_BLOCK_FINISH || s.avail_out != 0)
      return failure(errc::damaged, "not a gzip member of the stated size");
    if (s.avail_in != 0 || s.read_in_length >= 8)
      return failure(errc::damaged, "bytes after the gzip member");
    return {};
  }

private:
  isal_zstream& begin(std::string_view raw, std::uint32_t level) {
    if (!deflater_) deflater_ = std::make_unique<isal_zstream>();
    isal_zstream& s = *deflater_;
    isal_deflate_init(&s);
    level_buffer_.resize(level_memory[level]);
    s.level = level;
    s.level_buf = level_buffer_.data();
    s.level_buf_size = static_cast<std::uint32_t>(level_buffer_.size());
    s.gzip_flag = IGZIP_GZIP;
    s.end_of_stream = 1;
    s.flush = NO_FLUSH;
    s.next_in = input(raw);
    s.avail_in = static_cast<std::uint32_t>(raw.size());
    return s;
  }

  // Large, and most objects go one way only: made when first used.
  std::unique_ptr<isal_zstream> deflater_;
  std::unique_ptr<inflate_state> inflater_;
  std::vector<std::uint8_t> level_buffer_;
};

} // namespace

std::unique_ptr<Codec> make_gzip_codec(Content) {
  return std::make_unique<GzipCodec>();
}

} // namespace talaria
