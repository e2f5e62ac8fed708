#include "actors/record_search.hpp"

#include "sequence/header.hpp"

#include <algorithm>

namespace talaria::actors {

Result<RecordSearch> RecordSearch::open(Operation& op) {
  TALARIA_TRY_ASSIGN(auto view, op.core->repository->view());
  TALARIA_TRY_ASSIGN(auto index, view->index());
  return RecordSearch(op, std::move(view), std::move(index));
}

// In whatever release.
Result<std::vector<Number>> RecordSearch::find_headers(std::string_view id, HeaderMatch match) {
  auto wanted = accession(id);
  if (wanted.empty())
    return failure(errc::invalid_argument, "an empty text is neither an accession nor a digest");
  std::vector<Number> candidates;
  TALARIA_TRY(index_->find_headers(accession_key(unversioned(wanted)), UINT32_MAX, candidates));
  const bool any_version = unversioned(wanted).size() == wanted.size();
  OwnBlockSource source(*op_);
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

// The first record of a release with one of the headers, or with the sequence.
Result<std::optional<FoundRecord>> RecordSearch::find_in(const ReleaseEntry& release,
                                                         const Wanted& wanted) {
  TALARIA_TRY_ASSIGN(auto file, view_->pages(release));
  for (std::size_t i = 0; i < file->pages().size(); ++i) {
    if (!may_hold(*file, file->pages()[i], wanted)) continue;
    TALARIA_TRY_ASSIGN(auto page, open_page(*op_->core->objects, *file, i, *index_));
    auto& rows = page->page.rows;
    auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& r) {
      return r.sequence == wanted.sequence ||
             std::find(wanted.headers.begin(), wanted.headers.end(), r.header) != wanted.headers.end();
    });
    if (row == rows.end()) continue;
    return FoundRecord{index_,
                       release.name + "@" + release.version,
                       {row->header, row->sequence, page->page.layouts[row->layout]}};
  }
  return std::nullopt;
}

bool RecordSearch::may_hold(const PageFile& file, const PageFile::Entry& page,
                            const Wanted& wanted) const {
  if (wanted.sequence) return true;
  for (auto& range : page.headers)
    for (auto& header : wanted.headers)
      if (file.generations()[range.generation] == index_->generations()[header.generation] &&
          header.ordinal >= range.lowest && header.ordinal <= range.highest)
        return true;
  return false;
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

} // namespace talaria::actors
