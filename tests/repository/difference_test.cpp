// Differences in the repository: their bytes, chains of them, and what damage does.
#include "repository/difference_writer.hpp"
#include "repository/verify.hpp"
#include "support.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace talaria {
namespace {

Difference some_difference() {
  Difference difference;
  difference.length = 5000;
  difference.depth = 3;
  difference.work = 9;
  difference.references = {{Kind::part, generation_id(1), 7},
                           {Kind::part, generation_id(1), 8},
                           {Kind::sequence, generation_id(2), UINT32_MAX - 1},
                           {Kind::part, generation_id(1), 0}};
  difference.bytes = "what differs";
  return difference;
}

TEST(DifferenceChunk, GivesBackWhatItWasMadeOf) {
  auto difference = some_difference();
  auto encoded = encode_difference_chunk(difference);
  auto back = must(decode_difference_chunk(encoded));
  EXPECT_EQ(back.length, difference.length);
  EXPECT_EQ(back.depth, difference.depth);
  EXPECT_EQ(back.work, difference.work);
  EXPECT_EQ(back.references, difference.references);
  EXPECT_EQ(back.bytes, difference.bytes);
}

TEST(DifferenceChunk, DamagedBytesAreRefusedOrHaveTheirBounds) {
  auto encoded = encode_difference_chunk(some_difference());
  for (std::size_t size = 0; size + some_difference().bytes.size() < encoded.size(); ++size)
    EXPECT_EQ(code_of(decode_difference_chunk(encoded.substr(0, size))), errc::damaged);
  each_flip(encoded, [](const std::string& bytes, std::size_t) {
    auto back = decode_difference_chunk(bytes);
    if (!back) {
      EXPECT_EQ(back.error().code(), errc::damaged);
      return;
    }
    EXPECT_LE(back->length, longest_chunk);
    EXPECT_LE(back->depth, difference_depth_max);
    EXPECT_LE(back->work, difference_work_max);
    EXPECT_EQ(back->depth == 0, back->references.empty());
  });
}

// A repository of chunks of kind sequence, written one commit each.
class Chains : public testing::Test {
protected:
  // Stores a chunk as it is told, right or wrong, under the digest of `value`.
  Number add(const std::string& value, const Difference& difference) {
    TestWriter writer(*repository);
    writer.add(Kind::sequence, value);
    writer.interner->run().set_difference(Kind::sequence, 0, encode_difference_chunk(difference));
    must(writer.publish());
    return {writer.own, 0};
  }

  Number add_whole(const std::string& value) {
    TestWriter writer(*repository);
    writer.add(Kind::sequence, value);
    must(writer.publish());
    return {writer.own, 0};
  }

  GenerationId id(const Number& number) {
    return must(repository->view())->snapshot().generations[number.generation];
  }

  Difference difference(const std::string& value, const std::vector<Number>& from,
                        const std::string& reference, uint8_t depth, uint32_t work) {
    Difference made{static_cast<uint32_t>(value.size()), depth, work, {}, {}};
    for (auto& number : from) made.references.push_back({Kind::sequence, id(number), number.ordinal});
    bytes.clear();
    must(DifferenceEncoder().encode(value, reference, bytes));
    made.bytes = bytes;
    return made;
  }

  Result<std::string> read(const Number& number) {
    auto index = must(must(repository->view())->index());
    DirectBlockSource source(repository->store(), repository->registry());
    return read_value(*index, source, Kind::sequence, number, UINT64_MAX);
  }

