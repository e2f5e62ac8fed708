#include "sequence/prepare.hpp"

#include "core/try.hpp"
#include "sequence/header.hpp"
#include "sequence/layout.hpp"
#include "sequence/record.hpp"

namespace talaria {

Result<PreparedPiece> prepare(RawPiece piece) {
  PreparedPiece prepared;
  prepared.piece = std::move(piece);
  auto bytes = prepared.piece.bytes.view();
  prepared.residues.reserve(bytes.size());
  Hasher hasher;
  uint32_t width_hint = 0;
  std::string rendered;
  for (std::size_t at = 0; at < bytes.size();) {
    auto end = next_record(bytes, at + 1);
    auto raw = split_record(bytes.substr(at, end - at));
    PreparedRecord record;
    record.header = raw.header;
    record.accession_key = accession_key(unversioned(accession(raw.header)));
    record.residues_at = prepared.residues.size();
    auto body = read_body(raw.body, raw.header_ended, raw.header_crlf, width_hint, prepared.residues);
    if (!body)
      return tl::unexpected(
          body.error().within("record at byte " + std::to_string(prepared.piece.offset + at)));
    record.residues = body->residues;
    auto residues = std::string_view(prepared.residues).substr(record.residues_at, record.residues);
    if (!gives_back(body->layout, residues, raw.line_end(), raw.body, rendered))
      return failure(errc::internal,
                     "what would be stored of the record at byte " +
                         std::to_string(prepared.piece.offset + at) +
                         " doesn't give it back, so nothing was: this is a defect of Talaria");
    record.digest = hasher.of(residues);
    if (prepared.layouts.empty() || prepared.layouts.back() != body->layout)
      prepared.layouts.push_back(std::move(body->layout));
    record.layout = static_cast<uint32_t>(prepared.layouts.size() - 1);
    prepared.records.push_back(record);
    at = end;
  }
  return prepared;
}

} // namespace talaria
