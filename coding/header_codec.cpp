#include "coding/header_codec.hpp"

#include "coding/codec.hpp"
#include "coding/header_words.hpp"
#include "core/endian.hpp"
#include "core/try.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <vector>

namespace talaria {

namespace {

// The text is the headers with one before each.
constexpr char line_feed = '\n';

// So many bytes behind a text, a dictionary or a stream may be read and written over.
constexpr std::size_t slack = 64;

std::size_t equal_bytes(std::string_view a, std::string_view b) noexcept {
  const std::size_t n = std::min(a.size(), b.size());
  std::size_t i = 0;
  while (i < n && a[i] == b[i]) ++i;
  return i;
}

// The first bytes of a word, then zeros: without branches, for lengths are hard to foresee.
constexpr std::array<std::uint64_t, header_word_max + 1> first_masks = [] {
  std::array<std::uint64_t, header_word_max + 1> masks{};
  for (std::size_t n = 0; n < masks.size(); ++n)
    masks[n] = n < 8 ? (std::uint64_t{1} << 8 * n) - 1 : ~std::uint64_t{0};
  return masks;
}();
std::uint64_t first_eight(std::string_view bytes) noexcept {
  return load_u64(bytes.data()) & first_masks[bytes.size()];
}
std::uint64_t second_eight(std::string_view bytes) noexcept {
  return load_u64(bytes.data() + 8) & first_masks[std::max<std::size_t>(bytes.size(), 8) - 8];
}

// These read up to 16 bytes from the beginning of a word, however short it is.
bool is_same(std::string_view a, std::string_view b) noexcept {
  const bool begin = a.size() == b.size() &&
                     ((first_eight(a) ^ first_eight(b)) | (second_eight(a) ^ second_eight(b))) == 0;
  return begin && (a.size() <= 16 || a.substr(16) == b.substr(16));
}
std::uint64_t hash_of(std::string_view bytes) noexcept {
  constexpr std::uint64_t odd = 0x9E3779B97F4A7C15u;
  std::uint64_t hash = (first_eight(bytes) ^ bytes.size() << 56) * odd;
  hash = ((hash ^ hash >> 32) + second_eight(bytes)) * odd;
  for (std::size_t i = 16; i < bytes.size(); i += 8)
    hash = ((hash ^ hash >> 32) + first_eight(bytes.substr(i))) * odd;
  return hash ^ hash >> 29;
}

// Where words end: they are some separators, then letters and digits, and separators behind a letter
// that mostly stand within a word. Readers need not know.
class Separators {
public:
  // Reads no further than `size` rounded up to 8.
  void mark(const std::string& text, std::size_t size) {
    bits_.resize(size / 8 + 8 + 2);
    flags_.resize(size + 8);
    auto letter = [](char c) {
      return static_cast<unsigned char>((c | 0x20) - 'a') < 26 || static_cast<unsigned char>(c) > 127;
    };
    const char* p = text.data();
    std::uint8_t* flags = flags_.data();
    flags[0] = 1;
    for (std::size_t i = 1; i < size; ++i) {
      const bool digit = static_cast<unsigned char>(p[i] - '0') < 10;
      const bool joins = ((p[i] == ':') | (p[i] == '.')) & letter(p[i - 1]);
      flags[i] = !(letter(p[i]) | digit | joins);
    }
    // A byte of bits for eight flags.
    for (std::size_t i = 0; i < size; i += 8)
      bits_[i / 8] = static_cast<std::uint8_t>(
          load_u64(reinterpret_cast<const char*>(flags_.data()) + i) * 0x0102040810204080u >> 56);
  }

