// Finding the stored sequence that a new one resembles most, and storing that as an edit script.
#include "repository/similar_sequences.hpp"

#include "coding/residue_difference.hpp"
#include "coding/seeds.hpp"
#include "repository/difference.hpp"
#include "scripts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace talaria {
namespace {

class Sought {
public:
  explicit Sought(const std::vector<std::string>& sequences, std::size_t memory = SIZE_MAX,
                  std::size_t contents = SIZE_MAX)
      : sought_(memory, contents) {
    for (uint32_t place = 0; place < sequences.size(); ++place) sought_.add(place, sequences[place]);
    sought_.finish();
  }

  // What is found among stored sequences, numbered from 0.
  SimilarSequences among(const std::vector<std::string>& stored) const {
    SimilarSequences best;
    for (uint32_t i = 0; i < stored.size(); ++i) sought_.compare(stored[i], {0, i}, best);
    return best;
  }
  const SoughtSequences& operator*() const { return sought_; }
  const SoughtSequences* operator->() const { return &sought_; }

private:
  SoughtSequences sought_;
};

bool same(const SimilarSequences& a, const SimilarSequences& b) {
  return std::ranges::equal(a, b, [](auto& x, auto& y) {
    return x.first == y.first && x.second.number == y.second.number &&
           x.second.length == y.second.length && x.second.seeds == y.second.seeds &&
           x.second.content == y.second.content;
  });
}

std::vector<std::string> families(std::size_t count, std::size_t size, unsigned seed) {
  std::vector<std::string> sequences;
  for (unsigned i = 0; i < count; ++i) sequences.push_back(protein(size + i, 1000 * seed + i));
  return sequences;
}

TEST(SoughtSequences, AreFoundByTheStoredOneThatTheyResembleMost) {
  for (bool nucleotides : {false, true}) {
    std::vector<std::string> stored;
    std::vector<std::string> fresh;
    for (unsigned i = 0; i < 40; ++i) {
      auto ancestor = nucleotides ? genome(2000 + i, i) : protein(300 + i, i);
      stored.push_back(relative_of(ancestor, 60, i));
      stored.push_back(relative_of(ancestor, 3, i));
      stored.push_back(relative_of(ancestor, 30, i));
      fresh.push_back(relative_of(ancestor, 3, 100 + i));
    }
    auto found = Sought(fresh).among(stored);
    ASSERT_EQ(found.size(), fresh.size());
    for (auto& [place, similar] : found) {
      EXPECT_EQ(similar.number, (Number{0, 3 * place + 1})) << place;
      EXPECT_EQ(similar.length, stored[similar.number.ordinal].size());
      EXPECT_EQ(similar.content, stored[similar.number.ordinal]);
      Seeds seeds;
      auto count = find_seeds(fresh[place], seeds);
      EXPECT_GT(similar.seeds, count / 2);
      EXPECT_LE(similar.seeds, count);
    }
  }
}

// What is kept beyond the bound would have to be read again; what is found is the same.
TEST(SoughtSequences, KeepNoMoreOfWhatTheyResembleThanTheyMay) {
  auto stored = families(50, 300, 10);
  auto all = Sought(stored).among(stored);
  auto some = Sought(stored, SIZE_MAX, 1000).among(stored);
  ASSERT_EQ(some.size(), all.size());
  std::size_t kept = 0;
  for (auto& [place, similar] : some) {
    EXPECT_EQ(similar.number, all.at(place).number);
    EXPECT_TRUE(similar.content.empty() || similar.content == stored[place]);
    kept += similar.content.size();
  }
  EXPECT_GT(kept, 0u);
  EXPECT_LE(kept, 1000u);
}

// What a better one replaces makes room.
TEST(SoughtSequences, KeepOnlyTheOneThatTheyResembleMost) {
  auto target = protein(300, 11);
  std::vector<std::string> stored;
  for (unsigned i = 20; i-- > 0;) stored.push_back(relative_of(target, 3 * i, 7));
  EXPECT_EQ(Sought({target}, SIZE_MAX, 300).among(stored).at(0).content, target);
}

TEST(SoughtSequences, AreNotFoundByStrangers) {
  EXPECT_TRUE(Sought(families(100, 300, 2)).among(families(100, 300, 3)).empty());
  EXPECT_TRUE(Sought({"", "M", "MKV"}).among({"", "M", "MKV"}).empty());
  EXPECT_TRUE(Sought({"", "M", "MKV"})->empty());
  EXPECT_TRUE(Sought({}).among(families(3, 300, 4)).empty());
}

TEST(SoughtSequences, OfEqualSeedsAreFoundByTheNearerLengthThenTheLowerNumber) {
  auto ancestor = protein(300, 5);
  auto found = Sought({ancestor}).among({ancestor, ancestor});
  EXPECT_EQ(found.at(0).number, (Number{0, 0}));

  SimilarSequence similar{{0, 5}, 300, 7, {}};
  auto better = [&](uint32_t generation, uint32_t ordinal, uint32_t length, uint32_t seeds) {
    SimilarSequence other{{generation, ordinal}, length, seeds, {}};
    EXPECT_NE(other.better_than(similar, 310), similar.better_than(other, 310));
    return other.better_than(similar, 310);
  };
  EXPECT_TRUE(better(9, 9, 5, 8));
  EXPECT_FALSE(better(0, 0, 310, 6));
  EXPECT_TRUE(better(9, 9, 315, 7));
  EXPECT_FALSE(better(0, 0, 321, 7));
  EXPECT_TRUE(better(0, 4, 320, 7));
  EXPECT_FALSE(better(1, 0, 320, 7));
  EXPECT_FALSE(similar.better_than(similar, 310));
}

// Stored sequences are compared by several threads, in no order that is given.
TEST(SoughtSequences, AreFoundByTheSameInWhateverOrder) {
  auto ancestors = families(20, 300, 6);
  std::vector<std::string> stored;
  std::vector<std::string> fresh;
  for (unsigned i = 0; i < ancestors.size(); ++i) {
    for (unsigned j = 0; j < 10; ++j) stored.push_back(relative_of(ancestors[i], 20, 50 * i + j % 5));
    fresh.push_back(relative_of(ancestors[i], 10, 5000 + i));
  }
  auto in_order = Sought(fresh).among(stored);
  EXPECT_EQ(in_order.size(), fresh.size());
  for (unsigned round = 0; round < 10; ++round) {
    Sought sought(fresh); // knows of none that came by
    std::mt19937 random(round);
    std::vector<uint32_t> order(stored.size());
    for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), random);
    std::array<SimilarSequences, 4> parts;
    std::vector<std::thread> threads;
    for (std::size_t part = 0; part < parts.size(); ++part)
      threads.emplace_back([&, part] {
        for (auto at = part; at < order.size(); at += parts.size())
          sought->compare(stored[order[at]], {0, order[at]}, parts[part]);
      });
    for (auto& thread : threads) thread.join();
    std::shuffle(parts.begin(), parts.end(), random);
    SimilarSequences best;
    for (auto& part : parts) sought->merge(std::move(part), best);
    EXPECT_TRUE(same(best, in_order)) << round;
  }
}

