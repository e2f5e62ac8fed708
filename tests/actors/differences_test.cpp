// Long similar sequences through the whole store: families of genomes come back, and cost what differs.
#include "tests/actors/fixture.hpp"

#include <algorithm>
#include <random>
#include <vector>

namespace talaria {
namespace {

std::string random_letters(std::string_view alphabet, std::size_t size, std::mt19937& random) {
  std::string text(size, '\0');
  for (auto& c : text) c = alphabet[random() % alphabet.size()];
  return text;
}

std::string reverse_complement(std::string text) {
  std::reverse(text.begin(), text.end());
  for (auto& c : text) {
    auto at = std::string_view("ACGT").find(c);
    if (at != std::string_view::npos) c = "TGCA"[at];
  }
  return text;
}

// Substitutions, insertions, deletions, and now and then an inversion, a run of N or another letter.
std::string mutated(std::string text, std::mt19937& random) {
  for (std::size_t n = text.size() / 200; n > 0; --n) {
    auto at = random() % text.size();
    switch (random() % 12) {
    case 0:
      text.insert(at, random_letters("ACGT", 1 + random() % 20, random));
      break;
    case 1:
      text.erase(at, 1 + random() % 20);
      break;
    default:
      text[at] = "ACGT"[random() % 4];
    }
  }
  auto from = random() % (text.size() / 2);
  auto size = text.size() / 8;
  text.replace(from, size, reverse_complement(text.substr(from, size)));
  text.replace(random() % (text.size() / 2), 50, std::string(50, 'N'));
  text[random() % text.size()] = "RYKMSW"[random() % 6];
  return text;
}

std::string fasta(const std::vector<std::string>& sequences) {
  std::string text;
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    text += ">contig" + std::to_string(i) + "\n";
    for (std::size_t at = 0; at < sequences[i].size(); at += 70)
      text += sequences[i].substr(at, 70) + "\n";
  }
  return text;
}

// Relatives: each is mutated from one before; every third is turned around.
std::vector<std::vector<std::string>> family(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::vector<std::string>> genomes{{random_letters("ACGT", 600'000, random),
                                                 random_letters("ACGT", 90'000, random),
                                                 random_letters("ACGT", 5'000, random)}};
  while (genomes.size() < count) {
    auto genome = genomes[random() % genomes.size()];
    for (auto& sequence : genome) {
      sequence = mutated(sequence, random);
      if (genomes.size() % 3 == 2) sequence = reverse_complement(sequence);
    }
    genomes.push_back(genome);
  }
  return genomes;
}

class Differences : public StoreFixture {
protected:
  void expect_sound() {
    auto verified = store->verify();
    ASSERT_TRUE(verified) << verified.error().message();
    for (auto& damage : verified->damages) ADD_FAILURE() << damage.object << ": " << damage.message;
  }
  uint64_t pack_bytes() { return store->stats()->pack_bytes; }
};

TEST_F(Differences, AFamilyComesBackWhateverTheBoundOfChains) {
  auto genomes = family(8, 1);
  std::vector<uint64_t> sizes;
  for (unsigned depth : {0u, 1u, 2u, 8u, 32u}) {
    Settings settings;
    settings.delta_depth = depth;
    store = open(settings);
    for (std::size_t i = 0; i < genomes.size(); ++i)
      ASSERT_TRUE(ingest(fasta(genomes[i]), "strain", std::to_string(i)));
    for (std::size_t i = 0; i < genomes.size(); ++i)
      EXPECT_TRUE(exported("strain@" + std::to_string(i)) == fasta(genomes[i])) << depth << " " << i;
    expect_sound();
    sizes.push_back(pack_bytes());
  }
  // Two bits a base without references, and little for each relative with them.
  EXPECT_LT(sizes[0], 8u * 700'000 / 4 + 100'000);
  EXPECT_GT(sizes[0], 8u * 690'000 / 4);
  EXPECT_LT(sizes[3], 690'000 / 4 + 8 * 20'000);
  EXPECT_GE(sizes[1], sizes[2]);
}

TEST_F(Differences, RelativesInOneFileAreReferencesOfEachOther) {
  std::vector<std::string> all;
  for (auto& genome : family(6, 2)) all.insert(all.end(), genome.begin(), genome.end());
  ASSERT_TRUE(ingest(fasta(all), "all", "1"));
  EXPECT_TRUE(exported("all") == fasta(all));
  EXPECT_LT(pack_bytes(), 700'000 / 4 + 8 * 20'000u);
  expect_sound();
}

TEST_F(Differences, SeveralRunsOfOneCommitReferToEachOther) {
  store = open(small_settings());
  std::mt19937 random(3);
  // A run takes 40 MB with these settings.
  auto genome = random_letters("ACGT", 15'000'000, random);
  std::vector<std::string> all{genome};
  for (int i = 0; i < 3; ++i) {
    all.emplace_back();
    for (std::size_t at = 0; at < genome.size(); at += 100'000)
      all.back() += mutated(genome.substr(at, 100'000), random);
  }
  ASSERT_TRUE(ingest(fasta(all), "all", "1"));
  EXPECT_GT(store->stats()->index_segments, 1u);
  EXPECT_TRUE(exported("all") == fasta(all));
  EXPECT_LT(pack_bytes(), 15'000'000u / 4 + 3 * 350'000);
  expect_sound();
}

TEST_F(Differences, ProteinsStayAsTheyAre) {
  std::mt19937 random(4);
  std::vector<std::string> proteins{random_letters("ACDEFGHIKLMNPQRSTVWY", 400'000, random),
                                    random_letters("ACDEFGHIKLMNPQRSTVWY", 20'000, random)};
  ASSERT_TRUE(ingest(fasta(proteins), "p", "1"));
  EXPECT_TRUE(exported("p") == fasta(proteins));
  EXPECT_GT(pack_bytes(), 420'000u / 2);
}

TEST_F(Differences, ChunksAndSequencesAreReadThroughTheirReferences) {
  auto genomes = family(4, 5);
  for (std::size_t i = 0; i < genomes.size(); ++i)
    ASSERT_TRUE(ingest(fasta(genomes[i]), "strain", std::to_string(i)));
  std::vector<Digest> digests;
  std::vector<std::string> values;
  for (auto& genome : genomes)
    for (auto& sequence : genome) {
      values.push_back(sequence);
      digests.push_back(digest_of(sequence));
    }
  auto read = store->chunks().get_batch(digests);
  ASSERT_EQ(read.size(), values.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    ASSERT_TRUE(read[i]) << read[i].error().message();
    EXPECT_TRUE(read[i]->view() == values[i]);
    EXPECT_TRUE(store->chunks().verify(digests[i]));
  }
  auto record = store->get("contig1", "strain@3");
  ASSERT_TRUE(record) << record.error().message();
  EXPECT_TRUE(record->sequence == genomes[3][1]);
  std::size_t listed = 0;
  ASSERT_TRUE(store->chunks().list(true, [&](const ChunkInfo& chunk) {
    listed += static_cast<std::size_t>(std::count(digests.begin(), digests.end(), chunk.digest));
    return true;
  }));
  EXPECT_EQ(listed, digests.size());
}

TEST_F(Differences, AReferenceThatIsStoredAlreadyIsNotStoredAgain) {
  auto genomes = family(2, 6);
  ASSERT_TRUE(ingest(fasta(genomes[0]), "strain", "1"));
  auto before = pack_bytes();
  std::vector<std::string> turned(genomes[0].rbegin(), genomes[0].rend());
  ASSERT_TRUE(ingest(fasta(turned), "strain", "2"));
  EXPECT_TRUE(exported("strain@2") == fasta(turned));
  EXPECT_LT(pack_bytes(), before + 1000);
}

// What a difference stands for is known only through its references, which have to be found without an
// index.
TEST_F(Differences, AreIndexedAnewWhenTheIndexIsLost) {
  auto memory = memory_store();
  auto& objects = *memory;
  ASSERT_TRUE(Store::init(objects));
  store = *Store::open(std::move(memory), Settings{});
  auto genomes = family(5, 7);
  std::vector<std::string> texts;
  for (auto& genome : genomes) {
    texts.push_back(fasta(genome));
    ASSERT_TRUE(ingest(texts.back(), "strain", std::to_string(texts.size())));
  }
  std::vector<std::string> index;
  ASSERT_TRUE(objects.list("index/", [&](const ObjectInfo& object) {
    index.push_back(object.name);
    return true;
  }));
  ASSERT_FALSE(index.empty());
  for (auto& name : index) ASSERT_TRUE(objects.remove(name));
  auto report = store->rebuild();
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_TRUE(report->damages.empty());
  expect_sound();
  for (std::size_t i = 0; i < texts.size(); ++i)
    EXPECT_TRUE(exported("strain@" + std::to_string(i + 1)) == texts[i]) << i;
}

} // namespace
} // namespace talaria