  std::size_t word_length(std::size_t at, std::size_t left) const noexcept {
    constexpr std::size_t separators_max = 4;
    std::size_t i = 1;
    if (flags_[at] != 0)
      while (i < std::min(left, separators_max) && flags_[at + i] != 0) ++i;
    const std::size_t limit = std::min(left, header_word_max);
    const std::uint64_t next =
        load_u64(reinterpret_cast<const char*>(bits_.data()) + (at + i) / 8) >> (at + i) % 8;
    return std::min(limit, i + static_cast<std::size_t>(std::countr_zero(next)));
  }

private:
  std::vector<std::uint8_t> flags_; // of each byte: 1 for a separator
  std::vector<std::uint8_t> bits_;
};

} // namespace

class HeaderCodec::Encoder {
public:
  Encoder() : codec_(make_codec(CodecId::zstd)) {}

  Result<bool> compress(std::string_view raw, std::span<const std::uint32_t> header_lengths, int level,
                        std::string& out) {
    if (!set_text(raw, header_lengths) || !find_words()) return false;
    choose_dictionary();
    for (auto& stream : streams_) stream.clear();
    spell_dictionary();
    encode_text();
    put_varint(out, dictionary_.size());
    put_varint(out, dictionary_bytes_);
    for (auto& stream : streams_) TALARIA_TRY(put_stream(stream, level, out));
    return true;
  }

private:
  struct Found {
    HeaderWord word;
    std::uint32_t count = 0; // of its occurrences, those behind itself left out
    std::uint32_t code = 0;  // 0: it isn't in the dictionary
  };

  bool set_text(std::string_view raw, std::span<const std::uint32_t> header_lengths) {
    size_ = raw.size() + header_lengths.size();
    if (size_ > header_codec_max_bytes || raw.find(line_feed) != std::string_view::npos) return false;
    text_.clear();
    text_.reserve(size_ + slack);
    for (auto length : header_lengths) {
      text_ += line_feed;
      text_ += raw.substr(0, length);
      raw.remove_prefix(length);
    }
    text_.append(slack, '\0');
    return true;
  }

  // False if there are so many different ones that these are no lines of words.
  bool find_words() {
    constexpr std::size_t bytes_for_word = 4;
    found_.clear();
    sequence_.clear();
    table_.assign(std::bit_ceil(size_ / 16 + 64), 0);
    separators_.mark(text_, size_);
    for (std::size_t at = 0; at < size_;) {
      if (found_.size() > size_ / bytes_for_word + 16) return false;
      if (found_.size() >= table_.size() / 2) grow_table();
      const std::size_t length = separators_.word_length(at, size_ - at);
      const std::uint32_t id = find({text_.data() + at, length});
      // A word that only follows itself is cheaper without a code.
      found_[id].count += sequence_.empty() || sequence_.back() != id;
      sequence_.push_back(id);
      at += length;
    }
    return true;
  }

  // Entries: bits of the hash, and id + 1, or 0.
  std::uint32_t find(std::string_view bytes) {
    const std::uint64_t hash = hash_of(bytes);
    const std::size_t mask = table_.size() - 1;
    std::size_t at = hash & mask;
    for (; table_[at] != 0; at = (at + 1) & mask) {
      const auto id = static_cast<std::uint32_t>(table_[at]) - 1;
      if (table_[at] >> 32 == hash >> 32 && is_same(bytes_of(found_[id].word), bytes)) return id;
    }
    const auto id = static_cast<std::uint32_t>(found_.size());
    table_[at] = hash >> 32 << 32 | (id + 1);
    const auto offset = static_cast<std::size_t>(bytes.data() - text_.data());
    found_.push_back({describe_word(text_.data(), offset, bytes.size()), 0, 0});
    return id;
  }

  void grow_table() {
    table_.assign(table_.size() * 2, 0);
    const std::size_t mask = table_.size() - 1;
    for (std::uint32_t id = 0; id < found_.size(); ++id) {
      const std::uint64_t hash = hash_of(bytes_of(found_[id].word));
      std::size_t at = hash & mask;
      while (table_[at] != 0) at = (at + 1) & mask;
      table_[at] = hash >> 32 << 32 | (id + 1);
    }
  }

