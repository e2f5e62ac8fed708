// bzip2 and xz, by libarchive.
#include "core/try.hpp"
#include "sequence/decompress.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <optional>
#include <utility>

namespace talaria {
namespace {

using namespace std::string_view_literals;

struct FreeArchive {
  void operator()(archive* a) const noexcept { archive_read_free(a); }
};

// Whether a file is one stream that holds nothing. libarchive reports such a file and one damaged near
// its beginning alike, as empty, so they are told apart here.
bool is_empty_stream(std::string_view file, ArchiveFilter filter) {
  if (filter == ArchiveFilter::bzip2)
    return file.size() == 14 && file.substr(4) == "\x17\x72\x45\x38\x50\x90\0\0\0\0"sv;
  return file.size() == 32 && file.substr(30) == "YZ"sv;
}

class ArchiveInput final : public Input {
public:
  ArchiveInput(SourceWindow window, ArchiveFilter filter)
      : window_(std::move(window)), filter_(filter), archive_(archive_read_new()) {}

  Result<void> begin() {
    TALARIA_TRY(window_.want(64));
    ended_ = is_empty_stream(window_.view(), filter_);
    if (ended_) return {};
    if (!archive_) return failure(errc::internal, "libarchive: no memory for a decompressor");
    const bool xz = filter_ == ArchiveFilter::xz;
    archive* const a = archive_.get();
    // The filter is named, not searched for: compressed data within compressed data stay as they are.
    if (archive_read_support_format_raw(a) != ARCHIVE_OK ||
        archive_read_append_filter(a, xz ? ARCHIVE_FILTER_XZ : ARCHIVE_FILTER_BZIP2) != ARCHIVE_OK)
      return failure(errc::internal,
                     std::string("libarchive was built without ") + (xz ? "xz" : "bzip2"));
    archive_entry* entry = nullptr;
    if (archive_read_open2(a, this, nullptr, &ArchiveInput::feed, nullptr, nullptr) != ARCHIVE_OK ||
        archive_read_next_header(a, &entry) != ARCHIVE_OK)
      return read_failure();
    return {};
  }

  Result<std::size_t> read(char* out, std::size_t size) override {
    if (ended_ || size == 0) return std::size_t{0};
    const la_ssize_t got = archive_read_data(archive_.get(), out, size);
    if (got < 0) return read_failure();
    if (got == 0) TALARIA_TRY(finish());
    return static_cast<std::size_t>(got);
  }

  std::string format() const override { return filter_ == ArchiveFilter::xz ? "xz" : "bzip2"; }
  std::string name() const override { return window_.name(); }

private:
  // Gives libarchive the next bytes, which it is done with when it asks for more.
  static la_ssize_t feed(archive*, void* self, const void** bytes) {
    auto& input = *static_cast<ArchiveInput*>(self);
    input.window_.consume(input.fed_);
    input.fed_ = 0;
    if (auto read = input.window_.want(1); !read) {
      input.source_error_ = std::move(read).error();
      return ARCHIVE_FATAL;
    }
    const std::string_view view = input.window_.view();
    input.fed_ = view.size();
    *bytes = view.data();
    return static_cast<la_ssize_t>(view.size());
  }

  // Where decompression stands in the source.
  std::uint64_t consumed() const {
    const la_int64_t bytes = archive_filter_bytes(archive_.get(), -1);
    return bytes < 0 ? window_.offset() : static_cast<std::uint64_t>(bytes);
  }

  tl::unexpected<Error> read_failure() {
    if (source_error_) return tl::unexpected<Error>(*source_error_);
    // libarchive's messages don't tell a file that ends too early from a damaged one; that it took all
    // of the source does.
    window_.consume(fed_);
    fed_ = 0;
    const bool took_all = consumed() == window_.offset();
    if (auto more = window_.want(1); took_all && more && window_.view().empty())
      return truncated_input(window_);
    const char* message = archive_error_string(archive_.get());
    return damaged_input(name(), consumed(), message != nullptr ? message : "decompression failed");
  }

  // At the end of the data: libarchive ignores what follows if it isn't another stream, or only the
  // beginning of one.
  Result<void> finish() {
    ended_ = true;
    const std::uint64_t consumed_here = consumed();
    window_.consume(fed_);
    fed_ = 0;
    TALARIA_TRY(window_.want(1));
    if (consumed_here != window_.offset() || !window_.view().empty())
      return damaged_input(name(), consumed_here, "something other than " + format() + " data follows");
    return {};
  }

  SourceWindow window_;
  ArchiveFilter filter_;
  std::size_t fed_ = 0; // bytes in view that libarchive works on
  std::optional<Error> source_error_;
  bool ended_ = false;
  std::unique_ptr<archive, FreeArchive> archive_; // last, because it refers to the others
};

} // namespace

Result<std::unique_ptr<Input>> archive_input(SourceWindow window, ArchiveFilter filter) {
  auto input = std::make_unique<ArchiveInput>(std::move(window), filter);
  TALARIA_TRY(input->begin());
  return input;
}

} // namespace talaria
