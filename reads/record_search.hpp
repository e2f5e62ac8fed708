// Finding the records of releases by accession or digest.
#pragma once

#include "reads/read_context.hpp"
#include "sequence/render.hpp"
#include "talaria/store.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace talaria {

// A record of a release, or a sequence alone.
struct FoundRecord {
  DigestIndexPtr index; // that the numbers belong to
  std::string release;  // NAME@VERSION; empty for a sequence that was asked for by digest alone
  RecordParts parts;    // of a sequence alone, only its number
};

// Which headers an accession finds.
enum class HeaderMatch {
  accession, // those that have it
  exact,     // those whose first word or accession is the same to the letter
};

// Looks in one view of the repository. Used by one thread at a time.
class RecordSearch {
public:
  static Result<RecordSearch> open(ReadContext& context);

  const View& view() const noexcept { return *view_; }

  // The record with an accession or digest in a release (NAME or NAME@VERSION), or in the newest that
  // has it; with a digest and no release, the sequence. Nothing if there is none; errc::not_found if
  // there is no such release.
  Result<std::optional<FoundRecord>> find(std::string_view id, const std::string& release,
                                          HeaderMatch match = HeaderMatch::accession);

  // What is looked for in the pages of releases.
  struct Wanted {
    std::vector<Number> headers;
    std::optional<Number> sequence;
  };

private:
  RecordSearch(ReadContext& context, ViewPtr view, DigestIndexPtr index)
      : context_(&context), view_(std::move(view)), index_(std::move(index)) {}

  Result<std::vector<Number>> find_headers(std::string_view id, HeaderMatch match);
  Result<std::vector<const ReleaseEntry*>> releases_to_search(const std::string& release) const;
  Result<std::optional<FoundRecord>> find_in(const ReleaseEntry& release, const Wanted& wanted);

  ReadContext* context_;
  ViewPtr view_;
  DigestIndexPtr index_;
};

// The error for an ID that find() found nothing for.
Error no_record(std::string_view id, const std::string& release);

} // namespace talaria
