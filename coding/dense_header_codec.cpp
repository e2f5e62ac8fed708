// Each byte is foreseen by fifteen sources: what came last in ten contexts, behind the last places where
// 32, 16 and 6 bytes were the same, in the same place of the line above, and in the word before. The
// most trusted of them names a byte, and all together say how likely it is: mostly that is one decision,
// and it is right. Otherwise the byte is spelled in eight decisions, by what was spelled in ten contexts
// before.
#include "coding/dense_header_codec.hpp"

#include "coding/bit_history.hpp"
#include "coding/context_mixing.hpp"
#include "coding/header_codec.hpp"
#include "coding/header_place.hpp"
#include "core/endian.hpp"
#include "core/try.hpp"

#include <algorithm>
#include <array>

namespace talaria {

namespace {

constexpr std::uint8_t line_feed = '\n';
constexpr std::uint16_t learn_long = 255;
constexpr int least_probability = 16; // of a decision, in 2^16ths

int probability_of(int x) noexcept { // of 2^16ths
  return squash(x) * 16;
}
int bounded(int probability) noexcept {
  return std::clamp(probability, least_probability, 65536 - least_probability);
}

// That a history goes on with a one, to begin with.
int probability_of(const BitHistory& history) noexcept {
  return (10 * history.ones + 4) * 65536 / (10 * (history.zeros + history.ones) + 8);
}
Estimate first_estimate(int probability, std::uint16_t seen) noexcept {
  return {static_cast<std::uint16_t>(std::clamp(probability, 32, 65503)), seen};
}

constexpr Inputs first_weights(std::size_t inputs, std::int16_t first) {
  Inputs weights{};
  for (std::size_t k = 0; k < inputs; ++k) weights[k] = first;
  return weights;
}

// A hash table without lists: an entry is in one of two places, known by a byte of the hash, and gives
// way to a new one if it is worth less than what is in the other.
template <class Entry>
class ContextTable {
public:
  explicit ContextTable(unsigned bits) : shift_(64 - bits), entries_(std::size_t{1} << bits) {}

  void reset() { std::fill(entries_.begin(), entries_.end(), Entry{}); }

  Entry& find(std::uint64_t hash) noexcept {
    hash *= odd_a;
    const auto check = std::max<std::uint8_t>(static_cast<std::uint8_t>(hash >> 8), 1);
    const std::size_t place = hash >> shift_;
    Entry& a = entries_[place];
    if (a.check == check) return a;
    Entry& b = entries_[place ^ 1];
    if (b.check == check) return b;
    Entry& gives_way = a.check == 0 || (b.check != 0 && a.worth() <= b.worth()) ? a : b;
    gives_way = Entry{};
    gives_way.check = check;
    return gives_way;
  }

private:
  unsigned shift_;
  std::vector<Entry> entries_;
};

// What followed a context last.
struct Followers {
  std::uint8_t check = 0;
  std::uint8_t first = 0;
  std::uint8_t second = 0;
  std::uint8_t history = 0; // of `first`: whether it was right

  unsigned worth() const noexcept { return bit_histories.of[history].ones; }
  void learn(std::uint8_t byte) noexcept {
    const bool right = history == 0 || byte == first;
    if (history == 0) first = second = byte;
    history = bit_histories.next[history][right];
    if (right) return;
    if (byte == second || worth() <= 1) {
      second = first;
      first = byte;
    } else {
      second = byte;
    }
  }
};

// The decisions of half a byte in a context.
struct Decisions {
  std::uint8_t check = 0;
  std::array<std::uint8_t, 15> history{}; // by those before

