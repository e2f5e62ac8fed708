#include "sequence/layout.hpp"

#include "core/endian.hpp"
#include "core/try.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace talaria {
namespace {

// The flags of a layout, its first byte; docs/format.md, "Layout", says what each means.
enum Flag : std::uint8_t {
  header_crlf_flag = 1u << 0,
  body_crlf_flag = 1u << 1,
  header_open_flag = 1u << 2,
  end_missing_flag = 1u << 3,
  others_flag = 1u << 4,
  lower_flag = 1u << 5,
  irregular_flag = 1u << 6,
  blanks_flag = 1u << 7,
};

// ---- Characters ------------------------------------------------------------------------------------

enum class Class : std::uint8_t { residue, other, refused };

constexpr std::array<Class, 256> classes = [] {
  std::array<Class, 256> table{};
  for (std::size_t c = 0; c < table.size(); ++c) {
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    const bool blank = c >= 9 && c <= 13; // tab, LF, VT, FF, CR
    table[c] = letter ? Class::residue : c < 0x20 && !blank ? Class::refused : Class::other;
  }
  return table;
}();

Class class_of(char c) {
  return classes[static_cast<unsigned char>(c)];
}

// The loops below have no early exit, so that the compiler turns them into vector code; callers that
// expect failure hand over pieces.
bool all_upper(const char* p, std::size_t n) {
  std::uint8_t bad = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto d = static_cast<std::uint8_t>(static_cast<std::uint8_t>(p[i]) - 'A');
    bad = static_cast<std::uint8_t>(bad | (d > 25 ? 1 : 0));
  }
  return bad == 0;
}

bool all_letters(const char* p, std::size_t n) {
  std::uint8_t bad = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto d = static_cast<std::uint8_t>((static_cast<std::uint8_t>(p[i]) | 0x20) - 'a');
    bad = static_cast<std::uint8_t>(bad | (d > 25 ? 1 : 0));
  }
  return bad == 0;
}

void to_upper(char* p, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) p[i] = static_cast<char>(p[i] & 0xDF);
}

void to_lower(char* p, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) p[i] = static_cast<char>(p[i] | 0x20);
}

// Copies n bytes between buffers of which `slack` bytes beyond n may be overwritten and read. Short
// copies of unknown length cost a call each with memcpy; blocks of known length are a few instructions.
inline void copy_line(char* to, const char* from, std::size_t n, std::size_t slack) {
  constexpr std::size_t block = 16;
  if (slack < block || n > 256) {
    std::memcpy(to, from, n);
    return;
  }
  for (std::size_t i = 0; i < n; i += block) std::memcpy(to + i, from + i, block);
}

// ---- Lines -----------------------------------------------------------------------------------------

// `count` successive lines of `length` characters each, all ending alike.
struct LineRun {
  std::uint64_t length = 0;
  bool crlf = false;
  std::uint64_t count = 0;
};

// How the characters of a body are spread over lines.
struct Lines {
  std::uint64_t width = 0;  // characters per line; 0: all in one line
  std::uint64_t blanks = 0; // empty lines after the last character
  bool crlf = false;
  bool end_missing = false;
  std::vector<LineRun> runs; // if not empty, they hold instead of width, blanks and crlf
};

// The width noted for a body of one line: that of the records before it, if it would fit.
std::uint64_t width_of_one_line(std::uint64_t length, std::uint32_t hint) {
  return length <= hint ? hint : 0;
}

void learn_width(std::uint64_t width, std::uint32_t& hint) {
  if (width <= std::numeric_limits<std::uint32_t>::max()) hint = static_cast<std::uint32_t>(width);
}

bool ends_line(std::string_view body, std::size_t at, bool crlf) {
  return crlf ? at + 1 < body.size() && body[at] == '\r' && body[at + 1] == '\n'
              : at < body.size() && body[at] == '\n';
}

struct LineGuess {
  std::size_t width = 0;
  bool crlf = false;
  bool ended = false;
};

