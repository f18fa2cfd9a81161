#include "app/configuration_arguments.hpp"

#include "bbprompt/base/error.hpp"
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

SweepPlan load_plan(const po::variables_map& values) {
  std::vector<std::string> overrides;
  if (values.count("set") > 0) overrides = values["set"].as<std::vector<std::string>>();
  SweepPlan plan = load_plan(values["file"].as<std::string>(), overrides);
  if (values.count("shard") == 0) return plan;
  const std::string shard = values["shard"].as<std::string>();
  plan = take_shard(std::move(plan), parse_shard(shard));
  if (plan.trials.empty())
    throw UsageError("--shard " + shard + ": no trial is left for this part");
  return plan;
}

}  // namespace bbprompt
