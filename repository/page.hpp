// Page files: one a release, the list of its records in pages of some thousand. A page file may have a
// reference, the page file of an earlier release; then its pages may be stored as differences from pages
// of that.
// docs/format.md, "Page files".
#pragma once

#include "coding/codec.hpp"
#include "core/endian.hpp"
#include "repository/number.hpp"
#include "repository/pack.hpp"
#include "repository/page_payload.hpp"
#include "repository/run_page.hpp"
#include "talaria/digest.hpp"
#include "talaria/error.hpp"
#include "talaria/object_store.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace talaria {

std::string pages_name(const Digest& digest);

// A page that is stored whole holds at most this many records, and its layouts at most this many bytes
// before the last one.
inline constexpr std::size_t page_records = 16384;
inline constexpr std::size_t page_layout_bytes = std::size_t{256} << 10;

// How many page files, one the reference of the other, a reader follows at most.
inline constexpr uint32_t page_chain_max = 64;

class PageFile;
using PageFilePtr = std::shared_ptr<const PageFile>;

// An open page file. Safe to share between threads. Opening reads the directory; the reference is opened
// when a page needs it.
class PageFile {
public:
  struct HeaderRange { // of the header ordinals of a generation in a page
    uint32_t generation = 0;
    uint32_t lowest = 0;
    uint32_t highest = 0;
  };
  struct Entry {
    uint64_t offset = 0;
    uint32_t stored = 0;
    uint32_t raw = 0;
    uint32_t records = 0;
    uint64_t first_record = 0;
    uint64_t crc = 0;
    std::optional<uint32_t> source; // the page of the reference that this one is a difference from
    std::vector<HeaderRange> headers;
  };

  static Result<PageFilePtr> open(const ObjectStore& store, const Digest& digest, uint64_t size);

  const PackInfo& info() const noexcept { return info_; }
  const std::string& preamble() const noexcept { return preamble_; }
  const std::vector<Entry>& pages() const noexcept { return pages_; }

  // The table of a file with a reference begins with that of the reference.
  const std::vector<GenerationId>& generations() const noexcept { return generations_; }

  // The page file whose pages these are differences from, and the number of references that follow each
  // other from here: 0 without one.
  const std::optional<PackInfo>& reference_info() const noexcept { return reference_info_; }
  uint32_t depth() const noexcept { return depth_; }
  Result<PageFilePtr> reference(const ObjectStore& store) const;

  // Reads, checks and decodes a page, and for a difference one page of each file that it goes back to.
  Result<Page> read(const ObjectStore& store, std::size_t place) const;

  // The same page by its runs. For a difference, `source` is that page of the reference which the entry
  // names (source_of()).
  Result<RunPagePtr> read_runs(const ObjectStore& store, std::size_t place, RunPagePtr source) const;

  // The file and the page that a page is the difference from; no file for a whole page.
  struct Source {
    PageFilePtr file;
    std::size_t place = 0;
  };
  Result<Source> source_of(const ObjectStore& store, std::size_t place) const;

private:
  Result<void> read_directory(std::string_view directory, uint64_t end);
  Result<void> read_reference(ByteReader& in);
  Result<std::string> read_payload(const ObjectStore& store, std::size_t place) const;
  Result<Page> read_delta(const ObjectStore& store, std::size_t place, std::string_view payload) const;

  std::string name_;
  PackInfo info_;
  std::string preamble_;
  std::vector<GenerationId> generations_;
  std::optional<PackInfo> reference_info_;
  uint32_t depth_ = 0;
  std::vector<Entry> pages_;
  mutable std::mutex mutex_;
  mutable PageFilePtr reference_;
};

// Writes the page file of a release. Used by one thread at a time; destroying it before finish() leaves
// nothing behind. Memory: two pages, one of the reference, and the directory.
class PageFileWriter {
public:
  // With candidates, pages are stored as differences from the one that has most of the first records,
  // where that is smaller.
  static Result<std::unique_ptr<PageFileWriter>> create(ObjectStore& store,
                                                        std::vector<PageFilePtr> candidates = {});
  ~PageFileWriter();

  // The bytes that stand before the first record.
  void set_preamble(std::string text) { preamble_ = std::move(text); }
  const std::string& preamble() const noexcept { return preamble_; }

  // The place of a generation, for add().
  uint32_t generation(const GenerationId& id);

  // The table of the file, complete after finish().
  const std::vector<GenerationId>& generations() const noexcept { return generations_; }

  // Adds a record; generations in numbers are those that generation() gave. A page is encoded, decoded
  // again and compared: errc::internal if it differs.
  Result<void> add(Number header, Number sequence, RecordLayout layout);

  Result<PackInfo> finish();

  // After finish(): the file that pages of this one are differences from, if there are any.
  const std::optional<PackInfo>& reference() const noexcept { return used_reference_; }

private:
  PageFileWriter(ObjectStore& store, std::unique_ptr<ObjectWriter> out,
                 std::vector<PageFilePtr> candidates);
  Result<void> write(std::string_view bytes);
  Number in_file(const Number& number);
  uint32_t layout_place(RecordLayout&& layout);
  bool buffer_is_full() const;
  std::size_t whole_size() const;
  void choose_reference();
  Page take(std::size_t count, std::vector<RecordLayout> known);
  void keep(const Page& rest, std::size_t taken);
  Result<bool> write_delta();
  Result<void> write_whole();
  Result<void> write_next();
  Result<std::string> pack(const Page& page, std::string_view payload, const Page* source);
  Result<void> put_page(const Page& page, std::string_view stored, std::size_t raw,
                        std::optional<uint32_t> source);

  ObjectStore& store_;
  std::unique_ptr<ObjectWriter> out_;
  Hasher hasher_;
  std::unique_ptr<Codec> codec_;
  uint64_t size_ = 0;
  std::string preamble_;
  std::vector<GenerationId> named_;   // as generation() numbered them
  std::vector<uint32_t> file_places_; // of these, in generations_
  std::vector<GenerationId> generations_;
  std::vector<PageFilePtr> candidates_; // until the reference is chosen
  std::unique_ptr<class PageReference> reference_;
  std::optional<PackInfo> used_reference_;
  Page page_; // records that are not written yet
  std::unordered_map<std::string, uint32_t> layout_places_;
  std::string last_layout_key_;
  uint32_t last_layout_ = 0;
  std::size_t layout_bytes_ = 0;
  uint64_t page_count_ = 0;
  std::string directory_;
};

} // namespace talaria
