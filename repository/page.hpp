// Page files: one a release, the list of its records in pages of some thousand.
// docs/format.md, "Page files".
#pragma once

#include "coding/codec.hpp"
#include "repository/number.hpp"
#include "repository/pack.hpp"
#include "talaria/digest.hpp"
#include "talaria/error.hpp"
#include "talaria/object_store.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace talaria {

std::string pages_name(const Digest& digest);

// How the text of a record was laid out in the file.
struct RecordLayout {
  enum class Form : uint8_t {
    plain = 0,  // `bytes` is a layout as sequence/layout.hpp encodes it
    spans = 1,  // `bytes` are spans (sequence/span.hpp)
    stored = 2, // the spans are the chunk `text`, for they are long
  };
  Form form = Form::plain;
  std::string bytes;
  Number text;

  friend bool operator==(const RecordLayout&, const RecordLayout&) = default;
};

// A record of a release. Generations are places in the table of the page file.
struct Row {
  Number header;
  Number sequence;
  uint32_t layout = 0; // place in the page's table of layouts

  friend bool operator==(const Row&, const Row&) = default;
};

struct Page {
  std::vector<RecordLayout> layouts;
  std::vector<Row> rows;

  friend bool operator==(const Page&, const Page&) = default;
};

// A page holds at most this many records, and its layouts at most this many bytes before the last one.
inline constexpr std::size_t page_records = 16384;
inline constexpr std::size_t page_layout_bytes = std::size_t{256} << 10;

// Writes the page file of a release. Used by one thread at a time; destroying it before finish() leaves
// nothing behind. Memory: one page and the directory.
class PageFileWriter {
public:
  static Result<std::unique_ptr<PageFileWriter>> create(ObjectStore& store);

  // The bytes that stand before the first record.
  void set_preamble(std::string text) { preamble_ = std::move(text); }
  const std::string& preamble() const noexcept { return preamble_; }

  // The place in this file's table for a generation.
  uint32_t generation(const GenerationId& id);
  const std::vector<GenerationId>& generations() const noexcept { return generations_; }

  // Adds a record; generations in numbers are those that generation() gave. A full page is encoded,
  // decoded again and compared: errc::internal if it differs.
  Result<void> add(Number header, Number sequence, RecordLayout layout);

  Result<PackInfo> finish();

private:
  explicit PageFileWriter(std::unique_ptr<ObjectWriter> out);
  Result<void> write(std::string_view bytes);
  Result<void> flush();
  Result<void> check_page(std::string_view stored, std::size_t size);
  uint32_t layout_place(RecordLayout&& layout);

  std::unique_ptr<ObjectWriter> out_;
  Hasher hasher_;
  std::unique_ptr<Codec> codec_;
  uint64_t size_ = 0;
  std::string preamble_;
  std::vector<GenerationId> generations_;
  Page page_;
  std::unordered_map<std::string, uint32_t> layout_places_;
  std::string last_layout_key_;
  uint32_t last_layout_ = 0;
  std::size_t layout_bytes_ = 0;
  uint64_t page_count_ = 0;
  std::string directory_;
};

// An open page file. Immutable; safe to share between threads. Opening reads the directory.
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
    std::vector<HeaderRange> headers;
  };

  static Result<std::shared_ptr<const PageFile>> open(const ObjectStore& store, const Digest& digest,
                                                      uint64_t size);

  const std::string& preamble() const noexcept { return preamble_; }
  const std::vector<GenerationId>& generations() const noexcept { return generations_; }
  const std::vector<Entry>& pages() const noexcept { return pages_; }

  // Reads, checks and decodes a page.
  Result<Page> read(const ObjectStore& store, std::size_t place) const;

private:
  Result<void> read_directory(std::string_view directory, uint64_t end);

  std::string name_;
  std::string preamble_;
  std::vector<GenerationId> generations_;
  std::vector<Entry> pages_;
};

using PageFilePtr = std::shared_ptr<const PageFile>;

// The payload of a page, before compression, and back. errc::damaged for bytes that no writer makes.
std::string encode_page(const Page& page);
Result<Page> decode_page(std::string_view payload, std::size_t generations);

} // namespace talaria
