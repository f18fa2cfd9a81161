#pragma once

#include "bbprompt/base/json.hpp"
#include "bbprompt/report/summary.hpp"
#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// All figures of a trial by column name, in column order: strings, numbers (floats may be NaN or
// infinite), null where there is no such value. Every trial has the same names.
[[nodiscard]] nlohmann::ordered_json trial_row(const TrialRecord& trial, const std::string& run);

}  // namespace bbprompt
