// New sequences that resemble stored ones, through the whole store: they come back, and cost what
// differs.
#include "repository/pack.hpp"
#include "tests/actors/fixture.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace talaria {
namespace {

constexpr std::string_view amino_acids = "ACDEFGHIKLMNPQRSTVWY";

std::string random_letters(std::string_view alphabet, std::size_t size, std::mt19937& random) {
  std::string text(size, '\0');
  for (auto& c : text) c = alphabet[random() % alphabet.size()];
  return text;
}

// One residue in twelve another one, and now and then some more or fewer.
std::string relative_of(std::string sequence, std::string_view alphabet, std::mt19937& random) {
  for (auto n = sequence.size() / 12; n > 0; --n) {
    auto at = random() % sequence.size();
    if (n % 8 == 0)
      sequence.insert(at, random_letters(alphabet, 1 + random() % 4, random));
    else if (n % 8 == 1)
      sequence.erase(at, 1 + random() % 4);
    else
      sequence[at] = alphabet[random() % alphabet.size()];
  }
  return sequence;
}

std::string record(const std::string& accession, const std::string& sequence) {
  auto text = ">" + accession + " a protein\n";
  for (std::size_t at = 0; at < sequence.size(); at += 60) text += sequence.substr(at, 60) + "\n";
  return text;
}

class Scripts : public StoreFixture {
protected:
  void SetUp() override { reopen(Settings{}); }

  void reopen(const Settings& settings) {
    auto memory = memory_store();
    objects = memory.get();
    ASSERT_TRUE(Store::init(*objects));
    auto opened = Store::open(std::move(memory), settings);
    ASSERT_TRUE(opened);
    store = *std::move(opened);
  }

  // Release 1 is of old sequences, release 2 of those and their relatives.
  void make(std::size_t count, std::size_t size, std::string_view alphabet, unsigned seed) {
    std::mt19937 random(seed);
    for (std::size_t i = 0; i < count; ++i) {
      auto old = random_letters(alphabet, size + random() % size, random);
      fresh.push_back(relative_of(old, alphabet, random));
      texts[0] += record("P" + std::to_string(10000 + i), old);
      texts[2] += record("Q" + std::to_string(10000 + i), fresh.back());
    }
    texts[1] = texts[0] + texts[2];
  }

  void ingest_both() {
    ASSERT_TRUE(ingest(texts[0], "db", "1"));
    ASSERT_TRUE(ingest(texts[1], "db", "2"));
  }

  void expect_exports() {
    EXPECT_TRUE(exported("db@1") == texts[0]);
    EXPECT_TRUE(exported("db@2") == texts[1]);
  }

  void expect_sound() {
    auto verified = store->verify();
    ASSERT_TRUE(verified) << verified.error().message();
    for (auto& damage : verified->damages) ADD_FAILURE() << damage.object << ": " << damage.message;
  }

  std::vector<std::string> names(const std::string& prefix) {
    std::vector<std::string> found;
    EXPECT_TRUE(objects->list(prefix, [&](const ObjectInfo& object) {
      found.push_back(object.name);
      return true;
    }));
    return found;
  }

  std::vector<BlockInfo> blocks_of(const std::string& pack) {
    auto footer = read_pack_footer(*objects, pack, objects->stat(pack)->size);
    return footer ? footer->blocks : std::vector<BlockInfo>{};
  }

  // Sequences in all blocks that have columns, or in all that are differences.
  std::size_t stored_as(bool BlockInfo::*form) {
    std::size_t count = 0;
    for (auto& pack : names("packs/"))
      for (auto& block : blocks_of(pack))
        if (block.*form) count += block.count;
    return count;
  }

