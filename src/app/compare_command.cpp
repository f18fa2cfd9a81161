#include <iostream>

#include "app/command.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/report/run_comparison.hpp"
#include "bbprompt/store/run_files.hpp"

namespace bbprompt {
namespace {

namespace po = boost::program_options;

CommandOptions compare_options() {
  CommandOptions options;
  options.help = {
      .name = "bbprompt compare",
      .usage = "bbprompt compare A B [--markdown]",
      .about =
          "Shows two runs side by side, finished or not: the settings that differ, the test metric "
          "of each method and task with paired tests of B minus A over the seeds that both have, "
          "and the prompt that each run would use. A and B are a run's folder or its results "
          "file.",
      .example =
          "  bbprompt compare out/quickstart out/again\n"
          "  bbprompt compare out/small-model out/large-model --markdown > comparison.md\n"};
  options.named.add_options()("markdown", "print Markdown tables");
  options.hidden.add_options()("run", po::value<std::vector<std::string>>()->required(),
                               "two runs: bbprompt compare A B");
  options.positional.add("run", -1);
  return options;
}

}  // namespace

int compare_command(const Arguments& arguments) {
  po::variables_map values;
  if (!parse_arguments(arguments, compare_options(), values)) return kExitDone;
  const auto& names = values["run"].as<std::vector<std::string>>();
  if (names.size() != 2) {
    throw UsageError("expected two runs: bbprompt compare A B, found " +
                     std::to_string(names.size()) +
                     "; \"bbprompt report\" shows one run, or many as one table");
  }
  const NamedResults a{names[0], read_run(names[0])};
  const NamedResults b{names[1], read_run(names[1])};
  std::cout << compare_runs(
      a, b, values.count("markdown") > 0 ? ComparisonForm::kMarkdown : ComparisonForm::kTerminal);
  return kExitDone;
}

}  // namespace bbprompt
