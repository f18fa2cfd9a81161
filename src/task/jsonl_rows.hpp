#pragma once

#include "task/source_row.hpp"

namespace bbprompt {

// Hands the rows of a text with one JSON object a line to `sink`, in order (rules: dataset.hpp).
[[nodiscard]] ReadingNote read_jsonl_rows(const SourceText& source, const ColumnNames& names,
                                          const RowSink& sink);

}  // namespace bbprompt
