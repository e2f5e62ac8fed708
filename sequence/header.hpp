// Header lines: what identifies a record in them.
#pragma once

#include <cstdint>
#include <string_view>

namespace talaria {

// The accession in a header line (without '>'), a part of `header`:
//   sp|P12345|NAME text -> P12345        gb|AB1234.2| -> AB1234.2     ref|NP_1.1| -> NP_1.1
//   gi|1|ref|NC_1.1| -> NC_1.1           lcl|x -> x                   gnl|DB|x -> x
//   UniRef90_A0A1 ... -> UniRef90_A0A1   ACC|GO:1,GO:2 -> ACC         anything else: the first word
// Empty if the header has no word. Also made for a user's query: accession("sp|P12345|X") is "P12345".
std::string_view accession(std::string_view header) noexcept;

// The first word of a header line, as other programs take it for the name of the record.
std::string_view first_word(std::string_view header) noexcept;

// An accession without its version: NP_000001.2 -> NP_000001, P12345.3 -> P12345. Only what looks like
// an INSDC, RefSeq or UniProt accession loses its version; "contig.12" stays, for there it is the name.
std::string_view unversioned(std::string_view accession) noexcept;

// The key under which the index files a record: a 64-bit hash of the unversioned accession. Part of the
// repository format.
std::uint64_t accession_key(std::string_view accession) noexcept;

} // namespace talaria
