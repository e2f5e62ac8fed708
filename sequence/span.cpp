#include "sequence/span.hpp"

#include "core/endian.hpp"
#include "core/try.hpp"

namespace talaria {

namespace {

// A span describes one piece of input, and no layout is more than a few times as long as its text.
constexpr uint64_t span_max = uint64_t{64} << 20;

} // namespace

void put_span(std::string& spans, uint64_t residues, std::string_view layout) {
  put_varint(spans, residues);
  put_varint(spans, layout.size());
  spans += layout;
}

void SpanReader::feed(std::string_view bytes) {
  pending_.erase(0, at_);
  at_ = 0;
  pending_ += bytes;
}

Result<bool> SpanReader::next(Span& span) {
  ByteReader in(std::string_view(pending_).substr(at_));
  // A number that isn't whole yet is waited for; one that can't become whole is not.
  auto coming = [&]() -> Result<bool> {
    if (in.remaining() >= varint_max_size) return failure(errc::damaged, "impossible span of a layout");
    return false;
  };
  auto residues = in.varint();
  if (!residues) return coming();
  auto size = in.varint();
  if (!size) return coming();
  if (*residues > span_max || *size > span_max)
    return failure(errc::damaged, "impossible span of a layout");
  auto layout = in.bytes(*size);
  if (!layout) return false;
  span = {*residues, *layout};
  at_ = pending_.size() - in.remaining();
  return true;
}

} // namespace talaria
