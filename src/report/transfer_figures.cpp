#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "report/figures.hpp"
#include "report/number_text.hpp"
#include "report/score_matrix.hpp"
#include "report/splits.hpp"
#include "report/trial_variants.hpp"

namespace bbprompt {
namespace {

constexpr double kDarkFrom = 0.55;  // cells above this share of the range get white figures

// Mean test metrics times 100; rows are sources, columns targets; NaN where there is none.
struct Transfer {
  std::vector<std::string> sources;
  std::vector<std::string> targets;
  std::vector<std::vector<double>> values;
  double least = std::numeric_limits<double>::infinity();
  double most = -std::numeric_limits<double>::infinity();
};

bool is_transfer(const TrialRecord& trial) {
  using Kind = PromptRecord::Kind;
  const Kind kind = trial.best.prompt.kind;
  return trial.state == TrialState::kDone && !transfer_source(trial.method).empty() &&
         (kind == Kind::kManual || kind == Kind::kDiscrete) &&
         find_split(trial.best, "test") != nullptr;
}

Transfer transfer_of(const Results& results) {
  Transfer transfer;
  std::map<std::pair<std::string, std::string>, std::vector<double>> tests;
  const TrialVariants variants(results);
  for (const TrialRecord& trial : results.trials) {
    if (!is_transfer(trial)) continue;
    const std::string source = transfer_source(variants.label(trial));
    add_new(transfer.sources, source);
    add_new(transfer.targets, trial.task);
    tests[{source, trial.task}].push_back(find_split(trial.best, "test")->metric);
  }
  for (const std::string& source : transfer.sources) {
    auto& row = transfer.values.emplace_back();
    for (const std::string& target : transfer.targets) {
      row.push_back(100.0 * mean_deviation(tests[{source, target}]).mean);
      if (!std::isfinite(row.back())) continue;
      transfer.least = std::min(transfer.least, row.back());
      transfer.most = std::max(transfer.most, row.back());
    }
  }
  return transfer;
}

std::string tics(const char* axis, const std::vector<std::string>& names) {
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i) {
    list += (i > 0 ? ", " : "") + gnuplot_string(names[i]) + " " + std::to_string(i);
  }
  return std::string("set ") + axis + " (" + list + ")\n";
}

// Cells as a matrix, and their figures: those on dark and those on light ground.
void add_files(GnuplotScript& script, const Transfer& transfer) {
  std::string cells;
  std::string dark;
  std::string light;
  for (std::size_t row = 0; row < transfer.values.size(); ++row) {
    for (std::size_t column = 0; column < transfer.values[row].size(); ++column) {
      const double value = transfer.values[row][column];
      cells += data_number(value) + " ";
      if (!std::isfinite(value)) continue;
      const double share = (value - transfer.least) / (transfer.most - transfer.least);
      (share > kDarkFrom ? dark : light) += std::to_string(column) + " " + std::to_string(row) +
                                            " " + formatted("%.1f", value) + "\n";
    }
    cells += "\n";
  }
  script.files = {{"cells", cells}, {"dark", dark}, {"light", light}};
}

std::string ranges(const Transfer& transfer) {
  const double margin = transfer.most > transfer.least ? 0.0 : 1.0;
  return "set xrange [-0.5:" + data_number(static_cast<double>(transfer.targets.size()) - 0.5) +
         "]\nset yrange [" + data_number(static_cast<double>(transfer.sources.size()) - 0.5) +
         ":-0.5]\nset cbrange [" + data_number(transfer.least - margin) + ":" +
         data_number(transfer.most + margin) + "]\n";
}

}  // namespace

FigureGroup transfer_figures(const Results& results) {
  FigureGroup group{.title = "Transfer",
                    .about =
                        "Test metric times 100, mean over seeds, of prompts learned on one "
                        "task (rows) and used on another (columns) as they are.",
                    .absent =
                        "no finished trial has a method \"from-SOURCE\" with a prompt of "
                        "text; configs/analyses/transfer.yaml gives them",
                    .figures = {}};
  const Transfer transfer = transfer_of(results);
  if (transfer.sources.empty() || !std::isfinite(transfer.least)) return group;
  GnuplotScript script{.name = "transfer",
                       .size = {.width = 260 + 74 * static_cast<int>(transfer.targets.size()),
                                .height = 130 + 40 * static_cast<int>(transfer.sources.size())},
                       .commands = "",
                       .files = {}};
  add_files(script, transfer);
  script.commands =
      "set border 0\nunset key\nset tics scale 0\nset palette defined (0 '#f7fbff', 0.5 '#6baed6', "
      "1 '#08306b')\n" +
      tics("xtics", transfer.targets) + tics("ytics", transfer.sources) + ranges(transfer) +
      "set xtics rotate by -30\nset xlabel 'tested on'\nset ylabel 'learned on'\n"
      "set cblabel 'test metric \xC3\x97 100'\nplot 'cells' matrix with image pixels";
  for (const auto& [file, colour] : {std::pair{"dark", "white"}, std::pair{"light", "black"}}) {
    if (script.files[file].empty()) continue;
    script.commands +=
        std::string(", '") + file + "' using 1:2:3 with labels textcolor rgb '" + colour + "'";
  }
  script.commands += "\n";
  group.figures.push_back(std::move(script));
  return group;
}

}  // namespace bbprompt