  // The words that come again: those that are about as frequent, then those of one length, in
  // the order of their last bytes, so that most resemble the one before.
  void choose_dictionary() {
    order_.clear();
    for (std::uint32_t id = 0; id < found_.size(); ++id) {
      auto& [word, count, code] = found_[id];
      if (count < 2) continue;
      const auto rareness = static_cast<std::uint32_t>(32 - std::bit_width(count));
      std::uint64_t bytes = 0;
      const std::string_view tail = bytes_of(word).substr(word.length > 8 ? word.length - 8 : 0);
      for (char c : tail) bytes = bytes << 8 | static_cast<unsigned char>(c);
      order_.push_back({rareness << 8 | word.length, id, bytes});
    }
    std::sort(order_.begin(), order_.end(), [](const Place& a, const Place& b) {
      return a.major != b.major   ? a.major < b.major
             : a.bytes != b.bytes ? a.bytes < b.bytes
                                  : a.id < b.id;
    });
    if (order_.size() > word_code::words_max) order_.resize(word_code::words_max);
    dictionary_.clear();
    dictionary_bytes_ = 0;
    for (auto& place : order_) {
      dictionary_.push_back(place.id);
      dictionary_bytes_ += found_[place.id].word.length;
      found_[place.id].code = static_cast<std::uint32_t>(dictionary_.size());
    }
  }

  void spell_dictionary() {
    std::uint32_t before = WordPlaces::none;
    for (auto id : dictionary_) {
      spell(found_[id].word, before, WordPlaces::none, WordPlaces::none);
      before = id;
    }
  }

  void encode_text() {
    places_.clear();
    auto& out = streams_[codes];
    out.resize(3 * sequence_.size());
    char* next = out.data();
    for (auto id : sequence_) {
      auto& [word, count, code] = found_[id];
      next = put_code(code, next);
      if (code != 0) {
        places_.add(word, id);
        continue;
      }
      spell(word, places_.model(), places_.last(), places_.last_number());
      places_.add_fresh(word, id);
    }
    out.resize(static_cast<std::size_t>(next - out.data()));
  }

  // Writes one to three bytes; returns what is behind them.
  static char* put_code(std::uint32_t code, char* out) noexcept {
    if (code < word_code::two_bytes) {
      *out = static_cast<char>(code);
      return out + 1;
    }
    code -= word_code::two_bytes;
    if (code < word_code::in_two) {
      *out++ = static_cast<char>(word_code::two_bytes + (code >> 8));
    } else {
      code -= word_code::in_two;
      *out++ = static_cast<char>(word_code::three_bytes);
      *out++ = static_cast<char>(code >> 8);
    }
    *out = static_cast<char>(code & 0xff);
    return out + 1;
  }

  // In the way that takes the fewest bits, estimated: 4 for a letter, 3 for each other way than the
  // first.
  void spell(const HeaderWord& word, std::uint32_t model, std::uint32_t last,
             std::uint32_t last_number) {
    const auto bytes = bytes_of(word);
    const std::size_t as_model = equal_bytes(bytes, bytes_of(model));
    const std::size_t as_last = equal_bytes(bytes, bytes_of(last));
    const bool from_last = 4 * as_last >= 4 * as_model + 3;
    const std::size_t equal = from_last ? as_last : as_model;
    auto best = static_cast<unsigned>(4 * (bytes.size() - equal));
    std::uint32_t reference = WordPlaces::none;
    if (word.digits != 0 && model != WordPlaces::none && found_[model].word.digits != 0)
      for (auto number : {model, last_number})
        if (number != WordPlaces::none && is_model_with(found_[model].word, word, found_[number].word)) {
          const std::uint32_t step = word.value - found_[number].word.value;
          const auto bits = static_cast<unsigned>(std::bit_width(step)) + 4;
          if (bits >= best) continue;
          best = bits;
          reference = number;
        }
    if (reference == WordPlaces::none) return put_rest(bytes, equal, from_last);
    put_step(word.value - found_[reference].word.value, reference != model);
  }