  TestRepository repository;
  std::string bytes;
};

TEST_F(Chains, AreReadThroughAllTheirReferences) {
  std::string value = genome(20'000, 1);
  auto last = add_whole(value);
  for (uint8_t depth = 1; depth <= difference_depth_max; ++depth) {
    auto next = value;
    next[depth * 100u] = next[depth * 100u] == 'A' ? 'C' : 'A';
    last = add(next, difference(next, {last}, value, depth, depth + 1u));
    value = next;
    EXPECT_TRUE(must(read(last)) == value);
  }
}

TEST_F(Chains, AreRefusedIfTheyAreLongerThanTheySay) {
  auto value = genome(20'000, 2);
  auto root = add_whole(value);
  auto first = add(value + "A", difference(value + "A", {root}, value, 1, 2));
  EXPECT_TRUE(read(first));
  // As deep as its reference, or less work than that takes.
  auto same = add(value + "C", difference(value + "C", {first}, value + "A", 1, 9));
  EXPECT_EQ(code_of(read(same)), errc::damaged);
  auto cheap = add(value + "G", difference(value + "G", {first}, value + "A", 2, 2));
  EXPECT_EQ(code_of(read(cheap)), errc::damaged);
  auto right = add(value + "T", difference(value + "T", {first}, value + "A", 2, 3));
  EXPECT_TRUE(must(read(right)) == value + "T");
}

TEST_F(Chains, WithoutTheirReferencesAreDamaged) {
  auto value = genome(20'000, 3);
  auto root = add_whole(value);
  auto made = difference(value + "A", {root}, value, 1, 2);
  made.references[0].ordinal = 5;
  EXPECT_EQ(code_of(read(add(value + "A", made))), errc::damaged);
  made.references[0] = {Kind::sequence, generation_id(99), 0};
  EXPECT_EQ(code_of(read(add(value + "C", made))), errc::damaged);
  // A list is no reference.
  TestWriter writer(*repository);
  writer.add(Kind::sequence, genome(600'000, 4));
  must(writer.publish());
  made.references[0] = {Kind::sequence, id({writer.own, 0}), 0};
  EXPECT_EQ(code_of(read(add(value + "G", made))), errc::damaged);
}

TEST_F(Chains, VerificationFindsWhatDamageInAReferenceHits) {
  auto value = genome(20'000, 5);
  auto root = add_whole(value);
  auto first = add(value + "A", difference(value + "A", {root}, value, 1, 2));
  auto second = add(value + "C", difference(value + "C", {first}, value + "A", 2, 3));
  auto wrong = add(value + "G", difference(value + "T", {root}, value, 1, 2));
  auto view = must(repository->view());
  auto index = must(view->index());
  auto findings = [&](auto job) {
    std::vector<Finding> found;
    for (auto& pack : view->snapshot().packs) {
      job.places.clear();
      job.generation = view->snapshot().generations[pack.generation];
      auto name = pack_name(pack.digest);
      for (auto& block : must(read_pack_footer(*repository.store, name, pack.size)).blocks)
        job.places.push_back({repository->registry()->id(pack.digest), block});
      auto report = Checker(*repository.store, repository->registry()).check(job);
      found.insert(found.end(), report.findings.begin(), report.findings.end());
    }
    return found;
  };
  auto expect_the_wrong_one = [&](const std::vector<Finding>& whole) {
    ASSERT_EQ(whole.size(), 1u);
    EXPECT_EQ(whole[0].values, (std::vector{std::pair{Kind::sequence, wrong}}));
  };
  expect_the_wrong_one(findings(BlockCheck{index, {}, {}}));

  auto place = must(index->locate(Kind::sequence, root));
  auto name = pack_name(repository->registry()->digest(place.pack));
  auto damaged = bytes_of(*repository.store, name);
  damaged[place.info.offset + place.info.stored - 1] ^= 1;
  must(repository.store->put(name, damaged));
  auto expect_all_hit = [&](const std::vector<Finding>& found) {
    std::vector<std::pair<Kind, Number>> hit;
    std::vector<uint64_t> blocks;
    for (auto& finding : found) {
      hit.insert(hit.end(), finding.values.begin(), finding.values.end());
      blocks.insert(blocks.end(), finding.blocks.begin(), finding.blocks.end());
    }
    EXPECT_EQ(blocks, std::vector{place.key()});
    EXPECT_EQ(hit, (std::vector<std::pair<Kind, Number>>{
                       {Kind::sequence, first}, {Kind::sequence, second}, {Kind::sequence, wrong}}));
  };
  expect_all_hit(findings(BlockCheck{index, {}, {}}));

  // What a release draws on is compared with its checksums, and so is what that refers to.
  auto check_drawn = [&](const Number& number) {
    auto drawn = must(index->locate(Kind::sequence, number));
    auto& generation = view->snapshot().generations[number.generation];
    return Checker(*repository.store, repository->registry())
        .check(DrawnCheck{index, generation, {drawn}});
  };
  auto of_second = check_drawn(second);
  EXPECT_TRUE(of_second.findings.empty());
  EXPECT_EQ(of_second.referred, std::set{must(index->block_at(Kind::sequence, first))});
  EXPECT_EQ(check_drawn(first).referred, std::set{must(index->block_at(Kind::sequence, root))});
  ASSERT_EQ(check_drawn(root).findings.size(), 1u);
  EXPECT_EQ(check_drawn(root).findings[0].blocks, std::vector{place.key()});
}

TEST_F(Chains, StoredChunksAreFoundForTheNextWriter) {
  auto value = genome(20'000, 6);
  auto packed = add(value, difference(value, {}, {}, 0, 1));
  add(value + "A", difference(value + "A", {packed}, value, 1, 2));
  add_whole(protein(20'000, 7));
  auto view = must(repository->view());
  auto index = must(view->index());
  DirectBlockSource source(repository->store(), repository->registry());
  auto blocks = must(stored_differences(*index, view->snapshot()));
  ASSERT_EQ(blocks.size(), 2u);
  DecodedChunks decoded;
  EXPECT_EQ(read_long_chunks(*index, source, decoded, blocks[0], 2).size(), 1u);
  EXPECT_EQ(read_long_chunks(*index, source, decoded, blocks[0], 1).size(), 0u);
  auto chunks = read_long_chunks(*index, source, decoded, blocks[1], 1);
  ASSERT_EQ(chunks.size(), 1u);
  EXPECT_EQ(chunks[0].name, (DifferenceReference{Kind::sequence, id(packed), 0}));
  EXPECT_EQ(chunks[0].sketch, reference_sketch(value));
}

TEST(LongChunks, AreNucleotidesAndLong) {
  EXPECT_TRUE(long_chunk_sketch(genome(10'000, 1)));
  EXPECT_TRUE(long_chunk_sketch(std::string(10'000, 'N')));
  EXPECT_FALSE(long_chunk_sketch(genome(4000, 1)));
  EXPECT_FALSE(long_chunk_sketch(protein(100'000, 1)));
  EXPECT_FALSE(long_chunk_sketch(""));
}

TEST(BlockOfDifferences, IsToldByItsEntry) {
  auto block = must(
      BlockEncoder(CodecId::zstd, 1).encode(Kind::part, {{3, false, "one"}, {4, false, "two"}}, true));
  std::string entry;
  block.info.write(entry);
  auto info = must(BlockInfo::read(entry));
  EXPECT_EQ(info, block.info);
  auto read = must(BlockDecoder().decode(info, block.bytes));
  EXPECT_EQ(read->kind(), Kind::part);
  EXPECT_EQ(read->form(1), ChunkForm::difference);
  EXPECT_EQ(read->content(1), "two");
  entry[22] = static_cast<char>(0x80 | static_cast<int>(Kind::header));
  EXPECT_EQ(code_of(BlockInfo::read(entry)), errc::damaged);
  EXPECT_EQ(code_of(BlockEncoder(CodecId::zstd, 1).encode(Kind::part, {{3, true, "list"}}, true)),
            errc::damaged);
}

} // namespace
} // namespace talaria
