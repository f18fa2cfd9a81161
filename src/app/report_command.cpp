#include <array>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "app/command.hpp"
#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/report/html_page.hpp"
#include "bbprompt/report/merge_runs.hpp"
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
          "results file. First a table of methods against tasks, with paired tests; then a row "
          "for each task and method: means over seeds with their sample standard deviation, with "
          "the hand-written prompt's score alongside. Metrics are multiplied by 100.",
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
  options.named.add_options()(
      "table", po::value<std::string>()->value_name("NAME"),
      "with --csv: print the table matrix, tests, calibration or efficiency instead");
  options.named.add_options()("json", "print everything as JSON, for programs");
  options.named.add_options()("markdown", "print the matrix and the tests as Markdown tables");
  options.named.add_options()("latex",
                              "print the matrix and the tests as LaTeX tables (package booktabs)");
  options.named.add_options()("html", po::value<std::string>()->value_name("FILE"),
                              "write one page with tables, prompts and, where gnuplot is "
                              "installed, figures");
  options.named.add_options()("digest",
                              "print a SHA-256 over everything but times and host names: equal "
                              "for runs with equal results");
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
  return request;
}

void write_digests(const std::vector<NamedResults>& runs) {
  for (const NamedResults& run : runs) {
    if (runs.size() > 1) std::cout << run.name << ' ';
    std::cout << digest(run.results) << '\n';
  }
}

std::string rendered(const Results& results, const ReportRequest& request,
                     const po::variables_map& values) {
  if (values.count("table") > 0) {
    return to_csv(results, text_of(values, "table"), request);
  }
  if (values.count("csv") > 0) return to_csv(results);
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
    write_digests(runs);
    return kExitDone;
  }
  const ReportRequest request = request_of(values);
  const Results results = merge_runs(std::move(runs));
  if (values.count("html") > 0) {
    write_page(results, request, values);
  } else {
    std::cout << rendered(results, request, values);
  }
  return kExitDone;
}

}  // namespace bbprompt
