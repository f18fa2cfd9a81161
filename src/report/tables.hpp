#pragma once

#include "bbprompt/report/report_table.hpp"
#include "report/data_table.hpp"
#include "report/efficiency.hpp"
#include "report/paired_tests.hpp"
#include "report/score_matrix.hpp"

namespace bbprompt {

// Title of a column: the task, with its metric where the task has several columns.
[[nodiscard]] std::string column_title(const ScoreMatrix& matrix, std::size_t column);

// What a report compares: methods with their paired tests, variations apart, and the efficiency
// where it is asked for.
struct Comparisons {
  ScoreMatrix matrix;
  ScoreMatrix variations;
  PairedTests tests;
  std::optional<Efficiency> efficiency;
  ScoreMatrix all{};          // both parts of the matrix, for `calibration`
  PairedTests calibration{};  // calibrated minus plain; empty without such pairs
};
[[nodiscard]] Comparisons compare(const Results& results, const ReportRequest& request);

inline constexpr const char* kMatrixCaption = "Test metric of methods";
// One table; two where there are plain and calibrated rows.
[[nodiscard]] std::vector<DataTable> matrix_tables(const ScoreMatrix& matrix,
                                                   const std::string& caption = kMatrixCaption);
inline constexpr const char* kVariationsCaption =
    "Test metric of settings of swept methods, and of prompts from other tasks";
[[nodiscard]] DataTable tests_table(const ScoreMatrix& matrix, const PairedTests& tests);
[[nodiscard]] DataTable calibration_table(const ScoreMatrix& matrix, const PairedTests& tests);
[[nodiscard]] DataTable efficiency_table(const Efficiency& efficiency);
// What was paid, per method (its variations together) and purpose: totals over the trials that are
// done or failed.
[[nodiscard]] DataTable usage_table(const Results& results);

}  // namespace bbprompt