  // Whether a word is the model with a number not less than that of the reference.
  bool is_model_with(const HeaderWord& model, const HeaderWord& word,
                     const HeaderWord& reference) const noexcept {
    if (word.value < reference.value) return false;
    const auto bytes = bytes_of(word);
    const std::size_t before = model.length - model.digits;
    // Zeros are added in front, never taken away: it isn't shorter than the model.
    if (bytes.size() < model.length || bytes.size() > before + 10 ||
        bytes.substr(0, before) != bytes_of(model).substr(0, before))
      return false;
    std::array<char, 10> number;
    const std::size_t n = write_digits(word.value, model.digits, number.data());
    return bytes.substr(before) == std::string_view(number.data(), n);
  }

  void put_rest(std::string_view bytes, std::size_t equal, bool from_last) {
    const auto rest = bytes.substr(equal);
    const bool all_digits = !rest.empty() && std::all_of(rest.begin(), rest.end(), [](char c) {
      return class_of(c) == ByteClass::digit;
    });
    streams_[spellings] += static_cast<char>(equal | (from_last ? spelling::from_last : 0) |
                                             (all_digits ? spelling::all_digits : 0));
    streams_[lengths] += static_cast<char>(rest.size());
    streams_[all_digits ? digits : letters] += rest;
  }

  void put_step(std::uint32_t step, bool from_last) {
    const auto bytes = static_cast<unsigned>(std::bit_width(step) + 7) / 8;
    streams_[spellings] +=
        static_cast<char>((spelling::step + bytes) | (from_last ? spelling::from_last : 0));
    for (unsigned i = 0; i < bytes; ++i, step >>= 8)
      streams_[i == 0 ? low_steps : high_steps] += static_cast<char>(step & 0xff);
  }

  // As it is if compression gains nothing.
  Result<void> put_stream(std::string_view stream, int level, std::string& out) {
    packed_.clear();
    if (!stream.empty()) TALARIA_TRY(codec_->compress(stream, level, packed_));
    const std::string_view bytes = packed_.size() < stream.size() ? std::string_view(packed_) : stream;
    put_varint(out, stream.size());
    put_varint(out, bytes.size());
    out += bytes;
    return {};
  }

  std::string_view bytes_of(const HeaderWord& word) const noexcept {
    return {text_.data() + word.offset, word.length};
  }
  std::string_view bytes_of(std::uint32_t id) const noexcept {
    return id == WordPlaces::none ? std::string_view() : bytes_of(found_[id].word);
  }

  struct Place {
    std::uint32_t major;
    std::uint32_t id;
    std::uint64_t bytes;
  };
  std::unique_ptr<Codec> codec_;
  std::string text_;
  std::size_t size_ = 0; // of it, without slack
  std::vector<Found> found_;
  std::vector<std::uint32_t> sequence_; // the text in words
  std::vector<std::uint64_t> table_;
  Separators separators_;
  std::vector<Place> order_;
  std::vector<std::uint32_t> dictionary_;
  std::size_t dictionary_bytes_ = 0;
  WordPlaces places_;
  std::array<std::string, header_stream_count> streams_;
  std::string packed_;
};

class HeaderCodec::Decoder {
public:
  Decoder() : codec_(make_codec(CodecId::zstd)) {}

  Result<void> decompress(std::string_view packed, char* out, std::size_t raw_size,
                          std::span<std::uint32_t> header_lengths) {
    size_ = raw_size + header_lengths.size();
    if (size_ > header_codec_max_bytes) return damaged();
    ByteReader in(packed);
    TALARIA_TRY_ASSIGN(auto words, in.varint());
    TALARIA_TRY_ASSIGN(auto bytes, in.varint());
    if (words > bytes || bytes > size_ || words > word_code::words_max) return damaged();
    for (auto& stream : streams_) TALARIA_TRY(get_stream(in, stream));
    if (!in.at_end()) return damaged();
    begin_ = bytes;
    text_.resize(begin_ + size_ + slack);
    words_.clear();
    if (!decode_dictionary(words) || !decode_text() || !all_read()) return damaged();
    return split(out, header_lengths);
  }

private:
  // A stream, decompressed, with slack behind it.
  struct Stream {
    std::vector<char> bytes;
    std::size_t size = 0;
    std::size_t next = 0;

