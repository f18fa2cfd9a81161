#pragma once

#include "bbprompt/report/efficiency.hpp"
#include "bbprompt/report/paired_tests.hpp"
#include "bbprompt/report/score_matrix.hpp"
#include "report/data_table.hpp"

namespace bbprompt {

// Title of a column: the task, with its metric where the task has several columns.
[[nodiscard]] std::string column_title(const ScoreMatrix& matrix, std::size_t column);

[[nodiscard]] DataTable matrix_table(const ScoreMatrix& matrix);
[[nodiscard]] DataTable tests_table(const ScoreMatrix& matrix, const PairedTests& tests);
[[nodiscard]] DataTable efficiency_table(const Efficiency& efficiency);
// What was paid, per method and purpose: totals over the trials that are done or failed.
[[nodiscard]] DataTable usage_table(const Results& results);

}  // namespace bbprompt
