#include "coding/chunker.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace talaria {
namespace {

std::string letters(std::string_view alphabet, std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text(size, '\0');
  for (auto& c : text) c = alphabet[random() % alphabet.size()];
  return text;
}

std::string genome(std::size_t size, unsigned seed) {
  return letters("ACGT", size, seed);
}

std::string noise(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text(size, '\0');
  for (auto& c : text) c = static_cast<char>(random());
  return text;
}

std::vector<std::string> chunks_of(std::string_view data) {
  std::vector<std::string> chunks;
  while (!data.empty()) {
    const auto n = next_chunk(data, true);
    if (n == 0 || n > data.size()) {
      ADD_FAILURE() << "a chunk of " << n << " out of " << data.size();
      break;
    }
    chunks.emplace_back(data.substr(0, n));
    data.remove_prefix(n);
  }
  return chunks;
}

// The same, for data of which more and more arrive: `feed` says how many bytes come each time.
std::vector<std::string> chunks_of_stream(std::string_view data,
                                          const std::function<std::size_t()>& feed) {
  std::vector<std::string> chunks;
  std::string held;
  while (!data.empty() || !held.empty()) {
    const auto n = next_chunk(held, data.empty());
    if (n == 0) {
      const auto more = std::min(std::max<std::size_t>(feed(), 1), data.size());
      held += data.substr(0, more);
      data.remove_prefix(more);
    } else {
      chunks.push_back(held.substr(0, n));
      held.erase(0, n);
    }
  }
  return chunks;
}

std::string together(const std::vector<std::string>& chunks) {
  return std::accumulate(chunks.begin(), chunks.end(), std::string());
}

std::size_t not_in(const std::vector<std::string>& chunks, const std::vector<std::string>& others) {
  const std::set<std::string> known(others.begin(), others.end());
  std::size_t count = 0;
  for (const auto& c : chunks) count += known.contains(c) ? 0 : 1;
  return count;
}

const std::vector<std::string>& samples() {
  static const std::vector<std::string> all{
      "",
      "A",
      genome(chunk_min - 1, 1),
      genome(chunk_min, 2),
      genome(chunk_min + 1, 3),
      genome(chunk_max, 4),
      genome(chunk_max + 1, 5),
      genome(3'000'000, 6),
      letters("ACDEFGHIKLMNPQRSTVWY", 3'000'000, 7),
      noise(3'000'000, 8),
      std::string(1'000'000, 'N'),
      std::string(1'000'000, '\0'),
  };
  return all;
}

TEST(Chunks, TogetherAreTheData) {
  for (const auto& data : samples()) EXPECT_TRUE(together(chunks_of(data)) == data) << data.size();
}

TEST(Chunks, AreWithinTheirBoundsButForTheLast) {
  for (const auto& data : samples()) {
    const auto chunks = chunks_of(data);
    for (std::size_t i = 0; i < chunks.size(); ++i) {
      EXPECT_LE(chunks[i].size(), chunk_max);
      EXPECT_TRUE(i + 1 == chunks.size() || chunks[i].size() >= chunk_min) << chunks[i].size();
    }
  }
}

TEST(Chunks, AreAsLongAsStatedOnAverage) {
  for (const auto& data : {genome(30'000'000, 9), noise(30'000'000, 10)}) {
    const auto average = data.size() / chunks_of(data).size();
    EXPECT_GT(average, chunk_average * 9 / 10);
    EXPECT_LT(average, chunk_average * 12 / 10);
  }
}

TEST(Chunks, OfDataWithoutFeaturesAreOfTheGreatestLength) {
  const auto chunks = chunks_of(std::string(3 * chunk_max + 5, 'N'));
  ASSERT_EQ(chunks.size(), 4u);
  EXPECT_EQ(chunks[0].size(), chunk_max);
  EXPECT_EQ(chunks[3].size(), 5u);
}

// Another table or mask would find nothing again of what was stored before.
TEST(Chunks, AreCutWhereTheyAlwaysWere) {
  std::vector<std::size_t> lengths;
  for (const auto& c : chunks_of(genome(1'000'000, 11))) lengths.push_back(c.size());
  EXPECT_EQ(lengths, (std::vector<std::size_t>{108563, 49826, 75015, 84273, 101393, 44528, 99116, 156914,
                                               102356, 126559, 51457}));
}

TEST(Chunks, DoNotDependOnHowTheDataArrive) {
  for (const auto& data : samples()) {
    const auto expected = chunks_of(data);
    std::mt19937 random(12);
    EXPECT_TRUE(chunks_of_stream(data, [&] { return random() % 200'000; }) == expected);
    EXPECT_TRUE(chunks_of_stream(data, [] { return std::size_t{4096}; }) == expected);
    EXPECT_TRUE(chunks_of_stream(data, [] { return std::size_t{10'000'000}; }) == expected);
  }
}

TEST(Chunks, AreDecidedAtTheLatestWhenTheGreatestLengthIsThere) {
  for (const auto& data : samples())
    EXPECT_TRUE(data.size() < chunk_max || next_chunk(data, false) > 0) << data.size();
  EXPECT_EQ(next_chunk("", false), 0u);
  EXPECT_EQ(next_chunk("", true), 0u);
  EXPECT_EQ(next_chunk("ACGT", false), 0u);
  EXPECT_EQ(next_chunk("ACGT", true), 4u);
}

RC_GTEST_PROP(Chunks, OnceDecidedStayAsTheyAre, ()) {
  const auto data = genome(chunk_max + 1000, *rc::gen::arbitrary<unsigned>());
  const auto seen = *rc::gen::inRange<std::size_t>(0, data.size() + 1);
  const auto n = next_chunk(std::string_view(data).substr(0, seen), false);
  RC_ASSERT(n == 0u || n == next_chunk(data, true));
}

TEST(Chunks, ChangeOnlyAroundAnInsertion) {
  const auto data = genome(6'000'000, 13);
  const auto before = chunks_of(data);
  std::mt19937 random(14);
  std::size_t changed = 0;
  constexpr int rounds = 20;
  for (int round = 0; round < rounds; ++round) {
    auto other = data;
    other.insert(random() % other.size(), genome(1 + random() % 50, static_cast<unsigned>(random())));
    changed += not_in(chunks_of(other), before);
  }
  // Cuts fall into step again after a chunk or two; of sixty.
  EXPECT_LE(changed, std::size_t{rounds} * 6);
}

TEST(Chunks, AreFoundAgainInALongerWhole) {
  const auto data = genome(3'000'000, 15);
  const auto chunks = chunks_of(data);
  EXPECT_LE(not_in(chunks, chunks_of(genome(123'457, 16) + data)), 6u);
  EXPECT_LE(not_in(chunks, chunks_of(data + genome(123'457, 17))), 1u);
}

} // namespace
} // namespace talaria
