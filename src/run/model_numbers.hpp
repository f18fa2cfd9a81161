#pragma once

#include <cstdint>
#include <map>

#include "bbprompt/model/model_pool.hpp"
#include "bbprompt/sweep/sweep_plan.hpp"

namespace bbprompt {

// The models of a plan as the scheduler counts them: a number for each, and how heavy it is.
class ModelNumbers {
 public:
  // Throws ModelError for a model that cannot be used.
  ModelNumbers(const SweepPlan& plan, ModelPool& models);

  [[nodiscard]] int number(const ModelOptions& model) const;
  [[nodiscard]] double weight(const ModelOptions& model) const;  // bytes

  // How many of the largest models fit into a worker's memory; 0 for no limit (bytes 0).
  [[nodiscard]] int models_per_worker(std::int64_t worker_bytes) const;

  // Work items that a worker is at at once: as many as the model takes that takes most.
  [[nodiscard]] int slots() const { return slots_; }

 private:
  int slots_ = 1;
  std::map<ModelIdentity, std::int64_t> bytes_;
};

}  // namespace bbprompt
