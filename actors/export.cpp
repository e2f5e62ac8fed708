#include "actors/operation.hpp"

namespace talaria::actors {

namespace {

// Records that are rendered by one message: about a megabyte of text.
constexpr std::size_t rows_per_job = 2048;

using BlocksRequest = decltype(std::declval<caf::blocking_actor*>()->request(
    std::declval<cache_actor>(), caf::infinite, read_blocks_atom_v, std::declval<Local<Places>>()));
using RenderRequest = decltype(std::declval<caf::blocking_actor*>()->request(
    std::declval<worker_actor>(), caf::infinite, render_atom_v, std::declval<Local<RenderJob>>(),
    std::declval<Local<Blocks>>()));

// Keeps reads and renderings under way and hands their results to the sink in order.
class Renderer {
public:
  Renderer(Operation& op, DigestIndexPtr index, uint64_t total, std::string_view what,
           const ByteSink& sink)
      : op_(op),
        index_(std::move(index)),
        total_(total),
        what_(what),
        sink_(sink),
        source_(op.self, op.services->cache) {}

  Result<void> text(std::string_view bytes) {
    TALARIA_TRY(sink_(bytes));
    done_ += bytes.size();
    return {};
  }

  Result<void> add(const std::shared_ptr<const OpenPage>& page) {
    for (std::size_t at = 0; at < page->page.rows.size();) {
      TALARIA_TRY(op_.check_cancelled());
      TALARIA_TRY_ASSIGN(auto job,
                         plan_render(*index_, page, at, rows_per_job, op_.core->render_budget()));
      at += job.count;
      auto places = local(job.places);
      reads_.emplace_back(
          op_.self->request(op_.services->cache, caf::infinite, read_blocks_atom_v, places),
          local(std::move(job)));
      if (reads_.size() > op_.services->readers.size()) TALARIA_TRY(take_read());
    }
    return {};
  }

  Result<void> finish() {
    while (!reads_.empty()) TALARIA_TRY(take_read());
    while (!renders_.empty()) TALARIA_TRY(take_render());
    op_.report(what_, done_, total_);
    return {};
  }

private:
  Result<void> take_read() {
    auto [request, job] = std::move(reads_.front());
    reads_.pop_front();
    TALARIA_TRY_ASSIGN(auto blocks, await<Blocks>(request));
    renders_.emplace_back(op_.self->request(op_.worker(), caf::infinite, render_atom_v, job, blocks),
                          job);
    if (renders_.size() > op_.services->workers.size()) TALARIA_TRY(take_render());
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
      TALARIA_TRY(render_long(*index_, source_, *job->page, gap.row,
                              [&](std::string_view piece) -> Result<void> {
                                TALARIA_TRY(op_.check_cancelled());
                                TALARIA_TRY(text(piece));
                                op_.report(what_, done_, total_);
                                return {};
                              }));
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
  CachedBlockSource source_;
  uint64_t done_ = 0;
  Window<BlocksRequest, Local<RenderJob>> reads_;
  Window<RenderRequest, Local<RenderJob>> renders_;
};

} // namespace

Result<void> render_release(Operation& op, const DigestIndexPtr& index, const PageFile& pages,
                            uint64_t total_bytes, std::string_view what, const ByteSink& sink) {
  Renderer renderer(op, index, total_bytes, what, sink);
  if (!pages.preamble().empty()) TALARIA_TRY(renderer.text(pages.preamble()));
  for (std::size_t i = 0; i < pages.pages().size(); ++i) {
    TALARIA_TRY_ASSIGN(auto page, open_page(*op.core->objects, pages, i, *index));
    TALARIA_TRY(renderer.add(page));
  }
  return renderer.finish();
}

Result<ReleaseInfo> export_release(Operation& op, const std::string& release, const ExportSink& sink) {
  TALARIA_TRY_ASSIGN(auto wanted, parse_release(release));
  TALARIA_TRY_ASSIGN(auto view, op.core->repository->view());
  TALARIA_TRY_ASSIGN(auto* entry, view->release(wanted.name, wanted.version));
  TALARIA_TRY_ASSIGN(auto index, view->index());
  TALARIA_TRY_ASSIGN(auto pages, view->pages(*entry));
  // Blocks and pages carry checksums of their own; the digest of the whole also catches what is wrong
  // with how they were put together.
  Hasher hasher;
  uint64_t bytes = 0;
  auto checked = [&](std::string_view piece) -> Result<void> {
    hasher.update(piece);
    bytes += piece.size();
    return sink(piece);
  };
  TALARIA_TRY(render_release(op, index, *pages, entry->bytes, "exporting", checked));
  if (bytes != entry->bytes || hasher.finish() != entry->stream)
    return failure(errc::damaged, "the export of " + entry->name + "@" + entry->version +
                                      " differs from what was ingested: run `talaria verify`");
  return to_info(*entry);
}

} // namespace talaria::actors
