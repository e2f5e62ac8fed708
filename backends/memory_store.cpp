#include "backends/guarded.hpp"
#include "backends/object_name.hpp"
#include "core/try.hpp"
#include "talaria/object_store.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>

namespace talaria {

namespace {

// What the store holds. Writers and locks share it, so that they may outlive the store.
struct Contents {
  std::shared_mutex objects_mutex;
  std::map<std::string, Buffer, std::less<>> objects;

  std::mutex refs_mutex;
  std::map<std::string, std::string, std::less<>> refs;

  std::mutex locks_mutex;
  std::condition_variable lock_freed;
  std::set<std::string, std::less<>> locks;
};
using ContentsPtr = std::shared_ptr<Contents>;

Result<bool> insert(Contents& contents, const std::string& name, const Buffer& bytes) {
  TALARIA_TRY(check_object_name(name));
  std::unique_lock guard(contents.objects_mutex);
  return contents.objects.try_emplace(name, bytes).second;
}

class MemoryWriter final : public ObjectWriter {
public:
  explicit MemoryWriter(ContentsPtr contents) : contents_(std::move(contents)) {}

  Result<void> append(std::string_view bytes) override {
    return guarded([&]() -> Result<void> {
      if (!contents_) return spent();
      bytes_.append(bytes);
      return {};
    });
  }

  Result<void> commit(const std::string& name) override {
    return guarded([&]() -> Result<void> {
      auto contents = std::exchange(contents_, nullptr);
      if (!contents) return spent();
      TALARIA_TRY(insert(*contents, name, Buffer(std::move(bytes_))));
      return {};
    });
  }

private:
  static tl::unexpected<Error> spent() {
    return failure(errc::invalid_argument, "the object writer was committed before");
  }

  ContentsPtr contents_; // null when spent
  std::string bytes_;
};

class MemoryLock final : public ObjectLock {
public:
  MemoryLock(ContentsPtr contents, std::string name)
      : contents_(std::move(contents)), name_(std::move(name)) {}
  ~MemoryLock() override {
    {
      std::lock_guard guard(contents_->locks_mutex);
      contents_->locks.erase(name_);
    }
    contents_->lock_freed.notify_all();
  }
  MemoryLock(const MemoryLock&) = delete;
  MemoryLock& operator=(const MemoryLock&) = delete;

private:
  ContentsPtr contents_;
  std::string name_;
};

class MemoryStore final : public ObjectStore {
public:
  // No other process can reach the store, so all of them are excluded.
  Capabilities capabilities() const noexcept override {
    return {.map = true, .conditional_put = true, .lock = true};
  }

  std::string location() const override { return "memory"; }

  Result<void> put(const std::string& name, std::string_view bytes) override {
    return guarded([&]() -> Result<void> {
      TALARIA_TRY(check_object_name(name));
      auto copy = Buffer::copy_of(bytes);
      std::unique_lock guard(contents_->objects_mutex);
      contents_->objects.insert_or_assign(name, std::move(copy));
      return {};
    });
  }

  Result<bool> put_if_absent(const std::string& name, std::string_view bytes) override {
    return guarded([&] { return insert(*contents_, name, Buffer::copy_of(bytes)); });
  }

  Result<std::unique_ptr<ObjectWriter>> create() override {
    return guarded([&]() -> Result<std::unique_ptr<ObjectWriter>> {
      return std::make_unique<MemoryWriter>(contents_);
    });
  }

  Result<Buffer> get(const std::string& name) const override {
    return guarded([&]() -> Result<Buffer> {
      TALARIA_TRY(check_object_name(name));
      std::shared_lock guard(contents_->objects_mutex);
      auto it = contents_->objects.find(name);
      if (it == contents_->objects.end()) return absent(name);
      return it->second;
    });
  }

  // Copied, so that a small part doesn't keep a large object that was removed.
  Result<Buffer> get_range(const ObjectRange& range) const override {
    return guarded([&]() -> Result<Buffer> {
      TALARIA_TRY_ASSIGN(auto whole, get(range.name));
      TALARIA_TRY(check_range(range.name, range.offset, range.length, whole.size()));
      return Buffer::copy_of(whole.view().substr(range.offset, range.length));
    });
  }

