#include "repository/snapshot.hpp"

#include "core/endian.hpp"
#include "core/try.hpp"
#include "repository/fields.hpp"
#include "repository/magic.hpp"
#include "repository/page.hpp"
#include "repository/segment.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace talaria {

namespace {

constexpr std::string_view magic = "TALSNAP1";

void put_file(std::string& out, const PackInfo& file) {
  out += file.digest.view();
  put_varint(out, file.size);
}

Result<void> read_file(ByteReader& in, PackInfo& file) {
  TALARIA_TRY_ASSIGN(file.digest, read_digest(in));
  TALARIA_TRY_ASSIGN(file.size, in.varint());
  return {};
}

Result<uint32_t> read_place(ByteReader& in, std::size_t bound) {
  TALARIA_TRY_ASSIGN(auto place, in.varint());
  if (place >= bound) return failure(errc::damaged, "impossible generation");
  return static_cast<uint32_t>(place);
}

// Calls `read` as often as the count that comes first says.
template <class Read>
Result<void> read_each(ByteReader& in, Read read) {
  TALARIA_TRY_ASSIGN(auto count, in.varint());
  for (uint64_t i = 0; i < count; ++i) TALARIA_TRY(read());
  return {};
}

Result<Snapshot> read_all(ByteReader& in) {
  Snapshot s;
  TALARIA_TRY_ASSIGN(s.serial, in.varint());
  TALARIA_TRY_ASSIGN(s.created, in.varint());
  TALARIA_TRY_ASSIGN(s.parent, read_digest(in));
  TALARIA_TRY_ASSIGN(s.removals, in.varint());
  TALARIA_TRY(read_each(in, [&]() -> Result<void> {
    TALARIA_TRY_ASSIGN(auto id, in.bytes(GenerationId::size));
    s.generations.push_back(GenerationId::from(id));
    return {};
  }));
  TALARIA_TRY(read_each(in, [&]() -> Result<void> {
    Snapshot::Pack pack;
    TALARIA_TRY(read_file(in, pack));
    TALARIA_TRY_ASSIGN(pack.generation, read_place(in, s.generations.size()));
    s.packs.push_back(pack);
    return {};
  }));
  TALARIA_TRY(read_each(in, [&]() -> Result<void> {
    PackInfo segment;
    TALARIA_TRY(read_file(in, segment));
    s.segments.push_back(segment);
    return {};
  }));
  TALARIA_TRY(read_each(in, [&]() -> Result<void> {
    TALARIA_TRY_ASSIGN(auto release, ReleaseEntry::read(in));
    s.releases.push_back(std::move(release));
    return {};
  }));
  TALARIA_TRY(read_each(in, [&]() -> Result<void> {
    PageDelta delta;
    TALARIA_TRY_ASSIGN(delta.pages, read_digest(in));
    TALARIA_TRY(read_file(in, delta.reference));
    s.deltas.push_back(delta);
    return {};
  }));
  TALARIA_TRY(read_each(in, [&]() -> Result<void> {
    Number number;
    TALARIA_TRY_ASSIGN(number.generation, read_place(in, s.generations.size()));
    TALARIA_TRY_ASSIGN(number.ordinal, read_place(in, UINT32_MAX));
    if (!s.removed.empty() && !(s.removed.back() < number))
      return failure(errc::damaged, "removed chunks out of order");
    s.removed.push_back(number);
    return {};
  }));
  for (auto& totals : s.totals) {
    TALARIA_TRY_ASSIGN(totals.count, in.varint());
    TALARIA_TRY_ASSIGN(totals.bytes, in.varint());
  }
  if (!in.at_end()) return failure(errc::damaged, "bytes behind the end");
  return s;
}

} // namespace

std::string snapshot_name(const Digest& digest) {
  return "snapshots/" + digest.hex();
}