  unsigned worth() const noexcept {
    const auto& first = bit_histories.of[history[0]];
    return first.zeros + first.ones;
  }
};

// Corrects a probability by how right it was in a context: 33 places along it, between which one is
// interpolated.
class Correction {
public:
  explicit Correction(std::size_t contexts) : table_(contexts * columns) {}
  void reset() {
    for (std::size_t i = 0; i < table_.size(); ++i)
      table_[i] = {
          static_cast<std::uint16_t>(probability_of((static_cast<int>(i % columns) - 16) * 128)), 0};
  }
  int correct(std::size_t context, int x) noexcept {
    const int place = x + 2048;
    const int part = place & 127;
    Estimate* low = &table_[context * columns + static_cast<std::size_t>(place >> 7)];
    nearest_ = part >= 64 ? low + 1 : low;
    return (low[0].one * (128 - part) + low[1].one * part) >> 7;
  }
  void learn(int bit) noexcept { nearest_->learn(bit, 127); }

private:
  static constexpr std::size_t columns = 33;
  std::vector<Estimate> table_;
  Estimate* nearest_ = nullptr;
};

// The last place behind the same bytes as those before the next one.
class Match {
public:
  // 32, 16 or at most 8.
  explicit Match(unsigned least) : least_(least), places_(std::size_t{1} << place_bits) {}

  void reset() {
    std::fill(places_.begin(), places_.end(), 0);
    place_ = 0;
    length_ = 0;
  }
  void look(const std::uint8_t* text, std::size_t at) noexcept {
    if (length_ != 0 || place_ == 0) return;
    unsigned length = 0;
    while (length < longest_look && length < place_ &&
           text[place_ - 1 - length] == text[at - 1 - length])
      ++length;
    if (length >= least_) length_ = length;
  }
  bool found() const noexcept { return length_ != 0; }
  std::size_t place() const noexcept { return place_; }
  unsigned length() const noexcept { return length_; }

  // The byte at `at` was coded; `last` are the last 32, the newest in the lowest byte of the first.
  void learn(const std::uint8_t* text, std::size_t at,
             const std::array<std::uint64_t, 4>& last) noexcept {
    if (length_ != 0) {
      length_ = text[place_] == text[at] ? std::min(length_ + 1, longest) : 0;
      ++place_;
    }
    std::uint64_t hash = least_ <= 8 ? last[0] << (64 - 8 * least_) : last[0];
    for (unsigned i = 1; i < least_ / 8; ++i) hash = mixed_hash(hash, last[i]);
    auto& newest = places_[hash * odd_a >> (64 - place_bits)];
    if (length_ == 0) place_ = newest;
    newest = static_cast<std::uint32_t>(at + 1);
  }

private:
  static constexpr unsigned place_bits = 18;
  static constexpr unsigned longest_look = 48;
  static constexpr unsigned longest = 60;
  unsigned least_;
  std::vector<std::uint32_t> places_; // by hash; 0: none
  std::size_t place_ = 0;
  unsigned length_ = 0; // 0: nothing is copied from there
};

constexpr std::size_t byte_values = 256;
constexpr std::size_t contexts = 10;
constexpr std::size_t matches = 3;
constexpr std::size_t sources = contexts + matches + 2;
constexpr std::size_t of_line_above = contexts + matches;
constexpr std::size_t of_word_before = of_line_above + 1;
constexpr std::size_t spelling_contexts = 10;
constexpr std::size_t spelling_inputs = spelling_contexts + 3;

// How the last five sources stand to a guess: they say nothing, the same, or another byte.
constexpr std::size_t agreements_of_last = std::size_t{3} * 3 * 3 * 3 * 3;

constexpr int nothing = -1;

// What a source says of the next byte.
struct Source {
  int first = nothing;
  int second = nothing;
  unsigned state = 0; // how good it is
};

// Whether what is guessed is the first of a source, its second, or neither.
enum Agreement : std::size_t { is_first, is_second, is_another, agreements };

} // namespace

// Foresees the bytes of a text one by one, and learns them. A Coder is a MixedEncoder or a MixedDecoder.
class DenseHeaderCodec::Model {
public:
  Model()
      : follower_tables_(contexts, ContextTable<Followers>(16)),
        decision_tables_(spelling_contexts, ContextTable<Decisions>(15)) {
    for (std::size_t s = 0; s < sources; ++s)
      for (unsigned state = 0; state < 256; ++state) fill_first_trust(s, state);
    for (std::size_t i = 0; i < 256; ++i)
      first_decisions_[i] = first_estimate(probability_of(bit_histories.of[i]), 6);
  }

