#include "app/configuration_arguments.hpp"

#include "bbprompt/run/transfer.hpp"

namespace bbprompt {

namespace po = boost::program_options;

CommandOptions configuration_options(const CommandHelp& help) {
  CommandOptions options;
  options.help = help;
  options.named.add_options()(
      "set", po::value<std::vector<std::string>>()->composing()->value_name("KEY=VALUE"),
      "override a key, e.g. --set budget.evaluations=100; repeatable");
  options.hidden.add_options()("file", po::value<std::string>()->required());
  options.positional.add("file", 1);
  return options;
}

SweepPlan load_plan(const po::variables_map& values) {
  std::vector<std::string> overrides;
  if (values.count("set") > 0) overrides = values["set"].as<std::vector<std::string>>();
  return load_plan(values["file"].as<std::string>(), overrides);
}

}  // namespace bbprompt
