#pragma once

#include <string>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// Per task a table for each method: how often its prompts answered which label on the test rows of
// which label, summed over its seeds. Variations stand folded away. A sentence where the results
// hold no predictions.
[[nodiscard]] std::string confusion_html(const Results& results);

}  // namespace bbprompt
