#include <iostream>
#include <set>

#include "app/configuration_arguments.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/run/model_findings.hpp"
#include "bbprompt/run/trial_evaluator.hpp"
#include "bbprompt/run/trial_run.hpp"

namespace bbprompt {
namespace {

// How each server of the plan will be asked.
void show_servers(const SweepPlan& plan, ModelPool& models) {
  std::set<ModelIdentity> seen;
  for (const TrialSpec& trial : plan.trials) {
    const ModelOptions& model = trial.spec.model;
    if (model.kind != ModelKind::kServer || !seen.emplace(model).second) continue;
    std::cout << "model " << model.server.name << '\n';
    const ModelProbe probe = models.probe(model);
    for (const std::string& line : probe.lines) std::cout << "  " << line << '\n';
    check_objective(trial.spec, probe.findings);
  }
}

}  // namespace

int validate_command(const Arguments& arguments) {
  boost::program_options::variables_map values;
  const auto options = configuration_options(
      {.name = "bbprompt validate",
       .usage = "bbprompt validate FILE.yaml [--set KEY=VALUE ...]",
       .about = "Finds mistakes before a run does. Checks every key of the configuration, the data "
                "files, the few-shot examples of every trial and the model. Asks a model server "
                "some 20 short questions, and prints how exact its scores are. Then asks the model "
                "one query with the hand-written prompt and one with a prompt of the search.",
       .example = "  bbprompt validate configs/quickstart/quickstart.yaml --set seeds=3\n"});
  if (!parse_arguments(arguments, options, values)) return kExitDone;
  const SweepDocument document = load_document(values);
  const SweepPlan plan = plan_of(document, values);
  ModelPool models;
  show_servers(plan, models);
  for (const TrialSpec& trial : plan.trials) {
    TrialProblem problem(trial.spec, models);
    LanguageModel& model = models.get(trial.spec.model);
    complete_layer_scales(problem, model);
    TrialEvaluator evaluator(problem, model);
    const TrialRun run(identity_of(trial), problem);
    const Eigen::VectorXd start = problem.prompt_space().domain().start;
    for (const auto kind : {WorkItem::Kind::kManual, WorkItem::Kind::kPoint}) {
      const WorkResult result =
          evaluator.run({.split = Split::kTrain,
                         .begin = 0,
                         .end = 1,
                         .kind = kind,
                         .point = {start.data(), start.data() + start.size()}});
      if (!result.ok()) throw Error(trial.id + ": " + result.error);
    }
    std::cout << trial.id << ": good\n";
    for (const std::string& note : problem.notes()) std::cout << "  note: " << note << '\n';
  }
  const auto num_trials = static_cast<std::int64_t>(plan.trials.size());
  std::cout << plural(num_trials, "trial") << (num_trials == 1 ? " is good\n" : " are good\n")
            << note_on_followers(document);
  return kExitDone;
}

}  // namespace bbprompt
