#include "reads/records.hpp"

#include "reads/chunk.hpp"
#include "reads/record_search.hpp"
#include "reads/releases.hpp"
#include "sequence/region.hpp"
#include "sequence/sequence_reader.hpp"

#include <numeric>

namespace talaria {

namespace {

std::string wrapped(std::string_view header, std::string_view characters) {
  constexpr std::size_t width = 60;
  std::string text = ">";
  text.reserve(header.size() + characters.size() + characters.size() / width + 3);
  text += header;
  text += '\n';
  for (std::size_t at = 0; at < characters.size(); at += width) {
    text += characters.substr(at, width);
    text += '\n';
  }
  return text;
}

Result<Record> record_of_digest(ReadContext& context, const Digest& digest) {
  TALARIA_TRY_ASSIGN(auto bytes, get_chunk(context, digest));
  Record record;
  record.sequence = bytes.view();
  record.text = wrapped("sha256:" + digest.hex(), record.sequence);
  return record;
}

Result<Record> whole_record(ReadContext& context, const FoundRecord& found) {
  EitherBlockSource source(context);
  auto& index = *found.index;
  auto& decoded = context.memory->decoded(found.index);
  Record record;
  record.release = found.release;
  TALARIA_TRY_ASSIGN(record.header,
                     read_value(index, source, Kind::header, found.parts.header, longest_reply));
  TALARIA_TRY_ASSIGN(record.sequence, read_value(index, source, Kind::sequence, found.parts.sequence,
                                                 longest_reply, &decoded));
  record.text.reserve(record.header.size() + record.sequence.size() + record.sequence.size() / 32);
  auto append = [&](std::string_view text) -> Result<void> {
    record.text += text;
    return {};
  };
  TALARIA_TRY(render_record(index, source, found.parts, append, &decoded, record.sequence));
  return record;
}

// Reads ranges one after another; those of one sequence together are quicker.
class RangeRead {
public:
  RangeRead(ReadContext& context, RecordSearch search, const std::string& release)
      : context_(context), search_(std::move(search)), release_(release), source_(context) {}

  Result<SequenceRange> read(const RangeRequest& request) {
    if (request.begin >= request.end)
      return failure(errc::invalid_argument,
                     "a range of " + request.id + " ends where it begins, or before");
    if (!sequence_ || request.id != id_) TALARIA_TRY(open(request.id));
    SequenceRange range{header_, {}, request.begin, 0, found_.release};
    auto end = sequence_->read(request.begin, request.end, longest_reply, range.sequence);
    if (!end) return tl::unexpected(end.error().within(request.id));
    range.end = *end;
    return range;
  }

private:
  Result<void> open(const std::string& id) {
    sequence_.reset();
    TALARIA_TRY_ASSIGN(auto found, search_.find(id, release_));
    if (!found) return tl::unexpected(no_record(id, release_));
    found_ = *std::move(found);
    header_.clear();
    auto& decoded = context_.memory->decoded(found_.index);
    auto sequence = std::make_unique<SequenceReader>(*found_.index, source_, decoded);
    if (found_.release.empty()) {
      TALARIA_TRY(sequence->open(found_.parts.sequence));
    } else {
      TALARIA_TRY_ASSIGN(
          header_, read_value(*found_.index, source_, Kind::header, found_.parts.header, longest_reply));
      TALARIA_TRY(sequence->open(found_.parts));
    }
    id_ = id;
    sequence_ = std::move(sequence);
    return {};
  }

  ReadContext& context_;
  RecordSearch search_;
  const std::string& release_;
  EitherBlockSource source_;
  std::string id_; // of the sequence that is open
  FoundRecord found_;
  std::string header_;
  std::unique_ptr<SequenceReader> sequence_;
};

std::string canonical(std::string_view characters) {
  std::string residues;
  for (char c : characters) {
    auto upper = static_cast<char>(c & 0xDF);
    if (upper >= 'A' && upper <= 'Z') residues += upper;
  }
  return residues;
}

Result<Record> record_of_region(ReadContext& context, RecordSearch search, const Region& region,
                                const std::string& release) {
  if (region.from == 0)
    return failure(errc::invalid_argument, "places in a sequence count from 1, not from 0");
  RangeRead ranges(context, std::move(search), release);
  TALARIA_TRY_ASSIGN(auto range, ranges.read({std::string(region.id), region.from - 1, region.to}));
  Record record;
  record.header =
      std::string(region.id) + ":" + std::to_string(region.from) + "-" + std::to_string(range.end);
  record.sequence = canonical(range.sequence);
  record.text = wrapped(record.header, range.sequence);
  record.release = range.release;
  return record;
}

Result<Record> find_with(ReadContext& context, RecordSearch& search, const std::string& id,
                         const std::string& release) {
  const auto region = parse_region(id);
  TALARIA_TRY_ASSIGN(auto found,
                     search.find(id, release, region ? HeaderMatch::exact : HeaderMatch::accession));
  if (!found && region) return record_of_region(context, search, *region, release);
  if (!found) return tl::unexpected(no_record(id, release));
  if (found->release.empty()) return record_of_digest(context, *Digest::from_hex(id));
  return whole_record(context, *found);
}

} // namespace

Result<Record> find_record(ReadContext& context, const std::string& id, const std::string& release) {
  while (true) {
    TALARIA_TRY_ASSIGN(auto search, RecordSearch::open(context));
    auto record = find_with(context, search, id, release);
    if (record || !may_have_gone(*context.core, search.view(), record.error())) return record;
  }
}

std::vector<Result<SequenceRange>> get_ranges(ReadContext& context, std::span<const RangeRequest> ranges,
                                              const std::string& release) {
  std::vector<Result<SequenceRange>> results(ranges.size(),
                                             Result<SequenceRange>(failure(errc::internal, "not read")));
  auto search = RecordSearch::open(context);
  if (!search) {
    for (auto& result : results) result = tl::unexpected(search.error());
    return results;
  }
  std::vector<std::size_t> order(ranges.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return ranges[a].id != ranges[b].id ? ranges[a].id < ranges[b].id
                                        : ranges[a].begin < ranges[b].begin;
  });
  auto read = std::make_unique<RangeRead>(context, *search, release);
  for (auto i : order) {
    results[i] = read->read(ranges[i]);
    while (!results[i] && may_have_gone(*context.core, search->view(), results[i].error())) {
      search = RecordSearch::open(context);
      if (!search) {
        results[i] = tl::unexpected(search.error());
        return results;
      }
      read = std::make_unique<RangeRead>(context, *search, release);
      results[i] = read->read(ranges[i]);
    }
  }
  return results;
}

} // namespace talaria