// How the first line of a body that is not empty ends, looking first where the records before had it.
LineGuess guess_line(std::string_view body, std::uint32_t hint, bool header_crlf) {
  if (hint > 0 && hint < body.size()) {
    if (body[hint] == '\n') return {hint, false, true};
    if (ends_line(body, hint, true)) return {hint, true, true};
  }
  const std::size_t at = body.find('\n');
  if (at == std::string_view::npos) return {body.size(), header_crlf, false};
  const bool crlf = at > 0 && body[at - 1] == '\r';
  return {crlf ? at - 1 : at, crlf, true};
}

// Removes the empty lines at the end of `body`, a line end of `end` bytes each, and counts them.
std::uint64_t strip_blank_lines(std::string_view& body, bool crlf) {
  const std::size_t end = crlf ? 2 : 1;
  std::uint64_t blanks = 0;
  while (body.size() >= end && ends_line(body, body.size() - end, crlf)) {
    const bool whole = body.size() == end;
    if (!whole && !(body.size() >= 2 * end && ends_line(body, body.size() - 2 * end, crlf))) break;
    body.remove_suffix(end);
    ++blanks;
  }
  return blanks;
}

// Copies the characters of a body of equal lines behind `residues`, if that is what it looks like. The
// look is at the line ends where the width says they are; that there are none between is for the caller
// to see, among the characters.
std::optional<Lines> copy_regular(std::string_view body, bool header_crlf, std::uint32_t& hint,
                                  std::string& residues) {
  Lines lines;
  lines.crlf = header_crlf;
  if (body.empty()) {
    lines.width = hint;
    return lines;
  }
  const LineGuess guess = guess_line(body, hint, header_crlf);
  lines.crlf = guess.crlf;
  lines.blanks = strip_blank_lines(body, guess.crlf);
  if (body.empty()) {
    lines.width = hint;
    return lines;
  }
  if (guess.width == 0) return std::nullopt;

  const std::size_t end = guess.crlf ? 2 : 1;
  const std::size_t stride = guess.width + end;
  const std::size_t full = body.size() / stride;
  std::size_t rest = body.size() % stride;
  for (std::size_t i = 0, at = guess.width; i < full; ++i, at += stride)
    if (!ends_line(body, at, guess.crlf)) return std::nullopt;
  if (rest > 0) {
    lines.end_missing = rest < end || !ends_line(body, body.size() - end, guess.crlf);
    if (!lines.end_missing) rest -= end;
    if (rest == 0 || rest > guess.width) return std::nullopt;
  }

  const std::size_t characters = full * guess.width + rest;
  const std::size_t old = residues.size();
  residues.resize(old + characters);
  char* to = residues.data() + old;
  const char* from = body.data();
  std::size_t left = characters;
  for (std::size_t i = 0; i < full; ++i) {
    left -= guess.width;
    copy_line(to, from, guess.width, left);
    to += guess.width;
    from += stride;
  }
  std::memcpy(to, from, rest);

  if (full + (rest > 0 ? 1 : 0) == 1) {
    lines.width = width_of_one_line(characters, hint);
  } else {
    lines.width = guess.width;
    learn_width(lines.width, hint);
  }
  return lines;
}

void add_line(std::vector<LineRun>& runs, std::uint64_t length, bool crlf) {
  if (!runs.empty() && runs.back().length == length && runs.back().crlf == crlf)
    ++runs.back().count;
  else
    runs.push_back({length, crlf, 1});
}

// Whether `runs` are equal lines, a shorter last one, and blank ones after, all ending alike: then says
// so by width and blanks.
void simplify(Lines& lines, bool header_crlf, std::uint32_t& hint) {
  std::vector<LineRun> runs = lines.runs;
  const bool crlf = runs.empty() ? header_crlf : runs.front().crlf;
  for (const LineRun& run : runs)
    if (run.crlf != crlf) return;
  std::uint64_t blanks = 0;
  if (!runs.empty() && runs.back().length == 0) {
    blanks = runs.back().count;
    runs.pop_back();
  }
  if (runs.size() > 2 || (!runs.empty() && runs[0].length == 0)) return;
  if (runs.size() == 2 && (runs[1].count != 1 || runs[1].length == 0 || runs[1].length > runs[0].length))
    return;

  lines.runs.clear();
  lines.crlf = crlf;
  lines.blanks = blanks;
  if (runs.empty()) {
    lines.width = hint;
  } else if (runs.size() == 1 && runs[0].count == 1) {
    lines.width = width_of_one_line(runs[0].length, hint);
  } else {
    lines.width = runs[0].length;
    learn_width(lines.width, hint);
  }
}

