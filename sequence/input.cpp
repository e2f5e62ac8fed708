#include "sequence/input.hpp"

#include "core/try.hpp"
#include "sequence/content.hpp"
#include "sequence/decompress.hpp"
#include "sequence/source.hpp"

#include <array>
#include <utility>

namespace talaria {
namespace {

using namespace std::string_view_literals;

class PlainInput final : public Input {
public:
  explicit PlainInput(SourceWindow window) : window_(std::move(window)) {}

  Result<std::size_t> read(char* out, std::size_t size) override { return window_.read(out, size); }
  std::string format() const override { return "plain"; }
  std::string name() const override { return window_.name(); }

private:
  SourceWindow window_;
};

constexpr std::string_view gzip_magic = "\x1F\x8B\x08"sv;
constexpr std::string_view zstd_magic = "\x28\xB5\x2F\xFD"sv;
constexpr std::string_view xz_magic = "\xFD\x37zXZ\0"sv;
constexpr std::string_view bzip2_magic = "BZh"sv;

// A frame that decoders skip may stand first in a zstd file: 0x184D2A50 to 0x184D2A5F, little-endian.
bool begins_with_skippable_frame(std::string_view head) {
  return head.size() >= 4 && (static_cast<unsigned char>(head[0]) & 0xF0) == 0x50 &&
         head.substr(1, 3) == "\x2A\x4D\x18"sv;
}

// Whether the whole of a file is the beginning of a compressed one, cut off within its magic bytes.
bool is_cut_magic(std::string_view file) {
  constexpr std::array magics{gzip_magic, zstd_magic, xz_magic};
  for (const std::string_view magic : magics)
    if (!file.empty() && file.size() < magic.size() && magic.substr(0, file.size()) == file) return true;
  return false;
}

Result<std::unique_ptr<Input>> open_window(SourceWindow window) {
  TALARIA_TRY(window.want(content_head));
  const std::string_view head = window.view();
  const auto begins = [&](std::string_view magic) { return head.substr(0, magic.size()) == magic; };
  if (begins(gzip_magic)) return gzip_input(std::move(window));
  if (begins(zstd_magic) || begins_with_skippable_frame(head)) return zstd_input(std::move(window));
  if (begins(xz_magic)) return archive_input(std::move(window), ArchiveFilter::xz);
  if (begins(bzip2_magic)) return archive_input(std::move(window), ArchiveFilter::bzip2);
  if (is_cut_magic(head)) {
    window.consume(head.size());
    return truncated_input(window);
  }
  if (auto what = binary_content(head))
    return failure(errc::unsupported_input, window.name() + ": this is " + *what);
  return std::make_unique<PlainInput>(std::move(window));
}

} // namespace

Result<std::unique_ptr<Input>> open_input(const std::string& path,
                                          std::shared_ptr<const std::atomic<bool>> cancel) {
  TALARIA_TRY_ASSIGN(auto source, open_source(path, std::move(cancel)));
  return open_window(SourceWindow(std::move(source)));
}

Result<std::unique_ptr<Input>> open_input_bytes(std::string name, std::string bytes) {
  return open_window(SourceWindow(memory_source(std::move(name), std::move(bytes))));
}

tl::unexpected<Error> truncated_input(const SourceWindow& window) {
  return failure(errc::corrupt_input, window.name() +
                                          ": the file is truncated: it ends within compressed "
                                          "data, at offset " +
                                          std::to_string(window.offset()) +
                                          "; copy or download it again");
}

tl::unexpected<Error> damaged_input(const std::string& name, std::uint64_t offset,
                                    const std::string& what) {
  return failure(errc::corrupt_input, name + ": the compressed file is damaged before offset " +
                                          std::to_string(offset) + ": " + what +
                                          "; copy or download it again");
}

tl::unexpected<Error> damaged_input(const SourceWindow& window, const std::string& what) {
  return damaged_input(window.name(), window.offset(), what);
}

} // namespace talaria
