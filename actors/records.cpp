#include "actors/records.hpp"

#include "actors/reads.hpp"
#include "actors/record_search.hpp"
#include "sequence/region.hpp"
#include "sequence/sequence_reader.hpp"

#include <numeric>

namespace talaria::actors {

namespace {

// A value that is given out as one piece of memory.
constexpr uint64_t longest_reply = uint64_t{1} << 32;

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

Result<Record> record_of_digest(Operation& op, const Digest& digest) {
  auto results = get_chunks(op, std::span(&digest, 1));
  if (!results[0]) return tl::unexpected(results[0].error());
  Record record;
  record.sequence = results[0]->view();
  record.text = wrapped("sha256:" + digest.hex(), record.sequence);
  return record;
}

Result<Record> whole_record(Operation& op, const FoundRecord& found) {
  EitherBlockSource source(op);
  auto& index = *found.index;
  auto& decoded = op.memory->decoded(found.index);
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
  RangeRead(Operation& op, RecordSearch search, const std::string& release)
      : op_(op), search_(std::move(search)), release_(release), source_(op) {}

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
    auto& decoded = op_.memory->decoded(found_.index);
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

  Operation& op_;
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

Result<Record> record_of_region(Operation& op, RecordSearch search, const Region& region,
                                const std::string& release) {
  if (region.from == 0)
    return failure(errc::invalid_argument, "places in a sequence count from 1, not from 0");
  RangeRead ranges(op, std::move(search), release);
  TALARIA_TRY_ASSIGN(auto range, ranges.read({std::string(region.id), region.from - 1, region.to}));
  Record record;
  record.header =
      std::string(region.id) + ":" + std::to_string(region.from) + "-" + std::to_string(range.end);
  record.sequence = canonical(range.sequence);
  record.text = wrapped(record.header, range.sequence);
  record.release = range.release;
  return record;
}

Result<Record> find_with(Operation& op, RecordSearch& search, const std::string& id,
                         const std::string& release) {
  const auto region = parse_region(id);
  TALARIA_TRY_ASSIGN(auto found,
                     search.find(id, release, region ? HeaderMatch::exact : HeaderMatch::accession));
  if (!found && region) return record_of_region(op, search, *region, release);
  if (!found) return tl::unexpected(no_record(id, release));
  if (found->release.empty()) return record_of_digest(op, *Digest::from_hex(id));
  return whole_record(op, *found);
}

} // namespace

Result<Record> find_record(Operation& op, const std::string& id, const std::string& release) {
  while (true) {
    TALARIA_TRY_ASSIGN(auto search, RecordSearch::open(op));
    auto record = find_with(op, search, id, release);
    if (record || !may_have_gone(*op.core, search.view(), record.error())) return record;
  }
}

std::vector<Result<SequenceRange>> get_ranges(Operation& op, std::span<const RangeRequest> ranges,
                                              const std::string& release) {
  std::vector<Result<SequenceRange>> results(ranges.size(),
                                             Result<SequenceRange>(failure(errc::internal, "not read")));
  auto search = RecordSearch::open(op);
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
  auto read = std::make_unique<RangeRead>(op, *search, release);
  for (auto i : order) {
    results[i] = read->read(ranges[i]);
    while (!results[i] && may_have_gone(*op.core, search->view(), results[i].error())) {
      search = RecordSearch::open(op);
      if (!search) {
        results[i] = tl::unexpected(search.error());
        return results;
      }
      read = std::make_unique<RangeRead>(op, *search, release);
      results[i] = read->read(ranges[i]);
    }
  }
  return results;
}

Result<Buffer> get_chunk_range(Operation& op, const Digest& digest, uint64_t offset, uint64_t length) {
  TALARIA_TRY_ASSIGN(auto located, op.services->locator->locate(std::span(&digest, 1)));
  auto& chunk = located.chunks[0];
  if (!chunk.found) return failure(errc::not_found, "no chunk has the digest " + digest.hex());
  EitherBlockSource source(op);
  ValueReader value(*located.index, source, &op.memory->decoded(located.index));
  TALARIA_TRY(value.open(chunk.kind, chunk.number));
  if (offset > value.size())
    return failure(errc::invalid_argument, "the chunk " + digest.hex() + " has " +
                                               std::to_string(value.size()) + " bytes: none is at " +
                                               std::to_string(offset));
  length = std::min(length, value.size() - offset);
  if (length > longest_reply)
    return failure(errc::limit_exceeded, "a range of more than " + std::to_string(longest_reply) +
                                             " bytes: ask for smaller ones");
  std::string bytes;
  bytes.reserve(static_cast<std::size_t>(length));
  TALARIA_TRY(value.read(offset, length, bytes));
  return Buffer(std::move(bytes));
}

} // namespace talaria::actors
