// Rendering from releases that are damaged or contradict themselves: refused, never a wrong or endless
// text.
#include "sequence/render.hpp"

#include "../repository/scripts.hpp"
#include "release_driver.hpp"
#include "sequence/span.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
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

// Blocks as a test says.
class SourceOf : public EachBlockSource {
public:
  explicit SourceOf(std::function<Result<BlockPtr>(const BlockPlace&)> read) : read_(std::move(read)) {}
  using EachBlockSource::read;
  Result<BlockPtr> read(const BlockPlace& place) override { return read_(place); }

private:
  std::function<Result<BlockPtr>(const BlockPlace&)> read_;
};

class Windows : public Rendering {
protected:
  // A page of forty records, each with a sequence of 50,000 residues, three of them in a block.
  std::shared_ptr<const OpenPage> page_of_forty() {
    std::vector<Number> headers;
    std::vector<Number> sequences;
    for (unsigned i = 0; i < 40; ++i) {
      headers.push_back(header("h" + std::to_string(i)));
      sequences.push_back(sequence(genome(50'000, i)));
    }
    must(rendered(headers, sequences, plain(std::string("\x00\x00", 2))));
    const auto view = must(repository->view());
    index = must(view->index());
    const auto pages = must(view->pages(*must(view->release("a", ""))));
    return must(open_page(*repository.store, *pages, 0, *index));
  }

  DigestIndexPtr index;
};

TEST_F(Windows, TakeAsManyRowsAsTheBudgetLetsButAtLeastOne) {
  const auto page = page_of_forty();
  EXPECT_EQ(must(WindowPlanner(index, 2, 1).add(page, 0)), 1u);
  EXPECT_EQ(must(WindowPlanner(index, 2, SIZE_MAX).add(page, 0)), 40u);
  EXPECT_EQ(must(WindowPlanner(index, 2, SIZE_MAX).add(page, 35)), 5u);
  const auto some = must(WindowPlanner(index, 2, 300'000).add(page, 0));
  EXPECT_GT(some, 1u);
  EXPECT_LT(some, 40u);
}

TEST_F(Windows, NameEachBlockOnceAndAlwaysInTheSameJob) {
  const auto page = page_of_forty();
  WindowPlanner planner(index, 3, SIZE_MAX);
  std::map<uint64_t, std::size_t> job_of;
  for (int round = 0; round < 2; ++round) {
    must(planner.add(page, 0));
    must(planner.add(page, 20));
    const auto window = planner.take();
    EXPECT_EQ(window.count, 60u);
    std::set<uint64_t> seen;
    std::size_t wanted = 0;
    for (std::size_t job = 0; job < window.jobs.size(); ++job) {
      wanted += window.jobs[job].wanted.size();
      for (auto& block : window.jobs[job].blocks) {
        EXPECT_TRUE(seen.insert(block.key()).second);
        EXPECT_EQ(job_of.try_emplace(block.key(), job).first->second, job);
      }
    }
    EXPECT_EQ(wanted, 120u); // a header and a sequence each
    EXPECT_GT(seen.size(), 10u);
  }
  EXPECT_TRUE(planner.empty());
}

TEST_F(Windows, GatherReadsEachBlockOnce) {
  const auto page = page_of_forty();
  WindowPlanner planner(index, 1, SIZE_MAX);
  must(planner.add(page, 0));
  must(planner.add(page, 0));
  const auto window = planner.take();
  DirectBlockSource source(*repository.store, repository->registry());
  std::size_t reads = 0;
  SourceOf counted([&](const BlockPlace& place) {
    ++reads;
    return source.read(place);
  });
  auto gathered = std::make_shared<Gathered>(must(gather(window.jobs[0], counted)));
  EXPECT_EQ(reads, window.jobs[0].blocks.size());
  WindowContents contents;
  contents.table.resize(2 * window.count);
  contents.add(window.jobs[0], std::move(gathered));
  EXPECT_EQ(contents.table[2 * 7].bytes, "h7");
  EXPECT_EQ(contents.table[2 * 47 + 1].bytes, genome(50'000, 7));
}

TEST_F(Windows, FailWhenABlockCannotBeRead) {
  const auto page = page_of_forty();
  WindowPlanner planner(index, 1, SIZE_MAX);
  must(planner.add(page, 0));
  SourceOf none([](const BlockPlace&) { return failure(errc::io_error, "no disk"); });
  const auto failed = gather(planner.take().jobs[0], none);
  EXPECT_EQ(code_of(failed), errc::io_error);
}

// A release of sequences that are edit scripts, from sequences of an older generation: longer ones than
// themselves, under the same ordinals.
class Scripted : public testing::Test {
protected:
  // Record i is the relative of reference i.
  void store(const std::vector<std::size_t>& lengths, std::size_t longer_by) {
    TestWriter first(*repository);
    for (unsigned i = 0; i < lengths.size(); ++i)
      first.add(Kind::sequence, protein(lengths[i] + longer_by, i));
    must(first.publish());
    TestWriter second(*repository);
    auto pages = must(PageFileWriter::create(*repository.store));
    const auto own = pages->generation(second.generations[second.own]);
    for (unsigned i = 0; i < lengths.size(); ++i) {
      sequences.push_back(relative_of(protein(lengths[i] + longer_by, i), 5, i).substr(0, lengths[i]));
      second.add(Kind::sequence, sequences.back());
      const auto content = must(ScriptChunkEncoder().encode(
          sequences[i], protein(lengths[i] + longer_by, i), second.generations[0], i));
      ASSERT_TRUE(content);
      second.interner->run().set_script(Kind::sequence, i, *content, i);
      must(second.interner->intern_header("h" + std::to_string(i), 1));
    }
    // From the last to the first, so that a reference is met before what has its ordinal.
    for (auto i = static_cast<uint32_t>(lengths.size()); i-- > 0;) {
      must(pages->add({own, i}, {own, i}, plain(std::string("\x00\x00", 2))));
      text += ">h" + std::to_string(i) + "\n" + sequences[i] + "\n";
    }
    const auto info = must(pages->finish());
    second.commit.add_pages(info);
    must(second.publish(ReleaseEntry{"a", "1", 0, {}, 0, 0, 0, info.digest, info.size}));
    const auto view = must(repository->view());
    index = must(view->index());
    page =
        must(open_page(*repository.store, *must(view->pages(*must(view->release("a", "")))), 0, *index));
  }

  Window window() {
    WindowPlanner planner(index, 1, SIZE_MAX);
    must(planner.add(page, 0));
    return planner.take();
  }

  TestRepository repository;
  std::vector<std::string> sequences;
  std::string text;
  DigestIndexPtr index;
  std::shared_ptr<const OpenPage> page;
};

TEST_F(Scripted, ShortValuesAreGathered) {
  store({300, 4096, 400, 4000, 40, 3000}, 2000);
  auto planned = window();
  DirectBlockSource source(*repository.store, repository->registry());
  auto gathered = std::make_shared<Gathered>(must(gather(planned.jobs[0], source)));
  WindowContents contents;
  contents.table.resize(2 * planned.count);
  contents.add(planned.jobs[0], std::move(gathered));
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    auto& content = contents.table[2 * (sequences.size() - 1 - i) + 1];
    EXPECT_TRUE(content.whole) << i;
    EXPECT_EQ(content.bytes, sequences[i]) << i;
  }
  EXPECT_EQ(must(render_text(*repository, "a", "1")), text);
}

TEST_F(Scripted, LongValuesAreLeftToBeRenderedByThemselves) {
  store({300, 4097, 20'000}, 0);
  auto planned = window();
  DirectBlockSource source(*repository.store, repository->registry());
  const auto gathered = must(gather(planned.jobs[0], source));
  std::size_t gaps = 0;
  for (auto& content : gathered.contents) gaps += !content.whole;
  EXPECT_EQ(gaps, 2u);
  EXPECT_EQ(must(render_text(*repository, "a", "1")), text);
}

TEST_F(Scripted, FailWhenTheBlockOfAReferenceCannotBeRead) {
  store({300, 400}, 0);
  auto planned = window();
  DirectBlockSource source(*repository.store, repository->registry());
  SourceOf own_blocks([&](const BlockPlace& place) -> Result<BlockPtr> {
    for (auto& own : planned.jobs[0].blocks)
      if (own.key() == place.key()) return source.read(place);
    return failure(errc::io_error, "no disk");
  });
  const auto failed = gather(planned.jobs[0], own_blocks);
  EXPECT_EQ(code_of(failed), errc::io_error);
}

} // namespace
} // namespace talaria
