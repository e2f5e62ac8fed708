// Releases by name, and what is there in all.
#pragma once

#include "core/try.hpp"
#include "reads/core.hpp"
#include "talaria/store.hpp"

#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace talaria {

// "NAME@VERSION" or "NAME" apart; errc::invalid_argument for what can be no release.
struct ReleaseName {
  std::string name;
  std::string version; // may be empty
};
Result<ReleaseName> parse_release(std::string_view text);
Result<void> check_release(const std::string& name, const std::string& version);
ReleaseInfo to_info(const ReleaseEntry& entry);

// Oldest first; an empty name means all. errc::not_found if no release has the name.
Result<std::vector<ReleaseInfo>> list_releases(const Core& core, const std::string& name);

// Whether the ref has moved since the view was opened. False if it can't be read.
bool has_moved(const Core& core, const View& view);

// Whether an error may be that something went which the view names: then the newer one answers.
bool may_have_gone(const Core& core, const View& view, const Error& error);

// What `ask(view)`, which answers a Result, says of the newest view: asked again as long as its error
// may be that of something which went meanwhile.
template <class Ask>
std::invoke_result_t<Ask, const View&> ask_newest(const Core& core, Ask ask) {
  while (true) {
    TALARIA_TRY_ASSIGN(auto view, core.repository->view());
    auto answer = ask(*view);
    if (answer || !may_have_gone(core, *view, answer.error())) return answer;
  }
}

// What to say of an error met while a release was read: that it was removed meanwhile, if that is so.
Error explain(const Core& core, const View& view, const ReleaseEntry& release, const Error& error);

Result<StoreStats> count(const Core& core);

// Bytes of all files of the repository.
Result<uint64_t> repository_bytes(const Core& core);

} // namespace talaria
