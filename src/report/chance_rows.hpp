#pragma once

#include "bbprompt/store/trial_record.hpp"
#include "report/score_matrix.hpp"

namespace bbprompt {

inline constexpr const char* kUniformGuess = "uniform guess";
inline constexpr const char* kMajorityLabel = "majority label";

// Puts the two rows first, once for each panel that has rows, and sets MatrixColumn::guess: from
// the gold labels of test of each task and seed. A guess's deviation is that of one guess over its
// chances (chance.hpp), the majority label's that over the seeds. Adds nothing where no trial's
// gold labels are known.
void add_chance_rows(ScoreMatrix& matrix, const Results& results);

// MatrixRow::above_guess and rank, once the averages are known.
void finish_chance(ScoreMatrix& matrix);

}  // namespace bbprompt
