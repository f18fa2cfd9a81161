#include <array>
#include <iostream>

#include "app/command.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/report/report_table.hpp"
#include "bbprompt/report/rescore.hpp"
#include "bbprompt/store/run_files.hpp"

namespace bbprompt {
namespace {

namespace po = boost::program_options;

constexpr std::array kForms{"csv", "json", "markdown", "latex"};

CommandOptions rescore_options() {
  CommandOptions options;
  options.help = {
      .name = "bbprompt rescore",
      .usage =
          "bbprompt rescore RUN [--calibration KIND]... [--ensemble K] [--csv | --json | "
          "--markdown | --latex]",
      .about =
          "Scores the prompts of a run again from the label scores that its results hold, with "
          "another calibration or as ensembles, and shows the report's tables. The model is not "
          "asked. The prompts stay those that the run chose under its own calibration. RUN is a "
          "run's folder or its results file.",
      .example =
          "  bbprompt rescore out/quickstart --calibration none --calibration few_shot\n"
          "  bbprompt rescore out/quickstart --ensemble 3\n"};
  options.named.add_options()(
      "calibration", po::value<std::vector<std::string>>()->value_name("KIND")->composing(),
      "what is subtracted from the score of each label: none; few_shot (its mean on the train "
      "split); train_dev (its mean on train and dev); batch (its mean on the split itself, which "
      "looks at all test texts); run (what the run did, the default). Repeat it to compare "
      "several");
  options.named.add_options()(
      "ensemble", po::value<int>()->value_name("K"),
      "also join the K trials of each task and method that are best on dev: the mean of their "
      "label probabilities. They have seen the few-shot examples of K seeds");
  options.named.add_options()("baseline", po::value<std::string>()->value_name("METHOD"),
                              "test the other methods against METHOD (default: the first)");
  options.named.add_options()("csv", "print one line per trial with all its figures, as CSV");
  options.named.add_options()("json", "print everything as JSON, for programs");
  options.named.add_options()("markdown", "print the tables as Markdown");
  options.named.add_options()("latex", "print the tables as LaTeX (package booktabs)");
  options.hidden.add_options()("run", po::value<std::string>()->required(),
                               "the folder of a run: bbprompt rescore RUN");
  options.positional.add("run", 1);
  return options;
}

RescoreOptions wanted(const po::variables_map& values) {
  RescoreOptions options;
  if (values.count("ensemble") > 0) {
    options.ensemble = values["ensemble"].as<int>();
    if (options.ensemble < 2) throw UsageError("--ensemble: expected a number of at least 2");
  }
  if (values.count("calibration") == 0) return options;
  for (const std::string& name : values["calibration"].as<std::vector<std::string>>()) {
    const auto calibration = from_string<Recalibration>(name);
    if (!calibration) {
      throw UsageError("--calibration: expected one of " + listed_names<Recalibration>() +
                       ", found \"" + printable(name) + "\"");
    }
    options.calibrations.push_back(*calibration);
  }
  return options;
}

}  // namespace

int rescore_command(const Arguments& arguments) {
  po::variables_map values;
  if (!parse_arguments(arguments, rescore_options(), values)) return kExitDone;
  std::size_t num_forms = 0;
  for (const auto* form : kForms) num_forms += values.count(form);
  if (num_forms > 1) {
    throw UsageError("expected at most one of --csv, --json, --markdown and --latex");
  }
  const RescoreOptions options = wanted(values);
  const Results results = rescored(read_run(text_of(values, "run")), options);
  const ReportRequest request{.baseline = text_of(values, "baseline"), .efficiency = {}};
  if (values.count("csv") > 0) {
    std::cout << to_csv(results);
  } else if (values.count("json") > 0) {
    std::cout << to_json(results, request);
  } else if (values.count("markdown") > 0) {
    std::cout << to_markdown(results, request);
  } else if (values.count("latex") > 0) {
    std::cout << to_latex(results, request);
  } else {
    std::cout << to_text(results, request);
  }
  return kExitDone;
}

}  // namespace bbprompt
