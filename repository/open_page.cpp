#include "repository/open_page.hpp"

#include "core/try.hpp"

#include <vector>

namespace talaria {

Result<std::shared_ptr<const OpenPage>> open_page(const ObjectStore& store, const PageFile& file,
                                                  std::size_t place, const DigestIndex& index) {
  std::vector<uint32_t> generations;
  for (auto& id : file.generations()) {
    auto known = index.generation(id);
    if (!known)
      return failure(errc::damaged, "a release names a generation that the snapshot doesn't list");
    generations.push_back(*known);
  }
  auto open = std::make_shared<OpenPage>();
  TALARIA_TRY_ASSIGN(open->page, file.read(store, place));
  open->first_record = file.pages()[place].first_record;
  for (auto& row : open->page.rows) {
    row.header.generation = generations[row.header.generation];
    row.sequence.generation = generations[row.sequence.generation];
  }
  for (auto& layout : open->page.layouts)
    if (layout.form == RecordLayout::Form::stored)
      layout.text.generation = generations[layout.text.generation];
  return std::shared_ptr<const OpenPage>(std::move(open));
}

} // namespace talaria
