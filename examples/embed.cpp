// Talaria embedded in a program: stores FASTA files as releases of one database, and reads them back.
//
//   embed REPOSITORY FASTA...
#include <talaria/store.hpp>

#include <fstream>
#include <iostream>

namespace {
using talaria::errc;

talaria::Result<void> run(const std::string& path, const std::vector<std::string>& files) {
  if (auto made = talaria::Store::init(path); !made && made.error().code() != errc::exists) return made;
  auto opened = talaria::Store::open(path);
  if (!opened) return tl::unexpected(opened.error());
  talaria::Store& store = **opened;

  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto version = std::to_string(i + 1);
    auto stored = store.ingest({.input = files[i], .name = "sample", .version = version, .options = {}});
    if (!stored) return tl::unexpected(stored.error().within(files[i]));
    std::cout << files[i] << ": " << stored->release.records << " records, " << stored->new_sequences
              << " new sequences, " << stored->stored_bytes << " bytes stored\n";
  }

  auto releases = store.releases();
  if (!releases) return tl::unexpected(releases.error());
  for (auto& release : *releases)
    std::cout << release.name << '@' << release.version << "  " << release.digest.hex() << '\n';

  std::ofstream out("latest.fasta", std::ios::binary);
  auto exported = store.export_release("sample", [&](std::string_view bytes) -> talaria::Result<void> {
    out.write(bytes.data(), std::ssize(bytes));
    return out ? talaria::Result<void>{} : talaria::failure(errc::io_error, "latest.fasta");
  });
  if (!exported) return tl::unexpected(exported.error());

  auto record = store.get("Q9ZJ66"); // by accession, from the newest release that has it
  if (!record) return tl::unexpected(record.error());
  std::cout << record->release << ": " << record->text;

  auto chunk = store.chunks().get(talaria::digest_of(record->sequence)); // the same, by content
  if (!chunk) return tl::unexpected(chunk.error());
  std::cout << chunk->size() << " residues by digest\n";

  // What resembles it is stored as what differs, if that is less.
  auto edited = store.deltas().put(record->sequence + "GSGS", talaria::digest_of(record->sequence));
  if (!edited) return tl::unexpected(edited.error());
  std::cout << edited->size << " residues, stored as a " << to_string(edited->kind) << '\n';

  auto report = store.verify();
  if (!report) return tl::unexpected(report.error());
  for (auto& damage : report->damages) return talaria::failure(errc::damaged, damage.message);
  return {};
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 3) return std::cerr << "usage: embed REPOSITORY FASTA...\n", 2;
  auto done = run(argv[1], {argv + 2, argv + argc});
  if (!done) std::cerr << to_string(done.error().code()) << ": " << done.error().message() << '\n';
  return done ? 0 : 1;
}