  Result<std::vector<Buffer>> get_ranges(std::span<const ObjectRange> ranges) const override {
    return guarded([&]() -> Result<std::vector<Buffer>> {
      std::vector<Buffer> parts;
      parts.reserve(ranges.size());
      for (const auto& range : ranges) {
        TALARIA_TRY_ASSIGN(auto part, get_range(range));
        parts.push_back(std::move(part));
      }
      return parts;
    });
  }

  Result<Buffer> map(const std::string& name) const override { return get(name); }

  Result<ObjectInfo> stat(const std::string& name) const override {
    return guarded([&]() -> Result<ObjectInfo> {
      TALARIA_TRY_ASSIGN(auto object, get(name));
      return ObjectInfo{name, object.size()};
    });
  }

  // Visits without the mutex, so that `visit` may use the store: each time some names are copied out,
  // then the search goes on behind the last of them.
  Result<void> list(const std::string& prefix,
                    const std::function<bool(const ObjectInfo&)>& visit) const override {
    std::vector<ObjectInfo> some;
    std::string next = prefix; // the least name not yet looked at
    do {
      TALARIA_TRY(guarded([&] { return collect(prefix, next, some); }));
      for (const auto& info : some)
        if (!visit(info)) return {};
    } while (some.size() == names_at_once);
    return {};
  }

  Result<void> remove(const std::string& name) override {
    return guarded([&]() -> Result<void> {
      TALARIA_TRY(check_object_name(name));
      std::unique_lock guard(contents_->objects_mutex);
      if (contents_->objects.erase(name) == 0) return absent(name);
      return {};
    });
  }

  Result<std::optional<std::string>> read_ref(const std::string& ref) const override {
    return guarded([&]() -> Result<std::optional<std::string>> {
      TALARIA_TRY(check_single_name("ref", ref));
      std::lock_guard guard(contents_->refs_mutex);
      auto it = contents_->refs.find(ref);
      if (it == contents_->refs.end()) return std::nullopt;
      return it->second;
    });
  }

  Result<bool> compare_and_swap(const std::string& ref, std::optional<std::string_view> expected,
                                std::string_view desired) override {
    return guarded([&]() -> Result<bool> {
      TALARIA_TRY(check_single_name("ref", ref));
      TALARIA_TRY(check_ref_value(ref, desired));
      std::lock_guard guard(contents_->refs_mutex);
      auto it = contents_->refs.find(ref);
      const bool exists = it != contents_->refs.end();
      if (exists != expected.has_value() || (exists && it->second != *expected)) return false;
      contents_->refs.insert_or_assign(ref, std::string(desired));
      return true;
    });
  }

  Result<std::unique_ptr<ObjectLock>> lock(const std::string& name,
                                           std::chrono::milliseconds patience) override {
    return guarded([&]() -> Result<std::unique_ptr<ObjectLock>> {
      TALARIA_TRY(check_single_name("lock", name));
      // A wait that is longer would overflow the clock.
      const auto wait = std::min<std::chrono::milliseconds>(patience, std::chrono::hours(24 * 365));
      std::unique_lock guard(contents_->locks_mutex);
      const auto free = [&] { return !contents_->locks.contains(name); };
      if (!contents_->lock_freed.wait_for(guard, wait, free))
        return failure(errc::locked, "lock " + name + " is held by another part of this process");
      contents_->locks.insert(name);
      try {
        return std::make_unique<MemoryLock>(contents_, name);
      } catch (...) {
        contents_->locks.erase(name);
        throw;
      }
    });
  }

  Result<void> remove_unfinished() override { return {}; }

private:
  static constexpr std::size_t names_at_once = 256;

  static tl::unexpected<Error> absent(const std::string& name) {
    return failure(errc::not_found, "no object " + name + " in memory");
  }

  // Replaces `some` by the next names with `prefix`, and moves `next` behind them.
  Result<void> collect(const std::string& prefix, std::string& next,
                       std::vector<ObjectInfo>& some) const {
    some.clear();
    std::shared_lock guard(contents_->objects_mutex);
    for (auto it = contents_->objects.lower_bound(next);
         it != contents_->objects.end() && it->first.starts_with(prefix) && some.size() < names_at_once;
         ++it)
      some.push_back({it->first, it->second.size()});
    if (!some.empty()) next = some.back().name + '\0';
    return {};
  }

  ContentsPtr contents_ = std::make_shared<Contents>();
};

} // namespace

std::unique_ptr<ObjectStore> memory_store() {
  return std::make_unique<MemoryStore>();
}

} // namespace talaria
