#include "bbprompt/run/plan_survey.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "bbprompt/config/experiment_yaml.hpp"
#include "bbprompt/run/trial_run.hpp"

namespace bbprompt {
namespace {

// Trials of equal text differ in their seed and their search alone.
std::string setting_of(ExperimentSpec spec) {
  spec.name.clear();
  spec.seed = 0;
  spec.optimizer = {};
  spec.budget = {};
  spec.selection = {};
  return to_yaml(spec);
}

// Seeds of one configuration have this in common.
using Configuration = std::pair<std::string, std::vector<std::pair<std::string, std::string>>>;

TrialShape shape_of(const TrialSpec& trial, const TrialProblem& problem, ModelPool& models) {
  const PromptSpace& space = problem.prompt_space();
  if (!space.fixed_points().empty()) return trial_shape(trial.spec, problem, 0);
  const auto optimizer =
      make_optimizer(trial.spec.optimizer, space.domain(), {.seed = trial.spec.seed});
  TrialShape shape = trial_shape(trial.spec, problem, optimizer->population_size());
  if (shape.num_generations < 1) {
    // By the longest inputs; by those there are it may be enough. Throws where it is not.
    TrialProblem own(trial.spec, models);
    const TrialRun run(identity_of(trial), own);
    shape.num_generations = 1;
  }
  return shape;
}

// The trials' numbers by setting, settings in the order of their first trials.
std::vector<std::vector<std::size_t>> by_setting(const SweepPlan& plan) {
  std::map<Configuration, std::size_t> of_configuration;
  std::map<std::string, std::size_t> of_text;
  std::vector<std::vector<std::size_t>> settings;
  for (std::size_t i = 0; i < plan.trials.size(); ++i) {
    const TrialSpec& trial = plan.trials[i];
    const auto [known, is_new] =
        of_configuration.try_emplace({trial.method, trial.axis_values}, settings.size());
    if (is_new)
      known->second = of_text.try_emplace(setting_of(trial.spec), settings.size()).first->second;
    if (known->second == settings.size()) settings.emplace_back();
    settings[known->second].push_back(i);
  }
  return settings;
}

}  // namespace

std::vector<SurveyedTrial> survey_plan(
    const SweepPlan& plan, ModelPool& models,
    const std::function<bool(const TrialSpec& first, TrialProblem& problem)>& visit) {
  std::vector<SurveyedTrial> planned(plan.trials.size());
  const auto settings = by_setting(plan);
  std::map<ModelIdentity, std::size_t> numbers;  // of models
  for (std::size_t setting = 0; setting < settings.size(); ++setting) {
    const TrialSpec& first = plan.trials[settings[setting].front()];
    TrialProblem problem(first.spec, models);
    if (!visit(first, problem)) break;
    const auto weight = static_cast<double>(problem.model().memory().weights);
    const auto number = numbers.try_emplace(ModelIdentity(first.spec.model), numbers.size());
    std::map<Configuration, TrialShape> shapes;
    for (const std::size_t i : settings[setting]) {
      const TrialSpec& trial = plan.trials[i];
      const Configuration configuration{trial.method, trial.axis_values};
      auto known = shapes.find(configuration);
      if (known == shapes.end())
        known = shapes.emplace(configuration, shape_of(trial, problem, models)).first;
      planned[i] = {.shape = known->second,
                    .dimension = problem.prompt_space().dimension(),
                    .setting = setting};
      planned[i].shape.query_weight = weight;
      planned[i].shape.model = static_cast<int>(number.first->second);
    }
  }
  return planned;
}

}  // namespace bbprompt
