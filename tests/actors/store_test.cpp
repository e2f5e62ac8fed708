#include "tests/actors/fixture.hpp"

#include <atomic>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace talaria {
namespace {

using StoreTest = StoreFixture;

TEST_F(StoreTest, GivesBackWhatWasIngestedByteForByte) {
  auto text = records(0, 500);
  auto report = ingest(text, "db", "1");
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->release.records, 500u);
  EXPECT_EQ(report->release.residues, 500u * 300u);
  EXPECT_EQ(report->release.bytes, text.size());
  EXPECT_EQ(report->release.digest, digest_of(text));
  EXPECT_EQ(report->new_sequences, 500u);
  EXPECT_EQ(exported("db@1"), text);
}

TEST_F(StoreTest, KeepsEveryOddityOfTheLayout) {
  std::string text = "\n; a comment\n>a  two  spaces\tand a "
                     "tab\r\nacgtACGT\r\nAC\r\n\n>b\nAC-GT*\n\n\n>empty\n>c\nACGT ACGT\nA";
  ASSERT_TRUE(ingest(text, "db", "1"));
  EXPECT_EQ(exported("db"), text);
}

TEST_F(StoreTest, KeepsRecordsLongerThanItsMemory) {
  store = open(small_settings());
  std::string text = ">chromosome one\n";
  for (int i = 0; i < 5 * 1024 * 1024; ++i) {
    text += "ACGTacgtN"[(i / 7919 + i) % 9];
    if (i % 70 == 69) text += '\n';
  }
  text += "\n>single line\n" + std::string(3 << 20, 'A') + "\n>short\nACGT\n";
  ASSERT_TRUE(ingest(text, "genome", "1"));
  EXPECT_EQ(exported("genome"), text);
  auto verified = store->verify();
  ASSERT_TRUE(verified);
  EXPECT_TRUE(verified->damages.empty());
}

TEST_F(StoreTest, StoresEachSequenceOnceWhateverItsHeaderAndRelease) {
  ASSERT_TRUE(ingest(records(0, 200), "db", "1"));
  auto text = records(0, 100) + ">other header\n" + records(5, 1).substr(records(5, 1).find('\n') + 1) +
              records(300, 1);
  auto second = ingest(text, "another/db", "x");
  ASSERT_TRUE(second);
  EXPECT_EQ(second->new_sequences, 1u);
  EXPECT_EQ(exported("another/db"), text);
  EXPECT_EQ(store->stats()->sequences, 201u);
}

TEST_F(StoreTest, TheSameContentAgainCostsAlmostNothing) {
  auto text = records(0, 2000);
  ASSERT_TRUE(ingest(text, "db", "1"));
  auto before = store->stats()->repository_bytes;
  auto second = ingest(text, "db", "2");
  ASSERT_TRUE(second);
  EXPECT_EQ(second->new_sequences, 0u);
  EXPECT_LT(store->stats()->repository_bytes - before, before / 100);
  EXPECT_EQ(exported("db@2"), text);
}

TEST_F(StoreTest, ReleasesComeBackWhateverTheBoundOfTheirChains) {
  for (const unsigned chain : {0u, 1u, 3u, 64u}) {
    auto settings = small_settings();
    settings.page_chain = chain;
    store = open(settings);
    for (int i = 0; i < 12; ++i) {
      ASSERT_TRUE(ingest(records(5 * i, 400, 60), "db", std::to_string(i)));
      ASSERT_TRUE(ingest(records(5 * i + 100, 400, 60), "other", std::to_string(i)));
    }
    for (int i = 0; i < 12; ++i) {
      EXPECT_EQ(exported("db@" + std::to_string(i)), records(5 * i, 400, 60));
      EXPECT_EQ(exported("other@" + std::to_string(i)), records(5 * i + 100, 400, 60));
    }
    EXPECT_EQ(store->get("P10399", "db@0")->release, "db@0");
    auto report = store->verify();
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->damages.empty());
  }
}