    std::size_t left() const noexcept { return size - next; }
    // Only if there is one left.
    std::uint32_t byte() noexcept { return static_cast<unsigned char>(bytes[next++]); }
  };

  static tl::unexpected<Error> damaged() { return failure(errc::damaged, "impossible coded headers"); }

  Result<void> get_stream(ByteReader& in, Stream& stream) {
    constexpr std::size_t bytes_for_one = 4; // no stream has more for one byte of the text
    TALARIA_TRY_ASSIGN(auto size, in.varint());
    TALARIA_TRY_ASSIGN(auto stored, in.varint());
    TALARIA_TRY_ASSIGN(auto bytes, in.bytes(stored));
    if (size > bytes_for_one * size_ || stored > size) return damaged();
    stream.size = size;
    stream.next = 0;
    stream.bytes.resize(size + slack);
    if (stored < size) return codec_->decompress(bytes, stream.bytes.data(), size);
    std::copy(bytes.begin(), bytes.end(), stream.bytes.begin());
    return {};
  }

  bool decode_dictionary(std::size_t count) {
    std::size_t at = 0;
    std::uint32_t before = WordPlaces::none;
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t length = spell(before, WordPlaces::none, WordPlaces::none, at, begin_);
      if (length == 0) return false;
      before = static_cast<std::uint32_t>(words_.size());
      words_.push_back(describe_word(text_.data(), at, length));
      at += length;
    }
    return at == begin_;
  }

  bool decode_text() {
    const auto in_dictionary = static_cast<std::uint32_t>(words_.size());
    const std::size_t end = begin_ + size_;
    places_.clear();
    for (std::size_t at = begin_; at < end;) {
      std::uint32_t code = 0;
      if (!get_code(code)) return false;
      if (code == 0) {
        const std::size_t length =
            spell(places_.model(), places_.last(), places_.last_number(), at, end);
        if (length == 0) return false;
        words_.push_back(describe_word(text_.data(), at, length));
        places_.add_fresh(words_.back(), static_cast<std::uint32_t>(words_.size() - 1));
        at += length;
        continue;
      }
      if (code > in_dictionary) return false;
      const HeaderWord& word = words_[code - 1];
      if (word.length > end - at) return false;
      copy(word, at);
      places_.add(word, code - 1);
      at += word.length;
    }
    return true;
  }

  bool get_code(std::uint32_t& code) noexcept {
    Stream& in = streams_[codes];
    if (in.left() == 0) return false;
    code = in.byte();
    if (code < word_code::two_bytes) return true;
    if (code < word_code::three_bytes) {
      if (in.left() == 0) return false;
      code = word_code::two_bytes + ((code - word_code::two_bytes) << 8 | in.byte());
      return true;
    }
    if (in.left() < 2) return false;
    const std::uint32_t high = in.byte();
    code = word_code::two_bytes + word_code::in_two + (high << 8 | in.byte());
    return true;
  }

  // Whole registers, whatever the length: there is slack behind the text.
  void copy(const HeaderWord& word, std::size_t at) noexcept {
    static_assert(header_word_max + 16 <= slack);
    const char* from = text_.data() + word.offset;
    char* to = text_.data() + at;
    std::memmove(to, from, 16);
    if (word.length > 16) std::memmove(to + 16, from + 16, header_word_max - 16);
  }

  // Writes a word at `at`, up to `end` at most; its length, or 0 if that is impossible.
  std::size_t spell(std::uint32_t model, std::uint32_t last, std::uint32_t last_number, std::size_t at,
                    std::size_t end) noexcept {
    if (streams_[spellings].left() == 0) return 0;
    const std::uint32_t how = streams_[spellings].byte();
    const std::uint32_t low = how & spelling::low_bits;
    const bool from_last = (how & spelling::from_last) != 0;
    const std::size_t room = std::min(header_word_max, end - at);
    if (low <= header_word_max)
      return spell_rest(from_last ? last : model, low, (how & spelling::all_digits) != 0, at, room);
    const std::uint32_t reference = from_last ? last_number : model;
    if (low < spelling::step || low > spelling::step + spelling::step_bytes_max) return 0;
    if (model == WordPlaces::none || reference == WordPlaces::none || how >= spelling::all_digits)
      return 0;
    return spell_number(words_[model], words_[reference].value, low - spelling::step, at, room);
  }

