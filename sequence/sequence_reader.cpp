#include "sequence/sequence_reader.hpp"

#include "core/try.hpp"
#include "sequence/body_characters.hpp"
#include "sequence/span.hpp"

#include <algorithm>

namespace talaria {

Result<void> SequenceReader::open(const RecordParts& record) {
  layout_ = &record.layout;
  return residues_.open(Kind::sequence, record.sequence);
}

Result<void> SequenceReader::open(const Number& sequence) {
  layout_ = nullptr;
  return residues_.open(Kind::sequence, sequence);
}

Result<uint64_t> SequenceReader::read(uint64_t begin, uint64_t end, std::size_t limit,
                                      std::string& out) {
  Progress at{begin, end, limit, out};
  if (layout_ != nullptr && layout_->form != RecordLayout::Form::plain) {
    TALARIA_TRY(read_spans(at));
  } else {
    TALARIA_TRY(
        read_span(at, residues_.size(), layout_ != nullptr ? layout_->bytes : std::string_view()));
  }
  if (begin >= at.characters)
    return failure(errc::invalid_argument, "the sequence ends at " + std::to_string(at.characters) +
                                               ", before the range begins");
  return std::min(end, at.characters);
}

// Only as far as the range goes: the rest of the spans isn't looked at.
Result<void> SequenceReader::read_spans(Progress& at) {
  SpanReader spans;
  auto take_spans = [&]() -> Result<void> {
    SpanReader::Span span;
    while (at.characters < at.end) {
      TALARIA_TRY_ASSIGN(bool more, spans.next(span));
      if (!more) return {};
      TALARIA_TRY(read_span(at, span.residues, span.layout));
    }
    return {};
  };
  if (layout_->form == RecordLayout::Form::spans) {
    spans.feed(layout_->bytes);
    return take_spans();
  }
  ValueReader stored(index_, source_);
  TALARIA_TRY(stored.open(Kind::text, layout_->text));
  while (at.characters < at.end) {
    TALARIA_TRY_ASSIGN(auto piece, stored.next());
    if (piece.empty()) break;
    spans.feed(piece);
    TALARIA_TRY(take_spans());
  }
  return {};
}

Result<void> SequenceReader::read_span(Progress& at, uint64_t residues, std::string_view layout) {
  if (residues > residues_.size() - at.residues)
    return failure(errc::damaged, "a layout asks for more residues than the record has");
  auto count = residues;
  BodyCharacters body;
  const bool touched = at.begin < at.characters + residues && at.characters < at.end;
  if (layout_ != nullptr && (touched || has_others(layout))) {
    TALARIA_TRY_ASSIGN(body, BodyCharacters::open(layout, residues));
    count = body.count();
  }
  if (count > UINT64_MAX - at.characters)
    return failure(errc::damaged, "a layout makes more text than there can be");
  auto from = std::clamp(at.begin, at.characters, at.characters + count) - at.characters;
  auto to = std::clamp(at.end, at.characters, at.characters + count) - at.characters;
  if (from < to) {
    if (to - from > at.limit - at.out.size())
      return failure(errc::limit_exceeded, "a range of more than " + std::to_string(at.limit) +
                                               " characters: ask for smaller ones");
    if (layout_ == nullptr) {
      TALARIA_TRY(residues_.read(at.residues + from, to - from, at.out));
    } else {
      auto needed = body.residues_of(from, to);
      std::string letters;
      TALARIA_TRY(residues_.read(at.residues + needed.first, needed.count, letters));
      body.append(from, to, letters, at.out);
    }
  }
  at.characters += count;
  at.residues += residues;
  return {};
}

} // namespace talaria
