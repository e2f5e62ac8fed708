#include "actors/operation.hpp"

namespace talaria::actors {

namespace {

// Records that are rendered by one message: about a megabyte of text.
constexpr std::size_t rows_per_job = 2048;

// Windows being gathered while others are rendered.
constexpr std::size_t windows_ahead = 4;

using GatherRequest = decltype(std::declval<caf::blocking_actor*>()->request(
    std::declval<block_reader_actor>(), caf::infinite, gather_atom_v, std::declval<Local<GatherJob>>()));
using RenderRequest = decltype(std::declval<caf::blocking_actor*>()->request(
    std::declval<worker_actor>(), caf::infinite, render_atom_v, std::declval<Local<RenderJob>>()));

// Keeps windows being gathered and records being rendered, and hands the text to the sink in order.
class Renderer {
public:
  Renderer(Operation& op, DigestIndexPtr index, uint64_t total, std::string_view what,
           const ByteSink& sink)
      : op_(op),
        index_(std::move(index)),
        total_(total),
        what_(what),
        sink_(sink),
        source_(op),
        decoded_(op.core->decoded_budget()),
        planner_(index_, op.services->readers.size(), op.core->window_budget()) {}

  Result<void> text(std::string_view bytes) {
    TALARIA_TRY(sink_(bytes));
    done_ += bytes.size();
    return {};
  }

  Result<void> add(const std::shared_ptr<const OpenPage>& page) {
    for (std::size_t at = 0; at < page->page.rows.size();) {
      TALARIA_TRY(op_.check_cancelled());
      TALARIA_TRY_ASSIGN(auto added, planner_.add(page, at));
      at += added;
      if (planner_.full()) TALARIA_TRY(start_window());
    }
    return {};
  }

  Result<void> finish() {
    if (!planner_.empty()) TALARIA_TRY(start_window());
    while (!windows_.empty()) TALARIA_TRY(take_window());
    while (!renders_.empty()) TALARIA_TRY(take_render());
    op_.report(what_, done_, total_);
    return {};
  }

private:
  struct GatheringWindow {
    Window window;
    std::vector<std::pair<GatherRequest, Local<GatherJob>>> gathers;
  };

  Result<void> start_window() {
    GatheringWindow next{planner_.take(), {}};
    for (std::size_t i = 0; i < next.window.jobs.size(); ++i) {
      auto job = local(std::move(next.window.jobs[i]));
      next.gathers.emplace_back(
          op_.self->request(op_.services->readers[i], caf::infinite, gather_atom_v, job), job);
    }
    windows_.push_back(std::move(next));
    return windows_.size() > windows_ahead ? take_window() : Result<void>{};
  }

  Result<void> take_window() {
    auto window = std::move(windows_.front());
    windows_.pop_front();
    auto contents = std::make_shared<WindowContents>();
    contents->table.resize(2 * window.window.count);
    for (auto& [request, job] : window.gathers) {
      TALARIA_TRY_ASSIGN(auto gathered, await<Gathered>(request));
      contents->add(*job, gathered.value);
    }
    std::size_t first = 0;
    for (auto& rows : window.window.rows) {
      for (std::size_t at = 0; at < rows.count; at += rows_per_job) {
        auto count = std::min(rows_per_job, rows.count - at);
        auto job = local(RenderJob{{rows.page, rows.first + at, count}, contents, first + at});
        renders_.emplace_back(op_.self->request(op_.worker(), caf::infinite, render_atom_v, job), job);
        if (renders_.size() > op_.window()) TALARIA_TRY(take_render());
      }
      first += rows.count;
    }
    return {};
  }

  Result<void> take_render() {
    auto [request, job] = std::move(renders_.front());
    renders_.pop_front();
    TALARIA_TRY_ASSIGN(auto rendered, await<Rendered>(request));
    std::string_view bytes = rendered->bytes;
    std::size_t at = 0;
    for (auto& gap : rendered->gaps) {
      TALARIA_TRY(text(bytes.substr(at, gap.at - at)));
      at = gap.at;
      TALARIA_TRY(render_long(
          *index_, source_, *job->rows.page, gap.row,
          [&](std::string_view piece) -> Result<void> {
            TALARIA_TRY(op_.check_cancelled());
            TALARIA_TRY(text(piece));
            op_.report(what_, done_, total_);
            return {};
          },
          &decoded_));
    }
    TALARIA_TRY(text(bytes.substr(at)));
    op_.report(what_, done_, total_);
    return {};
  }

  Operation& op_;
  DigestIndexPtr index_;
  uint64_t total_;
  std::string_view what_;
  const ByteSink& sink_;
  EitherBlockSource source_;
  DecodedChunks decoded_;
  WindowPlanner planner_;
  uint64_t done_ = 0;
  std::deque<GatheringWindow> windows_;
  Requests<RenderRequest, Local<RenderJob>> renders_;
};

} // namespace

Result<PageCursor> release_pages(const Core& core, const View& view, const ReleaseEntry& release,
                                 DigestIndexPtr index) {
  TALARIA_TRY_ASSIGN(auto file, open_pages(*core.repository, view, release));
  auto replace = [&repository = *core.repository, release](const PageFile& gone, const Error& error) {
    return replaced_pages(repository, release, gone, error);
  };
  return PageCursor(*core.objects, std::move(index), std::move(file), replace);
}

Result<void> render_release(Operation& op, const DigestIndexPtr& index, PageCursor& pages,
                            uint64_t bytes, std::string_view what, const ByteSink& sink) {
  Renderer renderer(op, index, bytes, what, sink);
  if (!pages.preamble().empty()) TALARIA_TRY(renderer.text(pages.preamble()));
  while (true) {
    TALARIA_TRY_ASSIGN(auto page, pages.next());
    if (!page) return renderer.finish();
    TALARIA_TRY(renderer.add(page));
  }
}

namespace {

Result<void> export_entry(Operation& op, const View& view, const ReleaseEntry& entry,
                          const ExportSink& sink) {
  TALARIA_TRY_ASSIGN(auto index, view.index());
  TALARIA_TRY_ASSIGN(auto pages, release_pages(*op.core, view, entry, index));
  // Blocks and pages carry checksums of their own; the digest of the whole also catches what is wrong
  // with how they were put together.
  Hasher hasher;
  uint64_t bytes = 0;
  auto checked = [&](std::string_view piece) -> Result<void> {
    hasher.update(piece);
    bytes += piece.size();
    return sink(piece);
  };
  TALARIA_TRY(render_release(op, index, pages, entry.bytes, "exporting", checked));
  if (bytes != entry.bytes || hasher.finish() != entry.stream)
    return failure(errc::damaged, "the export of " + entry.name + "@" + entry.version +
                                      " differs from what was ingested: run `talaria verify`");
  return {};
}

} // namespace

Result<ReleaseInfo> export_release(Operation& op, const std::string& release, const ExportSink& sink) {
  TALARIA_TRY_ASSIGN(auto wanted, parse_release(release));
  TALARIA_TRY_ASSIGN(auto view, op.core->repository->view());
  TALARIA_TRY_ASSIGN(auto* entry, view->release(wanted.name, wanted.version));
  if (auto done = export_entry(op, *view, *entry, sink); !done)
    return tl::unexpected(explain(*op.core, *view, *entry, done.error()));
  return to_info(*entry);
}

} // namespace talaria::actors