// Copies the characters of any body behind `residues`, line by line.
Lines copy_lines(std::string_view body, bool header_crlf, std::uint32_t& hint, std::string& residues) {
  Lines lines;
  while (!body.empty()) {
    const std::size_t at = body.find('\n');
    std::size_t length = at;
    bool crlf = false;
    if (at == std::string_view::npos) {
      // A last line without end counts as ending like the one before it.
      lines.end_missing = true;
      length = body.size();
      crlf = lines.runs.empty() ? header_crlf : lines.runs.back().crlf;
    } else if (at > 0 && body[at - 1] == '\r') {
      crlf = true;
      --length;
    }
    residues.append(body.data(), length);
    add_line(lines.runs, length, crlf);
    body.remove_prefix(at == std::string_view::npos ? body.size() : at + 1);
  }
  simplify(lines, header_crlf, hint);
  return lines;
}

// ---- Others and case -------------------------------------------------------------------------------

// Moves what is not a letter out of residues[from..] into runs. False at a byte that is refused.
bool take_others(std::string& residues, std::size_t from, std::vector<OtherRun>& runs) {
  char* to = residues.data() + from;
  const char* p = to;
  const char* const end = residues.data() + residues.size();
  while (p != end) {
    const char* const letters = p;
    constexpr std::ptrdiff_t step = 64;
    while (end - p >= step && all_letters(p, step)) p += step;
    while (p != end && class_of(*p) == Class::residue) ++p;
    const auto gap = static_cast<std::size_t>(p - letters);
    std::memmove(to, letters, gap);
    to += gap;
    if (p == end) break;
    const char byte = *p;
    if (class_of(byte) == Class::refused) return false;
    const char* const others = p;
    while (p != end && *p == byte) ++p;
    runs.push_back({gap, static_cast<std::uint64_t>(p - others), byte});
  }
  residues.resize(static_cast<std::size_t>(to - residues.data()));
  return true;
}

// The length of the run of letters of the same case at p, at most n.
std::size_t case_run(const char* p, std::size_t n) {
  constexpr std::uint64_t ones = 0x0101010101010101u;
  constexpr std::uint64_t case_bits = 0x20u * ones;
  const char first = static_cast<char>(p[0] & 0x20);
  const std::uint64_t pattern = first != 0 ? case_bits : 0;
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, p + i, sizeof word);
    const std::uint64_t differs = (word & case_bits) ^ pattern;
    if (differs == 0) continue;
    const int bits = std::endian::native == std::endian::little ? std::countr_zero(differs)
                                                                : std::countl_zero(differs);
    return i + static_cast<std::size_t>(bits) / 8;
  }
  while (i < n && (p[i] & 0x20) == first) ++i;
  return i;
}

// The lengths of the runs of equal case, upper first, without the last run.
std::vector<std::uint64_t> take_case(char* letters, std::size_t n) {
  std::vector<std::uint64_t> runs;
  if (n > 0 && (letters[0] & 0x20) != 0) runs.push_back(0);
  for (std::size_t at = 0;;) {
    const std::size_t length = case_run(letters + at, n - at);
    at += length;
    if (at == n) break;
    runs.push_back(length);
  }
  to_upper(letters, n);
  return runs;
}

// ---- Encoding --------------------------------------------------------------------------------------

// In a gap between runs of others, the code for "all residues that are left": what follows the last
// residue (the '*' at the end of a translation) is then coded alike in records of any length.
constexpr std::uint64_t gap_to_the_end = 0;

void put_others(std::string& out, const std::vector<OtherRun>& runs, std::uint64_t residues) {
  put_varint(out, runs.size());
  for (const OtherRun& run : runs) {
    put_varint(out, run.gap == residues ? gap_to_the_end : run.gap + 1);
    put_varint(out, run.count);
    out.push_back(run.byte);
    residues -= run.gap;
  }
}

