// Dense: residues by context mixing, everything else as zstd.
//
// Each residue is five binary decisions. For each, eleven models say how likely a one is: what followed
// the last few residues before, and what follows in three places where the last residues stand too,
// which goes on behind substitutions. Two sets of weights, chosen by how well those places have agreed
// and by the last residue, mix what they say in the logistic domain and learn from each outcome
// (coding/context_mixing.hpp; copy models as in Cao et al., "A simple statistical algorithm for
// biological sequence compression", DCC 2007). docs/format.md, "Dense", has every number.
#include "coding/codecs.hpp"
#include "coding/context_mixing.hpp"
#include "coding/hashes.hpp"
#include "core/endian.hpp"
#include "core/try.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

namespace talaria {

namespace {

// ---- Residues ----

// Letters of a sort lie side by side, so that the first decisions are about the sort.
constexpr std::string_view residue_order = "LIVMFYWCAGSTPNDEQKRHXBZUOJ";
constexpr unsigned none = 31; // no residue: before the first, or nothing to copy
constexpr std::size_t nodes = 32;

constexpr auto residue_codes = [] {
  std::array<uint8_t, 256> table{};
  table.fill(none);
  for (std::size_t i = 0; i < residue_order.size(); ++i)
    table[static_cast<uint8_t>(residue_order[i])] = static_cast<uint8_t>(i);
  return table;
}();

// How many residues before are the contexts, and how many must agree for a place to be copied from.
struct Shape {
  std::array<unsigned, 6> orders;
  std::array<unsigned, 3> seeds;
};
constexpr Shape of_proteins{{0, 1, 2, 3, 4, 6}, {11, 7, 5}};
constexpr Shape of_nucleotides{{1, 2, 4, 6, 9, 12}, {24, 16, 11}};

// How often each letter occurs, in thousandths, about: what a model begins with.
using Frequencies = std::array<uint16_t, 26>;
constexpr Frequencies of_amino_acids{96, 59, 69, 24, 39, 29, 11, 14, 83, 71, 66, 53, 47,
                                     41, 55, 67, 39, 58, 55, 23, 1,  1,  1,  1,  1,  1};
constexpr Frequencies of_bases = [] {
  Frequencies frequencies{};
  frequencies.fill(1);
  for (char base : {'A', 'C', 'G', 'T'}) frequencies[residue_codes[static_cast<uint8_t>(base)]] = 245;
  return frequencies;
}();

constexpr std::size_t contexts = of_proteins.orders.size();
constexpr std::size_t copies = of_proteins.seeds.size();
constexpr std::size_t models = contexts + copies + 2;

constexpr unsigned context_bits = 15;      // of the tables of contexts
constexpr unsigned place_bits = 18;        // of the tables of places
constexpr unsigned direct_order = 3;       // contexts of more residues are hashed
constexpr std::size_t longest_context = 3; // so many of the contexts learn for long
constexpr uint16_t seen_long = 255;
constexpr uint16_t seen_short = 30;
constexpr int trusted = 4; // times that another context must have been seen to be fully trusted

// A place is left if no more than so many of the last 16 residues agreed.
constexpr int agreed_least = 8;

// How long what the model begins with is remembered.
constexpr uint16_t copy_seen = 8;
constexpr uint16_t pair_seen = 2;

uint64_t last_codes(uint64_t history, unsigned count) noexcept {
  return count == 0 ? 0 : history & (~uint64_t{0} >> (64 - 5 * count));
}

// Of contexts and copies, and of the two other models.
constexpr Inputs first_weights(int16_t first, int16_t last) {
  Inputs weights{};
  for (std::size_t k = 0; k < models; ++k) weights[k] = k < contexts + copies ? first : last;
  return weights;
}

// A place among the residues before, from which the next ones may be copied.
struct Copy {
  uint32_t from = 0;   // 0: none
  uint32_t agreed = 0; // a bit for each of the last residues, the newest lowest
  uint32_t next = 0;   // the last place behind the same seed
  unsigned expected = none;

  int agreements() const noexcept { return std::popcount(agreed & 0xFFFF); }
};

// Predicts residues one by one, and learns them. A Coder is a MixedEncoder or a MixedDecoder.
class ResidueModel {
public:
  ResidueModel(const Shape& shape, const Frequencies& frequencies)
      : shape_(shape), frequencies_(frequencies) {
    fill_initial();
    for (std::size_t i = 0; i < contexts; ++i)
      contexts_[i].resize(nodes << std::min(5 * shape_.orders[i], context_bits));
    for (auto& table : copy_contexts_) table.resize(nodes * 128 * nodes);
    for (auto& table : pair_contexts_) table.resize(nodes * nodes * nodes);
    refined_.resize(std::size_t{1} << 16);
    for (auto& table : places_) table.resize(std::size_t{1} << place_bits);
  }

