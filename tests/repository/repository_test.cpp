#include "repository/repository.hpp"

#include "support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace talaria {
namespace {

using std::chrono::milliseconds;

bool mentions(const Error& error, std::string_view words) {
  return error.message().find(words) != std::string::npos;
}

void set_ref(ObjectStore& store, const std::string& value) {
  const auto now = must(store.read_ref("main"));
  ASSERT_TRUE(must(store.compare_and_swap(
      "main", now ? std::optional<std::string_view>(*now) : std::nullopt, value)));
}

// Another store with the same objects but, if wanted, without the ref.
std::unique_ptr<ObjectStore> copy_of(const ObjectStore& store, bool with_ref = true) {
  auto copy = memory_store();
  for (auto& name : names_in(store)) must(copy->put(name, bytes_of(store, name)));
  const auto ref = must(store.read_ref("main"));
  if (with_ref && ref) {
    EXPECT_TRUE(must(copy->compare_and_swap("main", std::nullopt, *ref)));
  }
  return copy;
}

TEST(Repository, IsEmptyWhenItWasMade) {
  TestRepository repository;
  const auto view = must(repository->view());
  EXPECT_TRUE(view->snapshot().generations.empty());
  EXPECT_TRUE(view->snapshot().packs.empty());
  EXPECT_TRUE(view->snapshot().releases.empty());
  EXPECT_TRUE(must(view->index())->segments().empty());
  EXPECT_EQ(code_of(view->release("a", "1")), errc::not_found);
}

TEST(Repository, IsNotMadeTwice) {
  TestRepository repository;
  const auto before = must(repository.store->read_ref("main"));
  EXPECT_EQ(code_of(Repository::create(*repository.store)), errc::exists);
  EXPECT_EQ(must(repository.store->read_ref("main")), before);
}

// A process that died while making it leaves the snapshot and the ref without the marker.
TEST(Repository, ThatWasLeftHalfMadeIsFinished) {
  TestRepository repository;
  must(repository.store->remove("repository"));
  EXPECT_EQ(code_of(Repository::open(*repository.store)), errc::no_repository);
  must(Repository::create(*repository.store));
  EXPECT_TRUE(must(Repository::open(*repository.store))->view());
}

TEST(Repository, OpeningNothingSaysHowToMakeOne) {
  auto store = memory_store();
  const auto opened = Repository::open(*store);
  ASSERT_EQ(code_of(opened), errc::no_repository);
  EXPECT_TRUE(mentions(opened.error(), "talaria init"));
}

TEST(Repository, OfANewerFormatIsNotOpened) {
  auto store = memory_store();
  for (const char* marker : {"talaria-repository 2\n", "talaria-repository 10\n"}) {
    must(store->put("repository", marker));
    const auto opened = Repository::open(*store);
    EXPECT_EQ(code_of(opened), errc::unsupported_input);
    EXPECT_TRUE(mentions(opened.error(), "newer format"));
  }
  for (const char* marker : {"", "x", "talaria-repositorz 1\n"}) {
    must(store->put("repository", marker));
    const auto opened = Repository::open(*store);
    EXPECT_EQ(code_of(opened), errc::damaged);
    EXPECT_TRUE(mentions(opened.error(), "should read"));
  }
}

TEST(Repository, ACommitMovesTheRef) {
  TestRepository repository;
  const auto base = must(repository->view());
  auto next = base->snapshot();
  next.releases.push_back({"a", "1", 0, {}, 0, 0, 0, {}, 0});
  const auto view = must(repository->commit(*base, next));
  EXPECT_EQ(view->snapshot().serial, base->snapshot().serial + 1);
  EXPECT_EQ(view->snapshot().parent, base->digest());
  EXPECT_EQ(must(repository->view())->digest(), view->digest());
  EXPECT_EQ(must(view->release("a", ""))->version, "1");
}

TEST(Repository, ACommitWritesAnObjectForEachNewRelease) {
  TestRepository repository;
  const auto base = must(repository->view());
  auto next = base->snapshot();
  const ReleaseEntry first{"a", "1", 7, digest_of("x"), 8, 9, 10, digest_of("y"), 11};
  next.releases.push_back(first);
  const auto view = must(repository->commit(*base, next));
  const auto name = release_name(digest_of(encode_release(first)));
  EXPECT_EQ(names_in(*repository.store, "releases/"), std::vector{name});
  EXPECT_EQ(bytes_of(*repository.store, name), encode_release(first));
  // What is there is not written again.
  must(repository.store->remove(name));
  next.releases.push_back({"a", "2", 0, {}, 0, 0, 0, {}, 0});
  must(repository->commit(*view, next));
  EXPECT_EQ(names_in(*repository.store, "releases/"),
            std::vector{release_name(digest_of(encode_release(next.releases[1])))});
}

TEST(Repository, PublishNeedsNoViewButTheValueOfTheRef) {
  TestRepository repository;
  set_ref(*repository.store, "garbled");
  auto other = must(Repository::open(*repository.store));
  EXPECT_EQ(must(other->ref_value()), "garbled");
  Snapshot next;
  next.serial = 5;
  EXPECT_EQ(code_of(other->publish(std::nullopt, next)), errc::conflict);
  EXPECT_EQ(must(other->publish("garbled", next))->snapshot().serial, 5u);
  EXPECT_EQ(must(other->view())->snapshot().serial, 5u);
}

// What a damaged snapshot doesn't name may be all that there is.
TEST(Repository, LockingForARebuildExcludesWritersAndRemovesNothing) {
  TestRepository repository;
  must(repository.store->put("packs/" + digest_of("x").hex(), "left over"));
  const auto before = names_in(*repository.store);
  const auto lock = must(repository->lock_for_rebuilding(milliseconds(0)));
  EXPECT_EQ(names_in(*repository.store), before);
  auto other = must(Repository::open(*repository.store));
  EXPECT_EQ(code_of(other->lock_for_writing(milliseconds(0))), errc::locked);
}

TEST(Repository, ACommitOnAnOldViewIsAConflictAndChangesNothing) {
  TestRepository repository;
  const auto base = must(repository->view());
  auto next = base->snapshot();
  next.releases.push_back({"a", "1", 0, {}, 0, 0, 0, {}, 0});
  const auto first = must(repository->commit(*base, next));
  next.releases.back().version = "2";
  EXPECT_EQ(code_of(repository->commit(*base, next)), errc::conflict);
  EXPECT_EQ(must(repository->view())->digest(), first->digest());
  // On the new view it works.
  next = first->snapshot();
  next.releases.push_back({"a", "2", 0, {}, 0, 0, 0, {}, 0});
  must(repository->commit(*first, next));
  EXPECT_EQ(must(must(repository->view())->release("a", ""))->version, "2");
}

TEST(Repository, ViewSeesWhatAnotherOneCommitted) {
  TestRepository repository;
  auto other = must(Repository::open(*repository.store));
  const auto before = must(other->view());
  auto next = before->snapshot();
  next.releases.push_back({"a", "1", 0, {}, 0, 0, 0, {}, 0});
  const auto committed = must(repository->commit(*must(repository->view()), next));
  EXPECT_EQ(must(other->view())->digest(), committed->digest());
  EXPECT_EQ(must(other->view()), must(other->view())) << "an unchanged ref is the same view";
  EXPECT_TRUE(before->snapshot().releases.empty()) << "an open view stays as it is";
}

TEST(Repository, ViewsShareTheSegmentsTheyHaveOpen) {
  TestRepository repository;
  for (int i = 0; i < 2; ++i) {
    TestWriter writer(*repository);
    writer.add(Kind::sequence, protein(100, static_cast<unsigned>(i)));
    must(writer.publish());
  }
  const auto first = must(must(repository->view())->index());
  TestWriter writer(*repository);
  writer.add(Kind::sequence, protein(100, 9));
  must(writer.publish());
  const auto second = must(must(repository->view())->index());
  ASSERT_EQ(second->segments().size(), 3u);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(first->segments()[i], second->segments()[i]);
}

TEST(Repository, TheWriterLockExcludes) {
  TestRepository repository;
  auto other = must(Repository::open(*repository.store));
  auto lock = must(repository->lock_for_writing(milliseconds(0)));
  EXPECT_EQ(code_of(other->lock_for_writing(milliseconds(0))), errc::locked);
  EXPECT_EQ(code_of(other->lock_for_writing(milliseconds(20))), errc::locked);
  lock.reset();
  EXPECT_TRUE(other->lock_for_writing(milliseconds(0)));
}

TEST(Repository, LockingSweepsWhatNoSnapshotNamesAndNothingElse) {
  TestRepository repository;
  for (unsigned i = 0; i < 3; ++i) {
    TestWriter writer(*repository);
    writer.add(Kind::sequence, protein(100, i));
    auto pages = must(PageFileWriter::create(*repository.store));
    must(pages->add({pages->generation(writer.generations[writer.own]), 0}, {0, 0}, {}));
    const auto info = must(pages->finish());
    writer.commit.add_pages(info);
    must(writer.publish(ReleaseEntry{"a", std::to_string(i), 0, {}, 0, 0, 0, info.digest, info.size}));
  }
  must(repository->lock_for_writing(milliseconds(0)));
  const auto live = names_in(*repository.store);
  const auto& snapshot = must(repository->view())->snapshot();
  // Marker, packs, segments, pages, release objects, and the snapshot with its parent.
  EXPECT_EQ(live.size(),
            1 + snapshot.packs.size() + snapshot.segments.size() + 2 * snapshot.releases.size() + 2);

  for (const char* folder : {"packs/", "index/", "pages/", "releases/", "snapshots/"})
    must(repository.store->put(folder + digest_of(folder).hex(), "left over"));
  must(repository.store->put("notes/of-the-user", "not ours"));
  must(repository->lock_for_writing(milliseconds(0)));
  auto expected = live;
  expected.push_back("notes/of-the-user");
  std::sort(expected.begin(), expected.end());
  auto now = names_in(*repository.store);
  std::sort(now.begin(), now.end());
  EXPECT_EQ(now, expected);
  for (unsigned i = 0; i < 3; ++i)
    EXPECT_EQ(must(stored_value(*repository, Kind::sequence, key_of(protein(100, i)))), protein(100, i));
}

class OldView : public testing::Test {
protected:
  // A commit of another process, as often as asked.
  void commit(unsigned times) {
    auto writer = must(Repository::open(*repository.store));
    for (; times > 0; --times) {
      const auto lock = must(writer->lock_for_writing(milliseconds(0)));
      TestWriter files(*writer);
      files.add(Kind::sequence, protein(100, next++));
      must(files.publish());
    }
  }
  void expect_all(const DigestIndex& index, unsigned count) {
    DirectBlockSource source(*repository.store, index.registry());
    for (unsigned i = 0; i < count; ++i) {
      const auto number = must(index.find(Kind::sequence, key_of(protein(100, i))));
      ASSERT_EQ(number, (Number{i, 0}));
      EXPECT_EQ(must(read_value(index, source, Kind::sequence, *number, UINT64_MAX)), protein(100, i));
    }
  }
  TestRepository repository;
  unsigned next = 0;
};

// The fourth commit merges the segments of the first three.
TEST_F(OldView, OfTheParentReadsTheSegmentThatReplacedItsOwn) {
  commit(3);
  const auto view = must(repository->view());
  commit(1);
  const auto now = must(must(Repository::open(*repository.store))->view());
  ASSERT_EQ(now->snapshot().segments.size(), 1u);
  for (auto& segment : view->snapshot().segments)
    EXPECT_EQ(code_of(repository.store->stat(segment_name(segment.digest))), errc::not_found);
  const auto index = must(view->index());
  EXPECT_EQ(index->segments().size(), 1u);
  expect_all(*index, 3);
}

TEST_F(OldView, WhoseSegmentsAreGoneReadsThoseOfANewerOne) {
  commit(3);
  const auto view = must(repository->view());
  for (unsigned more : {2u, 1u, 20u}) {
    commit(more);
    const auto old = must(Repository::open(*repository.store));
    expect_all(*must(must(old->view())->index()), next);
  }
  for (auto& segment : view->snapshot().segments)
    EXPECT_EQ(code_of(repository.store->stat(segment_name(segment.digest))), errc::not_found);
  expect_all(*must(view->index()), 3);
  EXPECT_EQ(must(view->index()), must(view->index()));
}

TEST_F(OldView, WithAnOpenIndexNeedsNothingAnew) {
  commit(3);
  const auto index = must(must(repository->view())->index());
  commit(10);
  expect_all(*index, 3);
  expect_all(*must(must(repository->view())->index()), 13);
}

// Each in a process of its own, as it were: nothing is shared but the store.
TEST_F(OldView, AnyNumberOfThemReadOnWhileSegmentsAreMerged) {
  commit(1);
  std::atomic<unsigned> committed = 1;
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      while (!done) {
        const auto own = must(Repository::open(*repository.store));
        const unsigned count = committed;
        const auto view = must(own->view());
        std::this_thread::yield();
        expect_all(*must(view->index()), count);
      }
    });
  for (; committed < 60; ++committed) commit(1);
  done = true;
  for (auto& reader : readers) reader.join();
}

