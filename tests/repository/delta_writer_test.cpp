// Storing values of kind bytes as differences: what is written, and what is found of it.
#include "repository/delta_writer.hpp"

#include "repository/delta_scan.hpp"
#include "repository/list.hpp"
#include "repository/similar_chunks.hpp"
#include "support.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace talaria {
namespace {

TEST(ListOfADelta, SaysWhatItsPartsDifferFrom) {
  PartList list{300, {{generation_id(1), 4, 100}, {generation_id(2), 9, 200}}, digest_of("reference")};
  auto encoded = encode_list(list);
  auto back = must(decode_list(encoded));
  EXPECT_EQ(back.reference, list.reference);
  EXPECT_EQ(back.parts.size(), 2u);
  EXPECT_FALSE(must(decode_list(encoded.substr(0, encoded.size() - Digest::size))).reference);
  EXPECT_EQ(code_of(decode_list(encoded.substr(0, encoded.size() - 1))), errc::damaged);
  EXPECT_EQ(code_of(decode_list(encoded + "x")), errc::damaged);
}

class DeltaWriting : public testing::Test {
protected:
  // One commit of a value, as the difference from the chunk with the digest of `reference`.
  Number put(const std::string& value, const std::string& reference = "", unsigned depth = 8) {
    TestWriter writer(*repository);
    if (reference.empty()) {
      auto number = writer.add(Kind::bytes, value);
      must(writer.publish());
      return number;
    }
    DirectBlockSource blocks(repository->store(), repository->registry());
    ReferenceSource source(blocks, 1 << 20);
    auto index = must(writer.commit.index());
    source.use(index, writer.interner->run());
    auto found = must(index->find(Kind::bytes, key_of(reference)));
    auto from = must(DeltaReference::open(source, source.name(Kind::bytes, *found), digest_of(reference),
                                          {depth, 0}));
    auto number = must(DeltaWriter(*writer.interner, source).put(digest_of(value), value, from));
    must(writer.publish());
    return number;
  }

  std::string read(const std::string& value) {
    return must(stored_value(*repository, Kind::bytes, key_of(value)));
  }

  std::vector<Number> deltas(const std::string& reference) {
    DirectBlockSource blocks(repository->store(), repository->registry());
    return must(DeltaScan::read(*must(repository->view()), blocks, false)).deltas(digest_of(reference));
  }

  std::vector<Number> dependents(const std::string& reference) {
    DirectBlockSource blocks(repository->store(), repository->registry());
    return must(DeltaScan::read(*must(repository->view()), blocks, false))
        .dependents(digest_of(reference));
  }

  TestRepository repository;
};

TEST_F(DeltaWriting, StoresEachChunkOnceAsADifference) {
  auto a = protein(50'000, 1);
  auto b = a.substr(0, 20'000) + "changed" + a.substr(20'010);
  put(a);
  auto before = must(repository->view())->snapshot().packs.size();
  auto number = put(b, a);
  EXPECT_EQ(read(b), b);
  EXPECT_EQ(deltas(a), std::vector{number});
  auto& packs = must(repository->view())->snapshot().packs;
  ASSERT_EQ(packs.size(), before + 1);
  auto footer =
      must(read_pack_footer(*repository.store, pack_name(packs.back().digest), packs.back().size));
  ASSERT_EQ(footer.blocks.size(), 1u) << "as a difference, and not whole beside it";
  EXPECT_TRUE(footer.blocks[0].differences);
  EXPECT_EQ(footer.blocks[0].count, 1u);
  EXPECT_LT(footer.blocks[0].raw, 200u);
}

TEST_F(DeltaWriting, GoesBackBehindAChainThatIsAsDeepAsTheBound) {
  std::vector<std::string> values{protein(20'000, 1)};
  put(values[0]);
  for (int i = 1; i < 6; ++i) {
    values.push_back(values.back());
    values.back()[static_cast<std::size_t>(i) * 1000] = '*';
    put(values.back(), values[static_cast<std::size_t>(i) - 1], 2);
    EXPECT_EQ(read(values.back()), values.back());
  }
  // Those behind the bound all differ from the first but one.
  EXPECT_EQ(deltas(values[0]).size(), 1u);
  EXPECT_EQ(deltas(values[1]).size(), 4u);
  EXPECT_EQ(dependents(values[0]).size(), 1u);
}

TEST_F(DeltaWriting, ChunksThatAreRemovedDependOnlyThroughThoseThatAreThere) {
  auto a = protein(20'000, 1);
  auto b = a + "b";
  auto c = b + "c";
  put(a);
  auto second = put(b, a);
  auto third = put(c, b);
  auto remove = [&](const Number& number) {
    auto view = must(repository->view());
    auto next = view->snapshot();
    next.remove(number, 0);
    must(repository->commit(*view, next));
  };
  remove(second);
  EXPECT_TRUE(deltas(a).empty());
  EXPECT_EQ(dependents(a), std::vector{third});
  remove(third);
  EXPECT_TRUE(dependents(a).empty());
}

TEST_F(DeltaWriting, PartsOfLongValuesAreDifferences) {
  auto a = protein(800'000, 1);
  auto b = a;
  for (std::size_t at = 5'000; at < b.size(); at += 40'000) b[at] = '*';
  put(a);
  auto number = put(b, a);
  EXPECT_EQ(read(b), b);
  EXPECT_EQ(deltas(a), std::vector{number});
  uint64_t raw = 0;
  auto& pack = must(repository->view())->snapshot().packs.back();
  for (auto& block : must(read_pack_footer(*repository.store, pack_name(pack.digest), pack.size)).blocks)
    raw += block.raw;
  EXPECT_LT(raw, 5'000u);
}

TEST_F(DeltaWriting, DamageInAReferenceIsAnErrorAndNothingIsStored) {
  auto a = protein(20'000, 1);
  auto number = put(a);
  auto view = must(repository->view());
  auto place = must(must(view->index())->locate(Kind::bytes, number));
  auto name = pack_name(repository->registry()->digest(place.pack));
  auto bytes = bytes_of(*repository.store, name);
  bytes[place.info.offset + 3] ^= 1;
  must(repository.store->put(name, bytes));
  EXPECT_THROW(put(a + "b", a), std::runtime_error);
  EXPECT_EQ(must(repository->view())->snapshot().totals[index_of(Kind::bytes)].count, 1u);
}

TEST_F(DeltaWriting, FindsTheNewestWithinItsReach) {
  std::vector<std::string> values;
  for (unsigned i = 0; i < 6; ++i) {
    values.push_back(protein(30'000, i));
    put(values.back());
  }
  DirectBlockSource blocks(repository->store(), repository->registry());
  ReferenceSource source(blocks, 1 << 20);
  auto view = must(repository->view());
  talaria::Run none(GenerationId{}, {}, {});
  source.use(must(view->index()), none);
  SimilarChunks similar(0);
  must(similar.read(*view, source, blocks, 100'000));
  EXPECT_TRUE(similar.find(values[0] + "x").empty()) << "too far back";
  auto found = similar.find(values[4] + "x");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(must(digest_of_value(source, found[0])), digest_of(values[4]));
}

} // namespace
} // namespace talaria
