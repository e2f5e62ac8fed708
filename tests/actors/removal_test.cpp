// Releases that are removed, and what collecting garbage leaves: what others need comes back as before,
// and nothing else takes space. Also while others read.
#include "tests/actors/fixture.hpp"
#include "tests/repository/failing_store.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace talaria {
namespace {

std::string genome(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text(size, '\0');
  for (auto& c : text) c = "ACGT"[random() % 4];
  return text;
}

std::string record(const std::string& header, const std::string& residues) {
  std::string text = ">" + header + "\n";
  for (std::size_t at = 0; at < residues.size(); at += 70) text += residues.substr(at, 70) + "\n";
  return text;
}

class Removal : public StoreFixture {
protected:
  void SetUp() override {
    objects = memory_store();
    ASSERT_TRUE(Store::init(*objects));
    store = another();
  }

  // A second program on the same repository.
  std::unique_ptr<Store> another() {
    auto opened = Store::open(std::make_unique<FailingStore>(*objects), small_settings());
    EXPECT_TRUE(opened) << opened.error().message();
    return *std::move(opened);
  }

  void expect_sound(Store& of) {
    auto verified = of.verify();
    ASSERT_TRUE(verified) << verified.error().message();
    for (auto& damage : verified->damages) ADD_FAILURE() << damage.object << ": " << damage.message;
  }
  void expect_sound() { expect_sound(*store); }

  void must_ingest(std::string_view text, const std::string& version) {
    auto report = ingest(text, "db", version);
    ASSERT_TRUE(report) << report.error().message();
  }

  void must_remove(const std::vector<std::string>& releases) {
    auto removed = store->remove(releases);
    ASSERT_TRUE(removed) << removed.error().message();
    EXPECT_EQ(removed->size(), releases.size());
  }

  GcReport collected(double dead_percent = 0) { return collected(*store, dead_percent); }
  static GcReport collected(Store& of, double dead_percent = 0) {
    auto report = of.collect_garbage({dead_percent, false, {}});
    EXPECT_TRUE(report) << report.error().message();
    return report ? *report : GcReport{};
  }

  std::size_t count(const std::string& prefix) const {
    std::size_t count = 0;
    EXPECT_TRUE(objects->list(prefix, [&](const ObjectInfo&) {
      ++count;
      return true;
    }));
    return count;
  }

  StoreStats stats() {
    auto stats = store->stats();
    EXPECT_TRUE(stats);
    return *stats;
  }

