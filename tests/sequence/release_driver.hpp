// What an ingest and an export do, without actors: text to release, release to text.
#pragma once

#include "../repository/support.hpp"
#include "sequence/input.hpp"
#include "sequence/prepare.hpp"
#include "sequence/release_builder.hpp"
#include "sequence/render.hpp"
#include "sequence/splitter.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace talaria {

// Stores `text` as a release; the entry that was committed.
inline Result<ReleaseEntry> ingest_text(Repository& repository, const std::string& name,
                                        const std::string& version, const std::string& text,
                                        RunLimits limits = {}, uint64_t pack_size = uint64_t{8} << 20) {
  Commit commit(repository, must(repository.view()), pack_size);
  auto index = must(commit.index());
  auto generations = index->generations();
  const auto own = static_cast<uint32_t>(generations.size() - 1);
  auto new_run = [&](const std::array<uint32_t, kind_count>& next) {
    return std::make_unique<Run>(commit.generation(), next, limits);
  };
  DirectBlockSource headers(repository.store(), repository.registry());
  ReleaseBuilder builder(must(PageFileWriter::create(repository.store())),
                         std::make_unique<Interner>(headers, std::move(index), own, new_run({})),
                         std::move(generations));
  auto store_run = [&] {
    auto& interner = builder.interner();
    if (interner.run().empty()) return;
    auto run = interner.take_run();
    const auto next = run->next();
    must(write_run(commit, *run));
    interner.next_run(must(commit.index()), new_run(next));
  };

  auto input = must(open_input_bytes("text", text));
  FastaSplitter splitter(*input);
  while (true) {
    auto piece = splitter.next();
    if (!piece) return tl::unexpected<Error>(piece.error());
    if (!*piece) break;
    auto added = [&]() -> Result<void> {
      auto& raw = **piece;
      if (raw.kind == RawPiece::Kind::text) {
        builder.add_preamble(std::string(raw.bytes.view()));
        return {};
      }
      if (raw.kind != RawPiece::Kind::records) return builder.add_long(raw);
      auto prepared = prepare(raw);
      if (!prepared) return tl::unexpected<Error>(prepared.error());
      return builder.add(*prepared);
    }();
    if (!added) return tl::unexpected<Error>(added.error());
    if (builder.interner().run().full()) store_run();
  }
  store_run();
  const auto pages = must(builder.finish(repository.store()));
  commit.add_pages(pages);
  ReleaseEntry entry{name,
                     version,
                     now_seconds(),
                     digest_of(text),
                     text.size(),
                     builder.counts().records,
                     builder.counts().residues,
                     pages.digest,
                     pages.size};
  must(commit.publish(entry, [](const View&) -> Result<void> { return {}; }));
  return entry;
}

struct RenderLimits {
  std::size_t rows = 2048;                    // of a rendering
  std::size_t budget = std::size_t{16} << 20; // of a window
  std::size_t jobs = 2;                       // that gather a window
};

// The text of a release.
inline Result<std::string> render_text(Repository& repository, const std::string& name,
                                       const std::string& version, RenderLimits limits = {}) {
  const auto view = must(repository.view());
  const auto index = must(view->index());
  const auto file = must(view->pages(*must(view->release(name, version))));
  DirectBlockSource source(repository.store(), repository.registry());
  std::string text = file->preamble();
  auto render_rows = [&](const RenderJob& job) -> Result<void> {
    auto rendered = render(job);
    if (!rendered) return tl::unexpected<Error>(rendered.error());
    std::size_t from = 0;
    for (auto& gap : rendered->gaps) {
      text.append(rendered->bytes, from, gap.at - from);
      from = gap.at;
      auto done = render_long(*index, source, *job.rows.page, gap.row,
                              [&](std::string_view bytes) -> Result<void> {
                                text += bytes;
                                return {};
                              });
      if (!done) return done;
    }
    text.append(rendered->bytes, from);
    return {};
  };
  auto render_window = [&](const Window& window) -> Result<void> {
    auto contents = std::make_shared<WindowContents>();
    contents->table.resize(2 * window.count);
    for (auto& job : window.jobs) {
      auto gathered = gather(job, source);
      if (!gathered) return tl::unexpected<Error>(gathered.error());
      contents->add(job, std::make_shared<Gathered>(*std::move(gathered)));
    }
    std::size_t first = 0;
    for (auto& rows : window.rows)
      for (std::size_t at = 0; at < rows.count; at += limits.rows) {
        const auto count = std::min(limits.rows, rows.count - at);
        auto done = render_rows({{rows.page, rows.first + at, count}, contents, first});
        if (!done) return done;
        first += count;
      }
    return {};
  };
  WindowPlanner planner(index, limits.jobs, limits.budget);
  for (std::size_t i = 0; i < file->pages().size(); ++i) {
    auto page = open_page(repository.store(), *file, i, *index);
    if (!page) return tl::unexpected<Error>(page.error());
    for (std::size_t at = 0; at < (*page)->page.rows.size();) {
      auto added = planner.add(*page, at);
      if (!added) return tl::unexpected<Error>(added.error());
      EXPECT_GT(*added, 0u);
      at += *added;
      if (!planner.full()) continue;
      if (auto done = render_window(planner.take()); !done) return tl::unexpected<Error>(done.error());
    }
  }
  if (!planner.empty())
    if (auto done = render_window(planner.take()); !done) return tl::unexpected<Error>(done.error());
  return text;
}

} // namespace talaria
