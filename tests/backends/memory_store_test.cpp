#include "tests/backends/conformance.hpp"

namespace talaria {
namespace {

StoreFactory memory_factory() {
  return {.name = "Memory",
          .make =
              [] {
                StoreUnderTest made;
                made.store = memory_store();
                return made;
              },
          .many = 1'000'000};
}

INSTANTIATE_TEST_SUITE_P(Memory, StoreConformance, testing::Values(memory_factory()), factory_name);

TEST(AMemoryStore, CanDoAllThatAStoreCan) {
  const auto can = memory_store()->capabilities();
  EXPECT_TRUE(can.map);
  EXPECT_TRUE(can.conditional_put);
  EXPECT_TRUE(can.lock);
}

TEST(AMemoryStore, SharesNothingWithAnother) {
  auto one = memory_store();
  auto other = memory_store();
  ASSERT_TRUE(one->put("name", "text"));
  EXPECT_FALSE(other->get("name"));
}

TEST(AMemoryStore, MapsWithoutCopying) {
  auto store = memory_store();
  ASSERT_TRUE(store->put("name", "text"));
  EXPECT_EQ(store->map("name").value().data(), store->map("name").value().data());
}

} // namespace
} // namespace talaria