// Only that the ref has moved excuses a missing segment.
TEST_F(OldView, OfACurrentRefIsDamagedWithoutASegment) {
  commit(2);
  const auto view = must(repository->view());
  must(repository.store->remove(segment_name(view->snapshot().segments[0].digest)));
  EXPECT_EQ(code_of(view->index()), errc::damaged);
  commit(0);
  EXPECT_EQ(code_of(view->index()), errc::damaged);
}

TEST(Repository, ADamagedParentDoesNotKeepWritersOut) {
  TestRepository repository;
  for (unsigned i = 0; i < 2; ++i) {
    TestWriter writer(*repository);
    writer.add(Kind::sequence, protein(100, i));
    must(writer.publish());
  }
  const auto parent = snapshot_name(must(repository->view())->snapshot().parent);
  must(repository.store->put(parent, "damaged"));
  must(repository->lock_for_writing(milliseconds(0)));
  must(repository.store->remove(parent));
  must(repository->lock_for_writing(milliseconds(0)));
  for (unsigned i = 0; i < 2; ++i)
    EXPECT_EQ(must(stored_value(*repository, Kind::sequence, key_of(protein(100, i)))), protein(100, i));
}

// Sweeping by a view that can't be read would take everything for left over.
TEST(Repository, LockingSweepsNothingIfTheSnapshotIsDamaged) {
  TestRepository repository;
  TestWriter writer(*repository);
  writer.add(Kind::sequence, protein(100, 1));
  must(writer.publish());
  set_ref(*repository.store, "talaria-ref 1\n" + digest_of("nothing").hex() + "\n");
  auto other = must(Repository::open(*repository.store));
  const auto before = names_in(*repository.store);
  EXPECT_EQ(code_of(other->lock_for_writing(milliseconds(0))), errc::damaged);
  EXPECT_EQ(names_in(*repository.store), before);
}