void put_lines(std::string& out, const std::vector<LineRun>& runs) {
  put_varint(out, runs.size());
  for (const LineRun& run : runs) {
    put_varint(out, run.length << 1 | (run.crlf ? 1 : 0));
    put_varint(out, run.count);
  }
}

std::string encode(const Lines& lines, bool header_crlf, const std::vector<OtherRun>& others,
                   const std::vector<std::uint64_t>& cases, std::uint64_t residues) {
  const bool irregular = !lines.runs.empty();
  unsigned flags = 0;
  if (header_crlf) flags |= header_crlf_flag;
  if (lines.end_missing) flags |= end_missing_flag;
  if (!others.empty()) flags |= others_flag;
  if (!cases.empty()) flags |= lower_flag;
  if (irregular) flags |= irregular_flag;
  if (!irregular && lines.crlf) flags |= body_crlf_flag;
  if (!irregular && lines.blanks > 0) flags |= blanks_flag;

  std::string out(1, static_cast<char>(flags));
  if (irregular)
    put_lines(out, lines.runs);
  else
    put_varint(out, lines.width);
  if (!irregular && lines.blanks > 0) put_varint(out, lines.blanks);
  if (!others.empty()) put_others(out, others, residues);
  if (!cases.empty()) {
    put_varint(out, cases.size());
    for (const std::uint64_t length : cases) put_varint(out, length);
  }
  return out;
}

tl::unexpected<Error> refused_byte(std::string_view body) {
  const auto at =
      std::find_if(body.begin(), body.end(), [](char c) { return class_of(c) == Class::refused; });
  const auto offset = static_cast<std::size_t>(at - body.begin());
  const unsigned value = at == body.end() ? 0 : static_cast<unsigned char>(*at);
  return failure(errc::unsupported_input, "a control character (byte value " + std::to_string(value) +
                                              ") at offset " + std::to_string(offset) +
                                              " of the sequence: the file is binary or damaged");
}

// ---- Decoding --------------------------------------------------------------------------------------

tl::unexpected<Error> bad_layout(const char* what) {
  return failure(errc::damaged, std::string("a stored layout is damaged: ") + what);
}

struct Layout {
  bool header_crlf = false;
  bool header_open = false; // the header line has no end
  bool has_lower = false;
  Lines lines;
  std::vector<OtherRun> others;
  std::vector<std::uint64_t> cases;
  std::uint64_t characters = 0;
  std::uint64_t bytes = 0; // that the text will have, header's line end included
};

// a + b, or the largest value: sums of stored numbers are compared with limits, not used, when so large.
std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) {
  return a > std::numeric_limits<std::uint64_t>::max() - b ? std::numeric_limits<std::uint64_t>::max()
                                                           : a + b;
}

std::uint64_t saturating_multiply(std::uint64_t a, std::uint64_t b) {
  return b != 0 && a > std::numeric_limits<std::uint64_t>::max() / b
             ? std::numeric_limits<std::uint64_t>::max()
             : a * b;
}

Result<void> get_runs(ByteReader& reader, Lines& lines) {
  TALARIA_TRY_ASSIGN(const std::uint64_t count, reader.varint());
  // Every run takes two bytes at least: a count beyond that is damage, not a reason to allocate.
  if (count == 0 || count > reader.remaining() / 2) return bad_layout("its lines");
  lines.runs.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    TALARIA_TRY_ASSIGN(const std::uint64_t code, reader.varint());
    TALARIA_TRY_ASSIGN(const std::uint64_t repeated, reader.varint());
    if (repeated == 0) return bad_layout("a line repeated no times");
    lines.runs.push_back({code >> 1, (code & 1) != 0, repeated});
  }
  return {};
}

