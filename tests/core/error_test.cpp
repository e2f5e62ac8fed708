#include "core/try.hpp"
#include "talaria/error.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>

namespace talaria {
namespace {

TEST(ErrorCode, HasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (auto code = static_cast<int>(errc::not_found); code <= static_cast<int>(errc::internal); ++code) {
    auto name = to_string(static_cast<errc>(code));
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos) << name;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
  EXPECT_EQ(to_string(errc::not_found), "not_found");
  EXPECT_EQ(to_string(errc::no_space), "no_space");
}

TEST(ErrorCode, ThatIsNoneIsNamedAllTheSame) {
  EXPECT_FALSE(to_string(static_cast<errc>(0)).empty());
  EXPECT_FALSE(to_string(static_cast<errc>(255)).empty());
}

TEST(AnError, IsPutInContextWithoutLosingItsKind) {
  const Error error(errc::damaged, "ends early");
  EXPECT_EQ(error.within("page 3").message(), "page 3: ends early");
  EXPECT_EQ(error.within("page 3").code(), errc::damaged);
}

Result<std::unique_ptr<int>> number_or_error(bool ok) {
  if (!ok) return failure(errc::conflict, "no");
  return std::make_unique<int>(7);
}

Result<int> taken_out_of(bool ok) {
  TALARIA_TRY(number_or_error(ok));
  TALARIA_TRY_ASSIGN(auto number, number_or_error(ok));
  return *number;
}

TEST(Try, PassesValuesAndReturnsErrors) {
  EXPECT_EQ(taken_out_of(true).value(), 7);
  ASSERT_FALSE(taken_out_of(false));
  EXPECT_EQ(taken_out_of(false).error().code(), errc::conflict);
}

} // namespace
} // namespace talaria
