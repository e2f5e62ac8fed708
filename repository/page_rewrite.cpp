#include "repository/page_rewrite.hpp"

#include "core/try.hpp"

#include <utility>

namespace talaria {

namespace {

using Step = std::function<Result<void>(double)>;

// A record whose numbers name generations by what they are.
struct NamedNumber {
  GenerationId generation;
  uint32_t ordinal = 0;

  friend bool operator==(const NamedNumber&, const NamedNumber&) = default;
};

// The records of a page file, one by one.
class Records {
public:
  Records(const ObjectStore& store, const PageFile& file) : store_(store), file_(file) {}

  // Whether there is another one.
  Result<bool> next() {
    if (++row_ < page_.rows.size()) return true;
    while (place_ < file_.pages().size()) {
      TALARIA_TRY_ASSIGN(page_, file_.read(store_, place_++));
      row_ = 0;
      if (!page_.rows.empty()) return true;
    }
    return false;
  }

  const Row& row() const { return page_.rows[row_]; }
  const RecordLayout& layout() const { return page_.layouts[row().layout]; }
  NamedNumber named(const Number& number) const {
    return {file_.generations()[number.generation], number.ordinal};
  }
  bool page_ends() const { return row_ + 1 == page_.rows.size(); }
  double share() const {
    return static_cast<double>(place_) / static_cast<double>(file_.pages().size());
  }

private:
  const ObjectStore& store_;
  const PageFile& file_;
  Page page_;
  std::size_t row_ = 0;
  std::size_t place_ = 0;
};

bool equal_layouts(const Records& a, const Records& b) {
  auto& left = a.layout();
  auto& right = b.layout();
  if (left.form != right.form || left.bytes != right.bytes) return false;
  return left.form != RecordLayout::Form::stored || a.named(left.text) == b.named(right.text);
}

bool equal_records(const Records& a, const Records& b) {
  return a.named(a.row().header) == b.named(b.row().header) &&
         a.named(a.row().sequence) == b.named(b.row().sequence) && equal_layouts(a, b);
}

Result<void> copy(const ObjectStore& store, const PageFile& old, PageFileWriter& writer,
                  const Step& step) {
  writer.set_preamble(old.preamble());
  auto in_file = [&](const Number& number) {
    return Number{writer.generation(old.generations()[number.generation]), number.ordinal};
  };
  Records records(store, old);
  while (true) {
    TALARIA_TRY_ASSIGN(bool more, records.next());
    if (!more) return {};
    auto layout = records.layout();
    if (layout.form == RecordLayout::Form::stored) layout.text = in_file(layout.text);
    TALARIA_TRY(
        writer.add(in_file(records.row().header), in_file(records.row().sequence), std::move(layout)));
    if (records.page_ends()) TALARIA_TRY(step(records.share() / 2));
  }
}

Result<void> compare(const ObjectStore& store, const PageFile& old, const PageFile& made,
                     const Step& step) {
  auto differs = [&] {
    return failure(errc::internal, pages_name(made.info().digest) + " has other records than " +
                                       pages_name(old.info().digest) +
                                       ", so nothing was changed: this is a defect of Talaria or of the "
                                       "disk");
  };
  if (old.preamble() != made.preamble()) return differs();
  Records before(store, old);
  Records after(store, made);
  while (true) {
    TALARIA_TRY_ASSIGN(bool more, before.next());
    TALARIA_TRY_ASSIGN(bool more_after, after.next());
    if (more != more_after) return differs();
    if (!more) return {};
    if (!equal_records(before, after)) return differs();
    if (before.page_ends()) TALARIA_TRY(step(0.5 + before.share() / 2));
  }
}

} // namespace

Result<RewrittenPages> rewrite_pages(ObjectStore& store, const PageFile& old,
                                     std::vector<PageFilePtr> candidates, const Step& step) {
  TALARIA_TRY_ASSIGN(auto writer, PageFileWriter::create(store, std::move(candidates)));
  TALARIA_TRY(copy(store, old, *writer, step));
  RewrittenPages made;
  TALARIA_TRY_ASSIGN(made.file, writer->finish());
  TALARIA_TRY_ASSIGN(auto file, PageFile::open(store, made.file.digest, made.file.size));
  made.reference = file->reference_info();
  made.depth = file->depth();
  TALARIA_TRY(compare(store, old, *file, step));
  return made;
}

} // namespace talaria
