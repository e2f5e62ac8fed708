// Settings from a file and from the environment.
#include "config/environment.hpp"
#include "config/setting.hpp"
#include "config/yaml_settings.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <unistd.h>

namespace talaria {
namespace {

bool same(const Settings& a, const Settings& b) {
  return a.threads == b.threads && a.memory == b.memory && a.cache == b.cache &&
         a.block_size == b.block_size && a.pack_size == b.pack_size && a.page_chain == b.page_chain &&
         a.codec == b.codec && a.level == b.level && a.delta_depth == b.delta_depth &&
         a.lock_wait == b.lock_wait;
}

class SettingsFileTest : public testing::Test {
protected:
  SettingsFileTest() {
    std::string pattern = testing::TempDir() + "talaria-config-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~SettingsFileTest() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ + "/talaria.yaml"; }

  Result<Settings> load(const std::string& text, const Settings& base = {}) {
    std::ofstream(path(), std::ios::binary) << text;
    return load_settings(path(), base);
  }

  // The message after "FILE:LINE: ", which must name the file and `line`.
  std::string wrong(const std::string& text, int line) {
    auto settings = load(text);
    if (settings) return "no error";
    EXPECT_EQ(settings.error().code(), errc::invalid_argument) << text;
    const std::string place = path() + ":" + std::to_string(line) + ": ";
    EXPECT_EQ(settings.error().message().substr(0, place.size()), place) << settings.error().message();
    return settings.error().message().substr(std::min(place.size(), settings.error().message().size()));
  }

  std::string folder_;
};

TEST_F(SettingsFileTest, EveryKeyIsRead) {
  auto settings = load("threads: 3\n"
                       "memory: 512MB\n"
                       "cache: 100MiB\n"
                       "block_size: 128KiB\n"
                       "pack_size: 33554432\n"
                       "page_chain: 20\n"
                       "codec: lz4\n"
                       "level: 9\n"
                       "delta_depth: 3\n"
                       "lock_wait: 1.5\n");
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_EQ(settings->threads, 3u);
  EXPECT_EQ(settings->memory, 512'000'000u);
  EXPECT_EQ(settings->cache, 100u << 20);
  EXPECT_EQ(settings->block_size, 128u << 10);
  EXPECT_EQ(settings->pack_size, 32u << 20);
  EXPECT_EQ(settings->page_chain, 20u);
  EXPECT_EQ(settings->codec, "lz4");
  EXPECT_EQ(settings->level, 9);
  EXPECT_EQ(settings->delta_depth, 3u);
  EXPECT_EQ(settings->lock_wait, std::chrono::milliseconds(1500));
}

TEST_F(SettingsFileTest, WhatTheFileLeavesOutStays) {
  Settings base;
  base.threads = 5;
  base.level = 7;
  auto settings = load("threads: 2\n", base);
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_EQ(settings->threads, 2u);
  EXPECT_EQ(settings->level, 7);
}

TEST_F(SettingsFileTest, AnEmptyFileSetsNothing) {
  for (const char* text : {"", "\n\n", "# only a comment\n", "---\n", "~\n"}) {
    auto settings = load(text);
    ASSERT_TRUE(settings) << text << settings.error().message();
    EXPECT_TRUE(same(*settings, {})) << text;
  }
}

TEST_F(SettingsFileTest, TheExampleGivesTheDefaultsAndNamesEveryKey) {
  const std::string example = TALARIA_SOURCE_DIR "/config/talaria.example.yaml";
  Settings other;
  other.threads = 9;
  other.memory = uint64_t{1} << 33;
  other.cache = 1;
  other.block_size = 4096;
  other.pack_size = 1 << 20;
  other.codec = "lz4";
  other.level = 2;
  other.delta_depth = 1;
  other.lock_wait = std::chrono::seconds(9);
  auto settings = load_settings(example, other);
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_TRUE(same(*settings, {}));
}

TEST_F(SettingsFileTest, AWrongValueIsNamedWithItsLineAndWhatWouldBeRight) {
  EXPECT_EQ(
      wrong("# first\nthreads: many\n", 2),
      "threads: 'many' is not usable; right would be a whole number from 0 (one for each core) to 1024");
  EXPECT_EQ(wrong("memory: 1GiB\nlevel: 1\nmemory_: 1\n", 3),
            "the key 'memory_' is unknown; right would be memory");
}

TEST_F(SettingsFileTest, EveryKindOfWrongValueIsRefused) {
  for (const char* line : {"threads: -1",
                           "threads: 1.5",
                           "threads: 1025",
                           "threads: 4 cores",
                           "threads: 0x4",
                           "threads: ''",
                           "memory: 64MiB",
                           "memory: 1XB",
                           "memory: -1GiB",
                           "memory: 1G",
                           "memory: 999999999999999999999",
                           "cache: lots",
                           "block_size: 1KiB",
                           "block_size: 8MiB",
                           "pack_size: 1KiB",
                           "pack_size: 2GiB",
                           "page_chain: 65",
                           "page_chain: -1",
                           "codec: brotli",
                           "codec: 3",
                           "codec: ZSTD",
                           "level: high",
                           "level: 1.0",
                           "level: 99",
                           "level: -8",
                           "delta_depth: 33",
                           "lock_wait: -1",
                           "lock_wait: soon",
                           "lock_wait: nan",
                           "lock_wait: inf",
                           "lock_wait: 1e99"}) {
    const auto message = wrong(std::string("\n\n") + line + "\n", 3);
    EXPECT_NE(message.find("; right would be "), std::string::npos) << line << " -> " << message;
  }
}

TEST_F(SettingsFileTest, AValueMustBeSingle) {
  EXPECT_NE(wrong("level: 1\nthreads:\n", 2).find("threads"), std::string::npos);
  EXPECT_NE(wrong("level: 1\nthreads: [1, 2]\n", 2).find("threads"), std::string::npos);
  EXPECT_NE(wrong("level: 1\nthreads: {a: 1}\n", 2).find("threads"), std::string::npos);
}

TEST_F(SettingsFileTest, AnUnknownKeyGetsTheClosestKnownOne) {
  EXPECT_NE(wrong("block-size: 64KiB\n", 1).find("right would be block_size"), std::string::npos);
  EXPECT_NE(wrong("\nthread: 4\n", 2).find("right would be threads"), std::string::npos);
  EXPECT_NE(wrong("Memory: 1GiB\n", 1).find("right would be memory"), std::string::npos);
  const auto far = wrong("something_else_entirely: 4\n", 1);
  for (const auto& setting : all_settings()) EXPECT_NE(far.find(setting.key), std::string::npos) << far;
}

TEST_F(SettingsFileTest, AKeyStandsOnce) {
  EXPECT_NE(wrong("threads: 1\nlevel: 1\nthreads: 2\n", 3).find("a second time"), std::string::npos);
}

TEST_F(SettingsFileTest, TheLevelMustSuitTheCodec) {
  EXPECT_NE(wrong("codec: gzip\nthreads: 1\nlevel: 9\n", 3).find("level"), std::string::npos);
  EXPECT_NE(wrong("level: 19\n\ncodec: gzip\n", 3).find("level"), std::string::npos);
  EXPECT_TRUE(load("level: 19\ncodec: zstd\n"));
}

TEST_F(SettingsFileTest, WhatIsNoMapOrNoYamlIsNamedWithItsLine) {
  EXPECT_NE(wrong("- threads\n", 1).find("map"), std::string::npos);
  EXPECT_NE(wrong("threads\n", 1).find("map"), std::string::npos);
  EXPECT_NE(wrong("threads: 1\nmemory: ]\n", 2).find("not YAML"), std::string::npos);
  EXPECT_NE(wrong("threads: 1\n  level: 2\n", 2).find("not YAML"), std::string::npos);
  EXPECT_NE(wrong("threads: 1\n---\nthreads: 2\n", 3).find("second document"), std::string::npos);
  EXPECT_FALSE(load(std::string(100'000, '[')));
  EXPECT_FALSE(load(std::string("threads: \0\x01\xff 1\n", 15)));
}

TEST_F(SettingsFileTest, AMissingFileAFolderAndADeviceAreClearErrors) {
  auto missing = load_settings(folder_ + "/none.yaml", {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), errc::not_found);
  EXPECT_NE(missing.error().message().find("none.yaml"), std::string::npos);
  auto folder = load_settings(folder_, {});
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code(), errc::io_error);
  auto device = load_settings("/dev/zero", {});
  ASSERT_FALSE(device);
  EXPECT_EQ(device.error().code(), errc::invalid_argument);
}

Environment environment(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

TEST(EnvironmentSettings, EveryVariableIsRead) {
  auto settings = settings_from_environment({}, environment({{"TALARIA_THREADS", "3"},
                                                             {"TALARIA_MEMORY", "2GiB"},
                                                             {"TALARIA_CACHE", "1MB"},
                                                             {"TALARIA_BLOCK_SIZE", "8KiB"},
                                                             {"TALARIA_PACK_SIZE", "1MiB"},
                                                             {"TALARIA_PAGE_CHAIN", "0"},
                                                             {"TALARIA_CODEC", "gzip"},
                                                             {"TALARIA_LEVEL", "3"},
                                                             {"TALARIA_LOCK_WAIT", "60"}}));
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_EQ(settings->threads, 3u);
  EXPECT_EQ(settings->memory, uint64_t{2} << 30);
  EXPECT_EQ(settings->cache, 1'000'000u);
  EXPECT_EQ(settings->block_size, 8192u);
  EXPECT_EQ(settings->pack_size, 1u << 20);
  EXPECT_EQ(settings->page_chain, 0u);
  EXPECT_EQ(settings->codec, "gzip");
  EXPECT_EQ(settings->level, 3);
  EXPECT_EQ(settings->lock_wait, std::chrono::minutes(1));
}

TEST(EnvironmentSettings, AnEmptyVariableSetsNothing) {
  auto settings = settings_from_environment({}, environment({{"TALARIA_THREADS", ""}}));
  ASSERT_TRUE(settings);
  EXPECT_TRUE(same(*settings, {}));
}

TEST(EnvironmentSettings, AWrongVariableIsNamed) {
  auto settings = settings_from_environment({}, environment({{"TALARIA_BLOCK_SIZE", "big"}}));
  ASSERT_FALSE(settings);
  EXPECT_EQ(settings.error().code(), errc::invalid_argument);
  EXPECT_EQ(settings.error().message(),
            "environment variable TALARIA_BLOCK_SIZE: block_size: 'big' is not usable; right "
            "would be a size from 4KiB to 4MiB, as 64KiB");
}

TEST_F(SettingsFileTest, TheEnvironmentOverridesTheFile) {
  auto file = load("threads: 2\nlevel: 5\n");
  ASSERT_TRUE(file);
  auto settings = settings_from_environment(*file, environment({{"TALARIA_THREADS", "7"}}));
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->threads, 7u);
  EXPECT_EQ(settings->level, 5);
}

TEST(Setting, AWrongValueLeavesTheSettingsAsTheyWere) {
  Settings settings;
  EXPECT_FALSE(change_setting(settings, *find_setting("memory"), "1MiB"));
  EXPECT_TRUE(same(settings, {}));
}

} // namespace
} // namespace talaria
