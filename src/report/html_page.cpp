#include "bbprompt/report/html_page.hpp"

#include <algorithm>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/log.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/store/digest.hpp"
#include "report/figures.hpp"
#include "report/html_prompts.hpp"
#include "report/tables.hpp"

namespace bbprompt {
namespace {

// No script, no font, no file from anywhere: the policy lets a browser refuse what would be one.
constexpr const char* kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
)";

constexpr const char* kStyle = R"(<style>
body { font: 15px/1.5 sans-serif; color: #222; background: #fff; max-width: 1240px; margin: 0 auto;
  padding: 1em 1.5em 4em; }
h1 { font-size: 1.7em; margin: 0.4em 0 0.1em; }
h2 { font-size: 1.3em; margin: 2em 0 0.4em; padding-top: 0.5em; border-top: 2px solid #0072b2; }
h3 { font-size: 1.1em; margin: 1.4em 0 0.4em; }
h4 { font-size: 1em; margin: 0; }
nav a { margin-right: 1.2em; color: #0072b2; }
table { border-collapse: collapse; margin: 0.4em 0; }
th, td { padding: 0.25em 0.7em; text-align: left; white-space: nowrap; }
thead th { border-bottom: 2px solid #888; }
tbody tr:nth-child(even) { background: #f4f7fa; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.best { font-weight: bold; color: #00527f; }
.note, .absent { color: #555; font-size: 0.9em; margin: 0.3em 0; }
.absent { font-style: italic; }
.error { color: #a40000; }
.scroll { overflow-x: auto; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(560px, 100%), 1fr));
  gap: 1em; }
.figures svg { max-width: 100%; height: auto; }
.prompt { border-left: 3px solid #cfd8e0; padding: 0.2em 0 0.2em 0.9em; margin: 0.8em 0; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 20em; overflow-y: auto;
  background: #f4f7fa; padding: 0.4em 0.7em; margin: 0.4em 0; }
code { background: #e8eef3; padding: 0.05em 0.35em; border-radius: 3px; }
.tokens { line-height: 1.9; margin: 0.3em 0; }
.share { color: #555; font-size: 0.9em; }
.bar { display: inline-block; height: 0.8em; min-width: 1px; }
.helps { background: #0072b2; }
.harms { background: #d55e00; }
</style>
)";

std::string heading(const std::string& id, const std::string& title) {
  return "<h2 id=\"" + id + "\">" + title + "</h2>\n";
}

std::string absent(const std::string& reason) {
  return "<p class=\"absent\">" + html_text(reason) + "</p>\n";
}

std::string header(const Results& results) {
  const auto count = [&](TrialState state) {
    return std::count_if(results.trials.begin(), results.trials.end(),
                         [&](const TrialRecord& trial) { return trial.state == state; });
  };
  return std::string(kHead) + "<title>" + html_text(results.run.name) +
         ": bbprompt report</title>\n" + kStyle + "</head>\n<body>\n<h1><bdi>" +
         html_text(results.run.name) + "</bdi></h1>\n<p class=\"note\">" +
         plural(count(TrialState::kDone), "trial") + " done, " +
         std::to_string(count(TrialState::kFailed)) + " failed; bbprompt " +
         html_text(results.run.version) + "; digest of the results " +
         digest(results).substr(0, 16) +
         "</p>\n<nav><a href=\"#results\">Results</a><a href=\"#efficiency\">Efficiency</a>"
         "<a href=\"#figures\">Figures</a><a href=\"#prompts\">Prompts</a>"
         "<a href=\"#usage\">Usage</a></nav>\n";
}

std::string captioned(const DataTable& table) {
  return "<h3>" + html_text(table.caption()) + "</h3>\n" + to_html(table);
}

std::string results_html(const Comparisons& found) {
  std::string html = heading("results", "Results");
  if (found.matrix.rows.empty()) return html + absent("no trial is done yet");
  for (const DataTable& table : matrix_tables(found.matrix)) html += captioned(table);
  html += found.tests.comparisons.empty()
              ? absent("paired tests: no two methods share a task and a seed")
              : captioned(tests_table(found.matrix, found.tests));
  if (!found.calibration.comparisons.empty()) {
    html += captioned(calibration_table(found.all, found.calibration));
  }
  if (found.variations.rows.empty()) return html;
  for (const DataTable& table : matrix_tables(found.variations, kVariationsCaption)) {
    html += captioned(table);
  }
  return html;
}

std::string first_searching_method(const Results& results) {
  for (const TrialRecord& trial : results.trials) {
    if (trial.state == TrialState::kDone && !trial.generations.empty()) return trial.method;
  }
  return "";
}

std::string efficiency_html(const Comparisons& found) {
  return heading("efficiency", "Search efficiency") +
         (found.efficiency ? captioned(efficiency_table(*found.efficiency))
                           : absent("no finished trial has searched for a prompt"));
}

std::string drawn(const GnuplotScript& figure, const Gnuplot& gnuplot) {
  try {
    return "<div>" + gnuplot.draw(figure) + "</div>\n";
  } catch (const Error& error) {
    logger()->warn("{}", error.what());
    return "<p class=\"error\">" + html_text(error.what()) + "</p>\n";
  }
}

std::string group_html(const FigureGroup& group, const std::optional<Gnuplot>& gnuplot) {
  std::string html = "<h3>" + html_text(group.title) + "</h3>\n";
  if (group.figures.empty()) return html + absent(group.absent);
  html += "<p class=\"note\">" + html_text(group.about) + "</p>\n";
  if (!gnuplot) return html + absent("not drawn: gnuplot is not in the PATH");
  html += "<div class=\"figures\">\n";
  for (const GnuplotScript& figure : group.figures) html += drawn(figure, *gnuplot);
  return html + "</div>\n";
}

std::string figures_html(const Results& results, const std::optional<Gnuplot>& gnuplot) {
  std::string html = heading("figures", "Figures");
  if (!gnuplot) {
    html += absent(
        "Figures are drawn by gnuplot, which was not found in the PATH. Install it (Debian: "
        "gnuplot-nox; Spack and Fedora: gnuplot) and write the page again.");
  }
  html += group_html(search_figures(results), gnuplot);
  for (const FigureGroup& group : setting_figures(results)) html += group_html(group, gnuplot);
  return html + group_html(transfer_figures(results), gnuplot);
}

std::string effects_note(const EffectsByTrial& effects) {
  if (!effects.empty()) return "";
  return absent(
      "effects of single tokens: \"bbprompt explain RUN --save\" measures them for this page");
}

}  // namespace

std::string to_html(const Results& results, const ReportRequest& request,
                    const std::optional<Gnuplot>& gnuplot, const EffectsByTrial& effects) {
  ReportRequest completed = request;
  if (completed.efficiency.empty()) completed.efficiency = first_searching_method(results);
  const Comparisons found = compare(results, completed);
  std::string html = header(results) + results_html(found) + efficiency_html(found) +
                     figures_html(results, gnuplot) + heading("prompts", "Best prompts") +
                     "<p class=\"note\">the prompt of the trial that is best on dev; test never "
                     "chooses</p>\n" +
                     effects_note(effects) + prompts_html(results, effects) +
                     heading("usage", "What was paid");
  const DataTable usage = usage_table(results);
  html += usage.empty() ? absent("no finished trial has asked the model anything")
                        : "<p class=\"note\">totals over finished trials</p>\n" + to_html(usage);
  return html + "</body>\n</html>\n";
}

}  // namespace bbprompt
