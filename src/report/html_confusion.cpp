#include "report/html_confusion.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "report/data_table.hpp"
#include "report/number_text.hpp"
#include "report/score_matrix.hpp"
#include "report/splits.hpp"
#include "report/trial_variants.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kMaxLabels = 40;  // a larger table is none that people read

using Counts = std::vector<std::vector<std::int64_t>>;  // by gold label, then by predicted one

struct Confusion {
  std::string task;
  std::string method;
  bool is_variation = false;
  std::vector<std::string> labels;
  int num_trials = 0;
  Counts counts;
};

// Nothing where the record holds no predictions, or what does not fit its labels.
const SplitEvaluation* test_of(const TrialRecord& trial, const std::vector<std::int32_t>*& gold) {
  const SplitEvaluation* test = find_split(trial.best, "test");
  const auto found = trial.gold.find("test");
  if (trial.state != TrialState::kDone || test == nullptr || found == trial.gold.end())
    return nullptr;
  gold = &found->second;
  const auto is_label = [&](std::int32_t label) {
    return label >= 0 && static_cast<std::size_t>(label) < trial.labels.size();
  };
  const bool fits = !gold->empty() && gold->size() == test->predicted.size() &&
                    std::all_of(gold->begin(), gold->end(), is_label) &&
                    std::all_of(test->predicted.begin(), test->predicted.end(), is_label);
  return fits ? test : nullptr;
}

std::vector<Confusion> confusions(const Results& results) {
  std::vector<Confusion> all;
  const TrialVariants variants(results);
  for (const TrialRecord& trial : results.trials) {
    const std::vector<std::int32_t>* gold = nullptr;
    const SplitEvaluation* test = test_of(trial, gold);
    if (test == nullptr) continue;
    const std::string method = variants.label(trial);
    auto found = std::find_if(all.begin(), all.end(), [&](const Confusion& confusion) {
      return confusion.task == trial.task && confusion.method == method &&
             confusion.labels == trial.labels;
    });
    if (found == all.end()) {
      const bool is_variation = method != trial.method || !transfer_source(trial.method).empty();
      const std::vector<std::int64_t> none(trial.labels.size(), 0);
      found = all.insert(found, {trial.task, method, is_variation, trial.labels, 0,
                                 Counts(trial.labels.size(), none)});
    }
    ++found->num_trials;
    for (std::size_t i = 0; i < gold->size(); ++i)
      ++found->counts[static_cast<std::size_t>((*gold)[i])]
                     [static_cast<std::size_t>(test->predicted[i])];
  }
  return all;
}

std::string share(std::int64_t part, std::int64_t whole) {
  if (whole == 0) return "-";
  return formatted("%.1f %%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

DataTable table_of(const Confusion& confusion) {
  DataTable table("");
  table.add_column("label \\ answered", Align::kLeft);
  for (const std::string& label : confusion.labels) table.add_column(label, Align::kRight);
  table.add_column("rows", Align::kRight);
  table.add_column("recall", Align::kRight);
  std::vector<TableCell> precision{{"precision"}};
  std::int64_t num_right = 0;
  std::int64_t num_rows = 0;
  for (std::size_t i = 0; i < confusion.labels.size(); ++i) {
    std::vector<TableCell> cells{{confusion.labels[i]}};
    std::int64_t of_row = 0;
    std::int64_t of_column = 0;
    for (std::size_t j = 0; j < confusion.labels.size(); ++j) {
      cells.push_back({std::to_string(confusion.counts[i][j]), i == j});
      of_row += confusion.counts[i][j];
      of_column += confusion.counts[j][i];
    }
    cells.push_back({std::to_string(of_row)});
    cells.push_back({share(confusion.counts[i][i], of_row)});
    precision.push_back({share(confusion.counts[i][i], of_column)});
    num_right += confusion.counts[i][i];
    num_rows += of_row;
    table.add_row(std::move(cells));
  }
  precision.push_back({std::to_string(num_rows)});
  precision.push_back({share(num_right, num_rows)});
  table.add_row(std::move(precision));
  return table;
}

std::string one_html(const Confusion& confusion) {
  std::string html = "<h4><bdi>" + html_text(confusion.method) + "</bdi></h4>\n";
  if (confusion.labels.size() > kMaxLabels) {
    return html + "<p class=\"absent\">" + std::to_string(confusion.labels.size()) +
           " labels: more than a table shows; \"bbprompt report RUN --csv --table "
           "predictions\" has each row</p>\n";
  }
  if (confusion.num_trials > 1)
    html += "<p class=\"note\">sum over " + std::to_string(confusion.num_trials) + " seeds</p>\n";
  return html + to_html(table_of(confusion));
}

}  // namespace

std::string confusion_html(const Results& results) {
  const std::vector<Confusion> all = confusions(results);
  if (all.empty())
    return "<p class=\"absent\">no finished trial holds predictions for test rows</p>\n";
  std::vector<std::string> tasks;
  for (const Confusion& confusion : all) {
    if (std::find(tasks.begin(), tasks.end(), confusion.task) == tasks.end())
      tasks.push_back(confusion.task);
  }
  std::string html =
      "<p class=\"note\">test rows by their label (down) and the label that the prompt answered "
      "(across); bottom right: accuracy</p>\n";
  for (const std::string& task : tasks) {
    html += "<h3><bdi>" + html_text(task) + "</bdi></h3>\n";
    std::string variations;
    int num_variations = 0;
    for (const Confusion& confusion : all) {
      if (confusion.task != task) continue;
      (confusion.is_variation ? variations : html) += one_html(confusion);
      num_variations += confusion.is_variation ? 1 : 0;
    }
    if (num_variations > 0)
      html += "<details><summary>" + std::to_string(num_variations) +
              " of settings and from other tasks</summary>\n" + variations + "</details>\n";
  }
  return html;
}

}  // namespace bbprompt