  // Codes text[1 .. size]: what is there if the coder encodes, else it is written there. text[0] is LF.
  template <class Coder>
  void run(Coder& coder, std::uint8_t* text, std::size_t size) {
    reset(text);
    for (at_ = 1; at_ <= size; ++at_) {
      ask_sources();
      int excluded = nothing;
      if (!guess(coder, excluded)) text_[at_] = spell(coder, excluded);
      learn();
    }
  }

private:
  void fill_first_trust(std::size_t source, unsigned state) {
    int right = probability_of(bit_histories.of[state]);
    int second = (65536 - right) * 3 / 10;
    int another = (65536 - right) / 5;
    if (source >= contexts) {
      const int known = static_cast<int>(state);
      right = (known + 4) * 65536 / (known + 5);
      another = 65536 / (known + 5);
    }
    first_trust_[source][is_first][state] = first_estimate(right, 4);
    first_trust_[source][is_second][state] = first_estimate(second, 4);
    first_trust_[source][is_another][state] = first_estimate(another, 4);
  }

  void reset(std::uint8_t* text) {
    text_ = text;
    for (auto& table : follower_tables_) table.reset();
    for (auto& table : decision_tables_) table.reset();
    for (auto& match : matches_) match.reset();
    trust_ = first_trust_;
    decisions_.fill(first_decisions_);
    by_any_.fill({});
    by_byte_.fill({});
    by_key_.fill({});
    by_source_.reset();
    by_guess_.reset();
    by_agreement_.reset();
    spelling_by_key_.reset();
    spelling_by_node_.reset();
    correction_by_agreement_.reset();
    correction_by_bytes_.reset();
    last_ = {line_feed, 0, 0, 0};
    place_.begin(text);
  }

  std::uint64_t last_bytes(unsigned count) const noexcept {
    return last_[0] & (~std::uint64_t{0} >> (64 - 8 * count));
  }

  // Contexts that both the guess and the spelling have.
  struct Shared {
    std::uint64_t above, place_above, word_before, word_in_field;
  };
  Shared shared_contexts() const noexcept {
    const auto& p = place_;
    const std::uint64_t above =
        p.above() | static_cast<unsigned>(p.above(1)) << 8 | (p.as_above ? 1u << 16 : 0);
    const std::uint64_t place = p.above() | (p.as_above ? 1u << 16 : 0) | (p.as_before ? 1u << 17 : 0);
    const std::uint64_t column = (p.at - p.word) << 2 | std::min(p.word_number, 3u);
    return {mixed_hash(mixed_hash(above, p.key), last_bytes(1)),
            mixed_hash(mixed_hash(place, p.key), column), mixed_hash(p.part, p.before[0]),
            mixed_hash(p.part, p.key)};
  }

  void ask_sources() noexcept {
    const auto& p = place_;
    const auto shared = shared_contexts();
    const std::array<std::uint64_t, contexts> chosen{
        last_bytes(3),
        last_bytes(4),
        shared.word_before,
        shared.word_in_field,
        mixed_hash(p.part, mixed_hash(p.before[0], p.before[1])),
        mixed_hash(p.part, p.before[1]),
        mixed_hash(mixed_hash(p.field, p.lead), p.key),
        shared.above,
        shared.place_above,
        mixed_hash(p.field, mixed_hash(p.key, p.field_before)),
    };
    for (std::size_t i = 0; i < contexts; ++i) {
      auto& found = follower_tables_[i].find(mixed_hash(chosen[i], i));
      followers_[i] = &found;
      if (found.history == 0)
        sources_[i] = {};
      else
        sources_[i] = {found.first, found.second == found.first ? nothing : found.second, found.history};
    }
    for (std::size_t m = 0; m < matches; ++m) {
      matches_[m].look(text_, at_);
      const bool same = m > 0 && matches_[m].found() && matches_[m - 1].found() &&
                        matches_[m].place() == matches_[m - 1].place();
      sources_[contexts + m] = {};
      if (matches_[m].found() && !same)
        sources_[contexts + m] = {text_[matches_[m].place()], nothing, matches_[m].length()};
    }
    const auto column = static_cast<unsigned>(std::min<std::size_t>(p.at - p.word, 63));
    sources_[of_line_above] = {p.has_above() ? p.above() : nothing, nothing,
                               column | (p.as_above ? 64u : 0)};
    const auto letters = static_cast<unsigned>(std::min<std::size_t>(p.at - p.letters, 63));
    sources_[of_word_before] = {p.repeated(), nothing, letters};
  }

