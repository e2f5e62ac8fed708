#include "sequence/header.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace talaria {
namespace {

using std::string_view;

// Takes the part before the next '|' off `rest`.
string_view take_field(string_view& rest) {
  const std::size_t bar = rest.find('|');
  const string_view field = rest.substr(0, bar);
  rest.remove_prefix(bar == string_view::npos ? rest.size() : bar + 1);
  return field;
}

string_view take_filled_field(string_view& rest) {
  string_view field;
  while (field.empty() && !rest.empty()) field = take_field(rest);
  return field;
}

// What stands before the accession after a database tag: nothing, or one field (a database, a country, a
// number).
struct Tag {
  string_view name;
  unsigned skipped;
};

constexpr std::array tags{
    Tag{"sp", 0},  Tag{"tr", 0},  Tag{"gb", 0},  Tag{"emb", 0}, Tag{"dbj", 0}, Tag{"ref", 0},
    Tag{"pdb", 0}, Tag{"pir", 0}, Tag{"prf", 0}, Tag{"tpg", 0}, Tag{"tpe", 0}, Tag{"tpd", 0},
    Tag{"gpp", 0}, Tag{"nat", 0}, Tag{"lcl", 0}, Tag{"bbs", 0}, Tag{"bbm", 0}, Tag{"gim", 0},
    Tag{"gnl", 1}, Tag{"jgi", 1}, Tag{"ENA", 1}, Tag{"pat", 1}, Tag{"pgp", 1},
};

const Tag* find_tag(string_view name) {
  const auto* at =
      std::find_if(tags.begin(), tags.end(), [&](const Tag& tag) { return tag.name == name; });
  return at == tags.end() ? nullptr : at;
}

string_view after_tag(const Tag& tag, string_view rest) {
  for (unsigned i = 0; i < tag.skipped; ++i) take_field(rest);
  return take_filled_field(rest);
}

// gi|NUMBER|TAG|ACCESSION: the accession, or the number if there is none.
string_view after_gi(string_view rest) {
  const string_view number = take_filled_field(rest);
  const Tag* tag = find_tag(take_field(rest));
  const string_view found = tag ? after_tag(*tag, rest) : string_view();
  return found.empty() ? number : found;
}

// ---- Versions --------------------------------------------------------------------------------------

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_capital(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_alphanumeric(char c) {
  return is_digit(c) || is_capital(c);
}

bool all_digits(string_view text) {
  return std::all_of(text.begin(), text.end(), is_digit);
}

bool is_version(string_view text) {
  return !text.empty() && text.size() <= 4 && all_digits(text) && text[0] != '0';
}

// Capital letters, then digits to the end: how many of each. {0, 0} if it is made otherwise.
std::pair<std::size_t, std::size_t> letters_digits(string_view text) {
  std::size_t letters = 0;
  while (letters < text.size() && is_capital(text[letters])) ++letters;
  if (!all_digits(text.substr(letters))) return {0, 0};
  return {letters, text.size() - letters};
}

// Nucleotide 1+5, 2+6, 2+8; protein 3+5, 3+7; whole-genome 4+8..10, 6+9..11; mass annotation 5+7.
bool is_insdc(string_view text) {
  const auto [letters, digits] = letters_digits(text);
  switch (letters) {
  case 1:
    return digits == 5;
  case 2:
    return digits == 6 || digits == 8;
  case 3:
    return digits == 5 || digits == 7;
  case 4:
    return digits >= 8 && digits <= 10;
  case 5:
    return digits == 7;
  case 6:
    return digits >= 9 && digits <= 11;
  default:
    return false;
  }
}

bool is_refseq(string_view text) {
  constexpr std::array<string_view, 15> prefixes{"AC", "AP", "NC", "NG", "NM", "NP", "NR", "NT",
                                                 "NW", "NZ", "WP", "XM", "XP", "XR", "YP"};
  constexpr std::array<string_view, 2> assemblies{"GCA", "GCF"};
  const std::size_t bar = text.find('_');
  if (bar == string_view::npos) return false;
  const string_view prefix = text.substr(0, bar);
  const auto [letters, digits] = letters_digits(text.substr(bar + 1));
  if (std::find(assemblies.begin(), assemblies.end(), prefix) != assemblies.end())
    return letters == 0 && digits == 9;
  return std::find(prefixes.begin(), prefixes.end(), prefix) != prefixes.end() && letters <= 6 &&
         digits > 0;
}

// [A-Z][0-9][A-Z0-9]{3}[0-9], or, in the newer form, [A-Z][0-9]([A-Z][A-Z0-9]{2}[0-9]){1,2}.
bool is_uniprot(string_view text) {
  if (text.size() != 6 && text.size() != 10) return false;
  if (!is_capital(text[0]) || !is_digit(text[1])) return false;
  const auto is_group = [](string_view group) {
    return is_alphanumeric(group[0]) && is_alphanumeric(group[1]) && is_alphanumeric(group[2]) &&
           is_digit(group[3]);
  };
  if (text.size() == 6) return is_group(text.substr(2));
  return is_capital(text[2]) && is_group(text.substr(2)) && is_capital(text[6]) &&
         is_group(text.substr(6));
}

} // namespace

string_view first_word(string_view text) noexcept {
  const auto is_space = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  const auto begin = std::find_if_not(text.begin(), text.end(), is_space);
  const auto end = std::find_if(begin, text.end(), is_space);
  return text.substr(static_cast<std::size_t>(begin - text.begin()),
                     static_cast<std::size_t>(end - begin));
}

string_view accession(string_view header) noexcept {
  const string_view word = first_word(header);
  string_view rest = word;
  const string_view first = take_field(rest);
  if (first.size() == word.size()) return word;

  string_view found;
  if (first == "gi")
    found = after_gi(rest);
  else if (const Tag* tag = find_tag(first))
    found = after_tag(*tag, rest);
  if (!found.empty()) return found;
  if (!first.empty()) return first;
  found = take_filled_field(rest);
  return found.empty() ? word : found;
}

string_view unversioned(string_view accession) noexcept {
  const std::size_t dot = accession.rfind('.');
  if (dot == string_view::npos || !is_version(accession.substr(dot + 1))) return accession;
  const string_view base = accession.substr(0, dot);
  return is_insdc(base) || is_refseq(base) || is_uniprot(base) ? base : accession;
}

// FNV-1a over the bytes, then the finaliser of MurmurHash3: FNV alone is uneven in its upper bits for
// keys this short, and the index sorts by them.
std::uint64_t accession_key(string_view accession) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : unversioned(accession)) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3u;
  }
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccdu;
  hash ^= hash >> 33;
  hash *= 0xc4ceb9fe1a85ec53u;
  hash ^= hash >> 33;
  return hash;
}

} // namespace talaria
