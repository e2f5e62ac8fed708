#include "core/try.hpp"
#include "sequence/decompress.hpp"

#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

namespace talaria {
namespace {

// BGZF marks its members by an extra field, subfield "BC" of two bytes, and ends files with an empty
// one.
bool is_bgzf_extra(std::string_view extra) {
  while (extra.size() >= 4) {
    const std::size_t length =
        static_cast<unsigned char>(extra[2]) + (std::size_t{static_cast<unsigned char>(extra[3])} << 8);
    if (extra.substr(0, 2) == "BC" && length == 2) return true;
    extra.remove_prefix(std::min(extra.size(), 4 + length));
  }
  return false;
}

std::string reason(int code) {
  switch (code) {
  case ISAL_INVALID_BLOCK:
    return "an impossible block";
  case ISAL_INVALID_SYMBOL:
    return "an impossible symbol";
  case ISAL_INVALID_LOOKBACK:
    return "a copy from before the beginning";
  case ISAL_INVALID_WRAPPER:
    return "not a gzip header";
  case ISAL_UNSUPPORTED_METHOD:
    return "an unknown method of compression";
  case ISAL_INCORRECT_CHECKSUM:
    return "the checksum or length does not fit";
  default:
    return "decompression failed";
  }
}

class GzipInput final : public Input {
public:
  explicit GzipInput(SourceWindow window)
      : window_(std::move(window)), state_(std::make_unique<inflate_state>()), extra_(65536) {
    isal_inflate_init(state_.get());
  }

  // Reads the first member's header, which tells gzip from BGZF.
  Result<void> begin() {
    TALARIA_TRY(begin_member());
    bgzf_ = member_bgzf_;
    return {};
  }

  Result<std::size_t> read(char* out, std::size_t size) override {
    std::size_t got = 0;
    while (size > 0 && got == 0 && !ended_) {
      TALARIA_TRY_ASSIGN(got, inflate(out, size));
      if (state_->block_state == ISAL_BLOCK_FINISH) TALARIA_TRY(end_member());
    }
    return got;
  }

  std::string format() const override { return bgzf_ ? "bgzf" : "gzip"; }
  std::string name() const override { return window_.name(); }

private:
  void give_input() {
    const std::string_view bytes = window_.view();
    // The library doesn't write to its input, though it takes a pointer that would allow it.
    state_->next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(bytes.data()));
    state_->avail_in = static_cast<std::uint32_t>(bytes.size());
  }

  void take_input() {
    window_.consume(window_.view().size() - state_->avail_in);
    state_->avail_in = 0;
  }

  Result<void> begin_member() {
    isal_inflate_reset(state_.get());
    state_->crc_flag = ISAL_GZIP_NO_HDR_VER; // the header is read here; CRC and length are checked there
    isal_gzip_header header;
    isal_gzip_header_init(&header);
    header.extra = extra_.data();
    header.extra_buf_len = static_cast<std::uint32_t>(extra_.size());
    for (int code = ISAL_END_INPUT; code == ISAL_END_INPUT;) {
      TALARIA_TRY(window_.want(1));
      if (window_.view().empty()) return truncated_input(window_);
      give_input();
      code = isal_read_gzip_header(state_.get(), &header);
      take_input();
      if (code != ISAL_DECOMP_OK && code != ISAL_END_INPUT) return damaged_input(window_, reason(code));
    }
    const auto* extra = reinterpret_cast<const char*>(extra_.data());
    member_bgzf_ = is_bgzf_extra({extra, std::min<std::size_t>(header.extra_len, extra_.size())});
    return {};
  }

  // Decompresses some of a member. 0 if nothing came of it yet, or at the end of the member.
  Result<std::size_t> inflate(char* out, std::size_t size) {
    const auto room = static_cast<std::uint32_t>(std::min<std::size_t>(size, 1u << 30));
    TALARIA_TRY(window_.want(1));
    const bool at_end = window_.view().empty();
    give_input();
    state_->next_out = reinterpret_cast<std::uint8_t*>(out);
    state_->avail_out = room;
    const int code = isal_inflate(state_.get());
    take_input();
    if (code < 0) return damaged_input(window_, reason(code));
    const std::size_t got = room - state_->avail_out;
    if (at_end && got == 0 && state_->block_state != ISAL_BLOCK_FINISH) return truncated_input(window_);
    return got;
  }

  // Goes on to the next member, if there is one.
  Result<void> end_member() {
    const bool empty_bgzf = member_bgzf_ && state_->total_out == 0;
    TALARIA_TRY(window_.want(2));
    if (!window_.view().empty() && window_.view()[0] != 0) {
      if (window_.view().substr(0, 2) != "\x1F\x8B")
        return damaged_input(window_, "something other than gzip data follows");
      return begin_member();
    }
    TALARIA_TRY(skip_padding());
    if (member_bgzf_ && !empty_bgzf)
      return failure(errc::corrupt_input,
                     name() +
                         ": the file is truncated: the empty block that ends a BGZF file is missing at "
                         "offset " +
                         std::to_string(window_.offset()) + "; copy or download it again");
    ended_ = true;
    return {};
  }

  // Zeros up to the end are how tapes and block devices fill up; gzip ignores them too.
  Result<void> skip_padding() {
    for (;;) {
      TALARIA_TRY(window_.want(1));
      const std::string_view bytes = window_.view();
      if (bytes.empty()) return {};
      const std::size_t at = bytes.find_first_not_of('\0');
      window_.consume(std::min(at, bytes.size()));
      if (at != std::string_view::npos)
        return damaged_input(window_, "something other than gzip data follows");
    }
  }

  SourceWindow window_;
  std::unique_ptr<inflate_state> state_;
  std::vector<std::uint8_t> extra_; // of the header at hand, as long as it can be
  bool bgzf_ = false;               // the file is, by its first member
  bool member_bgzf_ = false;        // the member at hand is
  bool ended_ = false;
};

} // namespace

Result<std::unique_ptr<Input>> gzip_input(SourceWindow window) {
  auto input = std::make_unique<GzipInput>(std::move(window));
  TALARIA_TRY(input->begin());
  return input;
}

} // namespace talaria
