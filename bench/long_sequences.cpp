// Long sequences as differences: sizes and speeds by length of the chunks, bound on the chains, and
// choice of the reference, for files that are stored one after the other, as strains or releases are.
//
//   long_sequences FASTA...      prints a table; MB/s are those of one thread, and exclude reading files
//
// Everything is decoded again and compared. docs/similarity.md has figures.
#include "coding/chunker.hpp"
#include "coding/reference_finder.hpp"
#include "coding/residue_difference.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <fstream>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace talaria;

namespace {

using Genome = std::vector<std::string>;

Genome read_fasta(const char* path) {
  std::ifstream file(path);
  if (!file) {
    std::fprintf(stderr, "long_sequences: cannot read %s\n", path);
    std::exit(1);
  }
  Genome genome;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('>')) {
      genome.emplace_back();
    } else if (!genome.empty()) {
      for (char c : line)
        if (c >= 'A' && c <= 'z') genome.back() += static_cast<char>(c & ~0x20);
    }
  }
  return genome;
}

struct Design {
  const char* name;
  std::size_t length; // of the chunks; 0: content-defined, as sequences are stored
  std::size_t depth;  // of chains
  bool whole = false; // one reference genome for all chunks of a genome
};

// What is stored with a reference must be so much smaller than without: a tenth.
bool pays(std::size_t with, std::size_t without) {
  return 10 * with < 9 * without;
}
constexpr std::size_t references_max = 6;

std::vector<std::string_view> cut(std::string_view sequence, std::size_t length) {
  std::vector<std::string_view> chunks;
  while (!sequence.empty()) {
    auto size = length == 0 ? sequence.size() <= chunk_max ? sequence.size() : next_chunk(sequence, true)
                            : std::min(length, sequence.size());
    chunks.push_back(sequence.substr(0, size));
    sequence.remove_prefix(size);
  }
  return chunks;
}

// Processor time, which other programs on the machine disturb least.
class Clock {
public:
  void run(const auto& body) {
    const auto start = std::clock();
    body();
    ticks_ += std::clock() - start;
  }
  double rate(std::size_t bytes) const {
    return static_cast<double>(bytes) / 1e6 / (static_cast<double>(ticks_) / CLOCKS_PER_SEC);
  }

private:
  std::clock_t ticks_ = 0;
};

class Run {
public:
  explicit Run(const Design& design) : design_(design) {}

  void add(const Genome& genome) {
    const auto own = static_cast<std::uint32_t>(by_genome_.size());
    std::vector<std::string_view> pieces;
    for (auto& sequence : genome)
      for (auto piece : cut(sequence, design_.length)) pieces.push_back(piece);
    std::vector<ReferenceSketch> sketches;
    sketching_.run([&] {
      for (auto piece : pieces) sketches.push_back(reference_sketch(piece));
    });

    ReferenceFinder* finder = &all_;
    if (design_.whole) {
      ReferenceSketch sketch;
      for (auto& part : sketches) sketch.insert(sketch.end(), part.begin(), part.end());
      const auto nearest = genomes_.find(sketch, 1);
      finder = nearest.empty() ? nullptr : &by_genome_[nearest[0].chunk];
      std::size_t depth = 0;
      if (finder != nullptr) depth = depth_of_genome_[nearest[0].chunk] + 1;
      depth_of_genome_.push_back(depth);
      if (depth < design_.depth) genomes_.add(own, 0, sketch);
      by_genome_.emplace_back(std::size_t{1} << 30);
    }
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      const auto number = store(pieces[i], sketches[i], finder);
      if (design_.whole)
        by_genome_[own].add(number, pieces[i].size(), sketches[i]);
      else if (chunks_[number].depth < design_.depth)
        all_.add(number, pieces[i].size(), sketches[i]);
    }
  }

  void print() const {
    const auto [mean, most] = reading();
    std::printf(
        "| %s | %zu | %zu | %zu / %zu | %.2f | %zu | %zu / %zu | %.0f | %.0f | %.0f | %.0f | %zu |\n",
        design_.name, plain_ + differences_, plain_, plain_count_, chunks_.size() - plain_count_,
        static_cast<double>(references_) /
            static_cast<double>(std::max<std::size_t>(chunks_.size() - plain_count_, 1)),
        deepest_, mean, most, sketching_.rate(residues_), finding_.rate(residues_),
        encoding_.rate(residues_), decoding_.rate(residues_), all_.memory() >> 10);
  }

