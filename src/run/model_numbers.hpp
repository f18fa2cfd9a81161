#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "bbprompt/run/trial_context.hpp"
#include "bbprompt/sweep/sweep_plan.hpp"

namespace bbprompt {

// The models of a plan as the scheduler counts them: a number for each, and how heavy it is.
class ModelNumbers {
 public:
  explicit ModelNumbers(const SweepPlan& plan);

  [[nodiscard]] int number(const ModelOptions& model) const;
  [[nodiscard]] double weight(const ModelOptions& model) const;  // bytes

  // How many of the largest models fit into a worker's memory; 0 for no limit (bytes 0).
  [[nodiscard]] int models_per_worker(std::int64_t worker_bytes) const;

 private:
  std::map<std::string, std::int64_t> bytes_;  // by the model's key
};

}  // namespace bbprompt