TEST(Repository, AMissingRefIsDamageWithAdvice) {
  TestRepository repository;
  auto store = copy_of(*repository.store, false);
  const auto view = must(Repository::open(*store))->view();
  ASSERT_EQ(code_of(view), errc::damaged);
  EXPECT_TRUE(mentions(view.error(), "missing: `talaria rebuild` makes it anew"));
}

TEST(Repository, AGarbledRefIsDamageWithAdvice) {
  TestRepository repository;
  const auto good = *must(repository.store->read_ref("main"));
  for (const auto& bad : {std::string("x"), std::string(), good.substr(1), good + "\n",
                          good.substr(0, good.size() - 1), "talaria-ref 2" + good.substr(13)}) {
    set_ref(*repository.store, bad);
    const auto view = must(Repository::open(*repository.store))->view();
    ASSERT_EQ(code_of(view), errc::damaged) << bad;
    EXPECT_TRUE(mentions(view.error(), "malformed: `talaria rebuild` makes it anew"))
        << view.error().message();
  }
}

TEST(Repository, AMissingOrGarbledSnapshotIsDamageWithItsName) {
  TestRepository repository;
  TestWriter writer(*repository);
  writer.add(Kind::sequence, protein(100, 1));
  const auto committed = must(writer.publish());
  const auto name = snapshot_name(committed->digest());
  const auto good = bytes_of(*repository.store, name);
  for (auto bytes : {good.substr(1), good + "x", std::string(), std::string("TALSNAP1")}) {
    must(repository.store->put(name, bytes));
    const auto view = must(Repository::open(*repository.store))->view();
    ASSERT_EQ(code_of(view), errc::damaged);
    EXPECT_TRUE(mentions(view.error(), name)) << view.error().message();
    EXPECT_TRUE(mentions(view.error(), "`talaria rebuild` makes it anew")) << view.error().message();
  }
  must(repository.store->remove(name));
  const auto view = must(Repository::open(*repository.store))->view();
  ASSERT_EQ(code_of(view), errc::damaged);
  EXPECT_TRUE(mentions(view.error(), name)) << view.error().message();
}

