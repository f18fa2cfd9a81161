#include <iostream>

#include "app/command.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/report/report_table.hpp"
#include "bbprompt/store/digest.hpp"
#include "bbprompt/store/run_folder.hpp"

namespace bbprompt {
namespace {

namespace po = boost::program_options;

std::string rendered(const Results& results, const po::variables_map& values) {
  if (values.count("csv") > 0) return to_csv(results);
  if (values.count("json") > 0) return to_json(results);
  if (values.count("digest") > 0) return digest(results) + "\n";
  return to_text(results);
}

}  // namespace

int report_command(const Arguments& arguments) {
  CommandOptions options;
  options.help = {
      .usage = "bbprompt report RUN... [--csv | --json | --digest]",
      .about =
          "Tables of one or more runs: folders of runs (finished or not), or their results files. "
          "Figures are "
          "means over seeds with their sample standard deviation; the manual prompt stands beside.",
      .example =
          "  bbprompt report out/quickstart\n  bbprompt report out/quickstart --csv > "
          "trials.csv\n"};
  options.named.add_options()("csv", "one line per trial, all figures");
  options.named.add_options()("json", "the same with the summary, for programs");
  options.named.add_options()("digest", "SHA-256 over everything but timings and host names");
  options.hidden.add_options()("run", po::value<std::vector<std::string>>()->required());
  options.positional.add("run", -1);
  po::variables_map values;
  if (!parse_arguments(arguments, options, values)) return kExitDone;
  if (values.count("csv") + values.count("json") + values.count("digest") > 1) {
    throw UsageError("report: expected at most one of --csv, --json and --digest");
  }
  const auto runs = values["run"].as<std::vector<std::string>>();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::string text = rendered(read_run(runs[i]), values);
    if (runs.size() > 1 && values.count("digest") > 0) {
      std::cout << runs[i] << ' ';
    } else if (runs.size() > 1 && values.count("csv") + values.count("json") == 0) {
      std::cout << (i > 0 ? "\n" : "") << runs[i] << "\n\n";
    }
    std::cout << text;
  }
  return kExitDone;
}

}  // namespace bbprompt
