#include "reads/record_search.hpp"

#include "reads/releases.hpp"
#include "sequence/header.hpp"

#include <algorithm>

namespace talaria {

Result<RecordSearch> RecordSearch::open(ReadContext& context) {
  TALARIA_TRY_ASSIGN(auto view, context.core->repository->view());
  TALARIA_TRY_ASSIGN(auto index, view->index());
  return RecordSearch(context, std::move(view), std::move(index));
}

// In whatever release.
Result<std::vector<Number>> RecordSearch::find_headers(std::string_view id, HeaderMatch match) {
  auto wanted = accession(id);
  if (wanted.empty())
    return failure(errc::invalid_argument, "an empty text is neither an accession nor a digest");
  std::vector<Number> candidates;
  TALARIA_TRY(index_->find_headers(accession_key(unversioned(wanted)), UINT32_MAX, candidates));
  const bool any_version = unversioned(wanted).size() == wanted.size();
  OwnBlockSource source(*context_);
  std::vector<Number> headers;
  for (auto& number : candidates) {
    ValueReader reader(*index_, source);
    TALARIA_TRY(reader.open(Kind::header, number));
    TALARIA_TRY_ASSIGN(auto text, reader.next());
    auto found = accession(text);
    const bool matches = match == HeaderMatch::exact
                             ? found == id || first_word(text) == id
                             : found == wanted || (any_version && unversioned(found) == wanted);
    if (matches) headers.push_back(number);
  }
  return headers;
}

Result<std::vector<const ReleaseEntry*>>
RecordSearch::releases_to_search(const std::string& release) const {
  std::vector<const ReleaseEntry*> searched;
  if (release.empty()) {
    auto& releases = view_->snapshot().releases;
    for (auto at = releases.rbegin(); at != releases.rend(); ++at) searched.push_back(&*at);
    return searched;
  }
  TALARIA_TRY_ASSIGN(auto name, parse_release(release));
  TALARIA_TRY_ASSIGN(auto* entry, view_->release(name.name, name.version));
  searched.push_back(entry);
  return searched;
}

Result<std::optional<FoundRecord>> RecordSearch::find(std::string_view id, const std::string& release,
                                                      HeaderMatch match) {
  Wanted wanted;
  if (auto digest = Digest::from_hex(id)) {
    TALARIA_TRY_ASSIGN(wanted.sequence, index_->find(Kind::sequence, Key128::of(*digest)));
    if (wanted.sequence && release.empty()) return FoundRecord{index_, {}, {{}, *wanted.sequence, {}}};
  } else {
    TALARIA_TRY_ASSIGN(wanted.headers, find_headers(id, match));
  }
  TALARIA_TRY_ASSIGN(auto searched, releases_to_search(release));
  if (wanted.headers.empty() && !wanted.sequence) return std::nullopt;
  for (auto* entry : searched) {
    TALARIA_TRY_ASSIGN(auto record, find_in(*entry, wanted));
    if (record) return record;
  }
  return std::nullopt;
}

namespace {

// With the generations of a page file instead of those of the index; what it doesn't know is left out.
RecordSearch::Wanted in_file(const RecordSearch::Wanted& wanted, const PageFile& file,
                             const DigestIndex& index) {
  auto translated = [&](const Number& number) -> std::optional<Number> {
    auto& known = file.generations();
    auto at = std::find(known.begin(), known.end(), index.generations()[number.generation]);
    if (at == known.end()) return std::nullopt;
    return Number{static_cast<uint32_t>(at - known.begin()), number.ordinal};
  };
  RecordSearch::Wanted own;
  for (auto& header : wanted.headers)
    if (auto number = translated(header)) own.headers.push_back(*number);
  if (wanted.sequence) own.sequence = translated(*wanted.sequence);
  return own;
}

bool may_hold(const PageFile::Entry& page, const RecordSearch::Wanted& wanted) {
  if (wanted.sequence) return true;
  for (auto& range : page.headers)
    for (auto& header : wanted.headers)
      if (header.generation == range.generation && header.ordinal >= range.lowest &&
          header.ordinal <= range.highest)
        return true;
  return false;
}

// The first row of a page with one of the headers, or with the sequence.
std::optional<uint32_t> find_row(const RunPage& page, const RecordSearch::Wanted& wanted) {
  std::vector<uint32_t> places;
  for (auto& header : wanted.headers) page.find_header(header, places);
  if (wanted.sequence) page.find_sequence(*wanted.sequence, places);
  if (places.empty()) return std::nullopt;
  return *std::min_element(places.begin(), places.end());
}

// What a row refers to, with the generations of the index.
Result<RecordParts> parts_of(const RunPage& page, uint32_t place, const PageFile& file,
                             const DigestIndex& index) {
  auto row = page.row(place);
  RecordParts parts{row.header, row.sequence, page.layout(row.layout)};
  std::vector<Number*> numbers{&parts.header, &parts.sequence};
  if (parts.layout.form == RecordLayout::Form::stored) numbers.push_back(&parts.layout.text);
  for (auto* number : numbers) {
    auto known = index.generation(file.generations()[number->generation]);
    if (!known)
      return failure(errc::damaged, "a release names a generation that the snapshot doesn't list");
    number->generation = *known;
  }
  return parts;
}

} // namespace

// The first record of a release with one of the headers, or with the sequence.
Result<std::optional<FoundRecord>> RecordSearch::find_in(const ReleaseEntry& release,
                                                         const Wanted& wanted) {
  auto& cache = *context_->core->pages;
  TALARIA_TRY_ASSIGN(auto file, cache.file(*view_, release));
  const auto own = in_file(wanted, *file, *index_);
  for (std::size_t i = 0; i < file->pages().size(); ++i) {
    if (!may_hold(file->pages()[i], own)) continue;
    TALARIA_TRY_ASSIGN(auto page, cache.page(*file, i));
    auto row = find_row(*page, own);
    if (!row) continue;
    TALARIA_TRY_ASSIGN(auto parts, parts_of(*page, *row, *file, *index_));
    return FoundRecord{index_, release.name + "@" + release.version, std::move(parts)};
  }
  return std::nullopt;
}

Error no_record(std::string_view id, const std::string& release) {
  if (Digest::from_hex(id)) {
    if (release.empty()) return {errc::not_found, "no sequence has the digest " + std::string(id)};
    return {errc::not_found, "no record has the digest " + std::string(id) + " in " + release};
  }
  std::string message = "no record has the accession ";
  message += accession(id);
  message += release.empty() ? " in any release" : " in " + release;
  return {errc::not_found, std::move(message)};
}

} // namespace talaria