Result<void> get_others(ByteReader& reader, std::uint64_t residues, Layout& layout) {
  TALARIA_TRY_ASSIGN(const std::uint64_t count, reader.varint());
  if (count == 0 || count > reader.remaining() / 3) return bad_layout("its other characters");
  layout.others.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    TALARIA_TRY_ASSIGN(const std::uint64_t code, reader.varint());
    TALARIA_TRY_ASSIGN(const std::uint64_t repeated, reader.varint());
    TALARIA_TRY_ASSIGN(const std::string_view byte, reader.bytes(1));
    const std::uint64_t gap = code == gap_to_the_end ? residues : code - 1;
    if (gap > residues || repeated == 0) return bad_layout("its other characters");
    if (class_of(byte[0]) != Class::other || byte[0] == '\n')
      return bad_layout("a character that can not be there");
    layout.others.push_back({gap, repeated, byte[0]});
    layout.characters = saturating_add(layout.characters, repeated);
    residues -= gap;
  }
  return {};
}

Result<void> get_case(ByteReader& reader, std::uint64_t residues, Layout& layout) {
  TALARIA_TRY_ASSIGN(const std::uint64_t count, reader.varint());
  if (count == 0 || count > reader.remaining()) return bad_layout("its letter case");
  layout.cases.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    TALARIA_TRY_ASSIGN(const std::uint64_t length, reader.varint());
    if (length >= residues || (length == 0 && i > 0)) return bad_layout("its letter case");
    residues -= length;
    layout.cases.push_back(length);
  }
  return {};
}

std::uint64_t lines_of(std::uint64_t characters, std::uint64_t width) {
  if (characters == 0) return 0;
  return width == 0 ? 1 : (characters - 1) / width + 1;
}

// Computes layout.bytes, and checks that the lines hold the characters.
Result<void> measure(Layout& layout) {
  const Lines& lines = layout.lines;
  std::uint64_t bytes = saturating_add(layout.characters, layout.header_crlf ? 2 : 1);
  if (lines.runs.empty()) {
    const std::uint64_t ends = saturating_add(lines_of(layout.characters, lines.width), lines.blanks);
    if (lines.end_missing && (layout.characters == 0 || lines.blanks > 0))
      return bad_layout("a missing line end of no line");
    bytes = saturating_add(bytes, saturating_multiply(ends, lines.crlf ? 2 : 1));
    if (lines.end_missing && bytes != std::numeric_limits<std::uint64_t>::max())
      bytes -= lines.crlf ? 2 : 1;
  } else {
    std::uint64_t characters = 0;
    for (const LineRun& run : lines.runs) {
      characters = saturating_add(characters, saturating_multiply(run.length, run.count));
      bytes = saturating_add(bytes, saturating_multiply(run.count, run.crlf ? 2 : 1));
    }
    if (characters != layout.characters)
      return bad_layout("its lines hold another number of characters than the sequence");
    if (lines.end_missing) {
      if (lines.runs.back().length == 0) return bad_layout("a missing line end of no line");
      if (bytes != std::numeric_limits<std::uint64_t>::max()) bytes -= lines.runs.back().crlf ? 2 : 1;
    }
  }
  layout.bytes = bytes;
  return {};
}

Result<Layout> decode(std::string_view encoded, std::uint64_t residues) {
  if (encoded.empty()) return bad_layout("it is empty");
  Layout layout;
  const unsigned flags = static_cast<unsigned char>(encoded[0]);
  ByteReader reader(encoded.substr(1));
  layout.header_crlf = (flags & header_crlf_flag) != 0;
  layout.header_open = (flags & header_open_flag) != 0;
  layout.has_lower = (flags & lower_flag) != 0;
  layout.characters = residues;
  Lines& lines = layout.lines;
  lines.crlf = (flags & body_crlf_flag) != 0;
  lines.end_missing = (flags & end_missing_flag) != 0;
  if (layout.header_open) {
    if (flags != header_open_flag || encoded.size() != 1 || residues != 0)
      return bad_layout("a body without the header's line end");
    return layout;
  }
  if ((flags & irregular_flag) != 0) {
    if ((flags & (body_crlf_flag | blanks_flag)) != 0) return bad_layout("its flags");
    TALARIA_TRY(get_runs(reader, lines));
  } else {
    TALARIA_TRY_ASSIGN(lines.width, reader.varint());
  }
  if ((flags & blanks_flag) != 0) {
    TALARIA_TRY_ASSIGN(lines.blanks, reader.varint());
    if (lines.blanks == 0) return bad_layout("its blank lines");
  }
  if ((flags & others_flag) != 0) TALARIA_TRY(get_others(reader, residues, layout));
  if (layout.has_lower) TALARIA_TRY(get_case(reader, residues, layout));
  if (reader.remaining() != 0) return bad_layout("bytes are left over");
  TALARIA_TRY(measure(layout));
  return layout;
}

