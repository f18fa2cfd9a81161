#include "report/calibration_factor.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "report/scoring_of.hpp"

namespace bbprompt {
namespace {

using RowPair = std::pair<std::size_t, std::size_t>;  // calibrated, plain

// The first plain row that has a trial of each configuration.
std::map<std::string, std::size_t> plain_rows(const ScoreMatrix& matrix, const Results& results) {
  std::map<std::string, std::size_t> rows;
  for (std::size_t i = 0; i < matrix.rows.size(); ++i) {
    const MatrixRow& row = matrix.rows[i];
    if (row.is_control() || row.is_calibrated) continue;
    for (const MatrixCell& cell : row.cells) {
      for (const auto& [seed, trials] : cell.trials) {
        for (const std::size_t trial : trials)
          rows.emplace(all_but_scoring(results.trials[trial]), i);
      }
    }
  }
  return rows;
}

std::vector<RowPair> row_pairs(const ScoreMatrix& matrix, const Results& results) {
  const auto plain = plain_rows(matrix, results);
  std::vector<RowPair> pairs;
  if (plain.empty()) return pairs;
  for (std::size_t i = 0; i < matrix.rows.size(); ++i) {
    const MatrixRow& row = matrix.rows[i];
    if (row.is_control() || !row.is_calibrated) continue;
    for (const MatrixCell& cell : row.cells) {
      for (const auto& [seed, trials] : cell.trials) {
        for (const std::size_t trial : trials) {
          const auto found = plain.find(all_but_scoring(results.trials[trial]));
          if (found != plain.end()) pairs.emplace_back(i, found->second);
        }
      }
    }
  }
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  return pairs;
}

const MatrixRow* written_row(const ScoreMatrix& matrix, const MatrixRow& method) {
  const auto row =
      std::find_if(matrix.rows.begin(), matrix.rows.end(), [&](const MatrixRow& other) {
        return other.is_written_prompt && other.method == method.written_prompt;
      });
  return row == matrix.rows.end() ? nullptr : &*row;
}

}  // namespace

PairedTests calibration_factor(const ScoreMatrix& matrix, const Results& results, double margin) {
  PairedTests tests{.baseline = {}, .margin = margin, .comparisons = {}};
  std::vector<std::pair<std::string, std::string>> done;
  const auto add = [&](const MatrixRow* calibrated, const MatrixRow* plain) {
    if (calibrated == nullptr || plain == nullptr) return;
    const std::pair<std::string, std::string> names{calibrated->method, plain->method};
    if (std::find(done.begin(), done.end(), names) != done.end()) return;
    done.push_back(names);
    compare_rows(tests, *calibrated, *plain);
  };
  for (const auto& [calibrated, plain] : row_pairs(matrix, results)) {
    add(written_row(matrix, matrix.rows[calibrated]), written_row(matrix, matrix.rows[plain]));
    add(&matrix.rows[calibrated], &matrix.rows[plain]);
  }
  measure_rows(tests, matrix, results);
  return tests;
}

}  // namespace bbprompt
