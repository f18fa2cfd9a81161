#include "bbprompt/report/run_comparison.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "bbprompt/base/utf8.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/store/digest.hpp"
#include "report/data_table.hpp"
#include "report/flat_settings.hpp"
#include "report/number_text.hpp"
#include "report/paired_tests.hpp"
#include "report/splits.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kMaxTextBytes = 1000;  // of a name or prompt

std::string shown(const std::string& text) { return printable(text, kMaxTextBytes); }

// ---- what the runs are

std::string about(const std::string& letter, const NamedResults& run) {
  const auto count = [&](TrialState state) {
    return std::count_if(run.results.trials.begin(), run.results.trials.end(),
                         [&](const TrialRecord& trial) { return trial.state == state; });
  };
  const RunInfo& info = run.results.run;
  return letter + ": " + shown(run.name) + " (" + shown(info.name) + ", bbprompt " +
         shown(info.version) + "): " + plural(count(TrialState::kDone), "trial") + " done, " +
         std::to_string(count(TrialState::kFailed)) + " failed\n";
}

// Trials of one id have equal settings; they differ where model, data or machine do.
std::string about_both(const NamedResults& a, const NamedResults& b) {
  if (digest(a.results) == digest(b.results))
    return "The runs found the same, bit for bit (equal digests).\n";
  std::map<std::string, std::string> known;
  for (const TrialRecord& trial : a.results.trials) known.emplace(trial.id, digest(trial));
  std::int64_t num_equal = 0;
  std::int64_t num_unlike = 0;
  for (const TrialRecord& trial : b.results.trials) {
    const auto found = known.find(trial.id);
    if (found == known.end()) continue;
    ++(found->second == digest(trial) ? num_equal : num_unlike);
  }
  if (num_equal + num_unlike == 0) return "The runs have no trial in common.\n";
  return plural(num_equal, "trial") + " found the same in both, bit for bit; " +
         std::to_string(num_unlike) +
         " of equal settings did not (another model, data, version or machine).\n";
}

// ---- settings

using Settings = std::map<std::string, std::string>;

std::string joined(const std::set<std::string>& values) {
  std::string text;
  for (const std::string& value : values) text += (text.empty() ? "" : ", ") + value;
  return text.empty() ? "-" : text;
}

// What the configuration does not say.
FlatSettings found_settings(const Results& results) {
  std::set<std::string> models;
  std::map<std::string, std::set<std::string>> rows;  // by task
  for (const TrialRecord& trial : results.trials) {
    if (!trial.model_fingerprint.empty()) models.insert(trial.model_fingerprint.substr(0, 8));
    const auto gold = trial.gold.find("test");
    if (gold == trial.gold.end() || gold->second.empty()) continue;
    std::string text;
    for (const std::int32_t label : gold->second) text += std::to_string(label) + ' ';
    rows[trial.task].insert(std::to_string(gold->second.size()) + " with labels " +
                            short_hash(text));
  }
  FlatSettings settings{{"(version)", results.run.version},
                        {"(model fingerprint)", joined(models)}};
  for (const auto& [task, texts] : rows)
    settings.emplace_back("(test rows of " + task + ")", joined(texts));
  return settings;
}

FlatSettings settings_of(const Results& results) {
  FlatSettings settings = flat_settings(results.run.config_resolved);
  std::erase_if(settings, [](const auto& entry) { return entry.first.starts_with("output."); });
  for (auto& entry : found_settings(results)) settings.push_back(std::move(entry));
  return settings;
}

DataTable settings_table(const Results& a, const Results& b) {
  DataTable table("Settings that differ");
  for (const auto* title : {"setting", "A", "B"}) table.add_column(title, Align::kLeft);
  const FlatSettings left = settings_of(a);
  const FlatSettings right = settings_of(b);
  const Settings of_a(left.begin(), left.end());
  const Settings of_b(right.begin(), right.end());
  const auto text_of = [](const Settings& settings, const std::string& key) {
    const auto found = settings.find(key);
    return found == settings.end() ? "-" : shown_value(found->second);
  };
  std::set<std::string> seen;
  for (const FlatSettings* settings : {&left, &right}) {
    for (const auto& [key, value] : *settings) {
      const auto in_a = of_a.find(key);
      const auto in_b = of_b.find(key);
      const bool is_equal =
          in_a != of_a.end() && in_b != of_b.end() && in_a->second == in_b->second;
      if (is_equal || !seen.insert(key).second) continue;
      table.add_row({{key}, {text_of(of_a, key)}, {text_of(of_b, key)}});
    }
  }
  return table;
}

