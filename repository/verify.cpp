#include "repository/verify.hpp"

#include "core/try.hpp"
#include "repository/difference.hpp"
#include "repository/key_text.hpp"
#include "repository/open_page.hpp"
#include "repository/value_reader.hpp"

namespace talaria {

namespace {

constexpr uint64_t file_window = uint64_t{4} << 20;

// Blocks that are kept while differences are read through their references.
constexpr std::size_t blocks_of_references = 32;

std::string describe(Kind kind, const Number& number) {
  return std::string(to_string(kind)) + " " + std::to_string(number.ordinal) + " of generation " +
         std::to_string(number.generation);
}

// Adds the blocks that a difference refers to.
Result<void> add_referred(const DigestIndex& index, std::string_view content,
                          std::set<DigestIndex::BlockAt>& referred) {
  TALARIA_TRY_ASSIGN(auto difference, decode_difference_chunk(content));
  for (auto& reference : difference.references) {
    TALARIA_TRY_ASSIGN(auto number, index.number(reference.generation, reference.ordinal));
    TALARIA_TRY_ASSIGN(auto at, index.block_at(reference.kind, number));
    referred.insert(at);
  }
  return {};
}

// With what its digest begins with, by which applications know their chunks.
std::string describe(Kind kind, const Number& number, const Key128& key) {
  auto text = describe(kind, number);
  return kind == Kind::bytes ? text + ", the chunk " + digest_beginning(key) : text;
}

} // namespace

Checker::Checker(const ObjectStore& store, std::shared_ptr<PackRegistry> registry)
    : store_(store), registry_(std::move(registry)) {}

DirectBlockSource Checker::source_of(const std::shared_ptr<KeptBlocks>& kept) const {
  if (kept) return {store_, registry_, kept};
  return {store_, registry_, blocks_of_references};
}

CheckReport Checker::check(const BlockCheck& job) {
  CheckReport report;
  std::optional<uint32_t> generation;
  if (job.index) generation = job.index->generation(job.generation);
  if (!job.index) {
    for (auto& place : job.places) check_block(job, 0, place, nullptr, report);
    return report;
  }
  auto source = source_of(job.references);
  DecodedChunks decoded;
  DifferenceReader differences(*job.index, source, decoded);
  for (auto& place : job.places) check_block(job, generation.value_or(0), place, &differences, report);
  return report;
}

void Checker::check_block(const BlockCheck& job, uint32_t generation, const BlockPlace& place,
                          DifferenceReader* differences, CheckReport& report) {
  auto name = pack_name(registry_->digest(place.pack));
  auto found = [&](const Error& error) { report.findings.push_back({name, error, {place.key()}, {}}); };
  auto differs = [&](const Number& number, const char* what) {
    return found({errc::damaged, describe(place.info.kind, number) + what});
  };
  auto block = read_block(store_, *registry_, place, decoder_);
  if (!block) return found(block.error());
  ++report.blocks;
  // The keys of a block's chunks lie wherever their numbers do: they are waited for together.
  if (job.index)
    for (std::size_t i = 0; i < (*block)->count(); ++i)
      if (auto slot = job.index->slot((*block)->kind(), {generation, (*block)->ordinal(i)}))
        job.index->prefetch_key((*block)->kind(), *slot);
  const Segment* segment = nullptr;
  uint32_t entry_block = 0;
  for (std::size_t i = 0; i < (*block)->count(); ++i) {
    auto kind = (*block)->kind();
    auto content = (*block)->content(i);
    Number number{generation, (*block)->ordinal(i)};
    ++report.chunks;
    report.bytes += content.size();
    if (!job.index) continue;
    auto entry = job.index->entry(kind, number);
    if (!entry) return found(entry.error());
    // All chunks of a block have the same entry, so it is read for the first of them only.
    if (entry->segment != segment || entry->block != entry_block) {
      auto located = job.index->locate(kind, number);
      if (!located) return found(located.error());
      if (located->key() != place.key()) {
        if (is_copy(place, *located, kind, number)) continue;
        return differs(number, " is in another block than the index says");
      }
      segment = entry->segment;
      entry_block = entry->block;
    }
    if ((*block)->is_list(i)) {
      report.lists.emplace_back(kind, number);
    } else if ((*block)->form(i) == ChunkForm::difference) {
      // What is wrong may be in a reference: then its block has a finding of its own.
      auto checked = check_difference(*differences, kind, number, content, entry->key);
      if (!checked) report.findings.push_back({"", checked.error(), {}, {{kind, number}}});
    } else if (kind != Kind::header && entry->key != Key128::of(hasher_.of(content))) {
      return differs(number, " has another digest than the index says");
    }
  }
}

CheckReport Checker::check(const DrawnCheck& job) {
  CheckReport report;
  for (auto& place : job.places) check_drawn(job, place, report);
  return report;
}

// The bytes of a block were decoded and compared with its chunks when they were stored, so it is enough
// that they have the checksum that the index says. What differences refer to has to be checked as well.
void Checker::check_drawn(const DrawnCheck& job, const BlockPlace& place, CheckReport& report) {
  auto found = [&](const Error& error) {
    report.findings.push_back({pack_name(registry_->digest(place.pack)), error, {place.key()}, {}});
  };
  ++report.blocks;
  report.chunks += place.info.count;
  report.bytes += place.info.raw;
  bool seek = job.sought && place.info.kind == Kind::sequence && !place.info.differences;
  if (!place.info.differences && !seek) {
    if (auto checked = check_stored_bytes(store_, *registry_, place, decoder_); !checked)
      found(checked.error());
    return;
  }
  auto block = read_block(store_, *registry_, place, decoder_);
  if (!block) return found(block.error());
  auto generation = job.index->generation(job.generation).value_or(0);
  for (std::size_t i = 0; i < (*block)->count(); ++i) {
    auto content = (*block)->content(i);
    if (seek) {
      if ((*block)->form(i) == ChunkForm::whole)
        job.sought->compare(content, {generation, (*block)->ordinal(i)}, report.similar);
    } else if (auto referred = add_referred(*job.index, content, report.referred); !referred) {
      return found(referred.error());
    }
  }
}

bool Checker::is_copy(const BlockPlace& read, const BlockPlace& indexed, Kind kind,
                      const Number& number) {
  if (read.pack == indexed.pack) return false;
  BlockDecoder decoder;
  auto block = read_block(store_, *registry_, indexed, decoder);
  return block && place_in_block(**block, kind, number);
}

Result<void> Checker::check_difference(DifferenceReader& differences, Kind kind, const Number& number,
                                       std::string_view content, const Key128& wanted) {
  auto chunk = differences.decode(kind, number, content);
  // Not which one, but for what applications ask for by its digest: a damaged reference would be told of
  // as often as something refers to it.
  if (!chunk)
    return tl::unexpected(chunk.error().within(
        kind == Kind::bytes ? describe(kind, number, wanted) + ", is a difference that can't be read"
                            : "a difference can't be read"));
  if (Key128::of(hasher_.of(*chunk->value)) == wanted) return {};
  return failure(errc::damaged, describe(kind, number) + " has another digest than the index says");
}

CheckReport Checker::check(const ValueCheck& job) {
  CheckReport report;
  auto source = source_of(job.references);
  DecodedChunks decoded;
  for (auto& number : job.numbers) {
    auto read = [&]() -> Result<void> {
      ValueReader reader(*job.index, source, &decoded);
      TALARIA_TRY(reader.open(job.kind, number));
      Hasher hasher;
      while (true) {
        TALARIA_TRY_ASSIGN(auto piece, reader.next());
        if (piece.empty()) break;
        hasher.update(piece);
      }
      auto key = Key128::of(hasher.finish());
      if (job.kind == Kind::header) return {};
      TALARIA_TRY_ASSIGN(auto wanted, job.index->key(job.kind, number));
      if (key != wanted)
        return failure(errc::damaged, "its parts have another digest than the index says");
      return {};
    }();
    if (read) continue;
    auto key = job.kind == Kind::header ? Result<Key128>(Key128{}) : job.index->key(job.kind, number);
    report.findings.push_back({"",
                               read.error().within(describe(job.kind, number, key.value_or(Key128{}))),
                               {},
                               {{job.kind, number}}});
  }
  return report;
}

CheckReport Checker::check(const SegmentCheck& job) {
  CheckReport report;
  if (auto verified = job.segment->verify(); !verified)
    report.findings.push_back({job.segment->name(), verified.error(), {}, {}});
  return report;
}

CheckReport Checker::check(const PagesCheck& job) {
  CheckReport report;
  auto& index = *job.index;
  auto exists = [&](Kind kind, const Number& number) -> Result<void> {
    if (index.contains(kind, number)) return {};
    return index.block_at(kind, number).map([](const auto&) {}); // says what is missing
  };
  auto read = [&]() -> Result<void> {
    uint64_t records = 0;
    for (std::size_t i = 0; i < job.pages->pages().size(); ++i) {
      TALARIA_TRY_ASSIGN(auto page, open_page(store_, *job.pages, i, index));
      for (auto& row : page->page.rows) {
        TALARIA_TRY(exists(Kind::header, row.header));
        TALARIA_TRY(exists(Kind::sequence, row.sequence));
      }
      for (auto& layout : page->page.layouts)
        if (layout.form == RecordLayout::Form::stored) TALARIA_TRY(exists(Kind::text, layout.text));
      records += page->page.rows.size();
    }
    if (records == job.records) return {};
    return failure(errc::damaged, "holds another number of records than the snapshot says");
  }();
  if (!read) report.findings.push_back({job.name, read.error(), {}, {}});
  return report;
}

CheckReport Checker::check(const FileCheck& job) {
  CheckReport report;
  auto read = [&]() -> Result<void> {
    TALARIA_TRY_ASSIGN(auto info, store_.stat(job.name));
    if (info.size != job.size)
      return failure(errc::damaged, "has " + std::to_string(info.size) + " bytes instead of " +
                                        std::to_string(job.size));
    for (uint64_t at = 0; at < job.size; at += file_window) {
      TALARIA_TRY_ASSIGN(auto bytes,
                         store_.get_range({job.name, at, std::min(file_window, job.size - at)}));
      hasher_.update(bytes.view());
    }
    return {};
  }();
  auto digest = hasher_.finish();
  if (!read)
    report.findings.push_back({job.name, read.error(), {}, {}});
  else if (digest != job.digest)
    report.findings.push_back(
        {job.name, {errc::damaged, "its content doesn't have the digest that its name says"}, {}, {}});
  return report;
}

} // namespace talaria
