#pragma once

#include <vector>

#include "data/import_rows.hpp"

namespace bbprompt {

// Articles with their labels, in file order: text is all that stands inside <article>, tags
// dropped, without white space at both ends. The two files come in any order. Throws DataError for
// XML that is not well-formed, two files of one kind, an id that stands twice, and an article
// without ground truth or the other way round.
[[nodiscard]] ImportRows read_hyperpartisan(const KnownTask& task, const ImportLayout& layout,
                                            const std::vector<ImportText>& files);

// Rows of one file dealt to three splits.
struct DealtRows {
  std::vector<ImportRow> train;
  std::vector<ImportRow> dev;
  std::vector<ImportRow> test;
};

constexpr std::size_t kMinDealtRows = 5;  // fewer leave dev and test empty

// Sorts by the SHA-256 of the text, equal ones by id, so that equal texts stay together; the first
// tenth (rounded) is test, the next one dev, the rest train. Each is then put in the order of ids.
[[nodiscard]] DealtRows deal_by_text(std::vector<ImportRow> rows);

}  // namespace bbprompt