// ---- scores

struct RowPair {
  std::string name;
  const MatrixRow* a;
  const MatrixRow* b;
};

std::vector<const MatrixRow*> method_rows(const ScoreMatrix& matrix) {
  std::vector<const MatrixRow*> rows;
  for (const MatrixRow& row : matrix.rows) {
    if (!row.is_written_prompt) rows.push_back(&row);
  }
  return rows;
}

std::vector<RowPair> paired_rows(const ScoreMatrix& a, const ScoreMatrix& b) {
  std::vector<RowPair> pairs;
  for (const MatrixRow& row : a.rows) {
    const auto other = std::find_if(b.rows.begin(), b.rows.end(), [&](const MatrixRow& candidate) {
      return candidate.method == row.method && candidate.is_written_prompt == row.is_written_prompt;
    });
    if (other != b.rows.end()) pairs.push_back({row.method, &row, &*other});
  }
  const bool has_methods = std::any_of(
      pairs.begin(), pairs.end(), [](const RowPair& pair) { return !pair.a->is_written_prompt; });
  const auto of_a = method_rows(a);
  const auto of_b = method_rows(b);
  if (!has_methods && of_a.size() == 1 && of_b.size() == 1)
    pairs.push_back({of_a[0]->method + " / " + of_b[0]->method, of_a[0], of_b[0]});
  return pairs;
}

struct ScorePair {
  std::string method;
  std::string task;  // empty: over all
  MeanDeviation a;
  MeanDeviation b;
  PairedTTest test;
  std::optional<double> p;
};

std::vector<double> differences(const MatrixCell& a, const MatrixCell& b) {
  std::vector<double> values;
  for (const auto& [seed, value] : a.by_seed) {
    const auto other = b.by_seed.find(seed);
    if (other != b.by_seed.end()) values.push_back(other->second - value);
  }
  return values;
}

std::vector<ScorePair> score_pairs(const ScoreMatrix& a, const ScoreMatrix& b) {
  std::vector<ScorePair> scores;
  for (const RowPair& pair : paired_rows(a, b)) {
    std::vector<double> all;
    std::size_t num_tasks = 0;
    for (std::size_t i = 0; i < a.columns.size(); ++i) {
      const MatrixColumn& column = a.columns[i];
      const auto other =
          std::find_if(b.columns.begin(), b.columns.end(), [&](const MatrixColumn& candidate) {
            return candidate.task == column.task && candidate.metric == column.metric;
          });
      if (other == b.columns.end()) continue;
      const MatrixCell& in_a = pair.a->cells[i];
      const MatrixCell& in_b = pair.b->cells[static_cast<std::size_t>(other - b.columns.begin())];
      if (in_a.figure.num_values == 0 && in_b.figure.num_values == 0) continue;
      const std::vector<double> values = differences(in_a, in_b);
      all.insert(all.end(), values.begin(), values.end());
      num_tasks += values.empty() ? 0 : 1;
      const PairedTTest test = paired_t_test(values);
      scores.push_back({pair.name, column.task + " (" + column.metric + ")", in_a.figure,
                        in_b.figure, test, test.p});
    }
    if (num_tasks < 2) continue;
    scores.push_back({.method = pair.name,
                      .task = "",
                      .a = mean_deviation({}),
                      .b = mean_deviation({}),
                      .test = {.difference = mean_deviation(all), .t = {}, .p = {}},
                      .p = sign_flip_test(all)});
  }
  return scores;
}

std::vector<std::optional<double>> adjusted(const std::vector<ScorePair>& scores) {
  std::vector<double> p;
  for (const ScorePair& score : scores) {
    if (score.p) p.push_back(*score.p);
  }
  const std::vector<double> known = holm_adjusted(p);
  std::vector<std::optional<double>> all;
  auto next = known.begin();
  for (const ScorePair& score : scores)
    all.push_back(score.p ? std::optional(*next++) : std::nullopt);
  return all;
}