std::string Snapshot::encode() const {
  std::string out(magic);
  put_varint(out, serial);
  put_varint(out, created);
  out += parent.view();
  put_varint(out, removals);
  put_varint(out, generations.size());
  for (auto& id : generations) out += id.view();
  put_varint(out, packs.size());
  for (auto& pack : packs) {
    put_file(out, pack);
    put_varint(out, pack.generation);
  }
  put_varint(out, segments.size());
  for (auto& segment : segments) put_file(out, segment);
  put_varint(out, releases.size());
  for (auto& release : releases) release.write(out);
  put_varint(out, deltas.size());
  for (auto& delta : deltas) {
    out += delta.pages.view();
    put_file(out, delta.reference);
  }
  put_varint(out, removed.size());
  for (auto& number : removed) {
    put_varint(out, number.generation);
    put_varint(out, number.ordinal);
  }
  for (auto& t : totals) {
    put_varint(out, t.count);
    put_varint(out, t.bytes);
  }
  return out;
}

Result<Snapshot> Snapshot::decode(std::string_view bytes) {
  TALARIA_TRY(check_magic(bytes, magic, "the snapshot", rebuild_advice));
  ByteReader in(bytes.substr(magic.size()));
  auto snapshot = read_all(in);
  if (!snapshot) return failure(errc::damaged, "malformed snapshot: " + snapshot.error().message());
  return snapshot;
}

std::optional<uint32_t> Snapshot::generation(const GenerationId& id) const noexcept {
  for (std::size_t i = generations.size(); i-- > 0;)
    if (generations[i] == id) return static_cast<uint32_t>(i);
  return std::nullopt;
}

std::vector<PackInfo> Snapshot::references(const Digest& pages) const {
  std::vector<PackInfo> chain;
  auto last = pages;
  // Damage could make a circle.
  while (chain.size() <= deltas.size()) {
    auto at = std::ranges::find(deltas, last, &PageDelta::pages);
    if (at == deltas.end()) break;
    chain.push_back(at->reference);
    last = at->reference.digest;
  }
  return chain;
}

std::vector<PackInfo> Snapshot::page_files() const {
  std::vector<PackInfo> files;
  std::unordered_set<std::string_view> seen;
  for (auto& release : releases)
    if (seen.insert(release.pages.view()).second) files.push_back({release.pages, release.pages_size});
  for (auto& delta : deltas)
    if (seen.insert(delta.reference.digest.view()).second) files.push_back(delta.reference);
  return files;
}

std::unordered_set<std::string> Snapshot::file_names() const {
  std::unordered_set<std::string> names;
  for (auto& pack : packs) names.insert(pack_name(pack.digest));
  for (auto& segment : segments) names.insert(segment_name(segment.digest));
  for (auto& file : page_files()) names.insert(pages_name(file.digest));
  for (auto& release : releases) names.insert(release_name(digest_of(encode_release(release))));
  return names;
}

void Snapshot::drop_unused_deltas() {
  std::unordered_map<std::string, const PageDelta*> known;
  for (auto& delta : deltas) known.emplace(delta.pages.view(), &delta);
  std::unordered_set<std::string> used;
  for (auto& release : releases) {
    auto at = known.find(std::string(release.pages.view()));
    while (at != known.end() && used.insert(at->first).second)
      at = known.find(std::string(at->second->reference.digest.view()));
  }
  std::erase_if(deltas,
                [&](const PageDelta& delta) { return !used.contains(std::string(delta.pages.view())); });
}

void Snapshot::remove(const Number& number, uint64_t bytes) {
  auto at = std::lower_bound(removed.begin(), removed.end(), number);
  if (at != removed.end() && *at == number) return;
  removed.insert(at, number);
  auto& total = totals[index_of(Kind::bytes)];
  total.count -= std::min<uint64_t>(total.count, 1);
  total.bytes -= std::min(total.bytes, bytes);
}

bool Snapshot::is_removed(const Number& number) const noexcept {
  return std::binary_search(removed.begin(), removed.end(), number);
}

} // namespace talaria
