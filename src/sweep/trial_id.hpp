#pragma once

#include <cstdint>
#include <string>

#include "bbprompt/config/experiment_spec.hpp"

namespace bbprompt {

// The canonical text of a specification under any seed: written once, then cut to each.
class TrialText {
 public:
  explicit TrialText(const ExperimentSpec& spec);

  // What to_yaml gives for the specification with this seed.
  [[nodiscard]] std::string yaml(std::uint64_t seed) const;

  // SHA-256 of the same with an empty name.
  [[nodiscard]] std::string hash(std::uint64_t seed) const;

 private:
  std::string name_;      // the first line
  std::string settings_;  // those between the name and the seed
};

// "TASK-METHOD-sSEED-HHHHHHHH", see TrialSpec::id.
[[nodiscard]] std::string trial_id(const ExperimentSpec& spec, const std::string& method,
                                   const std::string& hash);

}  // namespace bbprompt
