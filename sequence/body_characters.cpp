#include "sequence/body_characters.hpp"

#include "core/try.hpp"

#include <algorithm>
#include <utility>

namespace talaria {

namespace {

bool counts(char c) {
  return c > ' ' && c < '\x7F';
}

// Lower-cases letters as the runs of a record say, from the first residue on.
class CaseWriter {
public:
  explicit CaseWriter(const std::vector<std::uint64_t>& runs) : runs_(runs) { enter(0); }

  // `letters` are the residues from `first` on, which is not before those of the last call.
  void apply(std::uint64_t first, char* letters, std::uint64_t count) {
    for (auto at = first; at < first + count;) {
      while (at >= end_) enter(run_ + 1);
      const auto stop = std::min(end_, first + count);
      if (run_ % 2 == 1)
        for (auto i = at; i < stop; ++i)
          letters[i - first] = static_cast<char>(letters[i - first] | 0x20);
      at = stop;
    }
  }

private:
  void enter(std::size_t run) {
    run_ = run;
    end_ = run < runs_.size() ? end_ + runs_[run] : UINT64_MAX;
  }

  const std::vector<std::uint64_t>& runs_;
  std::size_t run_ = 0;
  std::uint64_t end_ = 0; // of the run
};

} // namespace

Result<BodyCharacters> BodyCharacters::open(std::string_view layout, uint64_t residues) {
  BodyCharacters body;
  TALARIA_TRY_ASSIGN(body.characters_, read_characters(layout, residues));
  body.residues_ = residues;
  body.count_ = residues;
  uint64_t skipped = 0; // residues before what doesn't count
  std::vector<OtherRun> others;
  for (auto& run : body.characters_.others) {
    skipped += run.gap;
    if (!counts(run.byte)) continue;
    if (run.count > UINT64_MAX - body.count_)
      return failure(errc::damaged, "a stored layout is damaged: it makes more text than there can be");
    body.count_ += run.count;
    others.push_back({std::exchange(skipped, 0), run.count, run.byte});
  }
  body.characters_.others = std::move(others);
  return body;
}

// Calls for the pieces of begin .. end: with the first residue and a count, or with a byte and a count.
template <class OnResidues, class OnOthers>
void BodyCharacters::walk(uint64_t begin, uint64_t end, OnResidues on_residues,
                          OnOthers on_others) const {
  uint64_t at = 0;
  uint64_t residue = 0;
  const auto clip = [&](uint64_t count, const auto& call) {
    const auto from = std::max(at, begin);
    const auto to = std::min(at + count, end);
    if (from < to) call(from - at, to - from);
    at += count;
  };
  const auto letters = [&](uint64_t count) {
    clip(count, [&](uint64_t skip, uint64_t n) { on_residues(residue + skip, n); });
    residue += count;
  };
  for (auto& run : characters_.others) {
    if (at >= end) return;
    letters(run.gap);
    clip(run.count, [&](uint64_t, uint64_t n) { on_others(run.byte, n); });
  }
  letters(residues_ - residue);
}

BodyCharacters::Residues BodyCharacters::residues_of(uint64_t begin, uint64_t end) const {
  Residues found;
  walk(
      begin, end,
      [&](uint64_t first, uint64_t count) {
        if (found.count == 0) found.first = first;
        found.count += count;
      },
      [](char, uint64_t) {});
  return found;
}

void BodyCharacters::append(uint64_t begin, uint64_t end, std::string_view residues,
                            std::string& out) const {
  CaseWriter cases(characters_.cases);
  std::size_t taken = 0;
  walk(
      begin, end,
      [&](uint64_t first, uint64_t count) {
        const auto old = out.size();
        out += residues.substr(taken, count);
        taken += count;
        if (!characters_.cases.empty()) cases.apply(first, out.data() + old, count);
      },
      [&](char byte, uint64_t count) { out.append(count, byte); });
}

} // namespace talaria