  struct Guess {
    int byte = nothing;
    std::size_t source = 0;
    int trust = 0; // in 2^16ths
  };
  Guess best_guess() const noexcept {
    Guess best;
    for (std::size_t s = 0; s < sources; ++s) {
      const auto& [first, second, state] = sources_[s];
      for (auto [byte, agreement] : {std::pair{first, is_first}, std::pair{second, is_second}})
        if (byte != nothing && trust_[s][agreement][state].one > best.trust)
          best = {byte, s, trust_[s][agreement][state].one};
    }
    return best;
  }

  // True, and the byte written, if the guess was right. `excluded` is what was guessed wrongly.
  template <class Coder>
  bool guess(Coder& coder, int& excluded) {
    constexpr int least_trust = 20000;
    const auto best = best_guess();
    if (best.byte == nothing || best.trust < least_trust) return false;
    alignas(32) Inputs in{};
    std::array<Estimate*, sources> used{};
    std::size_t agreed = 0; // the last five sources, three digits each
    for (std::size_t s = 0; s < sources; ++s) {
      const auto& [first, second, state] = sources_[s];
      if (s >= sources - 5) agreed = agreed * 3 + (first == nothing ? 0 : first == best.byte ? 1 : 2);
      if (first == nothing) continue;
      const auto agreement = first == best.byte    ? is_first
                             : second == best.byte ? is_second
                                                   : is_another;
      used[s] = &trust_[s][agreement][state];
      in[s] = static_cast<std::int16_t>(used[s]->stretch());
    }
    in[sources] = 256;
    const auto byte = static_cast<unsigned>(best.byte);
    const auto trust = best.trust > 65000   ? 17u
                       : best.trust > 64000 ? 16u
                                            : static_cast<unsigned>(best.trust) >> 12;
    int x = by_source_.mix(in, best.source * 32 + trust);
    x += by_guess_.mix(in, place_.key * 256 + byte);
    x += by_agreement_.mix(in, agreed);
    x = std::clamp(x / 3, -stretch_max, stretch_max);
    const auto last = mixed_hash(last_bytes(3), byte) >> (64 - correction_bits);
    const int corrected =
        correction_by_agreement_.correct(agreed, x) + correction_by_bytes_.correct(last, x);
    const int bit = coder.bit(bounded((2 * probability_of(x) + corrected) >> 2), text_[at_] == byte);
    by_source_.learn(in, bit);
    by_guess_.learn(in, bit);
    by_agreement_.learn(in, bit);
    correction_by_agreement_.learn(bit);
    correction_by_bytes_.learn(bit);
    for (auto* estimate : used)
      if (estimate != nullptr) estimate->learn(bit, learn_long);
    if (bit == 0)
      excluded = best.byte;
    else
      text_[at_] = static_cast<std::uint8_t>(byte);
    return bit != 0;
  }

  template <class Coder>
  std::uint8_t spell(Coder& coder, int excluded) {
    choose_spelling_contexts();
    const unsigned wanted = text_[at_];
    unsigned node = 1;
    for (unsigned i = 8; i-- > 0;) {
      if (i == 3 || i == 7) find_decisions(i == 3 ? node : 0);
      // The last decision follows if the byte would be what it isn't.
      if (i == 0 && excluded != nothing && node == (static_cast<unsigned>(excluded) | 256) >> 1)
        return static_cast<std::uint8_t>(excluded ^ 1);
      const int bit = decide(coder, node, i, static_cast<int>(wanted >> i & 1));
      node = node << 1 | static_cast<unsigned>(bit);
    }
    return static_cast<std::uint8_t>(node);
  }

