#pragma once

#include <string>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// The prompt's evaluation on a split, or nullptr where there is none.
inline const SplitEvaluation* find_split(const ScoredPrompt& scored, const std::string& name) {
  const auto found = scored.splits.find(name);
  return found == scored.splits.end() ? nullptr : &found->second;
}

}  // namespace bbprompt
