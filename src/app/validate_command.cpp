#include <iostream>

#include "app/configuration_arguments.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/run/trial_run.hpp"

namespace bbprompt {

int validate_command(const Arguments& arguments) {
  boost::program_options::variables_map values;
  const auto options = configuration_options(
      {.name = "bbprompt validate",
       .usage = "bbprompt validate FILE.yaml [--set KEY=VALUE ...]",
       .about = "Finds mistakes before a run does. Checks every key of the configuration, the data "
                "files, the few-shot examples of every trial and the model. Then asks the model "
                "one query with the hand-written prompt and one with a prompt of the search.",
       .example = "  bbprompt validate configs/quickstart/quickstart.yaml --set seeds=3\n"});
  if (!parse_arguments(arguments, options, values)) return kExitDone;
  const ConfigDocument document = load_document(values);
  const SweepPlan plan = plan_of(document, values);
  ModelPool models;
  for (const TrialSpec& trial : plan.trials) {
    TrialContext context(trial.spec, models);
    const TrialRun run(identity_of(trial), context);
    const Eigen::VectorXd start = context.prompt_space().domain().start;
    for (const bool is_manual : {true, false}) {
      const WorkResult result = context.run({.split = Split::kTrain,
                                             .begin = 0,
                                             .end = 1,
                                             .is_manual = is_manual,
                                             .point = {start.data(), start.data() + start.size()}});
      if (!result.ok()) throw Error(trial.id + ": " + result.error);
    }
    std::cout << trial.id << ": good\n";
    for (const std::string& note : context.notes()) std::cout << "  note: " << note << '\n';
  }
  const auto num_trials = static_cast<std::int64_t>(plan.trials.size());
  std::cout << plural(num_trials, "trial") << (num_trials == 1 ? " is good\n" : " are good\n")
            << note_on_followers(document);
  return kExitDone;
}

}  // namespace bbprompt
