#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "bbprompt/model/model_pool.hpp"
#include "bbprompt/sweep/sweep_plan.hpp"

namespace bbprompt {

// What probes found out about the servers of a plan's models, before anything is asked: made once,
// kept in the run's folder (models.json), used again when the run goes on, and told to the workers.
// So all trials of a run are scored in the same way.
class ModelFindings {
 public:
  // Probes what the folder knows nothing of, and says in the log what came of it. Throws ModelError
  // where a server cannot be used, ConfigError where a trial's objective needs scores that it does
  // not give, and StoreError for a file that cannot be read or written.
  ModelFindings(const SweepPlan& plan, ModelPool& models, const std::filesystem::path& folder);

  // Empty for a model that needs no probe.
  [[nodiscard]] std::string of(const ModelOptions& model) const;

  // Folder below the run's where the workers keep the answers of this model; empty where it needs
  // none.
  [[nodiscard]] std::string journal(const ModelOptions& model) const;

 private:
  std::filesystem::path folder_;
  std::map<ModelIdentity, std::string> findings_;
};

// Throws ConfigError where the objective needs scores and the server, by its findings, gives words
// alone.
void check_objective(const ExperimentSpec& spec, const std::string& findings);

}  // namespace bbprompt
