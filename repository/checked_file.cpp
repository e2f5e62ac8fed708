#include "repository/checked_file.hpp"

#include "core/crc64.hpp"
#include "core/endian.hpp"
#include "core/try.hpp"

#include <algorithm>

namespace talaria {

Result<CheckedFile> CheckedFile::open(std::string name, Buffer file, uint64_t body_size) {
  if (body_size > file.size() || checksums_size(body_size) > file.size() - body_size)
    return failure(errc::damaged, name + " is shorter than it says");
  CheckedFile checked;
  checked.name_ = std::move(name);
  checked.file_ = std::move(file);
  checked.body_size_ = body_size;
  checked.checked_ = std::make_unique<std::atomic<uint8_t>[]>(checksums_size(body_size) / 8);
  return checked;
}

std::string CheckedFile::checksums(std::string_view body) {
  std::string sums;
  for (uint64_t at = 0; at < body.size(); at += region_size)
    store_u64(sums, crc64(body.substr(at, region_size)));
  return sums;
}

Result<const char*> CheckedFile::at(uint64_t offset, uint64_t size) const {
  if (offset > body_size_ || size > body_size_ - offset)
    return failure(errc::damaged, name_ + ": an entry points outside of the file");
  if (size > 0)
    for (auto region = offset / region_size; region <= (offset + size - 1) / region_size; ++region)
      if (checked_[region].load(std::memory_order_acquire) == 0) TALARIA_TRY(check(region));
  return file_.data() + offset;
}

Result<void> CheckedFile::check(uint64_t region) const {
  auto begin = region * region_size;
  auto body = file_.view().substr(begin, std::min(region_size, body_size_ - begin));
  if (crc64(body) != load_u64(file_.data() + body_size_ + region * 8))
    return failure(errc::damaged, name_ + ": checksum differs at byte " + std::to_string(begin));
  checked_[region].store(1, std::memory_order_release);
  return {};
}

} // namespace talaria
