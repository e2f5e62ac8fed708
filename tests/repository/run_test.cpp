// Which blocks a run makes of edit scripts, of other differences and of long sequences.
#include "repository/run.hpp"

#include "scripts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

namespace talaria {
namespace {

using NewRun = talaria::Run; // within a test, Run is a function of GoogleTest

constexpr std::size_t block = 8000;

class PlannedRun : public testing::Test {
protected:
  void add(unsigned count, std::size_t size, std::string (*make)(std::size_t, unsigned)) {
    for (unsigned i = 0; i < count; ++i) {
      const auto content = make(size, run.count(Kind::sequence));
      run.add(Kind::sequence, key_of(content), content, false, content.size());
    }
  }

  std::vector<BlockPlan> plans() const {
    return run.plan(Kind::sequence, run.sketch(Kind::sequence, 0, run.count(Kind::sequence)));
  }

  NewRun run{generation_id(1), {}, {1 << 20, block}};
};

TEST_F(PlannedRun, PutsScriptsIntoBlocksOfTheirOwnInTheOrderGiven) {
  add(200, 300, protein);
  const auto scripts = script_chunks(100, 1);
  for (uint32_t place = 0; place < 100; ++place) // the last of them first
    run.set_script(Kind::sequence, 2 * place, scripts[place], 100 - place);
  run.set_difference(Kind::sequence, 1, "a difference of another sort");
  run.set_difference(Kind::sequence, 199, "and one more");

  std::vector<uint32_t> whole;
  std::vector<uint32_t> others;
  std::vector<uint32_t> in_order;
  std::size_t blocks = 0;
  BlockEncoder encoder(CodecId::zstd, 1);
  for (auto& plan : plans()) {
    const auto encoded = must(run.encode(plan, encoder));
    EXPECT_EQ(encoded.info.differences, plan.differences);
    if (!plan.differences) {
      whole.insert(whole.end(), plan.places.begin(), plan.places.end());
      EXPECT_TRUE(others.empty() && in_order.empty()) << "differences come last";
    } else if (plan.places[0] % 2 == 1) {
      others.insert(others.end(), plan.places.begin(), plan.places.end());
      EXPECT_FALSE(encoded.info.columns);
      EXPECT_TRUE(in_order.empty()) << "scripts come last";
    } else {
      in_order.insert(in_order.end(), plan.places.begin(), plan.places.end());
      EXPECT_LT(encoded.info.raw, block / 4 + 200);
      ++blocks;
    }
  }
  EXPECT_EQ(whole.size(), 98u);
  EXPECT_EQ(others, (std::vector<uint32_t>{1, 199}));
  ASSERT_EQ(in_order.size(), 100u);
  for (uint32_t i = 0; i < 100; ++i) EXPECT_EQ(in_order[i], 2 * (99 - i));
  EXPECT_GT(blocks, 1u);
}

TEST_F(PlannedRun, CountsTheBytesThatItStores) {
  add(3, 300, protein);
  EXPECT_EQ(run.content_bytes(), 900u);
  run.set_script(Kind::sequence, 1, std::string(40, 'x'), 0);
  EXPECT_EQ(run.content_bytes(), 640u);
  run.set_difference(Kind::sequence, 1, std::string(50, 'x'));
  EXPECT_EQ(run.content_bytes(), 650u);
  // Its content is still what was added.
  EXPECT_EQ(run.content(Kind::sequence, 1).size(), 300u);
}

TEST_F(PlannedRun, TakesTheLastDifferenceOfAChunk) {
  add(2, 300, protein);
  run.set_script(Kind::sequence, 0, "a script", 0);
  run.set_difference(Kind::sequence, 0, "a difference of another sort");
  const auto planned = plans();
  std::size_t chunks = 0;
  for (auto& plan : planned) chunks += plan.places.size();
  EXPECT_EQ(chunks, 2u);
  EXPECT_EQ(planned.back().places, std::vector<uint32_t>{0});
}

TEST_F(PlannedRun, MayBeOfScriptsAlone) {
  add(30, 300, protein);
  const auto scripts = script_chunks(30, 2);
  for (uint32_t place = 0; place < 30; ++place)
    run.set_script(Kind::sequence, place, scripts[place], place);
  for (auto& plan : plans()) {
    EXPECT_TRUE(plan.differences);
    EXPECT_FALSE(plan.places.empty());
  }
}

// The mean decides, so an ingest of rRNA makes larger blocks than one of proteins.
TEST_F(PlannedRun, HasTwiceAsLargeBlocksIfItsSequencesAreLong) {
  auto smallest_but_last = [&] {
    auto planned = plans();
    BlockEncoder encoder(CodecId::zstd, 1);
    std::size_t smallest = SIZE_MAX;
    for (std::size_t i = 0; i + 1 < planned.size(); ++i)
      smallest = std::min<std::size_t>(smallest, must(run.encode(planned[i], encoder)).info.raw);
    return smallest;
  };
  add(60, 799, genome);
  EXPECT_GE(smallest_but_last(), block);
  EXPECT_LT(smallest_but_last(), block + 800);
  add(60, 801, genome);
  EXPECT_GE(smallest_but_last(), 2 * block);
  EXPECT_LT(smallest_but_last(), 2 * block + 801);
}

} // namespace
} // namespace talaria