// ---- Writing ---------------------------------------------------------------------------------------

// The text is made in its final place: characters are put at the end of it, then moved towards the
// front, each step making room for what it inserts. The place written never passes the place read,
// because what is still to be inserted lies between them.

char* put_end(char* to, bool crlf) {
  if (crlf) *to++ = '\r';
  *to++ = '\n';
  return to;
}

// Lower-cases every second run of letters.
void apply_case(char* letters, std::size_t n, const std::vector<std::uint64_t>& runs) {
  std::size_t at = 0;
  bool lower = false;
  for (const std::uint64_t length : runs) {
    if (lower) to_lower(letters + at, length);
    at += length;
    lower = !lower;
  }
  if (lower) to_lower(letters + at, n - at);
}

void insert_others(char* to, const char* letters, std::size_t n, const std::vector<OtherRun>& runs) {
  for (const OtherRun& run : runs) {
    std::memmove(to, letters, run.gap);
    to += run.gap;
    letters += run.gap;
    n -= run.gap;
    std::memset(to, run.byte, run.count);
    to += run.count;
  }
  std::memmove(to, letters, n);
}

// Spreads n characters over lines of equal width. `from` may lie in the same text, behind `to`
// (`in_place`), or elsewhere. Returns where the text ends, without line ends missing or added after it.
char* wrap(char* to, const char* from, std::size_t n, std::size_t width, bool crlf, bool in_place) {
  if (width == 0) width = n;
  while (n > width) {
    if (in_place)
      std::memmove(to, from, width);
    else
      copy_line(to, from, width, n - width);
    to = put_end(to + width, crlf);
    from += width;
    n -= width;
  }
  std::memmove(to, from, n);
  return to + n;
}

void write_regular(char* to, const char* characters, std::size_t n, const Lines& lines, bool in_place) {
  if (n > 0) {
    to = wrap(to, characters, n, lines.width, lines.crlf, in_place);
    if (!lines.end_missing) to = put_end(to, lines.crlf);
  }
  for (std::uint64_t i = 0; i < lines.blanks; ++i) to = put_end(to, lines.crlf);
}

void write_runs(char* to, const char* characters, const Lines& lines) {
  for (std::size_t r = 0; r < lines.runs.size(); ++r) {
    const LineRun& run = lines.runs[r];
    for (std::uint64_t i = 0; i < run.count; ++i) {
      std::memmove(to, characters, run.length);
      to += run.length;
      characters += run.length;
      const bool last = r + 1 == lines.runs.size() && i + 1 == run.count;
      if (!last || !lines.end_missing) to = put_end(to, run.crlf);
    }
  }
}

tl::unexpected<Error> too_long() {
  return bad_layout("it makes more text than the record has");
}

// The layout of nearly all records: flags of line ends only, and a width of one byte.
bool is_simple(std::string_view layout) {
  constexpr unsigned simple = header_crlf_flag | body_crlf_flag;
  return layout.size() == 2 && (static_cast<unsigned char>(layout[0]) & ~simple) == 0 &&
         static_cast<unsigned char>(layout[1]) < 0x80;
}

Result<void> write_simple(std::string_view layout, std::string_view residues, std::size_t limit,
                          std::string& out) {
  const bool header_crlf = (layout[0] & header_crlf_flag) != 0;
  const bool crlf = (layout[0] & body_crlf_flag) != 0;
  const auto width = static_cast<std::size_t>(static_cast<unsigned char>(layout[1]));
  const std::uint64_t ends = lines_of(residues.size(), width);
  const std::uint64_t bytes = residues.size() + (header_crlf ? 2 : 1) + ends * (crlf ? 2 : 1);
  if (bytes > limit) return too_long();
  const std::size_t old = out.size();
  out.resize(old + bytes);
  char* to = put_end(out.data() + old, header_crlf);
  if (residues.empty()) return {};
  put_end(wrap(to, residues.data(), residues.size(), width, crlf, false), crlf);
  return {};
}

} // namespace

