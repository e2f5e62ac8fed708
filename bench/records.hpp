// What the measurements of reads share: times, and the records of a release.
#pragma once

#include "talaria/store.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

namespace talaria::bench {

[[noreturn]] inline void stop(const Error& error) {
  std::fprintf(stderr, "%s\n", error.message().c_str());
  std::exit(1);
}

template <class T>
T take(Result<T> result) {
  if (!result) stop(result.error());
  return *std::move(result);
}

inline double milliseconds(const auto& body) {
  auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

struct Summary {
  double mean = 0;
  double median = 0;
  double p99 = 0;
};

inline Summary summary(std::vector<double> times) {
  Summary s;
  if (times.empty()) return s;
  for (auto time : times) s.mean += time / static_cast<double>(times.size());
  std::sort(times.begin(), times.end());
  s.median = times[times.size() / 2];
  s.p99 = times[times.size() * 99 / 100];
  return s;
}

// A record by the first word of its header, and how many characters its lines have.
struct NamedRecord {
  std::string id;
  uint64_t length = 0;
};

inline std::vector<NamedRecord> records_of(Store& store, const std::string& release) {
  std::vector<NamedRecord> records;
  bool line_begins = true;
  bool in_header = false;
  bool in_id = false;
  take(store.export_release(release, [&](std::string_view text) -> Result<void> {
    for (char c : text) {
      if (line_begins && c == '>') {
        records.emplace_back();
        in_header = in_id = true;
      } else if (in_header) {
        in_id = in_id && static_cast<unsigned char>(c) > ' ';
        if (in_id) records.back().id += c;
        in_header = c != '\n';
      } else if (c > ' ' && !records.empty()) {
        ++records.back().length;
      }
      line_begins = c == '\n';
    }
    return {};
  }));
  return records;
}

} // namespace talaria::bench
