#include "app/configuration_arguments.hpp"

#include "bbprompt/base/error.hpp"
#include "bbprompt/config/sweep_spec.hpp"
#include "bbprompt/run/transfer.hpp"

namespace bbprompt {

namespace po = boost::program_options;

CommandOptions configuration_options(const CommandHelp& help) {
  CommandOptions options;
  options.help = help;
  options.named.add_options()(
      "set", po::value<std::vector<std::string>>()->composing()->value_name("KEY=VALUE"),
      "override a key, e.g. --set budget.evaluations=100; repeatable");
  options.named.add_options()("shard", po::value<std::string>()->value_name("I/N"),
                              "only the I-th of N parts of the sweep, for a job array; give each "
                              "part a folder of its own and report them together");
  options.hidden.add_options()("file", po::value<std::string>()->required());
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
                     ": sweep.prompts_from.own_run needs the prompts of all parts in one run; "
                     "leave it out with --set sweep.prompts_from.own_run=false");
  }
  return document;
}

SweepPlan plan_of(const SweepDocument& document, const po::variables_map& values) {
  SweepPlan plan = first_plan(document);
  if (values.count("shard") == 0) return plan;
  const std::string shard = values["shard"].as<std::string>();
  plan = take_shard(std::move(plan), parse_shard(shard));
  if (plan.trials.empty())
    throw UsageError("--shard " + shard + ": no trial is left for this part");
  return plan;
}

std::string note_on_followers(const SweepDocument& document) {
  if (!document.sweep.prompts_from.own_run) return "";
  return "trials with the prompts that these learn follow when all are done "
         "(sweep.prompts_from.own_run); they are not counted here\n";
}

SweepPlan load_plan(const po::variables_map& values) {
  return plan_of(load_document(values), values);
}

}  // namespace bbprompt
