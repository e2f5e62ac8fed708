// Chunks as differences from chunks that are given or found: what they are stored as, and what may go.
#include "tests/actors/fixture.hpp"

#include <algorithm>
#include <random>
#include <vector>

namespace talaria {
namespace {

// Text as programs write it: lines of words and numbers.
std::string document(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text;
  while (text.size() < size) {
    text += "{\"id\": " + std::to_string(random() % 1'000'000) + ", \"name\": \"feature_";
    text += std::to_string(random() % 100'000) + "\", \"score\": 0." + std::to_string(random() % 10'000);
    text += "},\n";
  }
  text.resize(size);
  return text;
}

// The text with a few changes, all over it.
std::string changed(std::string text, unsigned seed, std::size_t changes = 10) {
  std::mt19937 random(seed);
  for (std::size_t i = 0; i < changes; ++i) {
    auto at = random() % text.size();
    text.replace(at, random() % 5, std::to_string(random() % 1000));
  }
  return text;
}

class DeltaStoreTest : public StoreFixture {
protected:
  Digest put(const std::string& bytes) {
    auto digest = store->chunks().put(bytes);
    EXPECT_TRUE(digest) << digest.error().message();
    return digest.value_or(Digest{});
  }

  DeltaInfo put(const std::string& bytes, const Digest& reference) {
    auto info = store->deltas().put(bytes, reference);
    EXPECT_TRUE(info) << info.error().message();
    return info.value_or(DeltaInfo{});
  }

  DeltaInfo info(const Digest& digest) {
    auto info = store->deltas().info(digest);
    EXPECT_TRUE(info) << info.error().message();
    return info.value_or(DeltaInfo{});
  }

  std::vector<Digest> deltas(const Digest& reference) {
    auto found = store->deltas().deltas(reference);
    EXPECT_TRUE(found) << found.error().message();
    return found.value_or(std::vector<Digest>{});
  }

  void expect_bytes(const Digest& digest, const std::string& bytes) {
    auto found = store->chunks().get(digest);
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_TRUE(found->view() == bytes);
    EXPECT_TRUE(store->chunks().verify(digest));
  }

