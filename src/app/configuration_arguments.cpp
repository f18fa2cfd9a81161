#include "app/configuration_arguments.hpp"

#include "app/terminal.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/config/sweep_spec.hpp"
#include "bbprompt/report/text_table.hpp"
#include "bbprompt/run/transfer.hpp"

namespace bbprompt {

namespace po = boost::program_options;

CommandOptions configuration_options(const CommandHelp& help) {
  CommandOptions options;
  options.help = help;
  options.named.add_options()(
      "set", po::value<std::vector<std::string>>()->composing()->value_name("KEY=VALUE"),
      "set a key of the configuration to another value, for example "
      "--set budget.evaluations=100; repeat it for more keys");
  options.named.add_options()(
      "shard", po::value<std::string>()->value_name("I/N"),
      "take only part I of N equal parts of the sweep, for a job array. Give each part its own "
      "output folder, and name all the folders to \"bbprompt report\"");
  const std::string expected = "a configuration: " + help.name + " FILE.yaml";
  options.hidden.add_options()("file", po::value<std::string>()->required(), expected.c_str());
  options.positional.add("file", 1);
  return options;
}

SweepDocument load_document(const po::variables_map& values) {
  std::vector<std::string> overrides;
  if (values.count("set") > 0) overrides = values["set"].as<std::vector<std::string>>();
  SweepDocument document(load_config(values["file"].as<std::string>(), overrides));
  for (const char* part : {"shard", "array"}) {
    if (values.count(part) == 0 || !document.sweep.prompts_from.own_run) continue;
    throw UsageError(std::string("--") + part +
                     ": sweep.prompts_from.own_run needs the learned prompts of the whole sweep "
                     "in one run; run it in one part, or turn it off with "
                     "--set sweep.prompts_from.own_run=false");
  }
  return document;
}

SweepPlan plan_of(const SweepDocument& document, const po::variables_map& values) {
  SweepPlan plan = first_plan(document);
  if (values.count("shard") == 0) return plan;
  const std::string shard = values["shard"].as<std::string>();
  const auto num_trials = static_cast<std::int64_t>(plan.trials.size());
  plan = take_shard(std::move(plan), parse_shard(shard));
  if (plan.trials.empty())
    throw UsageError("--shard " + shard + ": no trial is left for this part; the sweep has " +
                     plural(num_trials, "trial"));
  return plan;
}

std::string note_on_followers(const SweepDocument& document) {
  if (!document.sweep.prompts_from.own_run) return "";
  return wrapped(
      "Not counted here: the trials that test the learned prompts on other tasks "
      "(sweep.prompts_from.own_run). They start when all of these are done.",
      text_columns());
}

SweepPlan load_plan(const po::variables_map& values) {
  return plan_of(load_document(values), values);
}

}  // namespace bbprompt
