#include "run/used_weights.hpp"

#include <system_error>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace fs = std::filesystem;

UsedWeights::UsedWeights(const SweepPlan& plan) {
  for (const TrialSpec& trial : plan.trials) {
    if (trial.spec.model.kind != ModelKind::kReplica) continue;
    std::error_code status;
    for (const auto& entry : fs::directory_iterator(trial.spec.model.path, status)) {
      if (entry.path().extension() == ".safetensors" && !files_.contains(entry.path()))
        files_.emplace(entry.path(), sign_of(entry.path()));
    }
  }
}

UsedWeights::Sign UsedWeights::sign_of(const fs::path& file) {
  std::error_code status;
  return {.size = fs::file_size(file, status), .time = fs::last_write_time(file, status)};
}

void UsedWeights::check() const {
  for (const auto& [file, before] : files_) {
    if (sign_of(file) == before) continue;
    throw ModelError(file.string(),
                     "changed while the run used it, so that some of its results may be of other "
                     "weights. Put the file back as it was and begin again with another --out");
  }
}

}  // namespace bbprompt