  ObjectStore* objects = nullptr;
  std::vector<std::string> fresh;
  std::string texts[3]; // release 1, release 2, what is new in it
};

TEST_F(Scripts, ASecondReleaseCostsWhatDiffers) {
  for (auto alphabet : {amino_acids, std::string_view("ACGT")}) {
    for (auto& text : texts) text.clear();
    fresh.clear();
    make(300, alphabet == "ACGT" ? 1000 : 300, alphabet, 1);
    uint64_t growth[2];
    for (unsigned depth : {0u, 8u}) {
      Settings settings;
      settings.delta_depth = depth;
      reopen(settings);
      ASSERT_TRUE(ingest(texts[0], "db", "1"));
      auto before = store->stats()->pack_bytes;
      ASSERT_TRUE(ingest(texts[1], "db", "2"));
      growth[depth > 0] = store->stats()->pack_bytes - before;
      expect_exports();
      expect_sound();
      if (depth == 0) {
        EXPECT_EQ(stored_as(&BlockInfo::columns), 0u);
      } else {
        EXPECT_GE(stored_as(&BlockInfo::columns), fresh.size() * 9 / 10);
      }
      EXPECT_EQ(stored_as(&BlockInfo::differences), stored_as(&BlockInfo::columns));
    }
    EXPECT_LT(growth[1], growth[0] * 7 / 10) << alphabet;
  }
}

TEST_F(Scripts, WithEveryCodecTheyComeBack) {
  make(60, 300, amino_acids, 2);
  for (auto codec : {CodecId::none, CodecId::zstd, CodecId::lz4, CodecId::gzip}) {
    Settings settings;
    settings.codec = std::string(to_string(codec));
    reopen(settings);
    ingest_both();
    EXPECT_EQ(stored_as(&BlockInfo::differences), fresh.size()) << to_string(codec);
    expect_exports();
    expect_sound();
  }
}

TEST_F(Scripts, StrangersAreStoredWhole) {
  make(60, 300, amino_acids, 3);
  std::mt19937 random(4);
  auto stranger = random_letters(amino_acids, 400, random);
  texts[1] += record("R10000", stranger);
  ingest_both();
  EXPECT_EQ(stored_as(&BlockInfo::differences), fresh.size());
  expect_exports();
}

// A script needs a stored sequence, and only what the release draws on is read.
TEST_F(Scripts, AreMadeFromWhatTheReleaseDrawsOnOnly) {
  make(60, 300, amino_acids, 5);
  ASSERT_TRUE(ingest(texts[0], "db", "1"));
  ASSERT_TRUE(ingest(texts[2], "new", "1"));
  EXPECT_EQ(stored_as(&BlockInfo::differences), 0u);
  EXPECT_TRUE(exported("new") == texts[2]);
}

TEST_F(Scripts, AreGotByAccessionAndByDigest) {
  make(100, 300, amino_acids, 6);
  ingest_both();
  ASSERT_EQ(stored_as(&BlockInfo::differences), fresh.size());
  std::vector<Digest> digests;
  for (auto& sequence : fresh) digests.push_back(digest_of(sequence));
  auto read = store->chunks().get_batch(digests);
  ASSERT_EQ(read.size(), fresh.size());
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    ASSERT_TRUE(read[i]) << read[i].error().message();
    EXPECT_EQ(read[i]->view(), fresh[i]);
    EXPECT_TRUE(store->chunks().verify(digests[i]));
    auto by_accession = store->get("Q" + std::to_string(10000 + i));
    ASSERT_TRUE(by_accession) << by_accession.error().message();
    EXPECT_EQ(by_accession->sequence, fresh[i]);
    auto by_digest = store->get(digests[i].hex());
    ASSERT_TRUE(by_digest) << by_digest.error().message();
    EXPECT_EQ(by_digest->sequence, fresh[i]);
  }
}

// What is stored as a script is known as any other: a later release draws on it.
TEST_F(Scripts, AreStoredOnce) {
  make(60, 300, amino_acids, 7);
  ingest_both();
  auto before = stored_as(&BlockInfo::differences);
  ASSERT_TRUE(ingest(texts[2] + texts[0], "db", "3"));
  EXPECT_TRUE(exported("db@3") == texts[2] + texts[0]);
  EXPECT_EQ(stored_as(&BlockInfo::differences), before);
  expect_sound();
}

TEST_F(Scripts, AreNoReferencesOfOthers) {
  make(60, 300, amino_acids, 8);
  ingest_both();
  std::mt19937 random(9);
  std::string further;
  for (std::size_t i = 0; i < fresh.size(); ++i)
    further += record("S" + std::to_string(10000 + i), relative_of(fresh[i], amino_acids, random));
  // Draws on scripts alone; so what these refer to comes by, too. It is far from what is new, but still
  // of use.
  ASSERT_TRUE(ingest(texts[2] + further, "db", "3"));
  EXPECT_EQ(stored_as(&BlockInfo::differences), 2 * fresh.size());
  // The same with all that is stored whole.
  std::string more;
  for (std::size_t i = 0; i < fresh.size(); ++i)
    more += record("T" + std::to_string(10000 + i), relative_of(fresh[i], amino_acids, random));
  ASSERT_TRUE(ingest(texts[1] + more, "db", "4"));
  EXPECT_GT(stored_as(&BlockInfo::differences), 2 * fresh.size());
  EXPECT_TRUE(exported("db@4") == texts[1] + more);
  expect_sound();
}