  // Codes `size` residues; those of `codes` if the coder encodes, else they are written there.
  template <class Coder>
  void run(Coder& coder, uint8_t* codes, std::size_t size) {
    reset();
    codes_ = codes;
    for (at_ = 0; at_ < size; ++at_) {
      look_for_places();
      choose_contexts();
      auto code = code_residue(coder, codes[at_]);
      codes[at_] = static_cast<uint8_t>(code);
      remember(code);
    }
  }

private:
  // The decisions of a residue that is `expected` with a probability of `share` 32nds, else any one.
  void fill_nodes(Estimate* estimates, unsigned expected, unsigned share, uint16_t seen) const {
    std::array<uint64_t, 2 * nodes> weight{}; // of each node: all letters below it
    uint64_t total = 0;
    for (auto f : frequencies_) total += f;
    for (std::size_t code = 0; code < frequencies_.size(); ++code) {
      auto own = uint64_t{frequencies_[code]} * (expected == none ? 32 : 32 - share);
      weight[nodes + code] = own + (code == expected ? total * share : 0);
    }
    for (auto node = nodes; node-- > 1;) weight[node] = weight[2 * node] + weight[2 * node + 1];
    for (std::size_t node = 1; node < nodes; ++node) {
      auto one =
          weight[node] == 0 ? 32768 : (weight[2 * node + 1] * 65535 + weight[node] / 2) / weight[node];
      estimates[node] = {static_cast<uint16_t>(std::clamp<uint64_t>(one, 64, 65472)), seen};
    }
  }

  void fill_initial() {
    fill_nodes(initial_context_.data(), none, 0, 0);
    initial_copy_.resize(nodes * 128 * nodes);
    initial_pair_.resize(nodes * nodes * nodes);
    for (unsigned expected = 0; expected < nodes; ++expected) {
      for (unsigned state = 0; state < 128; ++state)
        fill_nodes(&initial_copy_[(expected * 128 + state) * nodes], expected, copy_share(state),
                   copy_seen);
      for (unsigned other = 0; other < nodes; ++other)
        fill_nodes(&initial_pair_[(expected * nodes + other) * nodes], expected, 16, pair_seen);
    }
  }

  // The share of the residues copied from a place that agree, by what is known of the place.
  static unsigned copy_share(unsigned state) noexcept {
    auto agreed = std::min(state / 4, 16u);
    return std::min(agreed * (4 + state % 4) / 4, 31u);
  }

  void reset() {
    for (auto& table : contexts_)
      for (std::size_t i = 0; i < table.size(); i += nodes)
        std::copy(initial_context_.begin(), initial_context_.end(),
                  table.begin() + static_cast<std::ptrdiff_t>(i));
    for (auto& table : copy_contexts_) table = initial_copy_;
    for (auto& table : pair_contexts_) table = initial_pair_;
    std::fill(refined_.begin(), refined_.end(), Estimate{});
    for (auto& table : places_) std::fill(table.begin(), table.end(), 0);
    by_copy_.reset();
    by_residue_.reset();
    copy_ = {};
    history_ = ~uint64_t{0};
  }

  // Places count from 1 on: place p is that of codes_[p - 1].
  uint8_t code_at(uint32_t place) const noexcept { return codes_[place - 1]; }

  void look_for_places() noexcept {
    for (std::size_t m = 0; m < copies; ++m) {
      auto& copy = copy_[m];
      if ((copy.from == 0 || copy.agreements() <= agreed_least) && copy.next != 0 &&
          copy.next != copy.from) {
        auto length = common_length(copy.next);
        if (length >= shape_.seeds[m]) {
          copy.from = copy.next;
          copy.agreed = (1u << std::min(length, 16u)) - 1;
        }
      }
      copy.expected = copy.from == 0 ? none : code_at(copy.from);
    }
  }

  // Residues before a place that are those before the present one, at most 32.
  unsigned common_length(uint32_t place) const noexcept {
    unsigned length = 0;
    while (length < 32 && place > length + 1 && code_at(place - 1 - length) == codes_[at_ - 1 - length])
      ++length;
    return length;
  }

