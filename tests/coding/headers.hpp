// Header lines, and what the tests of their codecs share.
#pragma once

#include "talaria/error.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace talaria {

using Headers = std::vector<std::string>;

struct Raw {
  std::string bytes;
  std::vector<std::uint32_t> lengths;
};

inline Raw raw_of(const Headers& headers) {
  Raw raw;
  for (auto& header : headers) {
    raw.bytes += header;
    raw.lengths.push_back(static_cast<std::uint32_t>(header.size()));
  }
  return raw;
}

// Decompresses into memory with guards on both sides, and checks that they stay untouched.
template <class Codec>
Result<Headers> decompressed(Codec& codec, std::string_view packed, std::size_t size,
                             std::size_t count) {
  constexpr std::size_t guard = 64;
  std::string room(size + 2 * guard, '\x5a');
  std::vector<std::uint32_t> lengths(count + 2, 0x5a5a5a5a);
  auto done = codec.decompress(packed, room.data() + guard, size, std::span(lengths).subspan(1, count));
  EXPECT_EQ(room.substr(0, guard), std::string(guard, '\x5a'));
  EXPECT_EQ(room.substr(guard + size), std::string(guard, '\x5a'));
  EXPECT_EQ(lengths.front(), 0x5a5a5a5au);
  EXPECT_EQ(lengths.back(), 0x5a5a5a5au);
  if (!done) return tl::unexpected<Error>(done.error());
  Headers headers;
  std::size_t at = guard;
  for (std::size_t i = 1; i <= count; ++i) {
    headers.push_back(room.substr(at, lengths[i]));
    at += lengths[i];
  }
  EXPECT_EQ(at, guard + size);
  return headers;
}

inline void expect_damaged(const Result<Headers>& result, const std::string& what = "") {
  ASSERT_FALSE(result) << what;
  EXPECT_EQ(result.error().code(), errc::damaged) << what;
  EXPECT_FALSE(result.error().message().empty());
}

// In what follows, `packed` is what a codec made of the headers, and `decompress(packed, size, count)`
// asks it to go back.

template <class Decompress>
void expect_given_back(const Headers& headers, const std::string& packed, Decompress decompress) {
  const auto back = decompress(packed, raw_of(headers).bytes.size(), headers.size());
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_TRUE(*back == headers);
}

template <class Decompress>
void expect_truncation_and_what_follows_found(const Headers& headers, const std::string& packed,
                                              Decompress decompress) {
  const auto size = raw_of(headers).bytes.size();
  for (std::size_t n = 0; n < packed.size(); ++n)
    expect_damaged(decompress(packed.substr(0, n), size, headers.size()), std::to_string(n));
  expect_damaged(decompress(packed + '\0', size, headers.size()));
  expect_damaged(decompress(packed + packed, size, headers.size()));
}

// Of 20 headers.
template <class Decompress>
void expect_other_sizes_found(const Headers& headers, const std::string& packed,
                              std::size_t far_too_large, Decompress decompress) {
  const auto size = raw_of(headers).bytes.size();
  for (std::size_t other : {std::size_t{0}, size - 1, size + 1, 2 * size, far_too_large})
    expect_damaged(decompress(packed, other, headers.size()), std::to_string(other));
  for (std::size_t other : {0, 1, 19, 21, 5000})
    expect_damaged(decompress(packed, size, other), std::to_string(other));
  expect_damaged(decompress(packed, size - 1, 21));
  expect_damaged(decompress(packed, size + 1, 19));
}

// There is no checksum here: other bytes may give other headers, but as many of the same size together.
// Every `step`th bit.
template <class Decompress>
void expect_flips_survived(const Headers& headers, const std::string& packed, std::size_t step,
                           Decompress decompress) {
  for (std::size_t bit = 0; bit < packed.size() * 8; bit += step) {
    auto other = packed;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ 1 << bit % 8);
    auto back = decompress(other, raw_of(headers).bytes.size(), headers.size());
    EXPECT_TRUE(back || back.error().code() == errc::damaged) << bit;
  }
}

inline Headers uniprot_like(std::size_t count, unsigned seed = 1) {
  std::mt19937 random(seed);
  const std::array words{"Glucose-6-phosphate", "isomerase", "50S", "ribosomal", "protein", "L25"};
  const std::array species{"Acinetobacter baumannii 1419130 OX=1310619",
                           "Finegoldia magna ALB8 OX=1459804"};
  Headers headers;
  for (std::size_t i = 0; i < count; ++i) {
    const auto accession = "A0A0" + std::to_string(10 + i / 7) + "JU" + std::to_string(random() % 10);
    auto header = "tr|" + accession + "|" + accession + "_ACIBA";
    for (int n = 0; n < 3; ++n) header += std::string(" ") + words[random() % words.size()];
    headers.push_back(header + " OS=" + species[random() % 2] +
                      " PE=3 SV=" + std::to_string(random() % 3));
  }
  return headers;
}

} // namespace talaria