  void choose_spelling_contexts() noexcept {
    const auto& p = place_;
    const auto shared = shared_contexts();
    const std::uint64_t column =
        std::min<std::size_t>(p.at - p.word, 20) << 3 | std::min(p.word_number, 7u);
    spelling_ = {
        last_bytes(2),
        last_bytes(3),
        last_bytes(4),
        shared.word_before,
        shared.word_in_field,
        mixed_hash(p.part, p.before[1]),
        mixed_hash(mixed_hash(p.part, p.field_before), p.key),
        shared.above,
        shared.place_above,
        mixed_hash(p.key, column),
    };
    for (std::size_t i = 0; i < spelling_contexts; ++i) spelling_[i] = mixed_hash(spelling_[i], i);
  }

  void find_decisions(unsigned node) noexcept {
    for (std::size_t i = 0; i < spelling_contexts; ++i)
      half_[i] = &decision_tables_[i].find(node == 0 ? spelling_[i] : mixed_hash(spelling_[i], node));
  }

  template <class Coder>
  int decide(Coder& coder, unsigned node, unsigned left, int wanted) {
    const unsigned made = left >= 4 ? 7 - left : 3 - left; // in this half
    const std::size_t in_half = (1u << made) - 1 + (node & ((1u << made) - 1));
    alignas(32) Inputs in{};
    for (std::size_t i = 0; i < spelling_contexts; ++i)
      if (const auto history = half_[i]->history[in_half]; history != 0)
        in[i] = static_cast<std::int16_t>(decisions_[i][history].stretch());
    const std::array<Estimate*, 3> plain{&by_any_[node], &by_byte_[last_bytes(1) << 8 | node],
                                         &by_key_[place_.key << 8 | node]};
    for (std::size_t i = 0; i < plain.size(); ++i)
      in[spelling_contexts + i] = static_cast<std::int16_t>(plain[i]->stretch());
    in[spelling_inputs] = 256;
    int x = spelling_by_key_.mix(in, place_.key << 3 | left);
    x += spelling_by_node_.mix(in, node | (place_.as_before ? 256u : 0) | (place_.as_above ? 512u : 0));
    const int bit = coder.bit(bounded(probability_of(x / 2)), wanted);
    spelling_by_key_.learn(in, bit);
    spelling_by_node_.learn(in, bit);
    for (std::size_t i = 0; i < spelling_contexts; ++i) {
      auto& history = half_[i]->history[in_half];
      if (history != 0) decisions_[i][history].learn(bit, learn_long);
      history = bit_histories.next[history][static_cast<std::size_t>(bit)];
    }
    for (auto* estimate : plain) estimate->learn(bit, learn_long);
    return bit;
  }

  void learn() noexcept {
    const std::uint8_t byte = text_[at_];
    for (auto* followers : followers_) followers->learn(byte);
    for (std::size_t i = last_.size(); i-- > 1;) last_[i] = last_[i] << 8 | last_[i - 1] >> 56;
    last_[0] = last_[0] << 8 | byte;
    for (auto& match : matches_) match.learn(text_, at_, last_);
    place_.pass();
  }

  static constexpr unsigned correction_bits = 12;
  static constexpr std::int16_t guess_weight = 1000;
  static constexpr std::int16_t spelling_weight = 900;

  std::uint8_t* text_ = nullptr;
  std::size_t at_ = 0;
  HeaderPlace place_;
  std::array<std::uint64_t, 4> last_{}; // the last 32 bytes, the newest in the lowest byte of the first

