#include "config/yaml_settings.hpp"

#include "config/setting.hpp"
#include "core/try.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <system_error>
#include <vector>
#include <yaml-cpp/yaml.h>

namespace talaria {

namespace {

// A device or a sequence file given by mistake shall not fill the memory.
constexpr std::size_t largest_file = 1 << 20;

Result<std::string> read_file(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                             std::fclose);
  if (!file && errno == ENOENT)
    return failure(errc::not_found, path + ": there is no such configuration file");
  if (!file)
    return failure(errc::io_error, path + ": the configuration file can't be opened: " +
                                       std::generic_category().message(errno));
  std::string text(largest_file + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()))
    return failure(errc::io_error, path + ": the configuration file can't be read: " +
                                       std::generic_category().message(errno));
  if (text.size() > largest_file)
    return failure(errc::invalid_argument,
                   path + ": this is larger than 1 MiB, so it is no configuration file");
  return text;
}

// How many letters must be changed, added or left out to make one text the other (Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const auto changed = diagonal + (a[i] != b[j] ? 1 : 0);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

// What the writer of an unknown key may have meant.
std::string known_keys(std::string_view unknown) {
  const auto settings = all_settings();
  const auto nearest =
      std::min_element(settings.begin(), settings.end(), [&](const auto& a, const auto& b) {
        return distance(unknown, a.key) < distance(unknown, b.key);
      });
  if (distance(unknown, nearest->key) <= std::max<std::size_t>(2, nearest->key.size() / 2))
    return std::string(nearest->key);
  std::string all = "one of";
  for (const auto& setting : settings) all.append(" ").append(setting.key);
  return all;
}

class SettingsFile {
public:
  SettingsFile(const std::string& path, Settings base) : path_(path), settings_(std::move(base)) {}

  Result<Settings> read(const std::string& text) {
    const auto documents = YAML::LoadAll(text);
    if (documents.empty() || documents[0].IsNull()) return settings_;
    if (documents.size() > 1)
      return wrong(documents[1].Mark(), "a second document begins; right would be a single one");
    if (!documents[0].IsMap())
      return wrong(documents[0].Mark(), "this is no map; right would be lines as 'memory: 1GiB'");
    for (const auto& entry : documents[0]) TALARIA_TRY(read_entry(entry.first, entry.second));
    if (auto whole = settings_.check(); !whole)
      return wrong(together_.value_or(documents[0].Mark()), whole.error().message());
    return settings_;
  }

private:
  Result<void> read_entry(const YAML::Node& key, const YAML::Node& value) {
    const std::string name = key.IsScalar() ? key.Scalar() : std::string();
    const auto* setting = find_setting(name);
    if (!setting)
      return wrong(key.Mark(), "the key '" + name + "' is unknown; right would be " + known_keys(name));
    if (!seen_.insert(name).second)
      return wrong(key.Mark(), "the key '" + name + "' stands here a second time");
    if (!value.IsScalar())
      return wrong(value.IsNull() ? key.Mark() : value.Mark(),
                   name + ": a single value is missing; right would be " + std::string(setting->right));
    if (auto changed = change_setting(settings_, *setting, value.Scalar()); !changed)
      return wrong(value.Mark(), changed.error().message());
    if (name == "level" || name == "codec") together_ = value.Mark();
    return {};
  }

  tl::unexpected<Error> wrong(const YAML::Mark& mark, const std::string& what) const {
    return failure(errc::invalid_argument, path_ + ":" + std::to_string(mark.line + 1) + ": " + what);
  }

  const std::string& path_;
  Settings settings_;
  std::set<std::string> seen_;
  std::optional<YAML::Mark> together_; // the last value that must suit others
};

} // namespace

Result<Settings> load_settings(const std::string& path, Settings base) {
  try {
    TALARIA_TRY_ASSIGN(auto text, read_file(path));
    return SettingsFile(path, std::move(base)).read(text);
  } catch (const YAML::Exception& e) {
    return failure(errc::invalid_argument, path + ":" +
                                               std::to_string(e.mark.is_null() ? 1 : e.mark.line + 1) +
                                               ": this is not YAML: " + e.msg);
  } catch (const std::exception& e) {
    return failure(errc::invalid_argument, path + ": the configuration file can't be used: " + e.what());
  }
}

} // namespace talaria
