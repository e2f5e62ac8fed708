#include <cstdio>
#include <talaria/store.hpp>
#include <string>
#include <cstring>
#include <chrono>
using namespace talaria;
int main(int argc, char** argv) {
  std::string repo = argv[1], cmd = argv[2];
  auto fail = [](const Error& e) { fprintf(stderr, "%s: %s\n", std::string(to_string(e.code())).c_str(), e.message().c_str()); return 1; };
  if (cmd == "init") { auto r = Store::init(repo); return r ? 0 : fail(r.error()); }
  auto s = Store::open(repo); if (!s) return fail(s.error());
  auto t0 = std::chrono::steady_clock::now();
  auto el = [&]{ return std::chrono::duration<double>(std::chrono::steady_clock::now()-t0).count(); };
  if (cmd == "ingest") { auto r = (*s)->ingest({argv[3], argv[4], argv[5], {}}); if (!r) return fail(r.error());
    fprintf(stderr, "%s %lu records %lu new %lu stored %.3f s %.1f MB/s\n", r->unchanged ? "same" : "new", r->release.records, r->new_sequences, r->stored_bytes, el(), r->release.bytes / el() / 1e6); }
  if (cmd == "export") { auto r = (*s)->export_release(argv[3], [](std::string_view b) -> Result<void> { fwrite(b.data(), 1, b.size(), stdout); return {}; }); if (!r) return fail(r.error()); fprintf(stderr, "%.3f s %.1f MB/s\n", el(), r->bytes/el()/1e6); }
  if (cmd == "get") { auto r = (*s)->get(argv[3]); if (!r) return fail(r.error()); fputs(r->text.c_str(), stdout); fprintf(stderr, "%.6f\n", el()); }
  if (cmd == "verify") { auto r = (*s)->verify(); if (!r) return fail(r.error()); for (auto& d : r->damages) printf("%s %s\n", d.object.c_str(), d.message.c_str()); fprintf(stderr, "%lu chunks %lu bytes %.3f s %.1f MB/s\n", r->chunks, r->bytes, el(), r->bytes/el()/1e6); }
  if (cmd == "stats") { auto r = (*s)->stats(); if (!r) return fail(r.error()); printf("repo %lu raw %lu seqs %lu residues %lu pack %lu index %lu pages %lu\n", r->repository_bytes, r->raw_bytes, r->sequences, r->residues, r->pack_bytes, r->index_bytes, r->page_bytes); }
}
