#include "run/model_numbers.hpp"

#include <algorithm>
#include <iterator>

namespace bbprompt {
namespace {

std::string model_key(const ModelOptions& model) {
  return model.path.string() + '\n' + model.weights;
}

}  // namespace

ModelNumbers::ModelNumbers(const SweepPlan& plan) {
  for (const TrialSpec& trial : plan.trials) {
    const auto [known, is_new] = bytes_.try_emplace(model_key(trial.spec.model), 0);
    if (is_new) known->second = model_bytes(trial.spec.model);
  }
}

int ModelNumbers::number(const ModelOptions& model) const {
  return static_cast<int>(std::distance(bytes_.begin(), bytes_.find(model_key(model))));
}

double ModelNumbers::weight(const ModelOptions& model) const {
  return static_cast<double>(bytes_.at(model_key(model)));
}

int ModelNumbers::models_per_worker(std::int64_t worker_bytes) const {
  if (worker_bytes <= 0) return 0;
  std::int64_t largest = 1;
  for (const auto& [key, bytes] : bytes_) largest = std::max(largest, bytes);
  return static_cast<int>(std::clamp<std::int64_t>(worker_bytes / largest, 1, 1000));
}

}  // namespace bbprompt
