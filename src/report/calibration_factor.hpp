#pragma once

#include "report/paired_tests.hpp"

namespace bbprompt {

// What calibration changes: each calibrated row of the matrix against the plain row whose trials
// differ from its own in `scoring` alone, and the written prompt of the one against that of the
// other. No baseline in common; Holm's correction is over this list. Empty where there is no such
// pair. Test rows are measured.
[[nodiscard]] PairedTests calibration_factor(const ScoreMatrix& matrix, const Results& results,
                                             double margin = kDefaultMargin);

}  // namespace bbprompt