// A stored sequence has a say for sixteen of those with the same seed, so a large family costs no
// more.
TEST(SoughtSequences, OfOneFamilyAreFoundUpToABound) {
  std::vector<std::string> alike(5000, protein(300, 7));
  auto found = Sought(alike).among({alike[0]});
  EXPECT_EQ(found.size(), 16u);
  EXPECT_EQ(found.rbegin()->first, 15u);
}

TEST(SoughtSequences, TakeNoMoreMemoryThanTheyMay) {
  auto sequences = families(100, 300, 8);
  EXPECT_EQ(Sought(sequences).among(sequences).size(), 100u);
  std::size_t seeds_of_ten = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    Seeds seeds;
    seeds_of_ten += find_seeds(sequences[i], seeds);
  }
  // Each takes 16 bytes.
  auto some = Sought(sequences, seeds_of_ten * 16).among(sequences);
  ASSERT_EQ(some.size(), 10u);
  EXPECT_EQ(some.rbegin()->first, 9u);
  EXPECT_TRUE(Sought(sequences, 0)->empty());
}

TEST(SoughtSequences, AndStoredOnesThatAreTooLongAreLeftOut) {
  auto longest = protein(script_reference_max, 9);
  auto longer = longest + "M";
  EXPECT_EQ(Sought({longest}).among({longest}).size(), 1u);
  EXPECT_TRUE(Sought({longer}).among({longest}).empty());
  EXPECT_TRUE(Sought({longest}).among({longer}).empty());
  // The places of the others stay theirs.
  EXPECT_EQ(Sought({longer, "M", longest}).among({longest}).begin()->first, 2u);
}

class ScriptChunks : public testing::Test {
protected:
  std::optional<std::string> encode(const std::string& target, const std::string& reference) {
    return must(encoder.encode(target, reference, generation_id(4), 17));
  }
  ScriptChunkEncoder encoder;
};

TEST_F(ScriptChunks, ReferToOneSequenceThatIsStoredWhole) {
  for (auto& reference : {protein(400, 1), genome(1500, 2)}) {
    auto target = relative_of(reference, 10, 3);
    auto content = encode(target, reference);
    ASSERT_TRUE(content);
    EXPECT_LT(content->size(), target.size() / 4);
    auto difference = must(decode_difference_chunk(*content));
    EXPECT_EQ(difference.length, target.size());
    EXPECT_EQ(difference.depth, 1u);
    EXPECT_EQ(difference.work, 2u);
    ASSERT_EQ(difference.references.size(), 1u);
    EXPECT_EQ(difference.references[0], (DifferenceReference{Kind::sequence, generation_id(4), 17}));
    EXPECT_EQ(difference.bytes[0], difference_by_script);
    std::string back(target.size(), '\0');
    must(decode_difference(difference.bytes, reference, back.data(), back.size()));
    EXPECT_EQ(back, target);
  }
}

TEST_F(ScriptChunks, AreNotMadeWhereTheyDoNotPay) {
  EXPECT_FALSE(encode(protein(400, 4), protein(400, 5)));
  EXPECT_FALSE(encode(genome(1500, 6), genome(1500, 7)));
  EXPECT_FALSE(encode(relative_of(protein(400, 8), 300, 9), protein(400, 8)));
  EXPECT_FALSE(encode("MKV", "MKV"));
  EXPECT_FALSE(encode("", ""));
}

} // namespace
} // namespace talaria
