#include "run/model_numbers.hpp"

#include <algorithm>
#include <iterator>

namespace bbprompt {

ModelNumbers::ModelNumbers(const SweepPlan& plan, ModelPool& models) {
  for (const TrialSpec& trial : plan.trials) {
    const ModelOptions& model = trial.spec.model;
    const auto [known, is_new] = bytes_.try_emplace(ModelIdentity(model), 0);
    if (is_new) known->second = models.view(model)->memory().weights;
    slots_ = std::max(slots_, models.slots(model));
  }
}

int ModelNumbers::number(const ModelOptions& model) const {
  return static_cast<int>(std::distance(bytes_.begin(), bytes_.find(ModelIdentity(model))));
}

double ModelNumbers::weight(const ModelOptions& model) const {
  return static_cast<double>(bytes_.at(ModelIdentity(model)));
}

int ModelNumbers::models_per_worker(std::int64_t worker_bytes) const {
  if (worker_bytes <= 0) return 0;
  std::int64_t largest = 1;
  for (const auto& [identity, bytes] : bytes_) largest = std::max(largest, bytes);
  return static_cast<int>(std::clamp<std::int64_t>(worker_bytes / largest, 1, 1000));
}

}  // namespace bbprompt
