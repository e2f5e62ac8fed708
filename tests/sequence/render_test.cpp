// Rendering from releases that are damaged or contradict themselves: refused, never a wrong or endless
// text.
#include "sequence/render.hpp"

#include "release_driver.hpp"
#include "sequence/span.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace talaria {
namespace {

// A release made row by row.
class Rendering : public testing::Test {
protected:
  Rendering() : writer(*repository) {}

  Number sequence(const std::string& residues) { return writer.add(Kind::sequence, residues); }
  Number header(const std::string& line) { return must(writer.interner->intern_header(line, 1)); }

  // Commits a release of these rows and renders it.
  Result<std::string> rendered(std::vector<Number> headers, std::vector<Number> sequences,
                               RecordLayout layout) {
    auto pages = must(PageFileWriter::create(*repository.store));
    const auto own = pages->generation(writer.generations[writer.own]);
    for (std::size_t i = 0; i < headers.size(); ++i)
      must(pages->add({own, headers[i].ordinal}, {own, sequences[i].ordinal}, layout));
    const auto info = must(pages->finish());
    writer.commit.add_pages(info);
    must(writer.publish(ReleaseEntry{"a", "1", 0, {}, 0, 0, 0, info.digest, info.size}));
    return render_text(*repository, "a", "1");
  }

  Result<std::string> one(const std::string& residues, RecordLayout layout) {
    const auto h = header("name");
    const auto s = sequence(residues);
    return rendered({h}, {s}, std::move(layout));
  }

  TestRepository repository;
  TestWriter writer;
};

const std::string lines_of_sixty("\x00\x3C", 2);

RecordLayout plain(const std::string& bytes) {
  return {RecordLayout::Form::plain, bytes, {}};
}

RecordLayout spans(const std::vector<std::pair<uint64_t, std::string>>& parts) {
  RecordLayout layout{RecordLayout::Form::spans, "", {}};
  for (auto& [residues, bytes] : parts) put_span(layout.bytes, residues, bytes);
  return layout;
}

TEST_F(Rendering, PutsHeaderAndResiduesTogether) {
  EXPECT_EQ(must(one("MKVL", plain(lines_of_sixty))), ">name\nMKVL\n");
}

TEST_F(Rendering, PutsSpansTogether) {
  EXPECT_EQ(must(one("MKVL", spans({{0, lines_of_sixty}, {2, lines_of_sixty}, {2, lines_of_sixty}}))),
            ">name\nMK\nVL\n");
}

TEST_F(Rendering, RefusesLayoutsThatDoNotFit) {
  EXPECT_EQ(code_of(one("MKVL", plain(""))), errc::damaged);
}

TEST_F(Rendering, RefusesSpansForFewerResidues) {
  EXPECT_EQ(code_of(one("MKVL", spans({{0, lines_of_sixty}, {3, lines_of_sixty}}))), errc::damaged);
}

TEST_F(Rendering, RefusesSpansForMoreResidues) {
  EXPECT_EQ(code_of(one("MKVL", spans({{0, lines_of_sixty}, {5, lines_of_sixty}}))), errc::damaged);
}

TEST_F(Rendering, RefusesSpansThatEndEarly) {
  auto layout = spans({{0, lines_of_sixty}, {4, lines_of_sixty}});
  layout.bytes.pop_back();
  EXPECT_EQ(code_of(one("MKVL", layout)), errc::damaged);
}

TEST_F(Rendering, RefusesNumbersThatNothingHas) {
  const auto h = header("name");
  const auto s = sequence("MKVL");
  EXPECT_EQ(code_of(rendered({h}, {{s.generation, s.ordinal + 1}}, plain(lines_of_sixty))),
            errc::damaged);
}

TEST_F(Rendering, StopsWhenTheSinkDoes) {
  const auto h = header("name");
  const auto s = sequence(genome(2'000'000, 1));
  must(rendered({h}, {s},
                spans({{0, lines_of_sixty}, {1'000'000, lines_of_sixty}, {1'000'000, lines_of_sixty}})));
  const auto view = must(repository->view());
  const auto index = must(view->index());
  const auto page =
      must(open_page(*repository.store, *must(view->pages(*must(view->release("a", "")))), 0, *index));
  DirectBlockSource source(*repository.store, repository->registry());
  std::size_t bytes = 0;
  const auto done = render_long(*index, source, *page, 0, [&](std::string_view piece) -> Result<void> {
    bytes += piece.size();
    if (bytes > 500'000) return failure(errc::cancelled, "enough");
    return {};
  });
  EXPECT_EQ(code_of(done), errc::cancelled);
  EXPECT_LT(bytes, 1'100'000u);
}

TEST_F(Rendering, OfAReleaseWhoseGenerationIsUnknownIsRefused) {
  auto pages = must(PageFileWriter::create(*repository.store));
  must(pages->add({pages->generation(generation_id(99)), 0}, {0, 0}, plain(lines_of_sixty)));
  const auto info = must(pages->finish());
  const auto file = must(PageFile::open(*repository.store, info.digest, info.size));
  EXPECT_EQ(code_of(open_page(*repository.store, *file, 0, *must(writer.commit.index()))),
            errc::damaged);
}

TEST_F(Rendering, PlansAsManyRowsAsTheBudgetLetsButAtLeastOne) {
  std::vector<Number> headers;
  std::vector<Number> sequences;
  for (unsigned i = 0; i < 40; ++i) {
    headers.push_back(header("h" + std::to_string(i)));
    sequences.push_back(sequence(genome(50'000, i)));
  }
  must(rendered(headers, sequences, plain(std::string("\x00\x00", 2))).map_error([](const Error& e) {
    return Error(e.code(), "rendering: " + e.message());
  }));
  const auto view = must(repository->view());
  const auto index = must(view->index());
  const auto page =
      must(open_page(*repository.store, *must(view->pages(*must(view->release("a", "")))), 0, *index));
  EXPECT_EQ(must(plan_render(*index, page, 0, 2048, 1)).count, 1u);
  EXPECT_EQ(must(plan_render(*index, page, 0, 7, SIZE_MAX)).count, 7u);
  EXPECT_EQ(must(plan_render(*index, page, 35, 2048, SIZE_MAX)).count, 5u);
  const auto some = must(plan_render(*index, page, 0, 2048, 300'000)).count;
  EXPECT_GT(some, 1u);
  EXPECT_LT(some, 40u);
}

} // namespace
} // namespace talaria
