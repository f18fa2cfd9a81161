#include "bbprompt/explain/open_trial.hpp"

#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/config/config_node.hpp"
#include "bbprompt/config/data_path.hpp"
#include "bbprompt/run/trial_run.hpp"

namespace bbprompt {
namespace {

// The record holds a point and the prompt it stood for. Another version may find other candidates
// in the same data: then the point stands for another prompt, which nobody has tested.
void check_prompt(const TrialRecord& record, const TrialProblem& problem) {
  const PromptRecord& recorded = record.best.prompt;
  if (recorded.point.empty()) return;
  bool is_same =
      static_cast<Eigen::Index>(recorded.point.size()) == problem.prompt_space().dimension();
  if (is_same) {
    const PromptRecord found = problem.describe(recorded.point);
    // Vectors depend on the layers' scales, and their nearest tokens on rounding.
    is_same = found.kind == recorded.kind && found.base_ids == recorded.base_ids &&
              (found.kind == PromptRecord::Kind::kSoft ||
               (found.ids == recorded.ids && found.text == recorded.text));
  }
  if (is_same) return;
  throw Error("trial " + record.id +
              ": expected its point to stand for the prompt in the record, found another; the run "
              "is of a version of bbprompt that finds other candidates: use that version");
}

void check_same(const TrialRecord& record, const TrialProblem& problem) {
  const LanguageModelInfo& model = problem.model_info();
  if (model.fingerprint != record.model_fingerprint) {
    throw Error("trial " + record.id + ": expected the model of the run (" + record.model + ", " +
                record.model_fingerprint.substr(0, 12) + ") in " +
                problem.spec().model.path.string() + ", found another (" +
                model.fingerprint.substr(0, 12) + "); put the run's model back to explain it");
  }
  if (record_hash(record.config, problem) == record.config_hash)
    return check_prompt(record, problem);
  throw Error("trial " + record.id + ": expected the data of the run, but " +
              problem.spec().task.train.string() +
              " or another data file of the task has changed; "
              "put the run's files back to explain it");
}

}  // namespace

PathRoots path_roots(const RunInfo& run) {
  const ConfigNode root = parse_yaml(run.config_resolved, "the run's configuration");
  const ConfigNode* data = root.find("data_folder");
  return {.folder = run.config_folder, .data = find_data_folder(data == nullptr ? "" : data->text)};
}

OpenedTrial open_trial(const TrialRecord& record, const PathRoots& roots, ModelPool& models,
                       const ServerOptions& server) {
  ExperimentSpec spec = experiment_from_yaml(record.config, roots);
  if (spec.model.kind == ModelKind::kServer) {
    ExperimentSpec there;
    there.model.server = server;
    spec.model.server = asked_as_in(std::move(spec.model.server),
                                    with_real_paths(std::move(there), roots).model.server);
  }
  OpenedTrial trial;
  trial.problem = std::make_unique<TrialProblem>(spec, models);
  check_same(record, *trial.problem);
  LanguageModel& model = models.get(spec.model);
  complete_layer_scales(*trial.problem, model);
  trial.evaluator = std::make_unique<TrialEvaluator>(*trial.problem, model);
  return trial;
}

}  // namespace bbprompt
