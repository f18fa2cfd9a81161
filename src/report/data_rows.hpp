#pragma once

#include <vector>

#include "bbprompt/base/json.hpp"
#include "report/efficiency.hpp"
#include "report/paired_tests.hpp"
#include "report/score_matrix.hpp"

namespace bbprompt {

// Rows of a table by column name, in column order: numbers with every digit (floats may be NaN or
// infinite), null where there is no such value.
using DataRows = std::vector<nlohmann::ordered_json>;

// One per method and task; `part`: "methods" or "variations".
[[nodiscard]] DataRows matrix_rows(const ScoreMatrix& matrix, const std::string& part);
[[nodiscard]] DataRows test_rows(const ScoreMatrix& matrix, const PairedTests& tests);
[[nodiscard]] DataRows efficiency_rows(const Efficiency& efficiency);

}  // namespace bbprompt
