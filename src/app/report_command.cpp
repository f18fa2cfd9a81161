#include <array>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "app/command.hpp"
#include "app/sweep_parts.hpp"
#include "app/test_row_finder.hpp"
#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/report/html_page.hpp"
#include "bbprompt/report/merge_runs.hpp"
#include "bbprompt/report/prediction_table.hpp"
#include "bbprompt/report/report_table.hpp"
#include "bbprompt/store/digest.hpp"
#include "bbprompt/store/run_files.hpp"

namespace bbprompt {
namespace {

namespace po = boost::program_options;

constexpr std::array kFormats{"csv", "json", "markdown", "latex", "html", "digest"};

CommandOptions report_options() {
  CommandOptions options;
  options.help = {
      .name = "bbprompt report",
      .usage =
          "bbprompt report RUN... [--csv | --json | --markdown | --latex | --html FILE | "
          "--digest] [OPTIONS]",
      .about =
          "Shows the results of one or more runs, finished or not. RUN is a run's folder or its "
          "results file. First a table of methods against tasks (where there are several tasks), "
          "with paired tests; then a row for each task and method: means over seeds with their "
          "sample standard deviation, with the hand-written prompt's score alongside. Metrics are "
          "multiplied by 100. Trials of several runs that differ in anything but the seed have "
          "rows of their own, named by what differs; \"bbprompt compare\" shows all of it.",
      .example =
          "  bbprompt report out/quickstart\n"
          "  bbprompt report out/quickstart --csv > trials.csv\n"
          "  bbprompt report out/a out/b --baseline discrete --html report.html\n"};
  options.named.add_options()("baseline", po::value<std::string>()->value_name("METHOD"),
                              "test the other methods against METHOD (default: the first)");
  options.named.add_options()(
      "compare", po::value<std::vector<std::string>>()->value_name("METHOD")->composing(),
      "compare only METHOD with the baseline; repeat it for more (default: every method). "
      "Holm's correction counts these comparisons alone: choose them before you see the figures");
  options.named.add_options()(
      "margin", real_value(1.0)->value_name("POINTS"),
      "call two methods level when their difference is shown to be below POINTS of the metric "
      "times 100");
  options.named.add_options()(
      "efficiency", po::value<std::string>()->value_name("METHOD"),
      "also show how many search queries each method needs to reach METHOD's final training loss");
  options.named.add_options()("csv", "print one line per trial with all its figures, as CSV");
  options.named.add_options()("table", po::value<std::string>()->value_name("NAME"),
                              "with --csv: print another table: matrix, tests, calibration, "
                              "efficiency, or predictions (one line per test example)");
  options.named.add_options()(
      "spreadsheet",
      "with --csv: write texts that a spreadsheet would compute (they begin with =, +, - or @) "
      "with a quote in front, and control characters as \\xNN");
  options.named.add_options()("json", "print everything as JSON, for programs");
  options.named.add_options()("markdown", "print the matrix and the tests as Markdown tables");
  options.named.add_options()("latex",
                              "print the matrix and the tests as LaTeX tables (package booktabs)");
  options.named.add_options()("html", po::value<std::string>()->value_name("FILE"),
                              "write one page with tables, prompts and, where gnuplot is "
                              "installed, figures");
  options.named.add_options()("digest",
                              "print a SHA-256 over everything but times and host names: equal "
                              "for runs with equal results. Of all parts of one sweep (--shard) "
                              "that of the whole");
  options.hidden.add_options()("run", po::value<std::vector<std::string>>()->required(),
                               "the folder of a run: bbprompt report RUN");
  options.positional.add("run", -1);
  return options;
}

void check_formats(const po::variables_map& values) {
  std::size_t num_formats = 0;
  for (const auto* format : kFormats) num_formats += values.count(format);
  if (num_formats > 1) {
    throw UsageError(
        "expected at most one of --csv, --json, --markdown, --latex, --html and --digest");
  }
  if (values.count("spreadsheet") > 0 && values.count("csv") == 0)
    throw UsageError("--spreadsheet needs --csv; add it");
  if (values.count("table") == 0) return;
  if (values.count("csv") == 0) throw UsageError("--table needs --csv; add it");
  if (text_of(values, "table") == "efficiency" && text_of(values, "efficiency").empty()) {
    throw UsageError("--table efficiency needs --efficiency METHOD");
  }
}

// Digests, pages and lines per trial need whole records; so do several runs, which are compared.
RecordDetail detail_of(const po::variables_map& values, std::size_t num_runs) {
  const bool is_whole = num_runs > 1 || values.count("digest") > 0 || values.count("html") > 0 ||
                        values.count("csv") > 0 || values.count("json") > 0;
  return is_whole ? RecordDetail::kWhole : RecordDetail::kTables;
}

ReportRequest request_of(const po::variables_map& values) {
  ReportRequest request{.baseline = text_of(values, "baseline"),
                        .efficiency = text_of(values, "efficiency")};
  if (values.count("compare") > 0)
    request.compared = values["compare"].as<std::vector<std::string>>();
  const auto margin = values["margin"].as<double>();
  if (!(margin > 0.0)) throw UsageError("--margin: expected a number above 0");
  request.margin = margin / 100.0;
  request.is_for_spreadsheet = values.count("spreadsheet") > 0;
  return request;
}

// Of several runs that are not the parts of one sweep, a line each.
void write_digests(std::vector<NamedResults> runs) {
  std::vector<std::string> lines;
  for (const NamedResults& run : runs) lines.push_back(run.name + ' ' + digest(run.results));
  const bool is_single = runs.size() == 1;
  if (is_single || are_parts(runs)) {
    const RunInfo part = runs.front().results.run;
    MergedRuns merged = merge_runs(std::move(runs));
    if (is_single || join_parts(merged, part)) lines = {digest(merged.results)};
  }
  for (const std::string& line : lines) std::cout << line << '\n';
}

int write_prediction_table(const Results& results, const ReportRequest& request,
                           const TestRowsOf& rows_of) {
  const MissingPredictions missing = write_predictions(results, request, rows_of, std::cout);
  const auto note = [&](int count, const std::string& what) {
    if (count > 0)
      std::cerr << "bbprompt: " << count << " of " << plural(missing.num_trials, "trial") << what
                << std::endl;
  };
  note(missing.num_without_any, " hold no predictions and have no lines");
  note(missing.num_without_rows,
       " have no row numbers: the data files are not found, or not those of the run");
  note(missing.num_without_scores,
       " hold no label scores: an older version wrote them. A new run keeps them");
  return kExitDone;
}

std::string rendered(const Results& results, const ReportRequest& request,
                     const po::variables_map& values) {
  if (values.count("table") > 0) {
    return to_csv(results, text_of(values, "table"), request);
  }
  if (values.count("csv") > 0) return to_csv(results, request);
  if (values.count("json") > 0) return to_json(results, request);
  if (values.count("markdown") > 0) return to_markdown(results, request);
  if (values.count("latex") > 0) return to_latex(results, request);
  return to_text(results, request);
}

// What "bbprompt explain --save" left in the runs' folders.
EffectsByTrial saved_effects(const std::vector<std::string>& runs) {
  EffectsByTrial effects;
  for (const std::filesystem::path run : runs) {
    const auto folder = std::filesystem::is_directory(run) ? run : run.parent_path();
    const auto file = folder / kExplanationsFile;
    if (std::filesystem::exists(file)) read_effects(file, effects);
  }
  return effects;
}

void write_page(const Results& results, const ReportRequest& request,
                const po::variables_map& values) {
  const char* search_path = std::getenv("PATH");
  const auto effects = saved_effects(values["run"].as<std::vector<std::string>>());
  replace_file(text_of(values, "html"),
               to_html(results, request, Gnuplot::find(search_path ? search_path : ""), effects));
}

}  // namespace

int report_command(const Arguments& arguments) {
  po::variables_map values;
  if (!parse_arguments(arguments, report_options(), values)) return kExitDone;
  check_formats(values);
  const auto& names = values["run"].as<std::vector<std::string>>();
  std::vector<NamedResults> runs;
  runs.reserve(names.size());
  for (const std::string& run : names) {
    runs.push_back({run, read_run(run, detail_of(values, names.size()))});
  }
  if (values.count("digest") > 0) {
    write_digests(std::move(runs));
    return kExitDone;
  }
  TestRowFinder rows(runs);
  const bool has_parts = are_parts(runs);
  const RunInfo part = runs.front().results.run;
  MergedRuns merged = merge_runs(std::move(runs));
  if (has_parts) (void)join_parts(merged, part);
  const Results& results = merged.results;
  ReportRequest request = request_of(values);
  request.run_of_trial = std::move(merged.run_of_trial);
  if (text_of(values, "table") == "predictions") {
    return write_prediction_table(results, request,
                                  [&](const TrialRecord& trial) { return rows.find(trial); });
  }
  if (values.count("html") > 0) {
    write_page(results, request, values);
  } else {
    std::cout << rendered(results, request, values);
  }
  return kExitDone;
}

}  // namespace bbprompt
