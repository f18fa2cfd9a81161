#pragma once

#include "task/source_row.hpp"

namespace bbprompt {

// Hands the rows of a CSV or TSV text to `sink`, in order (rules: dataset.hpp).
[[nodiscard]] ReadingNote read_csv_rows(const SourceText& source, const ColumnNames& names,
                                        const RowSink& sink);
[[nodiscard]] ReadingNote read_tsv_rows(const SourceText& source, const ColumnNames& names,
                                        const RowSink& sink);

}  // namespace bbprompt