  std::vector<ContextTable<Followers>> follower_tables_;
  std::array<Followers*, contexts> followers_{};
  std::array<Match, matches> matches_{Match(32), Match(16), Match(6)};
  std::array<Source, sources> sources_;
  using Trust = std::array<std::array<std::array<Estimate, 256>, agreements>, sources>;
  Trust first_trust_;
  Trust trust_; // that the guess is right, by how a source and its state stand to it
  Mixer<16> by_source_{sources * 32, first_weights(sources, guess_weight)};
  Mixer<16> by_guess_{HeaderPlace::key_count * byte_values, first_weights(sources, guess_weight)};
  Mixer<16> by_agreement_{agreements_of_last, first_weights(sources, guess_weight)};
  Correction correction_by_agreement_{agreements_of_last};
  Correction correction_by_bytes_{std::size_t{1} << correction_bits};

  std::vector<ContextTable<Decisions>> decision_tables_;
  std::array<std::uint64_t, spelling_contexts> spelling_{};
  std::array<Decisions*, spelling_contexts> half_{};
  std::array<Estimate, 256> first_decisions_; // by history
  std::array<std::array<Estimate, 256>, spelling_contexts> decisions_;
  std::array<Estimate, 256> by_any_;
  std::array<Estimate, byte_values * byte_values> by_byte_;
  std::array<Estimate, HeaderPlace::key_count * byte_values> by_key_;
  Mixer<16> spelling_by_key_{HeaderPlace::key_count * 8,
                             first_weights(spelling_inputs, spelling_weight)};
  Mixer<16> spelling_by_node_{1024, first_weights(spelling_inputs, spelling_weight)};
};

DenseHeaderCodec::DenseHeaderCodec() = default;
DenseHeaderCodec::~DenseHeaderCodec() = default;

Result<bool> DenseHeaderCodec::compress(std::string_view raw, std::span<const std::uint32_t> lengths,
                                        std::string& out) {
  const std::size_t size = raw.size() + lengths.size();
  if (size > header_codec_max_bytes || raw.find(static_cast<char>(line_feed)) != std::string_view::npos)
    return false;
  text_.clear();
  text_.reserve(size + 1);
  text_.push_back(line_feed);
  for (auto length : lengths) {
    text_.insert(text_.end(), raw.begin(), raw.begin() + length);
    text_.push_back(line_feed);
    raw.remove_prefix(length);
  }
  if (!model_) model_ = std::make_unique<Model>();
  std::string coded;
  MixedEncoder encoder{RangeEncoder(coded)};
  model_->run(encoder, text_.data(), size);
  encoder.coder.finish();
  put_varint(out, coded.size());
  out += coded;
  return true;
}

Result<void> DenseHeaderCodec::decompress(std::string_view packed, char* out, std::size_t raw_size,
                                          std::span<std::uint32_t> lengths) {
  const std::size_t size = raw_size + lengths.size();
  if (size > header_codec_max_bytes) return failure(errc::damaged, "dense headers: too many");
  ByteReader in(packed);
  TALARIA_TRY_ASSIGN(auto coded_size, in.varint());
  if (coded_size != in.remaining())
    return failure(errc::damaged, "dense headers: another size than stated");
  TALARIA_TRY_ASSIGN(auto coded, in.bytes(coded_size));
  text_.assign(size + 1, 0);
  text_[0] = line_feed;
  if (!model_) model_ = std::make_unique<Model>();
  MixedDecoder decoder{RangeDecoder(coded)};
  model_->run(decoder, text_.data(), size);
  if (!decoder.coder.at_end()) return failure(errc::damaged, "dense headers: bytes behind the end");
  auto damaged = [] { return failure(errc::damaged, "dense headers: other lines than stated"); };
  const std::uint8_t* next = text_.data() + 1;
  const std::uint8_t* const end = next + size;
  std::size_t room = raw_size;
  for (auto& length : lengths) {
    const std::uint8_t* stop = std::find(next, end, line_feed);
    const auto n = static_cast<std::size_t>(stop - next);
    if (stop == end || n > room) return damaged();
    out = std::copy(next, stop, out);
    length = static_cast<std::uint32_t>(n);
    room -= n;
    next = stop + 1;
  }
  if (next != end) return damaged();
  return {};
}

} // namespace talaria