// Nucleotides from 4 KiB on are stored as differences of another sort, whatever they resemble.
TEST_F(Scripts, LongNucleotidesAreNone) {
  make(20, 3000, "ACGT", 10);
  auto is_long = [](const std::string& sequence) { return sequence.size() >= 4096; };
  auto longer = static_cast<std::size_t>(std::ranges::count_if(fresh, is_long));
  ASSERT_GT(longer, 0u);
  ASSERT_LT(longer, fresh.size());
  for (auto& sequence : fresh) // each long one resembles one that is short enough to be stored whole
    if (is_long(sequence)) texts[0] += record("S" + sequence.substr(0, 20), sequence.substr(0, 4000));
  texts[1] = texts[0] + texts[2];
  ingest_both();
  expect_exports();
  expect_sound();
  EXPECT_EQ(stored_as(&BlockInfo::columns), fresh.size() - longer);
}

// Each run compares what the commit has come to draw on since the one before.
TEST_F(Scripts, AreMadeInEveryRunOfACommit) {
  reopen(small_settings());
  make(100, 300, amino_acids, 11);
  auto first = texts[1];
  ASSERT_TRUE(ingest(texts[0], "db", "1"));
  for (auto& text : texts) text.clear();
  make(100, 300, amino_acids, 12);
  ASSERT_TRUE(ingest(texts[0], "other", "1"));
  std::mt19937 random(13);
  std::string between; // a run takes 40 MB with these settings
  for (int i = 0; i < 210; ++i)
    between += record("L" + std::to_string(10000 + i), random_letters(amino_acids, 200'000, random));
  auto all = first + between + texts[1];
  ASSERT_TRUE(ingest(all, "both", "1"));
  EXPECT_EQ(stored_as(&BlockInfo::differences), fresh.size());
  EXPECT_TRUE(exported("both") == all);
  expect_sound();
}

TEST_F(Scripts, AreIndexedAnewWhenTheIndexIsLost) {
  make(150, 300, amino_acids, 13);
  ingest_both();
  ASSERT_EQ(stored_as(&BlockInfo::columns), fresh.size());
  auto index = names("index/");
  ASSERT_FALSE(index.empty());
  for (auto& name : index) ASSERT_TRUE(objects->remove(name));
  auto report = store->rebuild();
  ASSERT_TRUE(report) << report.error().message();
  for (auto& damage : report->damages) ADD_FAILURE() << damage.object << ": " << damage.message;
  expect_sound();
  expect_exports();
  auto record = store->get("Q10007");
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_EQ(record->sequence, fresh[7]);
}

TEST_F(Scripts, DamageOfTheReferenceHitsTheReleasesOfTheScripts) {
  make(60, 300, amino_acids, 14);
  ASSERT_TRUE(ingest(texts[0], "db", "1"));
  auto pack = names("packs/").at(0);
  ASSERT_TRUE(ingest(texts[1], "db", "2"));
  ASSERT_TRUE(ingest(texts[2], "scripts", "1")); // none of its sequences lies in the damaged block
  ASSERT_TRUE(ingest(records(0, 20), "other", "1"));
  auto bytes = std::string(objects->get(pack)->view());
  for (auto& block : blocks_of(pack))
    if (block.kind == Kind::sequence) bytes[block.offset + block.stored - 1] ^= 1;
  ASSERT_TRUE(objects->put(pack, bytes));

  auto verified = store->verify();
  ASSERT_TRUE(verified) << verified.error().message();
  std::set<std::string> hit;
  bool named = false;
  for (auto& damage : verified->damages) {
    hit.insert(damage.releases.begin(), damage.releases.end());
    named |= damage.object == pack;
  }
  EXPECT_TRUE(named);
  EXPECT_EQ(hit, (std::set<std::string>{"db@1", "db@2", "scripts@1"}));
  EXPECT_EQ(exported("other"), records(0, 20));

  // Nothing is built on it.
  auto next = ingest(texts[1] + record("R1", fresh[0] + "M"), "db", "3");
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code(), errc::damaged);
}

} // namespace
} // namespace talaria