// The page file of the first release is what all later ones go back to.
TEST_F(StoreTest, DamageInAPageFileHitsTheReleasesThatGoBackToIt) {
  auto memory = memory_store();
  auto& objects = *memory;
  ASSERT_TRUE(Store::init(objects));
  store = *Store::open(std::move(memory), Settings{});
  std::string first;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(ingest(records(5 * i, 1000), "db", std::to_string(i)));
    if (i == 0) {
      ASSERT_TRUE(objects.list("pages/", [&](const ObjectInfo& object) {
        first = object.name;
        return true;
      }));
    }
  }
  ASSERT_TRUE(ingest(records(50'000, 10), "alone", "1"));
  const std::string sound(objects.get(first)->view());
  auto damaged = sound;
  damaged[20] ^= 1;
  ASSERT_TRUE(objects.put(first, damaged));
  for (const bool quick : {false, true}) {
    VerifyOptions options;
    options.quick = quick;
    auto report = store->verify(options);
    ASSERT_TRUE(report);
    ASSERT_EQ(report->damages.size(), 1u);
    EXPECT_EQ(report->damages[0].object, first);
    EXPECT_EQ(report->damages[0].releases, (std::vector<std::string>{"db@0", "db@1", "db@2", "db@3"}));
  }
  auto refused = store->export_release("db@3", [](std::string_view) -> Result<void> { return {}; });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::damaged);
  EXPECT_NE(refused.error().message().find(first), std::string::npos);

  // A new release needs none of what can't be read.
  ASSERT_TRUE(ingest(records(20, 1000), "db", "4"));
  EXPECT_EQ(exported("db@4"), records(20, 1000));
  ASSERT_TRUE(objects.put(first, sound));
  EXPECT_EQ(exported("db@3"), records(15, 1000));
}

TEST_F(StoreTest, AReleaseThatExistsIsNeverChanged) {
  auto text = records(0, 50);
  ASSERT_TRUE(ingest(text, "db", "1"));
  auto again = ingest(text, "db", "1");
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->unchanged);
  auto other = ingest(records(1, 50), "db", "1");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), errc::exists);
  EXPECT_EQ(exported("db@1"), text);
  EXPECT_EQ(store->releases()->size(), 1u);
}

TEST_F(StoreTest, RefusesWhatIsNotFastaAndStoresNothingOfIt) {
  auto before = store->stats()->repository_bytes;
  for (std::string text : {"@read\nACGT\n+\nIIII\n", "", "\n\n", "no fasta at all\n"}) {
    auto path = file(text);
    auto refused = store->ingest({path, "db", "1", {}});
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code(), errc::unsupported_input) << text;
    auto& message = refused.error().message();
    EXPECT_EQ(message.find(path), 0u) << message;
    EXPECT_EQ(message.rfind(path), 0u) << message << " names the file twice";
  }
  auto binary = ingest(records(0, 3000) + std::string(">x\nAC\0GT\n", 9), "db", "1");
  ASSERT_FALSE(binary);
  EXPECT_EQ(binary.error().code(), errc::unsupported_input);
  EXPECT_EQ(store->stats()->repository_bytes, before);
  EXPECT_TRUE(store->releases()->empty());
}

TEST_F(StoreTest, RefusesNamesThatAreNone) {
  for (auto& [name, version] : std::vector<std::pair<std::string, std::string>>{
           {"", "1"}, {"a b", "1"}, {"a/", "1"}, {"/a", "1"}, {"a", ""}, {"a", "1@2"}, {"../a", "x y"}})
    EXPECT_EQ(ingest(records(0, 1), name, version).error().code(), errc::invalid_argument)
        << name << "@" << version;
}

