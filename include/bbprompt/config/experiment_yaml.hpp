#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "bbprompt/config/config_document.hpp"
#include "bbprompt/config/experiment_spec.hpp"

namespace bbprompt {

// One trial's settings from the root of a document without axes and variants (a `sweep` in it is
// not looked at). Paths stay as written, relative to the configuration's folder; `seed` is the
// first one. Throws ConfigError for a missing required key, and for values that do not go together:
// no budget at all, binary_f1 without exactly two labels, one word for two labels, one column for
// two fields, a full covariance matrix over more than 10000 coordinates.
[[nodiscard]] ExperimentSpec parse_experiment(const ConfigNode& root);

// The specification as a complete configuration: every key but `output` and `sweep`, paths as they
// stand in `spec`. parse_experiment gives the same specification back, bit for bit.
[[nodiscard]] std::string to_yaml(const ExperimentSpec& spec);

// The same with `folder` in front of every relative path, ready to be opened.
[[nodiscard]] ExperimentSpec with_real_paths(ExperimentSpec spec,
                                             const std::filesystem::path& folder);

// What to_yaml wrote, with real paths: how a worker gets its trial.
[[nodiscard]] ExperimentSpec experiment_from_yaml(std::string_view yaml,
                                                  const std::filesystem::path& folder);

}  // namespace bbprompt
