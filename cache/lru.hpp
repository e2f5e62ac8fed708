// A cache that forgets what was used least recently, weighed in bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <unordered_map>
#include <utility>

namespace talaria {

struct CacheCounts {
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t evictions = 0;
};

// Values should be cheap to copy (shared pointers). An entry heavier than the capacity is not kept.
// Used by one thread at a time.
template <class Key, class Value, class Hash = std::hash<Key>>
class LruCache {
public:
  explicit LruCache(std::size_t capacity_bytes) : capacity_(capacity_bytes) {}

  std::optional<Value> get(const Key& key) {
    auto at = places_.find(key);
    if (at == places_.end()) {
      ++counts_.misses;
      return std::nullopt;
    }
    ++counts_.hits;
    entries_.splice(entries_.begin(), entries_, at->second);
    return at->second->value;
  }

  void put(const Key& key, Value value, std::size_t bytes) {
    erase(key);
    if (bytes > capacity_) return;
    while (bytes_ + bytes > capacity_) {
      ++counts_.evictions;
      erase(entries_.back().key);
    }
    entries_.push_front({key, std::move(value), bytes});
    places_.emplace(key, entries_.begin());
    bytes_ += bytes;
  }

  void erase(const Key& key) {
    auto at = places_.find(key);
    if (at == places_.end()) return;
    bytes_ -= at->second->bytes;
    // The key may live in the entry itself, so the map is updated first.
    auto entry = at->second;
    places_.erase(at);
    entries_.erase(entry);
  }

  void clear() {
    entries_.clear();
    places_.clear();
    bytes_ = 0;
  }

  std::size_t size() const noexcept { return places_.size(); }
  std::size_t bytes() const noexcept { return bytes_; }
  std::size_t capacity() const noexcept { return capacity_; }
  const CacheCounts& counts() const noexcept { return counts_; }

private:
  struct Entry {
    Key key;
    Value value;
    std::size_t bytes;
  };
  std::list<Entry> entries_; // most recently used first
  std::unordered_map<Key, typename std::list<Entry>::iterator, Hash> places_;
  std::size_t capacity_;
  std::size_t bytes_ = 0;
  CacheCounts counts_;
};

} // namespace talaria
