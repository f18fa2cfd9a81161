#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "bbprompt/base/error.hpp"
#include "bbprompt/report/summary.hpp"
#include "report/configured_value.hpp"
#include "report/figures.hpp"
#include "report/splits.hpp"
#include "report/trial_variants.hpp"

namespace bbprompt {
namespace {

constexpr double kLogarithmicFrom = 8.0;  // ratio of largest to smallest value

struct Axis {
  const char* key;
  const char* title;
  const char* label;
  const char* analysis;
};

constexpr Axis kAxes[] = {
    {"prompt.length", "Prompt length", "prompt length (tokens)", "prompt_lengths.yaml"},
    {"few_shot.train_per_class", "Training examples", "training examples per class", "shots.yaml"},
    {"budget.evaluations", "Budget", "search evaluations", "budgets.yaml"},
    {"objective", "Objective", "objective", "objectives.yaml"},
    {"objective.kind", "Objective", "objective", "objectives.yaml"},
};

std::optional<double> as_number(const std::string& text) {
  double value = 0.0;
  const char* end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, value);
  if (status != std::errc() || stop != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

// Test metrics of one task by method and value of the axis.
struct AxisData {
  std::string metric;
  std::vector<std::string> values;
  std::vector<std::string> methods;
  std::map<std::pair<std::string, std::string>, std::vector<double>> tests;  // method, value

  [[nodiscard]] bool is_numeric() const {
    return std::all_of(values.begin(), values.end(),
                       [](const std::string& value) { return as_number(value).has_value(); });
  }
  [[nodiscard]] MeanDeviation figure(const std::string& method, const std::string& value) const {
    const auto found = tests.find({method, value});
    return mean_deviation(found == tests.end() ? std::vector<double>{} : found->second);
  }
};

// Methods that have one value only say nothing where others have several.
void leave_single_points(AxisData& data) {
  const auto num_values = [&](const std::string& method) {
    return std::count_if(data.tests.begin(), data.tests.end(),
                         [&](const auto& entry) { return entry.first.first == method; });
  };
  std::vector<std::string> varied;
  for (const std::string& method : data.methods) {
    if (num_values(method) > 1) varied.push_back(method);
  }
  if (varied.empty()) return;
  data.methods = std::move(varied);
  std::erase_if(data.values, [&](const std::string& value) {
    return std::none_of(data.methods.begin(), data.methods.end(), [&](const std::string& method) {
      return data.tests.contains({method, value});
    });
  });
}

// The methods of a task for which some trial has a value of its own.
std::set<std::string> varied_methods(const Results& results, const std::string& key,
                                     const std::string& task) {
  std::set<std::string> methods;
  for (const TrialRecord& trial : results.trials) {
    if (trial.task == task && setting(trial, key)) methods.insert(trial.method);
  }
  return methods;
}

// Trials, with what tells those of one method apart.
struct Labelled {
  const Results& results;
  const TrialVariants& variants;
};

AxisData axis_data(const Labelled& trials, const std::string& key, const std::string& task) {
  AxisData data;
  const auto& [results, variants] = trials;
  const std::set<std::string> varied = varied_methods(results, key, task);
  for (const TrialRecord& trial : results.trials) {
    const SplitEvaluation* test = find_split(trial.best, "test");
    if (trial.task != task || trial.state != TrialState::kDone || test == nullptr) continue;
    if (!varied.contains(trial.method)) continue;
    auto value = setting(trial, key);
    if (!value) value = configured_value(trial, key);
    if (!value) continue;
    const std::string method = variants.label(trial, key);
    add_new(data.values, *value);
    add_new(data.methods, method);
    data.tests[{method, *value}].push_back(test->metric);
    data.metric = trial.metric;
  }
  leave_single_points(data);
  if (data.is_numeric()) {
    std::stable_sort(data.values.begin(), data.values.end(),
                     [](const std::string& left, const std::string& right) {
                       return *as_number(left) < *as_number(right);
                     });
  }
  return data;
}

// x, mean and deviation (0 where there is none) times 100, a line per value.
std::string series_of(const AxisData& data, const std::string& method) {
  std::string text;
  for (std::size_t i = 0; i < data.values.size(); ++i) {
    const MeanDeviation figure = data.figure(method, data.values[i]);
    const double x = as_number(data.values[i]).value_or(static_cast<double>(i));
    text += data_number(x) + " " + data_number(100.0 * figure.mean) + " " +
            data_number(100.0 * figure.deviation.value_or(0.0)) + "\n";
  }
  return text;
}

std::string tics_of(const AxisData& data) {
  std::string tics;
  for (std::size_t i = 0; i < data.values.size(); ++i) {
    const double x = as_number(data.values[i]).value_or(static_cast<double>(i));
    tics += (i > 0 ? ", " : "") + gnuplot_string(data.values[i]) + " " + data_number(x);
  }
  return "set xtics (" + tics + ")\n";
}

std::string lines_commands(const AxisData& data) {
  const double first = *as_number(data.values.front());
  const double last = *as_number(data.values.back());
  std::string commands;
  if (first > 0.0 && last >= kLogarithmicFrom * first) {
    commands += "set logscale x 2\nset xrange [" + data_number(first / 1.2) + ":" +
                data_number(last * 1.2) + "]\n";
  } else {
    const double margin = 0.06 * (last - first);
    commands +=
        "set xrange [" + data_number(first - margin) + ":" + data_number(last + margin) + "]\n";
  }
  commands += tics_of(data) + "plot ";
  for (std::size_t i = 0; i < data.methods.size(); ++i) {
    const std::string file = gnuplot_string("series" + std::to_string(i));
    const std::string style = "linewidth 2 " + series_style(i);
    if (i > 0) commands += ", \\\n  ";
    commands.append(file).append(" using 1:2 with lines ").append(style).append(" notitle, ");
    commands.append(file).append(" using 1:2:3 with yerrorbars pointtype 7 pointsize 0.7 ");
    commands.append(style).append(" title ").append(gnuplot_string(legend_text(data.methods[i])));
  }
  return commands + "\n";
}

std::string bars_commands(const AxisData& data) {
  std::string commands =
      "set style data histograms\nset style histogram errorbars gap 1.5 linewidth 1\n"
      "set style fill solid 0.85 noborder\nset boxwidth 0.9\nset yrange [*<0:0<*]\n"
      "set errorbars 1 front linecolor rgb '#333333' linewidth 1\n";
  std::string tics;
  for (std::size_t i = 0; i < data.values.size(); ++i) {
    tics += (i > 0 ? ", " : "") + gnuplot_string(data.values[i]) + " " + std::to_string(i);
  }
  commands += "set xtics (" + tics + ")\nplot ";
  for (std::size_t i = 0; i < data.methods.size(); ++i) {
    commands += (i > 0 ? ", \\\n  " : "") + gnuplot_string("series" + std::to_string(i)) +
                " using 2:3 " + series_style(i) + " title " +
                gnuplot_string(legend_text(data.methods[i]));
  }
  return commands + "\n";
}

GnuplotScript axis_figure(const Axis& axis, const std::string& task, const AxisData& data) {
  GnuplotScript script{.name = "", .size = {}, .commands = "", .files = {}};
  for (std::size_t i = 0; i < data.methods.size(); ++i) {
    script.files["series" + std::to_string(i)] = series_of(data, data.methods[i]);
  }
  script.size.height += 11 * static_cast<int>(data.methods.size());
  script.commands = std::string(kAxesStyle) + "set title " + gnuplot_string(task) +
                    "\nset xlabel " + gnuplot_string(axis.label) + "\nset ylabel " +
                    gnuplot_string("test " + data.metric + " \xC3\x97 100") + "\n" +
                    (data.is_numeric() ? lines_commands(data) : bars_commands(data));
  return script;
}

FigureGroup group_of(const Labelled& trials, const Axis& axis) {
  const std::string file = std::string("configs/analyses/") + axis.analysis;
  FigureGroup group{.title = axis.title,
                    .about = "Test metric against " + std::string(axis.label) +
                             "; mean over seeds, bars: sample standard deviation.",
                    .absent = "no finished trials differ in " + std::string(axis.key) + "; " +
                              file + " gives them",
                    .figures = {}};
  std::size_t number = 0;
  for (const std::string& task : tasks_of(trials.results)) {
    const AxisData data = axis_data(trials, axis.key, task);
    if (data.values.size() < 2) continue;
    GnuplotScript script = axis_figure(axis, task, data);
    std::string key = axis.key;
    std::replace_if(
        key.begin(), key.end(), [](char c) { return c == '.' || c == '_'; }, '-');
    script.name = key + "-" + std::to_string(++number);
    group.figures.push_back(std::move(script));
  }
  return group;
}

}  // namespace

std::vector<FigureGroup> setting_figures(const Results& results) {
  std::vector<FigureGroup> groups;
  const TrialVariants variants(results);
  for (const Axis& axis : kAxes) {
    FigureGroup group = group_of({results, variants}, axis);
    if (groups.empty() || groups.back().title != group.title) {
      groups.push_back(std::move(group));
    } else if (groups.back().figures.empty()) {
      groups.back() = std::move(group);
    } else {
      for (GnuplotScript& figure : group.figures)
        groups.back().figures.push_back(std::move(figure));
    }
  }
  return groups;
}

}  // namespace bbprompt