DataTable scores_table(const Results& a, const Results& b) {
  DataTable table("Test metric times 100, and paired tests of B minus A");
  for (const auto* title : {"method", "task"}) table.add_column(title, Align::kLeft);
  for (const auto* title : {"A", "B", "pairs", "difference", "deviation", "t", "p", "p (Holm)"})
    table.add_column(title, Align::kRight);
  table.add_column("beyond noise", Align::kLeft);
  const std::vector<ScorePair> scores = score_pairs(score_matrix(a), score_matrix(b));
  const auto holm = adjusted(scores);
  std::vector<MeanDeviation> of_a;
  std::vector<MeanDeviation> of_b;
  for (const ScorePair& score : scores) {
    of_a.push_back(score.a);
    of_b.push_back(score.b);
  }
  const auto text_a = figure_cells(of_a);
  const auto text_b = figure_cells(of_b);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const ScorePair& score = scores[i];
    const MeanDeviation& difference = score.test.difference;
    table.add_row({{score.method},
                   {score.task.empty() ? "all (sign flip)" : score.task},
                   {text_a[i]},
                   {text_b[i]},
                   {std::to_string(difference.num_values)},
                   {number_text("%+.2f", 100.0 * difference.mean)},
                   {difference.deviation ? formatted("%.2f", 100.0 * *difference.deviation) : "-"},
                   {score.test.t ? formatted("%.3f", *score.test.t) : "-"},
                   {p_text(score.p)},
                   {p_text(holm[i])},
                   {holm[i] && *holm[i] < kSignificance ? "yes" : "no"}});
  }
  table.add_note(
      "A, B: mean \xC2\xB1 sample standard deviation over the seeds of each run; the tests are "
      "over "
      "the seeds that both have, paired: t-tests, and over all tasks the sign-flip test; beyond "
      "noise: p (Holm) < 0.05");
  return table;
}

// ---- prompts

struct PromptRow {
  std::string task;
  std::string method;
  std::string run;
  const TrialRecord* trial;
};

std::vector<PromptRow> prompt_rows(const Results& results, const std::string& letter) {
  std::vector<PromptRow> rows;
  for (const SummaryRow& row : summarize(results).rows) {
    if (!row.best_trial) continue;
    rows.push_back({row.task,
                    row.settings.empty() ? row.method : row.method + " (" + row.settings + ")",
                    letter, &results.trials[*row.best_trial]});
  }
  return rows;
}

DataTable prompts_table(const Results& a, const Results& b) {
  DataTable table("Prompts to use: of each run the one that is best on dev");
  for (const auto* title : {"task", "method", "run"}) table.add_column(title, Align::kLeft);
  for (const auto* title : {"dev", "test"}) table.add_column(title, Align::kRight);
  table.add_column("prompt", Align::kLeft);
  std::vector<PromptRow> rows = prompt_rows(a, "A");
  for (PromptRow& row : prompt_rows(b, "B")) {
    // Next to that of the same task and method.
    const auto same = std::find_if(rows.begin(), rows.end(), [&](const PromptRow& other) {
      return other.run == "A" && other.task == row.task && other.method == row.method;
    });
    rows.insert(same == rows.end() ? same : std::next(same), std::move(row));
  }
  const auto metric = [](const TrialRecord& trial, const std::string& split) -> std::string {
    const SplitEvaluation* found = find_split(trial.best, split);
    return found == nullptr ? "-" : number_text("%.2f", 100.0 * found->metric);
  };
  for (const PromptRow& row : rows) {
    table.add_row({{row.task},
                   {row.method},
                   {row.run},
                   {metric(*row.trial, "dev")},
                   {metric(*row.trial, "test")},
                   {shown(row.trial->best.prompt.text)}});
  }
  return table;
}

}  // namespace

std::string compare_runs(const NamedResults& a, const NamedResults& b, ComparisonForm form) {
  const bool is_markdown = form == ComparisonForm::kMarkdown;
  const auto line = [&](const std::string& text) {
    return is_markdown ? markdown_text(text.substr(0, text.size() - 1)) + "\n\n" : text;
  };
  std::string text = line(about("A", a)) + line(about("B", b)) + line(about_both(a, b));
  const auto add = [&](const DataTable& table, const std::string& absent) {
    if (table.empty()) {
      text += (is_markdown ? "" : "\n") + line(absent + "\n");
    } else {
      text += is_markdown ? to_markdown(table) + "\n"
                          : "\n" + table.caption() + "\n\n" + to_terminal(table);
    }
  };
  add(settings_table(a.results, b.results), "The runs have equal settings.");
  add(scores_table(a.results, b.results),
      "No method of one name is in both runs; compare them as methods with bbprompt report A B.");
  add(prompts_table(a.results, b.results), "No trial is done yet.");
  return text;
}

}  // namespace bbprompt