TEST_F(StoreTest, FindsRecordsByAccessionAndSequencesByDigest) {
  ASSERT_TRUE(ingest(records(0, 300), "db", "1"));
  auto changed = records(0, 300);
  changed.replace(changed.find("protein 7\n"), 9, "renamed 7");
  ASSERT_TRUE(ingest(changed, "db", "2"));

  auto newest = store->get("P10007");
  ASSERT_TRUE(newest) << newest.error().message();
  EXPECT_EQ(newest->release, "db@2");
  EXPECT_EQ(newest->header, "sp|P10007|NAME_7 renamed 7");
  EXPECT_EQ(newest->text,
            ">" + newest->header + "\n" + records(7, 1).substr(records(7, 1).find('\n') + 1));

  auto oldest = store->get("sp|P10007|NAME_7", "db@1");
  ASSERT_TRUE(oldest);
  EXPECT_EQ(oldest->header, "sp|P10007|NAME_7 protein 7");

  auto by_digest = store->get(digest_of(newest->sequence).hex());
  ASSERT_TRUE(by_digest);
  EXPECT_EQ(by_digest->sequence, newest->sequence);
  auto in_release = store->get(digest_of(newest->sequence).hex(), "db@1");
  ASSERT_TRUE(in_release);
  EXPECT_EQ(in_release->header, oldest->header);

  EXPECT_EQ(store->get("P99999").error().code(), errc::not_found);
  EXPECT_EQ(store->get("P10007", "db@3").error().code(), errc::not_found);
  EXPECT_EQ(store->get(std::string(64, 'a')).error().code(), errc::not_found);
}

TEST_F(StoreTest, ListsReleasesInTheOrderOfTheirCommitsAndTheLatestIsTheDefault) {
  ASSERT_TRUE(ingest(records(0, 10), "b", "2026_01"));
  ASSERT_TRUE(ingest(records(0, 11), "a", "1"));
  ASSERT_TRUE(ingest(records(0, 12), "b", "2026_02"));
  auto all = store->releases();
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ((*all)[2].version, "2026_02");
  EXPECT_EQ(store->releases("b")->size(), 2u);
  EXPECT_EQ(store->releases("c").error().code(), errc::not_found);
  EXPECT_EQ(exported("b"), records(0, 12));
}

TEST_F(StoreTest, ACancelledIngestLeavesNothing) {
  auto before = store->stats()->repository_bytes;
  IngestRequest request{file(records(0, 20000)), "db", "1", {}};
  request.options.cancel = std::make_shared<std::atomic<bool>>(false);
  request.options.progress = [cancel = request.options.cancel](const Progress& p) {
    if (p.what == "storing") cancel->store(true);
  };
  auto report = store->ingest(request);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), errc::cancelled);
  EXPECT_EQ(store->stats()->repository_bytes, before);
  EXPECT_TRUE(ingest(records(0, 100), "db", "1"));
}

TEST_F(StoreTest, AnIngestFromASilentPipeCanBeCancelled) {
  auto pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  OperationOptions options;
  options.cancel = std::make_shared<std::atomic<bool>>(false);
  std::thread canceller([cancel = options.cancel] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    cancel->store(true);
  });
  auto nobody_writes = store->ingest({pipe, "db", "1", options});
  canceller.join();
  ASSERT_FALSE(nobody_writes);
  EXPECT_EQ(nobody_writes.error().code(), errc::cancelled);

  options.cancel->store(false);
  const int writer = ::open(pipe.c_str(), O_RDWR);
  ASSERT_GE(writer, 0);
  auto text = records(0, 5000);
  ASSERT_EQ(::write(writer, text.data(), 60000), 60000);
  canceller = std::thread([cancel = options.cancel] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    cancel->store(true);
  });
  auto falls_silent = store->ingest({pipe, "db", "1", options});
  canceller.join();
  ::close(writer);
  ASSERT_FALSE(falls_silent);
  EXPECT_EQ(falls_silent.error().code(), errc::cancelled);
  EXPECT_EQ(store->releases()->size(), 0u);
}

