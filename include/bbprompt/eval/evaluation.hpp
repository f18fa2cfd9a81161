#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bbprompt/lm/answer_scores.hpp"
#include "bbprompt/lm/usage.hpp"
#include "bbprompt/task/dataset.hpp"
#include "bbprompt/task/split_score.hpp"
#include "bbprompt/task/verbalizer.hpp"

namespace bbprompt {

// An example that has no label scores.
struct MissingExample {
  std::size_t index = 0;  // in the stretch of examples
  std::int64_t row = 0;   // of its data file
  std::string why;
};

// What came of one prompt on one stretch of examples.
struct Evaluation {
  RowMatrixXd label_scores;             // examples x labels; NaN in the rows of missing examples
  std::vector<MissingExample> missing;  // in the order of the examples
  UnknownScores missing_are{};          // AnswerScores::unknown_are
  double retry_after_seconds = 0.0;
  Usage usage;  // bounded scores are used as they are, and counted here

  [[nodiscard]] bool is_complete() const { return missing.empty(); }
  // "2 of 32 examples have no score: WHY (the first is of row 7)", for messages; empty when all
  // have.
  [[nodiscard]] std::string describe_missing() const;
};

// Label scores of the model's answers about `examples`, one row each. An example is missing where
// the score of one of its answer words is unknown or no finite number. Throws Error for another
// number of rows or answers.
[[nodiscard]] Evaluation evaluation_of(const AnswerScores& answers, const Verbalizer& verbalizer,
                                       std::span<const Example> examples);

}  // namespace bbprompt