// What the snapshot names must be there; "not found" would speak of what the user asked for.
TEST(Repository, MissingFilesAreDamageWithTheirNames) {
  TestRepository repository;
  TestWriter writer(*repository);
  writer.add(Kind::sequence, protein(100, 1));
  auto pages = must(PageFileWriter::create(*repository.store));
  const auto info = must(pages->finish());
  writer.commit.add_pages(info);
  must(writer.publish(ReleaseEntry{"a", "1", 0, {}, 0, 0, 0, info.digest, info.size}));
  for (const char* folder : {"packs/", "index/", "pages/"}) {
    auto store = copy_of(*repository.store);
    const auto name = names_in(*store, folder).at(0);
    must(store->remove(name));
    auto opened = must(Repository::open(*store));
    const auto view = must(opened->view());
    const auto read = [&]() -> Result<void> {
      auto index = view->index();
      if (!index) return tl::unexpected<Error>(index.error());
      if (auto file = view->pages(*must(view->release("a", ""))); !file)
        return tl::unexpected<Error>(file.error());
      return stored_value(*opened, Kind::sequence, key_of(protein(100, 1))).map([](const auto&) {});
    }();
    EXPECT_EQ(code_of(read), errc::damaged) << folder;
    EXPECT_NE(message_of(read).find(name + " is missing"), std::string::npos) << message_of(read);
  }
}

TEST(View, FindsTheLatestReleaseOfAName) {
  TestRepository repository;
  const auto base = must(repository->view());
  auto next = base->snapshot();
  for (const char* version : {"1", "3", "2"})
    next.releases.push_back({"a", version, 0, {}, 0, 0, 0, {}, 0});
  next.releases.push_back({"b", "9", 0, {}, 0, 0, 0, {}, 0});
  const auto view = must(repository->commit(*base, next));
  EXPECT_EQ(must(view->release("a", ""))->version, "2");
  EXPECT_EQ(must(view->release("a", "3"))->version, "3");
  const auto no_version = view->release("a", "4");
  ASSERT_EQ(code_of(no_version), errc::not_found);
  EXPECT_TRUE(mentions(no_version.error(), "talaria releases a"));
  const auto no_name = view->release("c", "");
  ASSERT_EQ(code_of(no_name), errc::not_found);
  EXPECT_TRUE(mentions(no_name.error(), "no database"));
}

} // namespace
} // namespace talaria