Result<ReadBody> read_body(std::string_view body, bool header_ended, bool header_crlf,
                           std::uint32_t& width_hint, std::string& residues) {
  if (!header_ended) {
    if (!body.empty())
      return failure(errc::invalid_argument, "a record body after a header line without end");
    return ReadBody{std::string(1, static_cast<char>(header_open_flag)), 0};
  }

  const std::size_t old = residues.size();
  const std::uint32_t old_hint = width_hint;
  std::optional<Lines> lines = copy_regular(body, header_crlf, width_hint, residues);
  if (lines && all_upper(residues.data() + old, residues.size() - old)) {
    const std::uint64_t count = residues.size() - old;
    return ReadBody{encode(*lines, header_crlf, {}, {}, count), count};
  }

  // A line end among the characters: the lines are not what their first one suggested.
  const auto holds = [&](char c) { return residues.find(c, old) != std::string::npos; };
  bool letters = lines && all_letters(residues.data() + old, residues.size() - old);
  if (!lines || (!letters && (holds('\n') || holds('\r')))) {
    residues.resize(old);
    width_hint = old_hint;
    lines = copy_lines(body, header_crlf, width_hint, residues);
    letters = all_letters(residues.data() + old, residues.size() - old);
  }

  std::vector<OtherRun> others;
  if (!letters && !take_others(residues, old, others)) {
    residues.resize(old);
    width_hint = old_hint;
    return refused_byte(body);
  }
  const std::size_t count = residues.size() - old;
  const bool lower = !all_upper(residues.data() + old, count);
  const std::vector<std::uint64_t> cases =
      lower ? take_case(residues.data() + old, count) : std::vector<std::uint64_t>();
  return ReadBody{encode(*lines, header_crlf, others, cases, count), count};
}

Result<void> write_body(std::string_view layout, std::string_view residues, std::size_t limit,
                        std::string& out) {
  if (is_simple(layout)) return write_simple(layout, residues, limit, out);
  TALARIA_TRY_ASSIGN(const Layout plan, decode(layout, residues.size()));
  if (plan.header_open) return {};
  if (plan.bytes > std::min<std::uint64_t>(limit, out.max_size() - out.size())) return too_long();

  const std::size_t old = out.size();
  out.resize(old + plan.bytes);
  char* const text = put_end(out.data() + old, plan.header_crlf);
  char* const end = out.data() + out.size();
  const char* characters = residues.empty() ? "" : residues.data();
  const bool changed = plan.has_lower || !plan.others.empty();
  if (changed) {
    char* const letters = end - residues.size();
    std::memcpy(letters, characters, residues.size());
    apply_case(letters, residues.size(), plan.cases);
    char* const place = end - plan.characters;
    insert_others(place, letters, residues.size(), plan.others);
    characters = place;
  }
  if (plan.lines.runs.empty())
    write_regular(text, characters, plan.characters, plan.lines, changed);
  else
    write_runs(text, characters, plan.lines);
  return {};
}

Result<Characters> read_characters(std::string_view layout, std::uint64_t residues) {
  TALARIA_TRY_ASSIGN(Layout plan, decode(layout, residues));
  return Characters{std::move(plan.others), std::move(plan.cases)};
}

bool has_others(std::string_view layout) noexcept {
  return !layout.empty() && (static_cast<unsigned char>(layout[0]) & others_flag) != 0;
}

bool gives_back(std::string_view layout, std::string_view residues, std::string_view line_end,
                std::string_view body, std::string& scratch) {
  scratch.clear();
  auto size = line_end.size() + body.size();
  return write_body(layout, residues, size, scratch) && scratch.size() == size &&
         scratch.starts_with(line_end) && std::string_view(scratch).substr(line_end.size()) == body;
}

} // namespace talaria
