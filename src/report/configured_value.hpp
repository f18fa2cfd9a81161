#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// What the trial's stored configuration has at a key with dots; nothing where there is no scalar.
[[nodiscard]] std::optional<std::string> configured_value(const TrialRecord& trial,
                                                          std::string_view key);

}  // namespace bbprompt