  void choose_contexts() noexcept {
    for (std::size_t i = 0; i < contexts; ++i) {
      auto order = shape_.orders[i];
      auto context = last_codes(history_, order);
      if (order > direct_order) context = context * odd_a >> (64 - context_bits);
      chosen_[i] = &contexts_[i][context * nodes];
    }
    unsigned best = none;
    for (std::size_t m = copies; m-- > 0;) {
      auto& copy = copy_[m];
      unsigned state = 0;
      if (copy.from != 0) {
        best = copy.expected;
        auto last = copy.agreed;
        auto run = (last & 1) == 0 ? 0u : (last & 3) != 3 ? 1u : (last & 15) != 15 ? 2u : 3u;
        state = static_cast<unsigned>(copy.agreements()) * 4 + run;
      }
      chosen_[contexts + m] = &copy_contexts_[m][(copy.expected * 128 + state) * nodes];
    }
    auto last = last_codes(history_, 1);
    auto other = copy_[1].from != 0 && copy_[1].expected != copy_[0].expected ? copy_[1].expected
                                                                              : copy_[2].expected;
    chosen_[contexts + copies] = &pair_contexts_[0][(best * nodes + last) * nodes];
    chosen_[contexts + copies + 1] = &pair_contexts_[1][(copy_[0].expected * nodes + other) * nodes];
    last_ = static_cast<unsigned>(last);
    set_ = copy_set();
  }

  // How far the places can be trusted: which is the first of them, how well it agreed, and who says the
  // same.
  std::size_t copy_set() const noexcept {
    std::size_t set = 60;
    for (std::size_t m = 0; m < copies; ++m)
      if (copy_[m].from != 0) {
        set = 20 * m + static_cast<std::size_t>(copy_[m].agreements());
        break;
      }
    auto agree = [&](std::size_t a, std::size_t b) {
      return copy_[a].from != 0 && copy_[b].from != 0 && copy_[a].expected == copy_[b].expected;
    };
    return set * 4 + (agree(0, 1) ? 1 : 0) + (agree(1, 2) ? 2 : 0);
  }

  // Contexts of many residues are met a few times, and then what was last is most likely.
  static bool is_short_lived(std::size_t model) noexcept {
    return model >= longest_context && model < contexts;
  }
  bool has_no_place(std::size_t model) const noexcept {
    return model >= contexts && model < contexts + copies && copy_[model - contexts].from == 0;
  }

  template <class Coder>
  unsigned code_residue(Coder& coder, unsigned code) {
    unsigned node = 1;
    for (unsigned i = 5; i-- > 0;) {
      auto bit = code_bit(coder, node, static_cast<int>(code >> i & 1));
      node = node << 1 | static_cast<unsigned>(bit);
    }
    return node & 31;
  }

  template <class Coder>
  int code_bit(Coder& coder, unsigned node, int wanted) {
    alignas(32) Inputs in{};
    for (std::size_t k = 0; k < models; ++k) {
      auto& estimate = chosen_[k][node];
      auto stretched = estimate.stretch();
      if (is_short_lived(k)) stretched = stretched * std::min<int>(estimate.seen, trusted) / trusted;
      if (has_no_place(k)) stretched = 0;
      in[k] = static_cast<int16_t>(stretched);
    }
    in[models] = 256;
    auto sum = by_copy_.mix(in, set_);
    sum += by_residue_.mix(in, last_ * nodes + node);
    auto mixed = squash(sum >> 1);
    auto& refined = refined_[((last_ * nodes + node) << 6 | static_cast<unsigned>(mixed >> 6)) & 0xFFFF];
    if (refined.seen == 0) refined = {static_cast<uint16_t>(mixed << 4), 1};
    auto one = std::clamp((mixed * 3 + (refined.one >> 4)) >> 2, 1, probability_one - 1);
    auto bit = coder.bit(one << 4, wanted);
    by_copy_.learn(in, bit);
    by_residue_.learn(in, bit);
    for (std::size_t k = 0; k < models; ++k) {
      if (has_no_place(k)) continue;
      chosen_[k][node].learn(bit, is_short_lived(k) ? seen_short : seen_long);
    }
    refined.learn(bit, seen_long);
    return bit;
  }

  void remember(unsigned code) noexcept {
    history_ = history_ << 5 | code;
    auto next = static_cast<uint32_t>(at_ + 2); // the place behind this residue
    for (std::size_t m = 0; m < copies; ++m) {
      auto& copy = copy_[m];
      if (copy.from != 0) {
        copy.agreed = copy.agreed << 1 | (copy.expected == code ? 1u : 0u);
        ++copy.from;
      }
      if (at_ + 1 < shape_.seeds[m]) continue;
      // Of long seeds the hash takes the last twelve residues; that the others agree is seen when a
      // place is used.
      auto& place =
          places_[m][last_codes(history_, std::min(shape_.seeds[m], 12u)) * odd_a >> (64 - place_bits)];
      copy.next = std::exchange(place, next);
    }
  }

