// Building a release: from prepared records to interned chunks and pages.
#pragma once

#include "repository/interner.hpp"
#include "repository/page.hpp"
#include "sequence/layout.hpp"
#include "sequence/prepare.hpp"
#include "talaria/error.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace talaria {

// Counts of what a release holds.
struct ReleaseCounts {
  uint64_t records = 0;
  uint64_t residues = 0;
};

// Takes the pieces of an input in their order. Used by one thread at a time. The owner looks at
// interner().run().full() after each piece, and puts a full run away.
class ReleaseBuilder {
public:
  ReleaseBuilder(std::unique_ptr<PageFileWriter> pages, std::unique_ptr<Interner> interner,
                 std::vector<GenerationId> generations);

  Interner& interner() noexcept { return *interner_; }

  void add_preamble(std::string text) { pages_->set_preamble(std::move(text)); }
  Result<void> add(const PreparedPiece& piece);

  // A piece of a record that is too long for one.
  Result<void> add_long(const RawPiece& piece);

  const ReleaseCounts& counts() const noexcept { return counts_; }

  // Writes the page file and reads it back.
  Result<PackInfo> finish(const ObjectStore& store);

  // After finish(): the page file that it is a difference from.
  const std::optional<PackInfo>& reference() const noexcept { return pages_->reference(); }

private:
  struct LongRecord;
  Result<void> add_row(const Number& header, const Number& sequence, RecordLayout layout);
  Result<void> begin_body(LongRecord& record);
  Result<void> add_body(LongRecord& record, std::string_view body);
  Result<void> add_span(LongRecord& record, const ReadBody& read, std::string_view body);
  Result<void> end_long();
  Number in_file(const Number& number);

  std::unique_ptr<PageFileWriter> pages_;
  std::unique_ptr<Interner> interner_;
  std::vector<GenerationId> generations_;            // as the interner numbers them
  std::vector<std::optional<uint32_t>> file_places_; // the same in the page file
  std::unique_ptr<LongRecord> long_;
  uint32_t width_hint_ = 0;
  std::string rendered_; // to compare with what was read
  ReleaseCounts counts_;

public:
  ~ReleaseBuilder();
};

} // namespace talaria
