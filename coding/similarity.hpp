// Similarity order: sequences that resemble each other shall lie together, for then a fast compressor
// finds what they share within a small block. docs/decisions/0002-similarity-order.md has the
// measurements.
//
//  1. Sketch: the hashes of all k-mers of a sequence are dealt into bins by their leading bits, and of
//  each bin
//     the smallest is kept (one-permutation min-hash; Li, Owen, Zhang, NIPS 2012). The share of bins in
//     which two sketches agree estimates the share of k-mers that the sequences have in common.
//  2. Candidates: sequences are visited by increasing length; for each bin a hash table remembers who
//  had that
//     minimum last. By length, since then the last holder is most likely a whole homolog, not a shared
//     domain.
//  3. Clusters: the candidate pairs, most bins in common first, are merged as in Kruskal's algorithm,
//  and the
//     smaller cluster is spliced in behind the very sequence that it resembles.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace talaria {

// How many bins the sketches of a set of sequences should have: 16, or 32 if they are long, for then
// there are more k-mers to tell them apart by.
std::size_t sketch_bins(uint64_t sequences, uint64_t residues) noexcept;

// Whether a set of sequences has so many residues that they are long ones: 800 each on the average.
bool is_long(uint64_t sequences, uint64_t residues) noexcept;

// Whether a sequence consists of nucleotides, by the letters in its middle. Decided for each sequence,
// so that a mixed input works.
bool is_nucleotide(std::string_view sequence) noexcept;

// Writes the sketch of a sequence to `bins` (16 or 32 of them). One multiplication a residue;
// thread-safe.
void similarity_sketch(std::string_view sequence, std::span<uint32_t> bins) noexcept;

// A permutation of 0 .. lengths.size() - 1 in which similar sequences are neighbours. `sketches`: `bins`
// for each sequence. A function of its arguments alone. About 0.6 us and 4 * bins + 50 bytes a sequence
// beside the sketches. Fewer than 2^32 - 1 sequences.
std::vector<uint32_t> similarity_order(std::span<const uint32_t> lengths,
                                       std::span<const uint32_t> sketches, std::size_t bins);

} // namespace talaria
