// The contract of object stores (include/talaria/object_store.hpp) as tests that every backend runs:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, StoreConformance, testing::Values(memory_factory()), factory_name);
//
// in a program that has conformance.cpp among its sources.
#pragma once

#include "talaria/object_store.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace talaria {

// A new, empty store.
struct StoreUnderTest {
  std::shared_ptr<void> scratch; // removes, at last, what the store leaves behind
  std::unique_ptr<ObjectStore> store;
  // Opens the same store once more, as another process would. Empty if that is impossible.
  std::function<std::unique_ptr<ObjectStore>()> open_again;
};

struct StoreFactory {
  std::string name; // letters
  std::function<StoreUnderTest()> make;
  std::size_t many = 20'000;                         // objects to list
  std::size_t large = std::size_t{64} << 20;         // bytes of a large object
  std::size_t listing_memory = std::size_t{4} << 20; // bytes that listing them may take
};

inline void PrintTo(const StoreFactory& factory, std::ostream* out) {
  *out << factory.name;
}

class StoreConformance : public testing::TestWithParam<StoreFactory> {
protected:
  void SetUp() override { under_test_ = GetParam().make(); }

  ObjectStore& store() { return *under_test_.store; }

  // Another handle on the same store, or the same handle if there can be only one.
  ObjectStore& other_handle();

  std::vector<std::string> names(const std::string& prefix = "");

private:
  StoreUnderTest under_test_;
  std::unique_ptr<ObjectStore> other_;
};

inline std::string factory_name(const testing::TestParamInfo<StoreFactory>& info) {
  return info.param.name;
}

} // namespace talaria
