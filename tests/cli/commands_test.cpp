// What each command does when all is well.
#include "tests/cli/program.hpp"

#include "talaria/digest.hpp"

#include <filesystem>
#include <memory>

namespace talaria::test {
namespace {

using Commands = ProgramTest;

std::string gzipped(const std::string& file) {
  EXPECT_EQ(std::system(("gzip -k '" + file + "'").c_str()), 0);
  return file + ".gz";
}

// The first record of fasta().
std::string first_record(const std::string& text) {
  return text.substr(0, text.find("\n>") + 1);
}

TEST_F(Commands, InitMakesAnEmptyRepository) {
  EXPECT_EQ(done({"init", "--json"}).json()["repository"], path("repo"));
  EXPECT_EQ(done({"releases", "--json"}).json()["releases"].size(), 0u);
  EXPECT_EQ(done({"verify", "--json"}).json()["ok"], true);
}

TEST_F(Commands, AReleaseIsExportedByteForByte) {
  make_release();
  EXPECT_EQ(done({"export", "db@1"}).out, fasta(50));
  EXPECT_EQ(done({"export", "db"}).out, fasta(50));
}

TEST_F(Commands, IngestReadsGzipAndStandardInput) {
  make_repository();
  const auto file = write("db.fasta", fasta(50));
  done({"ingest", gzipped(file), "--release", "zipped@1"});
  done({"ingest", "-", "--release", "standard@1"}, file);
  done({"ingest", "-", "--release", "standard@2"}, file + ".gz");
  for (const char* release : {"zipped@1", "standard@1", "standard@2"})
    EXPECT_EQ(done({"export", release}).out, fasta(50)) << release;
}

TEST_F(Commands, IngestReadsANamedPipe) {
  make_repository();
  Fifo fifo(path("pipe"));
  auto program = start({"ingest", path("pipe"), "--release", "db@1"});
  const auto text = fasta(20'000);
  fifo.write(text);
  fifo.close();
  EXPECT_EQ(program->wait().code, 0);
  EXPECT_EQ(done({"export", "db"}).out, text);
}

TEST_F(Commands, IngestReportsWhatItStored) {
  make_repository();
  const auto report =
      done({"ingest", write("db.fasta", fasta(50)), "--release", "uniprot/db@2026_04", "--json"}).json();
  EXPECT_EQ(report["release"]["name"], "uniprot/db");
  EXPECT_EQ(report["release"]["version"], "2026_04");
  EXPECT_EQ(report["release"]["records"], 50);
  EXPECT_EQ(report["release"]["residues"], 50 * 180);
  EXPECT_EQ(report["release"]["bytes"], fasta(50).size());
  EXPECT_EQ(report["release"]["digest"], digest_of(fasta(50)).hex());
  EXPECT_EQ(report["new_sequences"], 50);
  EXPECT_EQ(report["unchanged"], false);
}

TEST_F(Commands, IngestOfTheSameContentAgainDoesNothing) {
  make_release();
  const auto before = files("repo");
  EXPECT_EQ(done({"ingest", path("db.fasta"), "--release", "db@1", "--json"}).json()["unchanged"], true);
  EXPECT_EQ(files("repo"), before);
}

TEST_F(Commands, IngestOfOtherContentUnderTheSameNameIsRefusedAndChangesNothing) {
  make_release();
  const auto before = files("repo");
  const auto outcome =
      run({"ingest", write("other.fasta", fasta(50, 2)), "--release", "db@1", "--json"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.error()["code"], "exists");
  EXPECT_EQ(files("repo"), before);
  EXPECT_EQ(done({"export", "db@1"}).out, fasta(50));
}

TEST_F(Commands, ReleasesAreListedOldestFirstAndByDatabase) {
  make_release();
  done({"ingest", write("two.fasta", fasta(60)), "--release", "db@2"});
  done({"ingest", write("other.fasta", fasta(5)), "--release", "other@1"});
  const auto all = done({"releases", "--json"}).json()["releases"];
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0]["version"], "1");
  EXPECT_EQ(all[1]["records"], 60);
  EXPECT_EQ(done({"releases", "other", "--json"}).json()["releases"].size(), 1u);
  EXPECT_NE(done({"releases"}).out.find("db@2"), std::string::npos);
  EXPECT_EQ(run({"releases", "unknown"}).code, 1);
}

TEST_F(Commands, ExportWritesAFileOnlyWhenItIsWhole) {
  make_release();
  write("out.fasta", "old");
  done({"export", "db@1", "-o", path("out.fasta")});
  EXPECT_EQ(read("out.fasta"), fasta(50));
  for (const auto& file : files(".")) EXPECT_EQ(file.find("partial"), std::string::npos);
}

TEST_F(Commands, ExportWritesThroughALinkAndIntoADevice) {
  make_release();
  write("target.fasta", "old");
  std::filesystem::create_symlink("target.fasta", path("link.fasta"));
  done({"export", "db@1", "-o", path("link.fasta")});
  EXPECT_TRUE(std::filesystem::is_symlink(path("link.fasta")));
  EXPECT_EQ(read("target.fasta"), fasta(50));
  done({"export", "db@1", "-o", "/dev/null"});
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST_F(Commands, GetPrintsRecordsInTheOrderAsked) {
  make_release();
  const auto text = fasta(50);
  const auto first = first_record(text);
  const auto second = first_record(text.substr(first.size()));
  EXPECT_EQ(done({"get", "P00002", "P00001"}).out, second + first);
  EXPECT_EQ(done({"get", "sp|P00001|X_Y", "--release", "db@1"}).out, first);
  done({"get", "P00001", "-o", path("one.fasta")});
  EXPECT_EQ(read("one.fasta"), first);
}

TEST_F(Commands, GetReadsIdsFromAFileAndFromStandardInput) {
  make_release();
  const auto ids = write("ids", "P00001\n\n  P00002 \r\nP00003");
  const auto text = fasta(50);
  const auto expected = text.substr(0, text.find(">sp|P00004"));
  EXPECT_EQ(done({"get", "--ids", ids}).out, expected);
  EXPECT_EQ(done({"get", "--ids", "-"}, ids).out, expected);
}

TEST_F(Commands, GetFindsSequencesByDigest) {
  make_release();
  std::string residues = first_record(fasta(50));
  residues.erase(0, residues.find('\n'));
  std::erase(residues, '\n');
  const auto outcome = done({"get", digest_of(residues).hex()});
  std::string printed = outcome.out.substr(outcome.out.find('\n'));
  std::erase(printed, '\n');
  EXPECT_EQ(printed, residues);
}

TEST_F(Commands, GetCutsRangesAsSamtoolsDoes) {
  make_repository();
  std::string characters;
  for (int i = 0; i < 100'000; ++i) characters += "ACGTacgtnN-"[(i * 7919 + i / 13) % 11];
  std::string text = ">short\nMKV*\n>chr1 a chromosome\r\n";
  for (std::size_t at = 0; at < characters.size(); at += 70) text += characters.substr(at, 70) + "\r\n";
  done({"ingest", write("genome.fasta", text), "--release", "g@1"});
  auto expected = [&](std::size_t from, std::size_t to) {
    auto cut = characters.substr(from - 1, to - from + 1);
    std::string lines = ">chr1:" + std::to_string(from) + "-" + std::to_string(to) + "\n";
    for (std::size_t at = 0; at < cut.size(); at += 60) lines += cut.substr(at, 60) + "\n";
    return lines;
  };
  EXPECT_EQ(done({"get", "chr1:1-10"}).out, expected(1, 10));
  EXPECT_EQ(done({"get", "chr1:50,001-51,234", "--release", "g"}).out, expected(50'001, 51'234));
  EXPECT_EQ(done({"get", "chr1:99990-200000"}).out, expected(99'990, 100'000));
  const auto ids = write("ids", "chr1:70-71\nshort\nchr1:99999\n");
  EXPECT_EQ(done({"get", "--ids", ids}).out,
            expected(70, 71) + ">short\nMKV*\n" + expected(99'999, 100'000));
  const auto outcome = run({"get", "chr1:100001-100002", "chr1:1-1", "chr2:1-2"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.out, expected(1, 1));
  EXPECT_NE(outcome.err.find("ends at 100000"), std::string::npos);
  EXPECT_NE(outcome.err.find("chr2"), std::string::npos);
}

TEST_F(Commands, GetNamesWhatIsMissingAndPrintsTheOthers) {
  make_release();
  const auto outcome = run({"get", "P00001", "Q99999", "P00002", "Q88888"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.out.find(">sp|P00001|"), std::string::npos);
  EXPECT_NE(outcome.out.find(">sp|P00002|"), std::string::npos);
  EXPECT_NE(outcome.err.find("Q99999"), std::string::npos);
  EXPECT_NE(outcome.err.find("Q88888"), std::string::npos);
  EXPECT_EQ(run({"get", "Q99999", "--json"}).error()["code"], "not_found");
  EXPECT_EQ(run({"get", "P00001", "--release", "db@9"}).code, 1);
}

TEST_F(Commands, VerifySaysWhetherItReadTheData) {
  make_release();
  const auto full = done({"verify", "--json"}).json();
  EXPECT_EQ(full["ok"], true);
  EXPECT_EQ(full["data_read"], true);
  EXPECT_GE(full["chunks"], 50);
  const auto quick = done({"verify", "--quick", "--json"}).json();
  EXPECT_EQ(quick["data_read"], false);
  EXPECT_EQ(quick["chunks"], 0);
  EXPECT_NE(done({"verify", "--quick"}).out.find("NOT read"), std::string::npos);
  EXPECT_NE(done({"verify", "--sample", "50%"}).out.find("NOT read"), std::string::npos);
  EXPECT_EQ(done({"verify"}).out.find("NOT"), std::string::npos);
}

TEST_F(Commands, RebuildOfAWholeRepositoryDoesNothing) {
  make_release();
  const auto before = files("repo");
  const auto report = done({"rebuild", "--json"}).json();
  EXPECT_EQ(report["ok"], true);
  EXPECT_EQ(report["releases"], 1);
  EXPECT_EQ(report["chunks"], 0);
  for (const char* empty : {"rebuilt", "damages", "notes"}) EXPECT_EQ(report[empty].size(), 0u) << empty;
  EXPECT_EQ(done({"rebuild"}).out, "nothing to make anew\n");
  EXPECT_EQ(files("repo"), before);
}

TEST_F(Commands, RebuildMakesTheIndexAnewUnlessItIsADryRun) {
  make_release();
  const auto segments = files("repo/index");
  ASSERT_EQ(segments.size(), 1u);
  std::filesystem::remove(segments[0]);
  const auto lost = files("repo");
  const auto dry = done({"rebuild", "--dry-run", "--json"}).json();
  EXPECT_EQ(dry["dry_run"], true);
  EXPECT_EQ(dry["rebuilt"].size(), 1u);
  EXPECT_EQ(dry["chunks"], 100);
  EXPECT_NE(done({"rebuild", "--dry-run"}).out.find("would be made anew: index/"), std::string::npos);
  EXPECT_EQ(files("repo"), lost);
  EXPECT_EQ(run({"export", "db"}).code, 3);
  const auto said = done({"rebuild"}).out;
  EXPECT_NE(said.find("made anew: index/"), std::string::npos) << said;
  EXPECT_NE(said.find("is missing"), std::string::npos) << said;
  EXPECT_NE(said.find("100 chunks indexed in 1 new segment"), std::string::npos) << said;
  EXPECT_EQ(files("repo/index"), segments) << "the same bytes have the same name";
  EXPECT_EQ(done({"export", "db"}).out, fasta(50));
}

// More chunks than one segment may take with this memory: a segment for each run.
TEST_F(Commands, RebuildDividesALargeGenerationByItsRuns) {
  make_repository();
  std::string text;
  for (int i = 0; i < 400'000; ++i) {
    std::string residues;
    for (auto n = static_cast<unsigned>(i) * 2654435761u; n != 0; n /= 19)
      residues += "ACDEFGHIKLMNPQRSTVW"[n % 19];
    text += ">a" + std::to_string(i) + "\n" + residues + "\n";
  }
  const auto file = write("db.fasta", text);
  done({"ingest", file, "--release", "db@1", "--memory", "128MiB", "--pack-size", "1MiB"});
  const auto segments = files("repo/index").size();
  EXPECT_GT(segments, 1u);
  // Without a snapshot, the order of the packs is not known either.
  for (const std::vector<const char*>& lost :
       {std::vector{"repo/index"}, std::vector{"repo/index", "repo/snapshots", "repo/refs"}}) {
    for (const char* folder : lost) std::filesystem::remove_all(path(folder));
    const auto report = done({"rebuild", "--json", "--memory", "128MiB"}).json();
    EXPECT_GT(report["segments"], 1);
    EXPECT_LE(report["segments"], segments);
    EXPECT_EQ(report["releases"], 1);
    done({"verify"});
    EXPECT_TRUE(done({"export", "db"}).out == text);
  }
}

TEST_F(Commands, VerifySaysWhatARebuildMakesGood) {
  make_release();
  for (const char* folder : {"repo/index", "repo/releases"}) {
    const auto file = files(folder).at(0);
    const auto kept = path("kept");
    std::filesystem::rename(file, kept);
    const auto verified = run({"verify", "--quick"});
    EXPECT_EQ(verified.code, 3) << folder;
    EXPECT_NE(verified.out.find("`talaria rebuild` makes anew"), std::string::npos) << verified.out;
    EXPECT_EQ(run({"verify", "--json"}).json()["damages"][0]["derived"], true);
    std::filesystem::rename(kept, file);
  }
  std::filesystem::remove(files("repo/pages").at(0));
  EXPECT_EQ(run({"verify"}).out.find("rebuild"), std::string::npos);
}

TEST_F(Commands, StatsCountWhatIsStored) {
  make_release();
  done({"ingest", write("two.fasta", fasta(60)), "--release", "db@2"});
  const auto stats = done({"stats", "--json"}).json();
  for (const char* key : {"repository_bytes", "raw_bytes", "releases", "records", "sequences",
                          "residues", "headers", "chunks", "application_chunks", "packs", "pack_bytes",
                          "index_segments", "index_bytes", "page_bytes"})
    EXPECT_TRUE(stats.contains(key)) << key;
  EXPECT_EQ(stats["releases"], 2);
  EXPECT_EQ(stats["records"], 110);
  EXPECT_EQ(stats["sequences"], 60);
  EXPECT_EQ(stats["raw_bytes"], fasta(50).size() + fasta(60).size());
  EXPECT_NE(done({"stats"}).out.find("sequences"), std::string::npos);
}

TEST_F(Commands, ChunksArePutListedReadAndRemoved) {
  make_repository();
  const auto one = write("one", "first chunk");
  const auto two = write("two", std::string("\0\xff binary", 9));
  const auto put = done({"chunk", "put", one, two, "--json"}).json()["chunks"];
  ASSERT_EQ(put.size(), 2u);
  const std::string digest = put[0]["digest"];
  EXPECT_EQ(digest, digest_of("first chunk").hex());
  EXPECT_EQ(put[1]["size"], 9);
  EXPECT_EQ(done({"chunk", "get", digest}).out, "first chunk");
  done({"chunk", "get", put[1]["digest"], "-o", path("copy")});
  EXPECT_EQ(read("copy"), read("two"));
  EXPECT_EQ(done({"chunk", "list", "--json"}).json()["chunks"].size(), 2u);
  EXPECT_EQ(done({"chunk", "remove", digest, "--json"}).json()["removed"][0], digest);
  EXPECT_EQ(done({"chunk", "list", "--json"}).json()["chunks"].size(), 1u);
  EXPECT_EQ(run({"chunk", "get", digest}).code, 1);
  EXPECT_EQ(run({"chunk", "remove", digest}).code, 1);
}

TEST_F(Commands, ChunksAreStoredAsDifferencesFromOthers) {
  make_repository();
  const auto text = fasta(100);
  const auto one = write("one", text);
  const auto two = write("two", text + "and more");
  const auto three = write("three", "less and " + text);
  const auto first = done({"chunk", "put", one}).out.substr(0, 64);
  const auto put = done({"chunk", "put", two, "--reference", first, "--json"}).json()["chunks"][0];
  EXPECT_EQ(put["kind"], "delta");
  EXPECT_EQ(put["references"], (std::vector{first}));
  EXPECT_EQ(put["depth"], 1);
  EXPECT_LT(put["stored"], 200);
  const auto found = done({"chunk", "put", three, "--find-reference", "--json"}).json()["chunks"][0];
  EXPECT_EQ(found["kind"], "delta");
  const std::string second = put["digest"];
  const std::string third = found["digest"];
  EXPECT_EQ(done({"chunk", "get", third}).out, "less and " + text);
  const auto info = done({"chunk", "info", first, "--deltas", "--json"}).json();
  EXPECT_EQ(info["kind"], "whole");
  EXPECT_GE(info["deltas"].size(), 1u);
  EXPECT_NE(done({"chunk", "info", second}).out.find("reference"), std::string::npos);
  const auto refused = run({"chunk", "remove", first, "--json"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.error()["code"], "in_use");
  const auto rebased = done({"chunk", "rebase", third, second, "--json"}).json()["chunks"];
  EXPECT_EQ(rebased[0]["kind"], "whole");
  EXPECT_EQ(rebased[1]["kind"], "whole");
  done({"chunk", "remove", first});
  EXPECT_EQ(done({"chunk", "get", second}).out, text + "and more");
  EXPECT_NE(done({"chunk", "rebase", second, "--find-reference"}).out.find("delta"), std::string::npos);
  EXPECT_EQ(run({"chunk", "put", one, "--reference", "12"}).code, 2);
  EXPECT_EQ(run({"chunk", "put", one, "--reference", second, "--find-reference"}).code, 2);
  EXPECT_EQ(done({"verify", "--json"}).json()["ok"], true);
}

TEST_F(Commands, RebaseWritesListsOfRecordsAnew) {
  make_repository();
  for (int i = 1; i <= 5; ++i)
    done({"ingest", write("db.fasta", fasta(40 + i)), "--release", "db@" + std::to_string(i)});
  const auto dry = done({"rebase", "--dry-run", "--page-chain", "1", "--json"}).json();
  EXPECT_EQ(dry["rebased"].size(), 3u);
  const auto report = done({"rebase", "--page-chain", "1", "--json"}).json();
  EXPECT_EQ(report["releases"], 5);
  ASSERT_EQ(report["rebased"].size(), 3u);
  EXPECT_EQ(report["rebased"][2]["release"], "db@5");
  EXPECT_EQ(report["rebased"][2]["chain_before"], 4);
  EXPECT_LE(report["rebased"][2]["chain_after"], 1);
  EXPECT_EQ(report["page_bytes_after"], done({"stats", "--json"}).json()["page_bytes"]);
  EXPECT_NE(done({"rebase", "--page-chain", "1"}).out.find("nothing to rebase"), std::string::npos);
  EXPECT_NE(done({"rebase", "db@5", "--page-chain", "0"}).out.find("1 release rebased"),
            std::string::npos);
  EXPECT_EQ(run({"rebase", "db@9"}).code, 1);
  for (int i = 1; i <= 5; ++i) EXPECT_EQ(done({"export", "db@" + std::to_string(i)}).out, fasta(40 + i));
  EXPECT_EQ(done({"verify", "--json"}).json()["ok"], true);
}

TEST_F(Commands, ChunkPutReadsStandardInput) {
  make_repository();
  const auto outcome = done({"chunk", "put", "-"}, write("in", "from a pipe"));
  EXPECT_EQ(outcome.out, digest_of("from a pipe").hex() + "  standard input\n");
}

TEST_F(Commands, SequencesAreListedOnRequest) {
  make_release();
  EXPECT_EQ(done({"chunk", "list", "--json"}).json()["chunks"].size(), 0u);
  const auto sequences = done({"chunk", "list", "--sequences", "--json"}).json()["chunks"];
  ASSERT_EQ(sequences.size(), 50u);
  EXPECT_EQ(sequences[0]["sequence"], true);
  EXPECT_EQ(sequences[0]["size"], 180);
}

TEST_F(Commands, StrainsTakeWhatDiffers) {
  make_repository();
  std::string strain;
  for (uint64_t i = 0, state = 1; i < 300'000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    strain += "ACGT"[state >> 62];
  }
  std::vector<uint64_t> sizes;
  for (int i = 0; i < 4; ++i) {
    for (std::size_t at = 1000 + static_cast<std::size_t>(i) * 7; at < strain.size(); at += 10'000)
      strain[at] = strain[at] == 'A' ? 'C' : 'A';
    const auto release = "strain@" + std::to_string(i);
    const auto text = ">chromosome " + std::to_string(i) + "\n" + strain + "\n";
    const auto depth = i == 3 ? "0" : "2";
    const auto report = done(
        {"--delta-depth", depth, "ingest", write("strain.fasta", text), "--release", release, "--json"});
    sizes.push_back(report.json()["stored_bytes"].get<uint64_t>());
    EXPECT_TRUE(done({"export", release}).out == text);
  }
  EXPECT_LT(sizes[0], 85'000u);
  EXPECT_LT(sizes[1], 3'000u);
  EXPECT_LT(sizes[2], 3'000u);
  EXPECT_GT(sizes[3], 70'000u);
  EXPECT_EQ(done({"verify", "--json"}).json()["ok"], true);
}

TEST_F(Commands, VersionAndHelpNeedNoRepository) {
  EXPECT_FALSE(done({"version", "--json"}).json()["version"].get<std::string>().empty());
  for (const char* command : {"init", "ingest", "releases", "export", "get", "verify", "rebuild",
                              "rebase", "stats", "chunk", "version"})
    EXPECT_NE(done({command, "--help"}).out.find("Example: talaria "), std::string::npos) << command;
  for (const char* command : {"put", "get", "list", "info", "rebase", "remove"})
    EXPECT_NE(done({"chunk", command, "--help"}).out.find("Example: talaria "), std::string::npos)
        << command;
  EXPECT_NE(done({"--help"}).out.find("Exit codes"), std::string::npos);
}

TEST_F(Commands, NothingButResultsIsSaidWhenNoTerminalListens) {
  make_repository();
  const auto ingest = done({"ingest", write("db.fasta", fasta(5000)), "--release", "db@1"});
  EXPECT_EQ(ingest.err, "");
  EXPECT_EQ(done({"verify"}).err, "");
  EXPECT_EQ(done({"export", "db", "-o", path("out")}).err, "");
}

TEST_F(Commands, QuietLeavesOutSentencesButNotResults) {
  make_repository();
  EXPECT_EQ(done({"ingest", write("db.fasta", fasta(5)), "--release", "db@1", "--quiet"}).out, "");
  EXPECT_EQ(done({"export", "db", "--quiet"}).out, fasta(5));
  EXPECT_EQ(run({"get", "Q99999", "--quiet"}).code, 1);
  EXPECT_NE(run({"get", "Q99999", "--quiet"}).err, "");
}

} // namespace
} // namespace talaria::test