  const Shape& shape_;
  const Frequencies& frequencies_;
  std::array<Estimate, nodes> initial_context_;
  std::vector<Estimate> initial_copy_;
  std::vector<Estimate> initial_pair_;
  std::array<std::vector<Estimate>, contexts> contexts_;
  std::array<std::vector<Estimate>, copies> copy_contexts_;
  std::array<std::vector<Estimate>, 2> pair_contexts_;
  std::vector<Estimate> refined_;
  std::array<std::vector<uint32_t>, copies> places_;
  Mixer<17> by_copy_{256, first_weights(2000, 1000)};
  Mixer<17> by_residue_{nodes * nodes, first_weights(1750, 1750)};
  uint8_t* codes_ = nullptr;
  std::size_t at_ = 0;
  uint64_t history_ = 0;
  std::array<Copy, copies> copy_;
  std::array<Estimate*, models> chosen_{};
  std::size_t set_ = 0;
  unsigned last_ = 0;
};

// ---- The codec ----

// The first byte of the compressed form.
enum Form : char { other = 0, proteins = 1, nucleotides = 2 };

class DenseCodec final : public Codec {
public:
  explicit DenseCodec(Content content) : content_(content), zstd_(make_zstd_codec(Content::any)) {}

  CodecId id() const noexcept override { return CodecId::dense; }

  Result<void> compress(std::string_view raw, int level, std::string& out) override {
    TALARIA_TRY(check_level(CodecId::dense, level));
    auto form = content_ == Content::residues ? form_of(raw) : Form::other;
    out += static_cast<char>(form);
    if (form == Form::other) return zstd_->compress(raw, zstd_level, out);
    codes_.resize(raw.size());
    for (std::size_t i = 0; i < raw.size(); ++i) codes_[i] = residue_codes[static_cast<uint8_t>(raw[i])];
    std::string coded;
    MixedEncoder encoding{RangeEncoder(coded)};
    model(form).run(encoding, codes_.data(), codes_.size());
    encoding.coder.finish();
    put_varint(out, raw.size());
    put_varint(out, coded.size());
    out += coded;
    return {};
  }

  Result<void> decompress(std::string_view packed, char* out, std::size_t raw_size) override {
    if (packed.empty()) return failure(errc::damaged, "dense: no form");
    auto form = static_cast<Form>(packed.front());
    packed.remove_prefix(1);
    if (form == Form::other) return zstd_->decompress(packed, out, raw_size);
    if (form != Form::proteins && form != Form::nucleotides)
      return failure(errc::damaged, "dense: an unknown form");
    ByteReader in(packed);
    TALARIA_TRY_ASSIGN(auto size, in.varint());
    TALARIA_TRY_ASSIGN(auto coded_size, in.varint());
    if (size != raw_size || coded_size != in.remaining())
      return failure(errc::damaged, "dense: another size than stated");
    TALARIA_TRY_ASSIGN(auto coded, in.bytes(coded_size));
    codes_.resize(raw_size);
    MixedDecoder decoding{RangeDecoder(coded)};
    model(form).run(decoding, codes_.data(), codes_.size());
    if (!decoding.coder.at_end()) return failure(errc::damaged, "dense: bytes behind the end");
    for (std::size_t i = 0; i < raw_size; ++i) {
      if (codes_[i] >= residue_order.size()) return failure(errc::damaged, "dense: no residue");
      out[i] = residue_order[codes_[i]];
    }
    return {};
  }

private:
  static constexpr int zstd_level = 19;

  // Places are 32 bits, but blocks are far shorter; and what is very short learns nothing.
  static Form form_of(std::string_view raw) noexcept {
    if (raw.empty() || raw.size() > (std::size_t{1} << 30)) return Form::other;
    std::size_t bases = 0;
    for (char c : raw) {
      if (residue_codes[static_cast<uint8_t>(c)] == none) return Form::other;
      bases += c == 'A' || c == 'C' || c == 'G' || c == 'T' || c == 'U' || c == 'N';
    }
    return bases * 8 >= raw.size() * 7 ? Form::nucleotides : Form::proteins;
  }

  ResidueModel& model(Form form) {
    auto& model = models_[form];
    if (model) return *model;
    model = form == Form::nucleotides ? std::make_unique<ResidueModel>(of_nucleotides, of_bases)
                                      : std::make_unique<ResidueModel>(of_proteins, of_amino_acids);
    return *model;
  }

  Content content_;
  std::unique_ptr<Codec> zstd_;
  std::array<std::unique_ptr<ResidueModel>, 3> models_; // by form; some megabytes: made when first used
  std::vector<uint8_t> codes_;
};

} // namespace

std::unique_ptr<Codec> make_dense_codec(Content content) {
  return std::make_unique<DenseCodec>(content);
}

} // namespace talaria