  void expect_sound() {
    auto report = store->verify();
    ASSERT_TRUE(report);
    for (auto& damage : report->damages) ADD_FAILURE() << damage.object << ": " << damage.message;
  }
};

TEST_F(DeltaStoreTest, StoresWhatDiffersFromTheReference) {
  auto before = document(100'000, 1);
  auto after = changed(before, 2);
  auto first = put(before);
  auto delta = put(after, first);
  EXPECT_EQ(delta.digest, digest_of(after));
  EXPECT_EQ(delta.kind, ChunkKind::delta);
  EXPECT_EQ(delta.size, after.size());
  EXPECT_LT(delta.stored, 1000u);
  EXPECT_EQ(delta.depth, 1u);
  EXPECT_EQ(delta.references, std::vector{first});
  EXPECT_EQ(info(first).kind, ChunkKind::whole);
  EXPECT_EQ(deltas(first), std::vector{delta.digest});
  EXPECT_TRUE(deltas(delta.digest).empty());
  expect_bytes(delta.digest, after);
  EXPECT_TRUE(store->deltas().get(delta.digest)->view() == after);
  expect_sound();
}

TEST_F(DeltaStoreTest, WhatDoesNotResembleIsStoredWhole) {
  auto first = put(document(50'000, 1));
  std::string other(50'000, '\0');
  std::mt19937 random(3);
  for (auto& c : other) c = static_cast<char>(random());
  for (const auto& bytes : {other, std::string(), std::string("x")}) {
    auto info = put(bytes, first);
    EXPECT_EQ(info.kind, ChunkKind::whole);
    EXPECT_TRUE(info.references.empty());
    expect_bytes(info.digest, bytes);
  }
  EXPECT_TRUE(deltas(first).empty());
  expect_sound();
}

TEST_F(DeltaStoreTest, FindsTheChunkThatIsResembledMost) {
  auto a = document(60'000, 1);
  auto b = document(60'000, 2);
  auto first = put(a);
  auto second = put(b);
  for (auto& [text, reference] : {std::pair(changed(a, 5), first), std::pair(changed(b, 6), second)}) {
    auto info = store->deltas().put(text);
    ASSERT_TRUE(info) << info.error().message();
    EXPECT_EQ(info->references, std::vector{reference});
    expect_bytes(info->digest, text);
  }
  EXPECT_EQ(store->deltas().put(document(60'000, 3))->kind, ChunkKind::whole);
}

TEST_F(DeltaStoreTest, AChunkOfABatchMayDifferFromAnEarlierOneOfIt) {
  std::vector<std::string> texts{document(30'000, 1)};
  for (unsigned i = 1; i < 6; ++i) texts.push_back(changed(texts.back(), i));
  std::vector<DeltaValue> values{{texts[0], DeltaChoice::whole()}};
  for (std::size_t i = 1; i < texts.size(); ++i)
    values.push_back(
        {texts[i], i % 2 ? DeltaChoice::given(digest_of(texts[i - 1])) : DeltaChoice::found()});
  auto infos = store->deltas().put_batch(values);
  ASSERT_TRUE(infos) << infos.error().message();
  EXPECT_EQ((*infos)[0].kind, ChunkKind::whole);
  for (std::size_t i = 1; i < texts.size(); ++i) {
    EXPECT_EQ((*infos)[i].kind, ChunkKind::delta) << i;
    EXPECT_EQ((*infos)[i].references, std::vector{digest_of(texts[i - 1])}) << i;
    expect_bytes((*infos)[i].digest, texts[i]);
  }
  expect_sound();
}

// Parts of nucleotides become differences without being asked for, but not those that one of the same
// batch was made from: that says how deep they are.
TEST_F(DeltaStoreTest, AReferenceInTheSameBatchStaysAsDeepAsItWas) {
  std::mt19937 random(1);
  std::string genome(600'000, '\0');
  for (auto& base : genome) base = "ACGT"[random() % 4];
  put(genome);
  std::string reverse(genome.rbegin(), genome.rend());
  for (auto& base : reverse) base = "TGCA"[std::string_view("ACGT").find(base)];
  auto strain = reverse;
  for (int i = 0; i < 20; ++i) strain[random() % strain.size()] = 'A';
  for (auto& choice : {DeltaChoice::given(digest_of(reverse)), DeltaChoice::found()}) {
    store = open(Settings{});
    put(genome);
    auto infos = store->deltas().put_batch(
        std::vector<DeltaValue>{{reverse, DeltaChoice::whole()}, {strain, choice}});
    ASSERT_TRUE(infos) << infos.error().message();
    EXPECT_EQ((*infos)[1].references, std::vector{digest_of(reverse)});
    EXPECT_LT((*infos)[1].stored, 2000u);
    expect_bytes(digest_of(reverse), reverse);
    expect_bytes(digest_of(strain), strain);
    expect_sound();
  }
}

// So many values that the reference is in a run that is stored before the last of them.
TEST_F(DeltaStoreTest, AReferenceInAnEarlierRunOfTheSameBatchIsAsDeepAsItIsThere) {
  std::mt19937 random(1);
  std::string genome(600'000, '\0');
  for (auto& base : genome) base = "ACGT"[random() % 4];
  store = open(small_settings());
  put(genome);
  std::string reverse(genome.rbegin(), genome.rend());
  for (auto& base : reverse) base = "TGCA"[std::string_view("ACGT").find(base)];
  auto other = reverse.substr(0, 300'000); // of which nothing differs from the reference
  std::shuffle(other.begin(), other.end(), random);
  std::string filler(48'000'000, '\0');
  for (auto& byte : filler) byte = static_cast<char>(random());
  auto strain = reverse;
  for (int i = 0; i < 20; ++i) strain[random() % strain.size()] = 'A';
  auto from = DeltaChoice::given(digest_of(reverse));
  auto infos = store->deltas().put_batch(std::vector<DeltaValue>{
      {reverse, DeltaChoice::whole()}, {other, from}, {filler, DeltaChoice::whole()}, {strain, from}});
  ASSERT_TRUE(infos) << infos.error().message();
  expect_bytes(digest_of(strain), strain);
  expect_bytes(digest_of(other), other);
}

TEST_F(DeltaStoreTest, ChainsHaveTheDepthOfTheSettingAtMost) {
  Settings settings;
  settings.delta_depth = 3;
  store = open(settings);
  auto text = document(20'000, 1);
  auto last = put(text);
  for (unsigned i = 1; i <= 8; ++i) {
    text = changed(text, i);
    auto info = put(text, last);
    EXPECT_EQ(info.depth, std::min(i, 3u));
    last = info.digest;
    expect_bytes(last, text);
  }
  settings.delta_depth = 0;
  store = open(settings);
  EXPECT_EQ(put(changed(text, 9), put(text)).kind, ChunkKind::whole);
}

TEST_F(DeltaStoreTest, ASequenceOfAReleaseCanBeTheReference) {
  ASSERT_TRUE(ingest(records(0, 3, 9'000), "db", "1"));
  auto residues = store->get("P10001")->sequence;
  auto delta = put(changed(residues, 1), digest_of(residues));
  EXPECT_EQ(delta.references, std::vector{digest_of(residues)});
  EXPECT_TRUE(info(digest_of(residues)).sequence);
  EXPECT_EQ(deltas(digest_of(residues)), std::vector{delta.digest});
  EXPECT_EQ(store->deltas().rebase(digest_of(residues), DeltaChoice::whole()).error().code(),
            errc::in_use);
  expect_sound();
}

TEST_F(DeltaStoreTest, LongValuesAreListsWhosePartsDiffer) {
  auto before = document(1'500'000, 1);
  auto after = changed(before, 2, 60);
  auto first = put(before);
  EXPECT_EQ(info(first).kind, ChunkKind::list);
  EXPECT_EQ(info(first).delta_parts, 0u);
  auto delta = put(after, first);
  EXPECT_EQ(delta.kind, ChunkKind::list);
  EXPECT_EQ(delta.references, std::vector{first});
  EXPECT_GT(delta.delta_parts, delta.parts / 2);
  EXPECT_EQ(delta.depth, 1u);
  EXPECT_EQ(deltas(first), std::vector{delta.digest});
  expect_bytes(delta.digest, after);
  EXPECT_EQ(store->chunks().remove(first).error().code(), errc::in_use);

  auto whole = store->deltas().rebase(delta.digest, DeltaChoice::whole());
  ASSERT_TRUE(whole) << whole.error().message();
  EXPECT_EQ(whole->delta_parts, 0u);
  EXPECT_TRUE(whole->references.empty());
  expect_bytes(delta.digest, after);
  EXPECT_TRUE(store->chunks().remove(first));
  expect_sound();
}

TEST_F(DeltaStoreTest, AShortValueMayDifferFromPartsOfALongOneAndTheOtherWayRound) {
  auto text = document(1'000'000, 1);
  auto piece = text.substr(400'000, 150'000);
  auto first = put(text);
  auto short_one = put(changed(piece, 2), first);
  EXPECT_EQ(short_one.kind, ChunkKind::list);
  EXPECT_EQ(short_one.references, std::vector{first});
  EXPECT_EQ(short_one.delta_parts, 1u);
  expect_bytes(short_one.digest, changed(piece, 2));

  auto other = put(document(100'000, 7));
  auto long_one = put(changed(document(100'000, 7) + document(300'000, 8), 3), other);
  EXPECT_EQ(long_one.references, std::vector{other});
  EXPECT_GE(long_one.delta_parts, 1u);
  EXPECT_EQ(deltas(first), std::vector{short_one.digest});
  EXPECT_EQ(deltas(other), std::vector{long_one.digest});
  expect_bytes(long_one.digest, changed(document(100'000, 7) + document(300'000, 8), 3));

  auto whole = store->deltas().rebase(short_one.digest, DeltaChoice::whole());
  ASSERT_TRUE(whole) << whole.error().message();
  EXPECT_EQ(whole->kind, ChunkKind::whole);
  expect_bytes(short_one.digest, changed(piece, 2));
  expect_sound();
}

TEST_F(DeltaStoreTest, AReferenceStaysWhileDeltasNeedIt) {
  auto text = document(40'000, 1);
  auto first = put(text);
  auto second = put(changed(text, 2), first).digest;
  auto third = put(changed(text, 3), second).digest;
  auto removed = store->chunks().remove(first);
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().code(), errc::in_use);
  EXPECT_NE(removed.error().message().find("1 chunk "), std::string::npos) << removed.error().message();
  EXPECT_EQ(store->chunks().remove(second).error().code(), errc::in_use);
  for (auto& digest : {third, second, first}) EXPECT_TRUE(store->chunks().remove(digest));
  EXPECT_EQ(store->chunks().stats()->chunks, 0u);
  EXPECT_EQ(store->chunks().stats()->bytes, 0u);
  expect_sound();
}

TEST_F(DeltaStoreTest, ARebasedChunkIsWholeAndWhatDiffersFromItStaysReadable) {
  auto text = document(40'000, 1);
  auto first = put(text);
  auto second = put(changed(text, 2), first).digest;
  auto third = put(changed(text, 3), second).digest;
  auto before = *store->chunks().stats();
  auto whole = store->deltas().rebase(second, DeltaChoice::whole());
  ASSERT_TRUE(whole) << whole.error().message();
  EXPECT_EQ(whole->kind, ChunkKind::whole);
  EXPECT_EQ(store->chunks().stats()->chunks, before.chunks);
  EXPECT_EQ(store->chunks().stats()->bytes, before.bytes);
  expect_bytes(second, changed(text, 2));
  expect_bytes(third, changed(text, 3));
  EXPECT_EQ(deltas(second), std::vector{third}) << "by the digest, though it was stored before";
  EXPECT_TRUE(deltas(first).empty());
  EXPECT_EQ(store->chunks().remove(first).error().code(), errc::in_use) << "the third goes back to it";

  auto grown = store->stats()->repository_bytes;
  ASSERT_TRUE(store->deltas().rebase(second, DeltaChoice::whole()));
  EXPECT_EQ(store->stats()->repository_bytes, grown) << "there is nothing to do";

  auto nearer = store->deltas().rebase(third, DeltaChoice::given(second));
  ASSERT_TRUE(nearer) << nearer.error().message();
  EXPECT_EQ(nearer->depth, 1u);
  expect_bytes(third, changed(text, 3));
  EXPECT_TRUE(store->chunks().remove(first));
  expect_bytes(third, changed(text, 3));
  expect_sound();
}

TEST_F(DeltaStoreTest, AChunkThatWasRebasedOrRemovedCanBePutAgain) {
  auto text = document(40'000, 1);
  auto first = put(text);
  auto second = put(changed(text, 2), first).digest;
  ASSERT_TRUE(store->deltas().rebase(second, DeltaChoice::whole()));
  EXPECT_EQ(put(changed(text, 2), first).kind, ChunkKind::whole) << "what is there stays as it is";
  EXPECT_EQ(store->chunks().stats()->chunks, 2u);
  ASSERT_TRUE(store->chunks().remove(second));
  EXPECT_EQ(store->chunks().get(second).error().code(), errc::not_found);
  EXPECT_EQ(put(changed(text, 2), first).kind, ChunkKind::delta);
  expect_bytes(second, changed(text, 2));
  expect_sound();
}

TEST_F(DeltaStoreTest, RebaseRefusesReferencesThatGoBackToTheChunk) {
  auto text = document(40'000, 1);
  auto first = put(text);
  auto second = put(changed(text, 2), first).digest;
  auto third = put(changed(text, 3), second).digest;
  for (auto& reference : {first, second, third}) {
    auto done = store->deltas().rebase(first, DeltaChoice::given(reference));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code(), errc::invalid_argument);
  }
  auto found = store->deltas().rebase(first, DeltaChoice::found());
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->kind, ChunkKind::whole) << "those that resemble it are made from it";
  auto other = put(changed(text, 9));
  EXPECT_EQ(store->deltas().rebase(first, DeltaChoice::found())->references, std::vector{other});
  expect_bytes(first, text);

  auto long_text = document(600'000, 4);
  auto long_first = put(long_text);
  auto long_second = put(changed(long_text, 5), long_first).digest;
  EXPECT_EQ(store->deltas().rebase(long_first, DeltaChoice::given(long_second)).error().code(),
            errc::invalid_argument);
  expect_sound();
}

TEST_F(DeltaStoreTest, WhatIsAbsentIsNotFound) {
  auto absent = digest_of("absent");
  EXPECT_EQ(store->deltas().put("bytes", absent).error().code(), errc::not_found);
  EXPECT_EQ(store->deltas().info(absent).error().code(), errc::not_found);
  EXPECT_EQ(store->deltas().deltas(absent).error().code(), errc::not_found);
  EXPECT_EQ(store->deltas().rebase(absent, DeltaChoice::whole()).error().code(), errc::not_found);
  EXPECT_EQ(store->chunks().stats()->chunks, 0u) << "nothing was stored";
}

// Whatever is put, in whatever order, comes back.
TEST_F(DeltaStoreTest, ManyVersionsOfManyDocumentsComeBack) {
  store = open(small_settings());
  std::mt19937 random(11);
  std::vector<std::string> texts;
  for (unsigned i = 0; i < 30; ++i) {
    auto text = texts.empty() || random() % 5 == 0 ? document(100 + random() % 350'000, i)
                                                   : changed(texts[random() % texts.size()], i, 5);
    auto& reference = texts.empty() ? text : texts[random() % texts.size()];
    auto done = texts.empty() || random() % 2 ? store->deltas().put(text)
                                              : store->deltas().put(text, digest_of(reference));
    ASSERT_TRUE(done) << done.error().message();
    texts.push_back(text);
    if (random() % 4 == 0) {
      auto choice = random() % 2 ? DeltaChoice::whole() : DeltaChoice::found();
      auto rebased = store->deltas().rebase(digest_of(texts[random() % texts.size()]), choice);
      ASSERT_TRUE(rebased) << rebased.error().message();
    }
  }
  for (auto& text : texts) expect_bytes(digest_of(text), text);
  expect_sound();
}

} // namespace
} // namespace talaria