TEST_F(StoreTest, AnIngestReadsWhatItDrawsOnAndIsRefusedIfThatIsDamaged) {
  auto memory = memory_store();
  auto& objects = *memory;
  ASSERT_TRUE(Store::init(objects));
  store = *Store::open(std::move(memory), Settings{});
  ASSERT_TRUE(ingest(records(0, 1000), "db", "1"));
  std::string pack;
  ASSERT_TRUE(objects.list("packs/", [&](const ObjectInfo& object) {
    pack = object.name;
    return true;
  }));
  auto sound = objects.get(pack);
  std::string damaged(sound->view());
  damaged[damaged.size() / 4] ^= 1;
  ASSERT_TRUE(objects.put(pack, damaged));
  auto refused = ingest(records(500, 1000), "db", "2");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::damaged);
  EXPECT_NE(refused.error().message().find(pack), std::string::npos) << refused.error().message();
  EXPECT_EQ(store->releases()->size(), 1u);

  ASSERT_TRUE(objects.put(pack, sound->view()));
  ASSERT_TRUE(ingest(records(500, 1000), "db", "2"));
  EXPECT_EQ(exported("db"), records(500, 1000));
}

// Among them blocks of headers, which are read ahead.
TEST_F(StoreTest, AnIngestIsRefusedWhereverThatIsDamaged) {
  auto memory = memory_store();
  auto& objects = *memory;
  ASSERT_TRUE(Store::init(objects));
  auto settings = small_settings();
  store = *Store::open(std::move(memory), settings);
  ASSERT_TRUE(ingest(records(0, 30'000, 10), "db", "1"));
  std::string pack;
  ASSERT_TRUE(objects.list("packs/", [&](const ObjectInfo& object) {
    pack = object.name;
    return true;
  }));
  const std::string sound(objects.get(pack)->view());
  for (std::size_t part = 1; part < 10; ++part) {
    auto damaged = sound;
    damaged[damaged.size() / 10 * part] ^= 1;
    ASSERT_TRUE(objects.put(pack, damaged));
    auto refused = ingest(records(1, 30'000, 10), "db", "2");
    ASSERT_FALSE(refused) << part;
    EXPECT_EQ(refused.error().code(), errc::damaged) << part;
    EXPECT_NE(refused.error().message().find(pack), std::string::npos) << refused.error().message();
  }
  ASSERT_TRUE(objects.put(pack, sound));
  ASSERT_TRUE(ingest(records(1, 30'000, 10), "db", "2"));
  EXPECT_EQ(exported("db"), records(1, 30'000, 10));
}

TEST_F(StoreTest, KnownHeadersAreFoundHoweverSmallTheCache) {
  for (uint64_t cache : {uint64_t{1} << 10, uint64_t{64} << 20}) {
    auto settings = small_settings();
    settings.cache = cache;
    store = open(settings);
    ASSERT_TRUE(ingest(records(0, 30'000, 10), "db", "1"));
    auto stored = ingest(records(1, 30'000, 10), "db", "2");
    ASSERT_TRUE(stored) << stored.error().message();
    EXPECT_EQ(store->stats()->headers, 30'001u);
    EXPECT_EQ(exported("db@2"), records(1, 30'000, 10));
  }
}

TEST_F(StoreTest, AnErrorOfTheSinkEndsTheExport) {
  ASSERT_TRUE(ingest(records(0, 20000), "db", "1"));
  int calls = 0;
  auto done = store->export_release("db", [&](std::string_view) -> Result<void> {
    return ++calls < 2 ? Result<void>{} : failure(errc::no_space, "the test's disk is full");
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), errc::no_space);
  EXPECT_EQ(exported("db").size(), records(0, 20000).size());
}

TEST_F(StoreTest, ServesSeveralThreadsAtOnce) {
  store = open(small_settings());
  auto text = records(0, 3000);
  ASSERT_TRUE(ingest(text, "db", "1"));
  std::vector<std::thread> threads;
  std::atomic<int> failures = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        auto record = store->get("P" + std::to_string(10000 + (i * 61 + t * 7) % 3000));
        if (!record || record->sequence.size() != 300) ++failures;
      }
    });
  threads.emplace_back([&] {
    if (exported("db") != text) ++failures;
  });
  threads.emplace_back([&] {
    if (!ingest(records(100, 3000), "db", "2")) ++failures;
  });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(exported("db@2"), records(100, 3000));
}

TEST_F(StoreTest, ManySmallRunsGiveTheSameRelease) {
  auto settings = small_settings();
  store = open(settings);
  // More than the run of a small memory setting holds at once.
  std::string text;
  for (int i = 0; i < 9; ++i) text += records(i * 20000, 20000, 330);
  ASSERT_TRUE(ingest(text, "db", "1"));
  EXPECT_GT(store->stats()->index_segments, 1u);
  EXPECT_EQ(digest_of(exported("db")), digest_of(text));
}

class RebuiltStore : public StoreFixture {
protected:
  // A repository in a folder, so that files can be taken from a store that is open.
  void SetUp() override {
    ASSERT_TRUE(Store::init(path()));
    store = *Store::open(path(), small_settings());
    text = records(0, 500) + ">accession " + std::string(400'000, 'x') + "\nACGT\n>long\n" +
           records(7, 1, 400'000).substr(60);
    ASSERT_TRUE(ingest(text, "db", "1"));
  }

  std::string path() { return folder / "repo"; }
  void lose(const std::string& name) { std::filesystem::remove_all(folder / ("repo/" + name)); }

  void expect_whole() {
    auto verified = store->verify();
    ASSERT_TRUE(verified) << verified.error().message();
    for (auto& damage : verified->damages) ADD_FAILURE() << damage.object << ": " << damage.message;
    EXPECT_EQ(exported("db"), text);
    auto record = store->get("accession");
    ASSERT_TRUE(record) << record.error().message();
    EXPECT_EQ(record->sequence, "ACGT");
  }

  std::string text;
};

TEST_F(RebuiltStore, IsWholeAgainWithoutBeingOpenedAgain) {
  for (const char* name : {"index", "releases", "snapshots"}) {
    lose(name);
    auto report = store->rebuild();
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_FALSE(report->rebuilt.empty()) << name;
    EXPECT_TRUE(report->damages.empty());
    expect_whole();
  }
  // All of them, and for a store that has seen nothing yet.
  for (const char* name : {"index", "snapshots", "refs"}) lose(name);
  store = *Store::open(path(), small_settings());
  auto would = store->rebuild({true, {}});
  ASSERT_TRUE(would);
  EXPECT_GT(would->chunks, 1000u);
  EXPECT_FALSE(store->releases());
  auto report = store->rebuild();
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->releases, 1u);
  EXPECT_EQ(report->chunks, would->chunks);
  expect_whole();
}

TEST_F(RebuiltStore, ThatIsCancelledIsAsItWas) {
  lose("index");
  auto cancel = std::make_shared<std::atomic<bool>>(true);
  auto report = store->rebuild({false, {{}, cancel}});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), errc::cancelled);
  EXPECT_TRUE(!std::filesystem::exists(folder / "repo/index") ||
              std::filesystem::is_empty(folder / "repo/index"));
  ASSERT_TRUE(store->rebuild());
  expect_whole();
}

TEST_F(RebuiltStore, TellsHowFarItIs) {
  lose("index");
  uint64_t done = 0;
  uint64_t total = 0;
  auto report = store->rebuild({false,
                                {[&](const Progress& progress) {
                                   EXPECT_EQ(progress.what, "rebuilding");
                                   EXPECT_GE(progress.done, done);
                                   done = progress.done;
                                   total = progress.total;
                                 },
                                 {}}});
  ASSERT_TRUE(report);
  EXPECT_GT(total, 0u);
  EXPECT_EQ(done, total);
}

TEST(StoreOpening, SaysWhatIsMissing) {
  EXPECT_EQ(Store::open(memory_store()).error().code(), errc::no_repository);
  Settings settings;
  settings.level = 99;
  auto objects = memory_store();
  ASSERT_TRUE(Store::init(*objects));
  EXPECT_EQ(Store::init(*objects).error().code(), errc::exists);
  EXPECT_EQ(Store::open(std::move(objects), settings).error().code(), errc::invalid_argument);
}

} // namespace
} // namespace talaria
