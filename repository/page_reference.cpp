#include "repository/page_reference.hpp"

#include "core/try.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace talaria {

namespace {

// Ranges of pages overlap where records have moved: so many are looked at.
constexpr std::size_t ranges_seen = 8;

// Records are looked for in so many pages, one behind the other.
constexpr std::size_t sources_seen = 3;

// Of so many records that are in the reference, most are in the page that they are cut with.
constexpr std::size_t voters = 2048;

// Databases that a new one is compared with: the latest ones.
constexpr std::size_t candidates_max = 32;

class Votes {
public:
  void add(uint32_t place) {
    ++count_;
    auto votes = ++votes_[place];
    if (!winner_ || votes > votes_[*winner_]) winner_ = place;
  }
  std::size_t count() const { return count_; }
  const std::optional<uint32_t>& winner() const { return winner_; }

private:
  std::unordered_map<uint32_t, std::size_t> votes_;
  std::size_t count_ = 0;
  std::optional<uint32_t> winner_;
};

// Whether a page file is that of the release of the same name just before another one's.
bool is_next(const Snapshot& snapshot, const std::string& name, const Digest& file,
             const Digest& before) {
  const Digest* last = nullptr;
  for (auto& release : snapshot.releases) {
    if (release.name != name) continue;
    if (last && *last == before && release.pages == file) return true;
    last = &release.pages;
  }
  return false;
}

// Where a chain goes on that has reached its bound: behind the file where it last left the order of the
// releases. So each such step goes over a row of releases, and each row is one shorter than the one
// before.
Result<PageFilePtr> beginning_of_row(const ObjectStore& store, const Snapshot& snapshot,
                                     const std::string& name, PageFilePtr file) {
  while (file->reference_info() &&
         is_next(snapshot, name, file->info().digest, file->reference_info()->digest)) {
    TALARIA_TRY_ASSIGN(file, file->reference(store));
  }
  return file;
}

} // namespace

PageReference::PageReference(PageFilePtr file)
    : file_(std::move(file)), ranges_(file_->generations().size()) {
  for (uint32_t i = 0; i < file_->pages().size(); ++i)
    for (auto& range : file_->pages()[i].headers) ranges_[range.generation].push_back({range, i});
  for (auto& ranges : ranges_)
    std::stable_sort(ranges.begin(), ranges.end(),
                     [](const Range& a, const Range& b) { return a.lowest < b.lowest; });
}

// By the directory. Where records have moved, ranges overlap, and it may be another page.
std::optional<uint32_t> PageReference::likely_page(const Number& header) const {
  if (header.generation >= ranges_.size()) return std::nullopt;
  auto& ranges = ranges_[header.generation];
  auto at =
      std::upper_bound(ranges.begin(), ranges.end(), header.ordinal,
                       [](uint32_t ordinal, const Range& range) { return ordinal < range.lowest; });
  for (std::size_t i = 0; i < ranges_seen && at != ranges.begin(); ++i)
    if ((--at)->highest >= header.ordinal) return at->page;
  return std::nullopt;
}

std::size_t PageReference::known_headers(const std::vector<Row>& rows,
                                         const std::vector<GenerationId>& generations) const {
  std::vector<uint32_t> places;
  for (auto& id : generations) {
    auto at = std::find(file_->generations().begin(), file_->generations().end(), id);
    places.push_back(static_cast<uint32_t>(at - file_->generations().begin()));
  }
  return static_cast<std::size_t>(std::ranges::count_if(rows, [&](const Row& row) {
    return likely_page(Number{places[row.header.generation], row.header.ordinal}).has_value();
  }));
}

// The page that most of the first rows seem to come from.
std::optional<uint32_t> PageReference::likely_page(const std::vector<Row>& rows) const {
  Votes votes;
  for (std::size_t i = 0; i < rows.size() && votes.count() < voters; ++i)
    if (auto place = likely_page(rows[i].header)) votes.add(*place);
  return votes.winner();
}

// Keeps the pages that are there already.
Result<void> PageReference::look_from(const ObjectStore& store, uint32_t place) {
  auto end = std::min<std::size_t>(file_->pages().size(), std::size_t{place} + sources_seen);
  std::deque<Source> sources;
  for (auto i = place; i < end; ++i) {
    auto known = std::ranges::find(sources_, i, &Source::place);
    if (known != sources_.end()) {
      sources.push_back(std::move(*known));
      continue;
    }
    TALARIA_TRY_ASSIGN(auto page, file_->read(store, i));
    auto shared = std::make_shared<const Page>(std::move(page));
    sources.push_back({i, shared, RowTable(shared->rows, &Row::header)});
  }
  sources_ = std::move(sources);
  return {};
}

std::optional<uint32_t> PageReference::source_of(const Number& header) const {
  for (auto& source : sources_)
    if (source.headers.find(header)) return source.place;
  return std::nullopt;
}

// The cut is where the rows of the page outnumber those of others most. What is new is neither.
std::optional<PageReference::Cut> PageReference::cut_here(const std::vector<Row>& rows) const {
  std::vector<std::optional<uint32_t>> places;
  places.reserve(rows.size());
  Votes votes;
  for (auto& row : rows) {
    places.push_back(source_of(row.header));
    if (places.back() && votes.count() < voters) votes.add(*places.back());
  }
  auto winner = votes.winner();
  if (!winner) return std::nullopt;
  auto& source = *std::ranges::find(sources_, *winner, &Source::place);
  int64_t balance = 0;
  int64_t best = 0;
  Cut cut{0, source.place, source.page};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (places[i] || rows[i].header.generation < ranges_.size()) balance += places[i] == winner ? 1 : -1;
    if (balance < best || balance <= 0) continue;
    best = balance;
    cut.rows = i + 1;
  }
  // A page that grew to the bound is divided.
  if (cut.rows >= page_records_max) cut.rows = page_records_max / 2;
  auto least = std::min(rows.size(), source.page->rows.size() / 2);
  return cut.rows > 0 && cut.rows >= least ? std::optional(std::move(cut)) : std::nullopt;
}

std::optional<PageReference::Cut> PageReference::cut(const ObjectStore& store,
                                                     const std::vector<Row>& rows) {
  for (bool again : {false, true}) {
    auto place = again ? likely_page(rows) : next_;
    if (!place || !look_from(store, *place)) continue;
    auto cut = cut_here(rows);
    if (!cut) continue;
    next_ = cut->place;
    return cut;
  }
  return std::nullopt;
}

std::vector<PageFilePtr> reference_candidates(const ObjectStore& store, const Snapshot& snapshot,
                                              const std::string& name, uint32_t chain) {
  std::vector<PageFilePtr> candidates;
  if (chain == 0) return candidates;
  auto& releases = snapshot.releases;
  bool known = std::ranges::any_of(releases, [&](auto& release) { return release.name == name; });
  std::unordered_set<std::string> seen;
  for (auto at = releases.rbegin(); at != releases.rend() && candidates.size() < candidates_max; ++at) {
    if ((known && at->name != name) || !seen.insert(at->name).second) continue;
    auto file = PageFile::open(store, at->pages, at->pages_size);
    if (file && (*file)->depth() >= chain)
      file = beginning_of_row(store, snapshot, at->name, *std::move(file));
    if (file && (*file)->depth() < chain) candidates.push_back(*file);
  }
  return candidates;
}

} // namespace talaria
