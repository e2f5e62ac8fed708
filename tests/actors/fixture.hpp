// A store in memory, and FASTA files to put into it.
#pragma once

#include "talaria/store.hpp"
#include "tests/backends/scratch_folder.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <string_view>

namespace talaria {

class StoreFixture : public testing::Test {
protected:
  void SetUp() override { store = open(Settings{}); }

  static Settings small_settings() {
    Settings settings;
    settings.threads = 2;
    settings.memory = uint64_t{128} << 20;
    settings.cache = uint64_t{1} << 20;
    settings.block_size = uint64_t{4} << 10;
    return settings;
  }

  static std::unique_ptr<Store> open(Settings settings) {
    auto objects = memory_store();
    EXPECT_TRUE(Store::init(*objects));
    auto opened = Store::open(std::move(objects), std::move(settings));
    EXPECT_TRUE(opened) << opened.error().message();
    return opened ? *std::move(opened) : nullptr;
  }

  // The path of a new file with this text.
  std::string file(std::string_view text) {
    auto path = folder / (std::to_string(files_++) + ".fasta");
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

  Result<IngestReport> ingest(std::string_view text, const std::string& name,
                              const std::string& version) {
    return store->ingest({file(text), name, version, {}});
  }

  std::string exported(const std::string& release) {
    std::string text;
    auto done = store->export_release(release, [&](std::string_view bytes) -> Result<void> {
      text += bytes;
      return {};
    });
    EXPECT_TRUE(done) << done.error().message();
    return text;
  }

  // Records of pseudo-random residues: `count` of them from number `first` on.
  static std::string records(int first, int count, std::size_t length = 300) {
    std::string text;
    for (int i = first; i < first + count; ++i) {
      text += ">sp|P" + std::to_string(10000 + i) + "|NAME_" + std::to_string(i) + " protein " +
              std::to_string(i) + "\n";
      auto state = static_cast<uint64_t>(i) * 0x9E3779B97F4A7C15u + 1;
      for (std::size_t at = 0; at < length; ++at) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        text += "ACDEFGHIKLMNPQRSTVWY"[state >> 59 & 15];
        if (at % 60 == 59) text += '\n';
      }
      if (text.back() != '\n') text += '\n';
    }
    return text;
  }

  ScratchFolder folder;
  std::unique_ptr<Store> store;

private:
  int files_ = 0;
};

} // namespace talaria