  std::unique_ptr<ObjectStore> objects;
};

errc code_of(const auto& result) {
  return result ? errc{} : result.error().code();
}

TEST_F(Removal, TakesAReleaseOut) {
  must_ingest(records(0, 50), "1");
  must_ingest(records(20, 50), "2");
  must_remove({"db@1"});
  EXPECT_EQ(store->releases()->size(), 1u);
  EXPECT_EQ(exported("db@2"), records(20, 50));
  EXPECT_EQ(code_of(store->export_release("db@1", [](auto) { return Result<void>(); })),
            errc::not_found);
  EXPECT_EQ(code_of(store->remove({"db@1"})), errc::not_found);
  expect_sound();
}

TEST_F(Removal, AsksForTheVersion) {
  must_ingest(records(0, 5), "1");
  auto removed = store->remove({"db"});
  EXPECT_EQ(code_of(removed), errc::invalid_argument);
  EXPECT_NE(removed.error().message().find("NAME@VERSION"), std::string::npos);
  EXPECT_EQ(store->releases()->size(), 1u);
}

TEST_F(Removal, OfSeveralIsAllOrNothing) {
  for (auto version : {"1", "2", "3"}) must_ingest(records(0, 5) + records(10, 1 + *version), version);
  EXPECT_EQ(code_of(store->remove({"db@1", "db@4"})), errc::not_found);
  EXPECT_EQ(store->releases()->size(), 3u);
  must_remove({"db@3", "db@1"});
  EXPECT_EQ(store->releases()->at(0).version, "2");
  expect_sound();
}

TEST_F(Removal, LeavesThePagesThatOthersGoBackTo) {
  for (int i = 1; i <= 4; ++i) must_ingest(records(i, 400), std::to_string(i));
  must_remove({"db@1", "db@3"});
  expect_sound();
  EXPECT_EQ(exported("db@2"), records(2, 400));
  EXPECT_EQ(exported("db@4"), records(4, 400));
  must_remove({"db@2", "db@4"});
  EXPECT_EQ(count("releases/"), 0u);
  EXPECT_EQ(count("pages/"), 0u);
}

TEST_F(Removal, CanBeIngestedAgain) {
  must_ingest(records(0, 100), "1");
  must_ingest(records(50, 100), "2");
  must_remove({"db@1"});
  collected();
  must_ingest(records(0, 100), "1");
  EXPECT_EQ(exported("db@1"), records(0, 100));
  EXPECT_EQ(exported("db@2"), records(50, 100));
  expect_sound();
}

TEST_F(Removal, GarbageOfNothingIsNothing) {
  auto empty = collected();
  EXPECT_EQ(empty.chunks, 0u);
  must_ingest(records(0, 100), "1");
  auto before = stats();
  auto report = collected();
  EXPECT_EQ(report.chunks, 0u);
  EXPECT_EQ(report.packs_kept, 1u);
  EXPECT_EQ(stats().pack_bytes, before.pack_bytes);
  expect_sound();
}

TEST_F(Removal, OfAllFreesAllPacks) {
  must_ingest(records(0, 100), "1");
  must_ingest(records(50, 100), "2");
  must_remove({"db@1", "db@2"});
  auto report = collected(100);
  EXPECT_EQ(report.packs_dropped, 2u);
  EXPECT_EQ(report.chunks, 300u);
  for (auto folder : {"packs/", "index/", "pages/", "releases/"}) EXPECT_EQ(count(folder), 0u) << folder;
  EXPECT_EQ(count("snapshots/"), 1u);
  auto now = stats();
  EXPECT_EQ(now.chunks + now.residues + now.sequences + now.headers, 0u);
  expect_sound();
  must_ingest(records(0, 100), "1");
  EXPECT_EQ(exported("db@1"), records(0, 100));
}

// What is left is counted as in a repository that never had more, and takes about the space.
TEST_F(Removal, LeavesWhatOneReleaseNeeds) {
  for (int i = 0; i < 5; ++i) must_ingest(records(40 * i, 1000), std::to_string(i));
  must_remove({"db@0", "db@1", "db@3", "db@4"});
  auto report = collected();
  EXPECT_GT(report.chunks, 0u);
  EXPECT_LT(report.bytes_after, report.bytes_before);
  EXPECT_EQ(exported("db@2"), records(80, 1000));
  expect_sound();
  auto left = stats();
  store = open(small_settings());
  must_ingest(records(80, 1000), "2");
  auto fresh = stats();
  EXPECT_EQ(left.sequences, fresh.sequences);
  EXPECT_EQ(left.residues, fresh.residues);
  EXPECT_EQ(left.headers, fresh.headers);
  EXPECT_EQ(left.chunks, fresh.chunks);
  EXPECT_LT(left.pack_bytes, fresh.pack_bytes * 11 / 10);
}

// Chunks that went leave slots in the index, which are no damage.
TEST_F(Removal, LeavesNothingToRebuild) {
  must_ingest(records(0, 300), "1");
  std::string third;
  for (int i = 0; i < 300; i += 3) third += records(i, 1);
  must_ingest(third, "2");
  must_remove({"db@1"});
  EXPECT_EQ(collected().packs_rewritten, 1u);
  for (bool dry_run : {true, false}) {
    RebuildOptions options;
    options.dry_run = dry_run;
    auto report = store->rebuild(options);
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_EQ(report->rebuilt.size() + report->damages.size() + report->chunks, 0u);
  }
  EXPECT_EQ(exported("db@2"), third);
  expect_sound();
}

// A segment that is lost is made anew beside one that has such slots.
TEST_F(Removal, LeavesAnIndexOfWhichAnyFileCanBeLost) {
  must_ingest(records(0, 300), "1");
  std::string third;
  for (int i = 0; i < 300; i += 3) third += records(i, 1);
  must_ingest(third, "2");
  must_ingest(records(300, 100), "3");
  must_remove({"db@1"});
  collected();
  std::vector<std::string> segments;
  ASSERT_TRUE(objects->list("index/", [&](const ObjectInfo& object) {
    segments.push_back(object.name);
    return true;
  }));
  ASSERT_GT(segments.size(), 1u);
  for (auto& segment : segments) {
    ASSERT_TRUE(objects->remove(segment));
    store = another();
    auto report = store->rebuild();
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_EQ(report->rebuilt.size(), 1u);
    EXPECT_EQ(exported("db@2"), third);
    EXPECT_EQ(exported("db@3"), records(300, 100));
    expect_sound();
  }
}

TEST_F(Removal, ADryRunChangesNothing) {
  must_ingest(records(0, 300), "1");
  must_ingest(records(200, 300), "2");
  must_remove({"db@1"});
  auto before = stats().repository_bytes;
  auto report = store->collect_garbage({0, true, {}});
  ASSERT_TRUE(report);
  EXPECT_EQ(report->chunks, 400u);
  EXPECT_EQ(report->packs_rewritten, 1u);
  EXPECT_LT(report->bytes_after, report->bytes_before);
  EXPECT_EQ(stats().repository_bytes, before);
}

// Below the share that makes it worth while, a pack stays as it is, and all of it can be read.
TEST_F(Removal, PacksWithLittleGarbageStay) {
  must_ingest(records(0, 100), "1");
  must_ingest(records(5, 100), "2");
  must_remove({"db@1"});
  auto report = collected(20);
  EXPECT_EQ(report.packs_kept, 2u);
  EXPECT_EQ(report.chunks, 0u);
  expect_sound();
  must_ingest(records(0, 100), "1"); // finds them again
  EXPECT_EQ(exported("db@1"), records(0, 100));
  expect_sound();
}

TEST_F(Removal, FreesWhatApplicationsRemoved) {
  std::vector<Digest> digests;
  auto put = [&](const std::string& bytes) { digests.push_back(*store->chunks().put(bytes)); };
  put("short");
  put(genome(600'000, 1)); // in parts
  put("other");
  put(genome(600'000, 1) + "!"); // shares most of them
  ASSERT_TRUE(store->chunks().remove(digests[0]));
  ASSERT_TRUE(store->chunks().remove(digests[1]));
  collected();
  EXPECT_FALSE(*store->chunks().contains(digests[0]));
  EXPECT_EQ(code_of(store->chunks().get(digests[1])), errc::not_found);
  EXPECT_EQ(store->chunks().get(digests[2])->view(), "other");
  EXPECT_EQ(store->chunks().get(digests[3])->view(), genome(600'000, 1) + "!");
  EXPECT_EQ(store->chunks().stats()->chunks, 2u);
  expect_sound();
  EXPECT_EQ(*store->chunks().put("short"), digests[0]);
  EXPECT_EQ(store->chunks().get(digests[0])->view(), "short");
  expect_sound();
}

// Genomes stored as differences from those of a release that goes: what they refer to stays.
TEST_F(Removal, KeepsWhatDifferencesReferTo) {
  std::vector<std::string> texts;
  auto bases = genome(700'000, 7);
  std::mt19937 random(3);
  for (int i = 0; i < 6; ++i) {
    for (int n = 0; n < 900; ++n) bases[random() % bases.size()] = "ACGT"[random() % 4];
    texts.push_back(record("contig" + std::to_string(i), bases) + record("short", genome(6'000, 40)) +
                    record("p" + std::to_string(i), genome(5'000, static_cast<unsigned>(100 + i))));
    must_ingest(texts.back(), std::to_string(i));
  }
  must_remove({"db@0", "db@1", "db@3"});
  collected();
  expect_sound();
  for (int i : {2, 4, 5})
    EXPECT_EQ(exported("db@" + std::to_string(i)), texts[static_cast<std::size_t>(i)]);
  must_remove({"db@2", "db@4"});
  collected(30);
  expect_sound();
  EXPECT_EQ(exported("db@5"), texts[5]);
  must_remove({"db@5"});
  collected();
  EXPECT_EQ(count("packs/"), 0u);
}

TEST_F(Removal, RefusesToJudgeWhatCantBeRead) {
  must_ingest(records(0, 300), "1");
  must_ingest(records(200, 300), "2");
  must_remove({"db@1"});
  std::string name;
  ASSERT_TRUE(objects->list("pages/", [&](const ObjectInfo& object) {
    name = object.name;
    return true;
  }));
  auto bytes = std::string(objects->get(name)->view());
  bytes[20] = static_cast<char>(bytes[20] ^ 1);
  ASSERT_TRUE(objects->put(name, bytes));
  auto packs = count("packs/");
  auto report = store->collect_garbage({0, false, {}});
  EXPECT_EQ(code_of(report), errc::damaged);
  EXPECT_NE(report.error().message().find("pages/"), std::string::npos) << report.error().message();
  EXPECT_NE(report.error().message().find("talaria verify"), std::string::npos);
  EXPECT_EQ(count("packs/"), packs);
}

TEST_F(Removal, WrongShareIsRefused) {
  EXPECT_EQ(code_of(store->collect_garbage({-1, false, {}})), errc::invalid_argument);
  EXPECT_EQ(code_of(store->collect_garbage({101, false, {}})), errc::invalid_argument);
}

// Readers in the middle: another program removes and collects while they read.
class RemovalMeanwhile : public Removal {
protected:
  void SetUp() override {
    Removal::SetUp();
    bases = genome(900'000, 5);
    for (int i = 0; i < 3; ++i) {
      bases[static_cast<std::size_t>(1000 * i)] = 'N';
      texts.push_back(records(500 * i, 2000) + record("genome" + std::to_string(i), bases));
      must_ingest(texts.back(), std::to_string(i));
    }
  }

  // Once, after the first call: takes releases out and collects.
  std::function<void()> once(const std::vector<std::string>& releases) {
    return [this, releases, done = false]() mutable {
      if (std::exchange(done, true)) return;
      auto other = another();
      ASSERT_TRUE(other->remove(releases));
      EXPECT_GT(collected(*other).packs_rewritten, 0u);
    };
  }

  std::string bases;
  std::vector<std::string> texts;
};

TEST_F(RemovalMeanwhile, AnExportOfAnotherReleaseGoesOn) {
  for (auto& wanted : {"1", "2"}) {
    auto disturb = once({wanted == std::string("1") ? "db@0" : "db@1"});
    std::string text;
    auto done = store->export_release("db@" + std::string(wanted), [&](std::string_view bytes) {
      text += bytes;
      disturb();
      return Result<void>();
    });
    ASSERT_TRUE(done) << done.error().message();
    EXPECT_TRUE(text == texts[static_cast<std::size_t>(wanted[0] - '0')]);
  }
  expect_sound();
}

TEST_F(RemovalMeanwhile, AnExportOfThatReleaseSaysSo) {
  must_ingest(records(5000, 30'000), "large");
  auto disturb = once({"db@large", "db@0"});
  auto done = store->export_release("db@large", [&](std::string_view) {
    disturb();
    return Result<void>();
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), errc::not_found) << done.error().message();
  EXPECT_NE(done.error().message().find("was removed meanwhile"), std::string::npos)
      << done.error().message();
}

TEST_F(RemovalMeanwhile, AViewFromBeforeFindsRecords) {
  auto reader = another();
  ASSERT_TRUE(reader->get("P10000", "db@0")); // opens the view and its index
  once({"db@0"})();
  auto found = reader->get("P11000");
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->release, "db@2");
  auto gone = reader->get("P10000");
  EXPECT_EQ(code_of(gone), errc::not_found);
  EXPECT_EQ(code_of(reader->get("P11000", "db@0")), errc::not_found);
}

TEST_F(RemovalMeanwhile, AViewFromBeforeFindsSequencesByDigest) {
  std::vector<Digest> digests;
  ASSERT_TRUE(store->chunks().list(true, [&](const ChunkInfo& chunk) {
    digests.push_back(chunk.digest);
    return true;
  }));
  EXPECT_EQ(digests.size(), 3003u);
  auto reader = another();
  ASSERT_TRUE(reader->chunks().contains_batch(digests)); // the view is from before now
  once({"db@0"})();
  std::size_t found = 0;
  for (auto& chunk : reader->chunks().get_batch(digests)) {
    EXPECT_TRUE(chunk || chunk.error().code() == errc::not_found) << chunk.error().message();
    found += chunk.has_value();
  }
  EXPECT_EQ(found, 2502u);
  for (std::size_t i = 0; i < digests.size(); i += 100) {
    auto one = store->chunks().get(digests[i]);
    EXPECT_TRUE(one || one.error().code() == errc::not_found) << one.error().message();
  }
}

// A chunk that is stored anew, so that it has another number, between the look-up and the read.
class StoredAnewMeanwhile : public RemovalMeanwhile {
protected:
  void SetUp() override {
    RemovalMeanwhile::SetUp();
    auto first = *store->chunks().put(bases.substr(0, 5000));
    value = bases.substr(10, 5000);
    chunk = *store->chunks().put(value);
    ASSERT_TRUE(store->deltas().rebase(chunk, DeltaChoice::given(first)));
    ASSERT_TRUE(store->chunks().remove(*store->chunks().put("of no use")));
    auto objects_of_reader = std::make_unique<FailingStore>(*objects);
    auto* disturbed = objects_of_reader.get();
    auto opened = Store::open(std::move(objects_of_reader), small_settings());
    ASSERT_TRUE(opened);
    reader = *std::move(opened);
    ASSERT_TRUE(*reader->chunks().contains(chunk)); // opens the view
    disturbed->before_next_read([&] {
      ASSERT_TRUE(store->deltas().rebase(chunk, DeltaChoice::whole()));
      EXPECT_GT(collected().chunks, 0u);
      disturbed_once = true;
    });
  }

  void TearDown() override {
    EXPECT_TRUE(disturbed_once);
    RemovalMeanwhile::TearDown();
  }

  std::string value;
  Digest chunk;
  std::unique_ptr<Store> reader;
  bool disturbed_once = false;
};

TEST_F(StoredAnewMeanwhile, IsRead) {
  auto read = reader->chunks().get(chunk);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->view(), value);
}

TEST_F(StoredAnewMeanwhile, IsReadInPart) {
  auto read = reader->chunks().get_range(chunk, 100, 50);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->view(), value.substr(100, 50));
}

TEST_F(StoredAnewMeanwhile, IsVerified) {
  auto verified = reader->chunks().verify(chunk);
  EXPECT_TRUE(verified) << verified.error().message();
}

TEST_F(StoredAnewMeanwhile, IsDescribed) {
  auto info = reader->deltas().info(chunk);
  ASSERT_TRUE(info) << info.error().message();
  EXPECT_EQ(info->kind, ChunkKind::whole);
}

TEST_F(RemovalMeanwhile, TheSameProgramKnowsAtOnce) {
  auto record = store->get("P10000", "db@0");
  ASSERT_TRUE(record);
  auto gone = digest_of(record->sequence);
  ASSERT_TRUE(*store->chunks().contains(gone));
  must_remove({"db@0"});
  collected();
  EXPECT_FALSE(*store->chunks().contains(gone));
}

TEST_F(RemovalMeanwhile, AListingHasEachChunkOnce) {
  auto disturb = once({"db@0"});
  std::set<std::string> seen;
  auto listed = store->chunks().list(true, [&](const ChunkInfo& chunk) {
    EXPECT_TRUE(seen.insert(chunk.digest.hex()).second);
    if (seen.size() == 1200) disturb();
    return true;
  });
  ASSERT_TRUE(listed) << listed.error().message();
  EXPECT_GE(seen.size(), 2502u);
}

TEST_F(RemovalMeanwhile, AListingPassesOverWhatWent) {
  must_ingest(records(5000, 2000), "large");
  auto disturb = once({"db@0", "db@large"});
  std::set<std::string> seen;
  auto listed = store->chunks().list(true, [&](const ChunkInfo& chunk) {
    EXPECT_TRUE(seen.insert(chunk.digest.hex()).second);
    disturb();
    return true;
  });
  ASSERT_TRUE(listed) << listed.error().message();
  EXPECT_GE(seen.size(), 2502u);
  EXPECT_LT(seen.size(), 5003u);
}

TEST_F(RemovalMeanwhile, AVerificationReportsNoDamage) {
  auto disturb = once({"db@0"});
  VerifyOptions options;
  options.options.progress = [&](const Progress&) { disturb(); };
  auto verified = store->verify(options);
  ASSERT_TRUE(verified) << verified.error().message();
  for (auto& damage : verified->damages) ADD_FAILURE() << damage.object << ": " << damage.message;
}

// Anything in any order: what is there comes back, and nothing is damaged.
TEST_F(Removal, InAnyOrderKeepsWhatIsThere) {
  for (unsigned seed = 0; seed < 6; ++seed) {
    SetUp();
    std::mt19937 random(seed);
    std::map<std::string, std::string> there;
    std::map<std::string, Digest> chunks;
    auto bases = genome(400'000, seed);
    for (int step = 0; step < 25; ++step) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", step " + std::to_string(step));
      auto name = std::to_string(step);
      switch (random() % 6) {
      case 0:
      case 1: {
        for (int n = 0; n < 300; ++n) bases[random() % bases.size()] = "ACGT"[random() % 4];
        auto text = records(static_cast<int>(random() % 300), 1 + static_cast<int>(random() % 400), 100);
        if (random() % 2 == 0) text += record("g" + name, bases);
        must_ingest(text, name);
        there["db@" + name] = text;
        break;
      }
      case 2:
        if (!there.empty()) {
          auto at = std::next(there.begin(), static_cast<int>(random() % there.size()));
          must_remove({at->first});
          there.erase(at);
        }
        break;
      case 3: {
        auto bytes =
            random() % 3 == 0 ? bases.substr(0, 300'000) : "chunk " + std::to_string(random() % 9);
        chunks[bytes] = *store->chunks().put(bytes);
        break;
      }
      case 4:
        if (!chunks.empty()) {
          auto at = std::next(chunks.begin(), static_cast<int>(random() % chunks.size()));
          ASSERT_TRUE(store->chunks().remove(at->second));
          chunks.erase(at);
        }
        break;
      default:
        collected(static_cast<double>(random() % 4 * 25));
        expect_sound();
        for (auto& [release, text] : there) ASSERT_TRUE(exported(release) == text) << release;
        for (auto& [bytes, digest] : chunks) ASSERT_TRUE(store->chunks().get(digest)->view() == bytes);
      }
    }
    expect_sound();
    for (auto& [release, text] : there) EXPECT_TRUE(exported(release) == text) << release;
    std::vector<std::string> names;
    for (auto& [release, text] : there) names.push_back(release);
    if (!names.empty()) must_remove(names);
    for (auto& [bytes, digest] : chunks) ASSERT_TRUE(store->chunks().remove(digest));
    collected();
    EXPECT_EQ(count("packs/"), 0u);
    auto left = stats();
    EXPECT_EQ(left.chunks + left.residues, 0u);
    EXPECT_EQ(store->chunks().stats()->bytes, 0u);
  }
}

} // namespace
} // namespace talaria