  std::size_t spell_rest(std::uint32_t other, std::size_t equal, bool all_digits, std::size_t at,
                         std::size_t room) noexcept {
    if (streams_[lengths].left() == 0) return 0;
    const std::size_t rest = streams_[lengths].byte();
    Stream& in = streams_[all_digits ? digits : letters];
    if (equal + rest > room || rest > in.left()) return 0;
    char* to = text_.data() + at;
    if (equal > 0) {
      if (other == WordPlaces::none || equal > words_[other].length) return 0;
      std::memmove(to, text_.data() + words_[other].offset, equal);
    }
    std::memcpy(to + equal, in.bytes.data() + in.next, rest);
    in.next += rest;
    return equal + rest;
  }

  std::size_t spell_number(const HeaderWord& model, std::uint32_t value, std::uint32_t step_bytes,
                           std::size_t at, std::size_t room) noexcept {
    if (model.digits == 0) return 0;
    for (std::uint32_t i = 0; i < step_bytes; ++i) {
      Stream& in = streams_[i == 0 ? low_steps : high_steps];
      if (in.left() == 0) return 0;
      value += in.byte() << 8 * i;
    }
    const std::size_t before = model.length - model.digits;
    std::array<char, 10> number;
    const std::size_t n = write_digits(value, model.digits, number.data());
    if (before + n > room) return 0;
    std::memmove(text_.data() + at, text_.data() + model.offset, before);
    std::memcpy(text_.data() + at + before, number.data(), n);
    return before + n;
  }

  bool all_read() const noexcept {
    return std::all_of(streams_.begin(), streams_.end(),
                       [](auto& stream) { return stream.left() == 0; });
  }

  // The text without its line feeds.
  Result<void> split(char* out, std::span<std::uint32_t> header_lengths) const {
    const char* next = text_.data() + begin_;
    const char* end = next + size_;
    std::size_t room = size_ - header_lengths.size();
    for (auto& length : header_lengths) {
      if (next == end || *next != line_feed) return damaged();
      ++next;
      const void* stop = std::memchr(next, line_feed, static_cast<std::size_t>(end - next));
      const auto n =
          static_cast<std::size_t>((stop != nullptr ? static_cast<const char*>(stop) : end) - next);
      if (n > room) return damaged(); // there are fewer line feeds
      std::copy(next, next + n, out);
      length = static_cast<std::uint32_t>(n);
      out += n;
      next += n;
      room -= n;
    }
    if (next != end) return damaged();
    return {};
  }

  std::unique_ptr<Codec> codec_;
  std::vector<char> text_; // the dictionary, then the headers
  std::size_t begin_ = 0;  // of the headers in it
  std::size_t size_ = 0;   // of them
  std::vector<HeaderWord> words_;
  WordPlaces places_;
  std::array<Stream, header_stream_count> streams_;
};

HeaderCodec::HeaderCodec() = default;
HeaderCodec::~HeaderCodec() = default;

Result<bool> HeaderCodec::compress(std::string_view raw, std::span<const std::uint32_t> header_lengths,
                                   int level, std::string& out) {
  if (!encoder_) encoder_ = std::make_unique<Encoder>();
  return encoder_->compress(raw, header_lengths, level, out);
}

Result<void> HeaderCodec::decompress(std::string_view packed, char* out, std::size_t raw_size,
                                     std::span<std::uint32_t> header_lengths) {
  if (!decoder_) decoder_ = std::make_unique<Decoder>();
  return decoder_->decompress(packed, out, raw_size, header_lengths);
}

} // namespace talaria
