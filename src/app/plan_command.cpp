#include <spdlog/fmt/fmt.h>

#include <iostream>
#include <map>
#include <utility>

#include "app/configuration_arguments.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/run/trial_run.hpp"

namespace bbprompt {
namespace {

namespace po = boost::program_options;

// What all seeds of a configuration have in common: they change the draw, not its size.
using Configuration = std::pair<std::string, std::vector<std::pair<std::string, std::string>>>;

struct TrialCost {
  std::size_t num_train = 0;
  std::size_t num_dev = 0;
  std::size_t num_test = 0;
  Eigen::Index dimension = 0;
  std::int64_t num_generations = 0;
  std::int64_t num_queries = 0;
};

TrialCost cost_of(const TrialSpec& trial, ModelPool& models) {
  const TrialContext context(trial.spec, models.get(trial.spec.model));
  const TrialRun run(identity_of(trial), context);
  return {.num_train = context.examples(Split::kTrain).size(),
          .num_dev = context.examples(Split::kDev).size(),
          .num_test = context.examples(Split::kTest).size(),
          .dimension = context.prompt_space().dimension(),
          .num_generations = run.num_generations_planned(),
          .num_queries = run.num_queries_planned()};
}

}  // namespace

int plan_command(const Arguments& arguments) {
  po::variables_map values;
  const auto options =
      configuration_options({.usage = "bbprompt plan FILE.yaml [--set KEY=VALUE ...]",
                             .about = "Shows the trials of a configuration in the order they run, "
                                      "with their stable ids and what each "
                                      "will cost at most. Loads data and model, but asks no query.",
                             .example = "  bbprompt plan configs/quickstart/quickstart.yaml\n"});
  if (!parse_arguments(arguments, options, values)) return kExitDone;
  const SweepPlan plan = load_plan(values);
  ModelPool models;
  std::size_t width = 5;
  for (const TrialSpec& trial : plan.trials) width = std::max(width, trial.id.size());
  std::cout << fmt::format("{:<{}}  {:>5} {:>5} {:>6}  {:>6} {:>6}  {:>9}\n", "trial", width,
                           "train", "dev", "test", "dim", "gen", "queries");
  std::int64_t total = 0;
  std::map<Configuration, TrialCost> costs;
  for (const TrialSpec& trial : plan.trials) {
    const Configuration configuration{trial.method, trial.axis_values};
    auto known = costs.find(configuration);
    if (known == costs.end()) known = costs.emplace(configuration, cost_of(trial, models)).first;
    const TrialCost& cost = known->second;
    std::cout << fmt::format("{:<{}}  {:>5} {:>5} {:>6}  {:>6} {:>6}  {:>9}\n", trial.id, width,
                             cost.num_train, cost.num_dev, cost.num_test, cost.dimension,
                             cost.num_generations, cost.num_queries);
    total += cost.num_queries;
  }
  std::cout << fmt::format("{} trials, about {} queries\n", plan.trials.size(), total);
  return kExitDone;
}

int validate_command(const Arguments& arguments) {
  po::variables_map values;
  const auto options = configuration_options(
      {.usage = "bbprompt validate FILE.yaml [--set KEY=VALUE ...]",
       .about = "Checks the whole of a configuration: every key, the data files, the few-shot draw "
                "of every trial, "
                "the model; and asks the model one query with the manual prompt and one with a "
                "learned prompt.",
       .example = "  bbprompt validate configs/quickstart/quickstart.yaml --set seeds=3\n"});
  if (!parse_arguments(arguments, options, values)) return kExitDone;
  const SweepPlan plan = load_plan(values);
  ModelPool models;
  for (const TrialSpec& trial : plan.trials) {
    TrialContext context(trial.spec, models.get(trial.spec.model));
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
  std::cout << plan.trials.size() << " trials are good\n";
  return kExitDone;
}

}  // namespace bbprompt
