#include "repository/release.hpp"

#include "core/crc64.hpp"
#include "repository/fields.hpp"
#include "repository/magic.hpp"

namespace talaria {

namespace {

constexpr std::string_view magic = "TALRELE1";
constexpr std::size_t checksum_size = 8;

} // namespace

void ReleaseEntry::write(std::string& out) const {
  put_string(out, name);
  put_string(out, version);
  put_varint(out, created);
  out += stream.view();
  put_varint(out, bytes);
  put_varint(out, records);
  put_varint(out, residues);
  out += pages.view();
  put_varint(out, pages_size);
}

Result<ReleaseEntry> ReleaseEntry::read(ByteReader& in) {
  ReleaseEntry r;
  TALARIA_TRY_ASSIGN(r.name, read_string(in));
  TALARIA_TRY_ASSIGN(r.version, read_string(in));
  TALARIA_TRY_ASSIGN(r.created, in.varint());
  TALARIA_TRY_ASSIGN(r.stream, read_digest(in));
  TALARIA_TRY_ASSIGN(r.bytes, in.varint());
  TALARIA_TRY_ASSIGN(r.records, in.varint());
  TALARIA_TRY_ASSIGN(r.residues, in.varint());
  TALARIA_TRY_ASSIGN(r.pages, read_digest(in));
  TALARIA_TRY_ASSIGN(r.pages_size, in.varint());
  return r;
}

std::string release_name(const Digest& digest) {
  return "releases/" + digest.hex();
}

std::string encode_release(const ReleaseEntry& entry) {
  std::string out(magic);
  entry.write(out);
  store_u64(out, crc64(out));
  return out;
}

Result<ReleaseEntry> decode_release(std::string_view bytes) {
  TALARIA_TRY(check_magic(bytes, magic, "the release object", rebuild_advice));
  if (bytes.size() < magic.size() + checksum_size)
    return failure(errc::damaged, "the release object is too short");
  auto checked = bytes.substr(0, bytes.size() - checksum_size);
  if (crc64(checked) != load_u64(checked.data() + checked.size()))
    return failure(errc::damaged, "the release object fails its checksum");
  ByteReader in(checked.substr(magic.size()));
  auto entry = ReleaseEntry::read(in);
  if (!entry) return failure(errc::damaged, "malformed release object: " + entry.error().message());
  if (!in.at_end()) return failure(errc::damaged, "bytes behind the end of a release object");
  return entry;
}

} // namespace talaria
