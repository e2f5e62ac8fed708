#include "cache/lru.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <list>
#include <memory>
#include <optional>
#include <string>

namespace talaria {
namespace {

using Cache = LruCache<int, std::string>;

TEST(LruCache, GivesBackWhatWasPut) {
  Cache cache(100);
  cache.put(1, "one", 10);
  cache.put(2, "two", 20);
  EXPECT_EQ(cache.get(1), "one");
  EXPECT_EQ(cache.get(2), "two");
  EXPECT_EQ(cache.get(3), std::nullopt);
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_EQ(cache.bytes(), 30u);
  EXPECT_EQ(cache.capacity(), 100u);
}

TEST(LruCache, CountsHitsMissesAndEvictions) {
  Cache cache(10);
  cache.get(1);
  cache.put(1, "one", 10);
  cache.get(1);
  cache.get(1);
  cache.put(2, "two", 10);
  cache.get(1);
  EXPECT_EQ(cache.counts().hits, 2u);
  EXPECT_EQ(cache.counts().misses, 2u);
  EXPECT_EQ(cache.counts().evictions, 1u);
}

TEST(LruCache, ForgetsWhatWasUsedLeastRecently) {
  Cache cache(30);
  for (int key : {1, 2, 3}) cache.put(key, "x", 10);
  cache.get(1);
  cache.put(4, "x", 10);
  EXPECT_FALSE(cache.get(2));
  EXPECT_TRUE(cache.get(1));
  cache.put(5, "x", 20);
  EXPECT_FALSE(cache.get(3));
  EXPECT_FALSE(cache.get(4));
  EXPECT_TRUE(cache.get(1));
  EXPECT_TRUE(cache.get(5));
  EXPECT_EQ(cache.counts().evictions, 3u);
}

TEST(LruCache, AReplacedValueCountsOnce) {
  Cache cache(30);
  cache.put(1, "old", 20);
  cache.put(1, "new", 30);
  EXPECT_EQ(cache.get(1), "new");
  EXPECT_EQ(cache.bytes(), 30u);
  EXPECT_EQ(cache.size(), 1u);
  EXPECT_EQ(cache.counts().evictions, 0u) << "replacing isn't forgetting";
}

TEST(LruCache, DoesNotKeepWhatIsHeavierThanItself) {
  Cache cache(30);
  cache.put(1, "one", 10);
  cache.put(2, "huge", 31);
  EXPECT_FALSE(cache.get(2));
  EXPECT_TRUE(cache.get(1)) << "nor drops anything for it";
  cache.put(1, "huge", 31);
  EXPECT_FALSE(cache.get(1)) << "nor gives out the old value";
  EXPECT_EQ(cache.bytes(), 0u);
  cache.put(3, "fits", 30);
  EXPECT_TRUE(cache.get(3));
}

TEST(LruCache, OfNoCapacityKeepsOnlyWhatWeighsNothing) {
  Cache cache(0);
  cache.put(1, "one", 1);
  cache.put(2, "two", 0);
  EXPECT_FALSE(cache.get(1));
  EXPECT_TRUE(cache.get(2));
}

TEST(LruCache, ErasesAndClears) {
  Cache cache(100);
  cache.put(1, "one", 10);
  cache.put(2, "two", 20);
  cache.erase(1);
  cache.erase(7);
  EXPECT_FALSE(cache.get(1));
  EXPECT_EQ(cache.bytes(), 20u);
  cache.clear();
  EXPECT_EQ(cache.size(), 0u);
  EXPECT_EQ(cache.bytes(), 0u);
  cache.put(3, "three", 100);
  EXPECT_TRUE(cache.get(3));
}

TEST(LruCache, LetsGoOfWhatItForgets) {
  LruCache<int, std::shared_ptr<int>> cache(10);
  auto value = std::make_shared<int>(1);
  cache.put(1, value, 10);
  EXPECT_EQ(value.use_count(), 2);
  cache.put(2, nullptr, 10);
  EXPECT_EQ(value.use_count(), 1);
}

// The plainest cache: a list searched from its beginning.
class Model {
public:
  explicit Model(std::size_t capacity) : capacity_(capacity) {}

  std::optional<std::string> get(int key) {
    const auto at = find(key);
    if (at == entries_.end()) return std::nullopt;
    entries_.splice(entries_.begin(), entries_, at);
    return entries_.front().value;
  }
  void put(int key, std::string value, std::size_t bytes) {
    erase(key);
    if (bytes > capacity_) return;
    entries_.push_front({key, std::move(value), bytes});
    while (this->bytes() > capacity_) entries_.pop_back();
  }
  void erase(int key) {
    if (const auto at = find(key); at != entries_.end()) entries_.erase(at);
  }
  std::size_t size() const { return entries_.size(); }
  std::size_t bytes() const {
    std::size_t total = 0;
    for (auto& entry : entries_) total += entry.bytes;
    return total;
  }

private:
  struct Entry {
    int key;
    std::string value;
    std::size_t bytes;
  };
  std::list<Entry>::iterator find(int key) {
    return std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.key == key; });
  }
  std::size_t capacity_;
  std::list<Entry> entries_;
};

RC_GTEST_PROP(LruCache, AgreesWithAModel, ()) {
  const auto capacity = *rc::gen::inRange<std::size_t>(0, 60);
  Cache cache(capacity);
  Model model(capacity);
  const auto steps = *rc::gen::container<std::vector<std::pair<int, std::size_t>>>(
      rc::gen::pair(rc::gen::inRange(0, 40), rc::gen::inRange<std::size_t>(0, 25)));
  for (auto [what, bytes] : steps) {
    const int key = what % 10;
    if (what < 20) {
      RC_ASSERT(cache.get(key) == model.get(key));
    } else if (what < 36) {
      const auto value = std::to_string(what) + " " + std::to_string(bytes);
      cache.put(key, value, bytes);
      model.put(key, value, bytes);
    } else {
      cache.erase(key);
      model.erase(key);
    }
    RC_ASSERT(cache.size() == model.size());
    RC_ASSERT(cache.bytes() == model.bytes());
    RC_ASSERT(cache.bytes() <= capacity);
  }
}

} // namespace
} // namespace talaria