private:
  struct Chunk {
    std::string_view residues;
    std::size_t depth;
    std::vector<ReferenceCandidate> references;
  };

  // What must be decoded to read a chunk: on the average and at most, in KiB.
  std::pair<std::size_t, std::size_t> reading() const {
    std::size_t all = 0;
    std::size_t most = 0;
    for (std::uint32_t i = 0; i < chunks_.size(); ++i) {
      std::set<std::uint32_t> needed{i};
      std::vector<std::uint32_t> open{i};
      std::size_t bytes = 0;
      while (!open.empty()) {
        const auto& chunk = chunks_[open.back()];
        open.pop_back();
        bytes += chunk.residues.size();
        for (auto& reference : chunk.references)
          if (needed.insert(reference.chunk).second) open.push_back(reference.chunk);
      }
      all += bytes;
      most = std::max(most, bytes);
    }
    return {all / chunks_.size() >> 10, most >> 10};
  }

  std::uint32_t store(std::string_view piece, const ReferenceSketch& sketch,
                      const ReferenceFinder* finder) {
    std::vector<ReferenceCandidate> candidates;
    finding_.run([&] {
      if (finder != nullptr) candidates = finder->find(sketch, references_max);
    });
    // Neighbours side by side.
    std::sort(candidates.begin(), candidates.end(), [](auto& a, auto& b) { return a.chunk < b.chunk; });
    std::string reference;
    std::size_t depth = 0;
    for (auto& candidate : candidates) {
      reference += chunks_[candidate.chunk].residues;
      depth = std::max(depth, chunks_[candidate.chunk].depth + 1);
    }
    std::string stored;
    encoding_.run([&] {
      encode(piece, reference, stored);
      if (reference.empty()) return;
      std::string plain;
      encode(piece, {}, plain);
      if (pays(stored.size(), plain.size())) return;
      stored = plain;
      reference.clear();
    });
    std::string back(piece.size(), '\0');
    decoding_.run([&] {
      if (!decode_difference(stored, reference, back.data(), back.size())) std::abort();
    });
    if (back != piece) std::abort();
    residues_ += piece.size();
    if (reference.empty()) {
      depth = 0;
      plain_ += stored.size();
      ++plain_count_;
    } else {
      differences_ += stored.size();
      references_ += candidates.size();
    }
    deepest_ = std::max(deepest_, depth);
    if (reference.empty()) candidates.clear();
    chunks_.push_back({piece, depth, std::move(candidates)});
    return static_cast<std::uint32_t>(chunks_.size() - 1);
  }

  void encode(std::string_view target, std::string_view reference, std::string& out) {
    if (!encoder_.encode(target, reference, out)) std::abort();
  }

  Design design_;
  DifferenceEncoder encoder_;
  ReferenceFinder all_{std::size_t{1} << 30};
  ReferenceFinder genomes_{std::size_t{1} << 30};
  std::deque<ReferenceFinder> by_genome_;
  std::vector<std::size_t> depth_of_genome_;
  std::vector<Chunk> chunks_;
  std::size_t residues_ = 0;
  std::size_t plain_ = 0;
  std::size_t plain_count_ = 0;
  std::size_t differences_ = 0;
  std::size_t references_ = 0;
  std::size_t deepest_ = 0;
  Clock sketching_, finding_, encoding_, decoding_;
};

} // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: long_sequences FASTA...\n");
    return 2;
  }
  std::vector<Genome> genomes;
  std::size_t residues = 0;
  for (int i = 1; i < argc; ++i) {
    genomes.push_back(read_fasta(argv[i]));
    for (auto& sequence : genomes.back()) residues += sequence.size();
  }
  std::printf("%zu files, %zu residues\n\n", genomes.size(), residues);
  std::printf(
      "| design | bytes | without reference | chunks without / with | references each | deepest | "
      "sketch MB/s | find MB/s | encode MB/s | decode MB/s | finder KiB |\n");
  std::printf("|---|---|---|---|---|---|---|---|---|---|---|---|\n");
  constexpr std::size_t kib = 1024;
  for (const auto& design : {
           Design{"content-defined (96 KiB), 8 deep", 0, 8},
           Design{"no references", 0, 0},
           Design{"1 deep (star)", 0, 1},
           Design{"2 deep", 0, 2},
           Design{"4 deep", 0, 4},
           Design{"unbounded", 0, 1000},
           Design{"one reference genome, 8 deep", 0, 8, true},
           Design{"one reference genome, 1 deep", 0, 1, true},
           Design{"16 KiB, 8 deep", 16 * kib, 8},
           Design{"32 KiB, 8 deep", 32 * kib, 8},
           Design{"64 KiB, 8 deep", 64 * kib, 8},
           Design{"96 KiB, 8 deep", 96 * kib, 8},
           Design{"256 KiB, 8 deep", 256 * kib, 8},
           Design{"1 MiB, 8 deep", 1024 * kib, 8},
           Design{"whole sequences, 8 deep", std::size_t{1} << 24, 8},
       }) {
    Run run(design);
    for (auto& genome : genomes) run.add(genome);
    run.print();
    std::fflush(stdout);
  }
}
