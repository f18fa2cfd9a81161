#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "report/figures.hpp"
#include "report/number_text.hpp"
#include "report/search_curve.hpp"
#include "report/trial_variants.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kMaxLines = 12;

// Colours that people with any colour vision tell apart (Okabe and Ito), without their yellow.
constexpr std::array<const char*, 8> kColours{"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                              "#e69f00", "#56b4e9", "#000000", "#7f4f24"};

struct Line {
  std::string method;
  std::vector<const TrialRecord*> trials;
};

struct Panel {
  std::string name;
  std::string title;
  std::string ylabel;
  double GenerationRecord::*column;
  double scale = 1.0;
};

// Lines of methods; of their variations only where there is nothing else.
std::vector<Line> lines_of(const Results& results, const TrialVariants& variants,
                           const std::string& task) {
  std::vector<Line> methods;
  std::vector<Line> variations;
  for (const TrialRecord& trial : results.trials) {
    if (trial.task != task || trial.state != TrialState::kDone || trial.generations.empty())
      continue;
    std::vector<Line>& lines = variants.settings(trial).empty() ? methods : variations;
    const std::string label = variants.label(trial);
    auto line = std::find_if(lines.begin(), lines.end(),
                             [&](const Line& candidate) { return candidate.method == label; });
    if (line == lines.end()) line = lines.insert(line, {label, {}});
    line->trials.push_back(&trial);
  }
  std::vector<Line> lines = methods.empty() ? variations : methods;
  if (lines.size() > kMaxLines) lines.resize(kMaxLines);
  return lines;
}

std::string data_of(const std::vector<CurvePoint>& curve, double scale) {
  std::string data;
  for (const CurvePoint& point : curve) {
    data += data_number(point.queries) + " " + data_number(scale * point.value) + "\n";
  }
  return data;
}

// A step from a point to itself would be nothing: a single point is a mark.
std::string curve_style(std::size_t num_points) {
  return num_points == 1 ? "points pointtype 7 pointsize 0.9 linewidth 2 " : "steps linewidth 2 ";
}

// Nothing to draw: no commands.
GnuplotScript draw_panel(const Panel& panel, const std::vector<Line>& lines) {
  GnuplotScript script{.name = panel.name, .size = {}, .commands = "", .files = {}};
  std::string plots;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto curve = mean_curve(lines[i].trials, panel.column);
    if (curve.empty()) continue;
    const std::string file = "line" + std::to_string(i);
    script.files[file] = data_of(curve, panel.scale);
    plots += (plots.empty() ? "" : ", \\\n  ") + gnuplot_string(file) + " using 1:2 with " +
             curve_style(curve.size()) + series_style(i) + " title " +
             gnuplot_string(legend_text(lines[i].method));
  }
  if (plots.empty()) return script;
  script.size.height += 11 * static_cast<int>(lines.size());
  script.commands = std::string(kAxesStyle) + "set title " + gnuplot_string(panel.title) +
                    "\nset xlabel 'search queries'\nset xrange [0:*] noextend\n"
                    "set format x '%.0f'\nset ylabel " +
                    gnuplot_string(panel.ylabel) + "\nplot " + plots + "\n";
  return script;
}

// The one value that trials have, or what to say instead.
std::string common(const std::vector<Line>& lines, std::string TrialRecord::*member) {
  std::set<std::string> values;
  for (const Line& line : lines) {
    for (const TrialRecord* trial : line.trials) values.insert(trial->*member);
  }
  return values.size() == 1 ? *values.begin() : "of different kinds";
}

}  // namespace

void add_new(std::vector<std::string>& list, const std::string& name) {
  if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(name);
}

std::vector<std::string> tasks_of(const Results& results) {
  std::vector<std::string> tasks;
  for (const TrialRecord& trial : results.trials) {
    if (trial.state != TrialState::kDone) continue;
    if (std::find(tasks.begin(), tasks.end(), trial.task) == tasks.end()) {
      tasks.push_back(trial.task);
    }
  }
  return tasks;
}

std::string series_style(std::size_t i) {
  return std::string("linecolor rgb '") + kColours[i % kColours.size()] + "' dashtype " +
         std::to_string(1 + i / kColours.size());
}

std::string legend_text(const std::string& label) {
  if (label.size() <= kMaxLegendBytes) return label;
  const auto is_inside = [&](std::size_t at) {
    return (static_cast<unsigned char>(label[at]) & 0xC0U) == 0x80U;  // of a UTF-8 character
  };
  std::size_t head = kMaxLegendBytes / 2;
  while (is_inside(head)) --head;
  std::size_t tail = label.size() - kMaxLegendBytes / 2;
  while (tail < label.size() && is_inside(tail)) ++tail;
  return label.substr(0, head) + "\xE2\x80\xA6" + label.substr(tail);
}

std::string data_number(double value) {
  return std::isfinite(value) ? formatted("%.17g", value) : "NaN";
}

FigureGroup search_figures(const Results& results) {
  FigureGroup group{
      .title = "Search curves",
      .about =
          "Best training loss so far, and dev metric of the prompt that would be returned, "
          "against search queries; mean over seeds. At most the first " +
          std::to_string(kMaxLines) + " methods of a task are drawn.",
      .absent = "no finished trial has generations; every search has some",
      .figures = {}};
  const std::vector<std::string> tasks = tasks_of(results);
  const TrialVariants variants(results);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const std::vector<Line> lines = lines_of(results, variants, tasks[i]);
    const std::string number = std::to_string(i + 1);
    const Panel panels[] = {
        {"fitness-" + number, tasks[i] + ": training loss",
         "best loss (" + common(lines, &TrialRecord::objective) + ")",
         &GenerationRecord::incumbent_fitness, 1.0},
        {"dev-" + number, tasks[i] + ": dev metric",
         "dev metric \xC3\x97 100 (" + common(lines, &TrialRecord::metric) + ")",
         &GenerationRecord::dev_metric, 100.0}};
    for (const Panel& panel : panels) {
      GnuplotScript script = draw_panel(panel, lines);
      if (!script.commands.empty()) group.figures.push_back(std::move(script));
    }
  }
  return group;
}

}  // namespace bbprompt
