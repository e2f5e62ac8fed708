// What the tests of the repository share: values to store, and stores to look into.
#pragma once

#include "repository/commit.hpp"
#include "repository/interner.hpp"
#include "repository/repository.hpp"
#include "repository/value_reader.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace talaria {

// The value of a result; an error fails the test.
template <class T>
T must(Result<T> result) {
  if (!result)
    throw std::runtime_error(std::string(to_string(result.error().code())) + ": " +
                             result.error().message());
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// The code of an error; 0, which is none, for success.
template <class T>
errc code_of(const Result<T>& result) {
  return result ? errc{} : result.error().code();
}

template <class T>
std::string message_of(const Result<T>& result) {
  return result ? "" : result.error().message();
}

inline std::string letters(std::string_view alphabet, std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text(size, '\0');
  for (auto& c : text) c = alphabet[random() % alphabet.size()];
  return text;
}

inline std::string protein(std::size_t size, unsigned seed) {
  return letters("ACDEFGHIKLMNPQRSTVWY", size, seed);
}

inline std::string genome(std::size_t size, unsigned seed) {
  return letters("ACGT", size, seed);
}

inline Key128 key_of(std::string_view content) {
  return Key128::of(digest_of(content));
}

// The n-th of some generations.
inline GenerationId generation_id(uint8_t n) {
  GenerationId id;
  id.bytes.fill(n);
  return id;
}

inline std::vector<std::string> names_in(const ObjectStore& store, const std::string& prefix = "") {
  std::vector<std::string> names;
  must(store.list(prefix, [&](const ObjectInfo& object) {
    names.push_back(object.name);
    return true;
  }));
  return names;
}

inline std::string bytes_of(const ObjectStore& store, const std::string& name) {
  return std::string(must(store.get(name)).view());
}

// Calls `look` with each byte string that differs from `bytes` in one bit of one byte, and the byte's
// offset; all bits if `bytes` are few. `step`: of every how many bytes one is taken.
inline void each_flip(std::string bytes,
                      const std::function<void(const std::string&, std::size_t)>& look,
                      std::size_t step = 1) {
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    const unsigned bits = bytes.size() <= 600 ? 8 : 1;
    for (unsigned bit = 0; bit < bits; ++bit) {
      const auto mask = static_cast<char>(1u << (bits == 1 ? (at * 5 + at / 7) % 8 : bit));
      bytes[at] = static_cast<char>(bytes[at] ^ mask);
      look(bytes, at);
      bytes[at] = static_cast<char>(bytes[at] ^ mask);
    }
  }
}

// A memory store with an empty repository.
struct TestRepository {
  std::unique_ptr<ObjectStore> store = memory_store();
  std::unique_ptr<Repository> repository;

  TestRepository() {
    must(Repository::create(*store));
    repository = must(Repository::open(*store));
  }
  Repository& operator*() const { return *repository; }
  Repository* operator->() const { return repository.get(); }
};

// Compresses and writes all blocks of a run, then its segment.
inline Result<void> write_run(Commit& commit, Run& run, CodecId codec = CodecId::zstd) {
  BlockEncoder encoder(codec, 1);
  std::vector<BlockPlan> all;
  for (auto kind : all_kinds) {
    std::vector<uint32_t> sketches;
    if (Run::is_sorted(kind)) sketches = run.sketch(kind, 0, run.count(kind));
    for (auto& plan : run.plan(kind, sketches)) {
      auto block = run.encode(plan, encoder);
      if (!block) return tl::unexpected<Error>(block.error());
      if (auto added = commit.append(*block); !added) return tl::unexpected<Error>(added.error());
      all.push_back(plan);
    }
  }
  return commit.finish_run(run, all);
}

// An interner on a commit: what an ingest has, without files and actors.
class TestWriter {
public:
  explicit TestWriter(Repository& repository, RunLimits limits = {}, uint64_t pack_size = 1 << 20)
      : limits_(limits),
        headers_(repository.store(), repository.registry()),
        commit(repository, must(repository.view()), pack_size) {
    auto index = must(commit.index());
    generations = index->generations();
    own = static_cast<uint32_t>(generations.size() - 1);
    interner = std::make_unique<Interner>(headers_, std::move(index), own, new_run({}));
  }

  // Stores the current run and goes on with an empty one.
  Result<void> end_run() {
    if (interner->run().empty()) return {};
    auto run = interner->take_run();
    const auto next = run->next();
    if (auto written = write_run(commit, *run); !written) return written;
    auto index = commit.index();
    if (!index) return tl::unexpected<Error>(index.error());
    interner->next_run(*std::move(index), new_run(next));
    return {};
  }

  Number add(Kind kind, const std::string& value) {
    return must(interner->intern_value(kind, digest_of(value), value));
  }

  Result<ViewPtr> publish(const std::optional<ReleaseEntry>& release = {}) {
    if (auto ended = end_run(); !ended) return tl::unexpected<Error>(ended.error());
    return commit.publish(release, [](const View&) -> Result<void> { return {}; });
  }

private:
  std::unique_ptr<Run> new_run(const std::array<uint32_t, kind_count>& next) const {
    return std::make_unique<Run>(commit.generation(), next, limits_);
  }
  RunLimits limits_;
  DirectBlockSource headers_;

public:
  Commit commit;
  std::vector<GenerationId> generations;
  uint32_t own = 0; // the place of the commit's generation
  std::unique_ptr<Interner> interner;
};

// A value as it is stored now.
inline Result<std::string> stored_value(Repository& repository, Kind kind, const Key128& key) {
  auto index = must(must(repository.view())->index());
  auto number = must(index->find(kind, key));
  if (!number) return failure(errc::not_found, "no such value");
  DirectBlockSource source(repository.store(), repository.registry());
  return read_value(*index, source, kind, *number, UINT64_MAX);
}

} // namespace talaria
