#include "report/html_prompts.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

#include "bbprompt/report/summary.hpp"
#include "report/data_table.hpp"
#include "report/html_effects.hpp"
#include "report/number_text.hpp"
#include "report/readable_tokens.hpp"
#include "report/score_matrix.hpp"
#include "report/splits.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kMaxShares = 5;

std::string text_html(const std::string& text) { return "<bdi>" + html_text(text) + "</bdi>"; }

std::string tokens_html(const PromptRecord& prompt) {
  std::string html;
  for (const ReadableToken& token : readable_tokens(prompt)) {
    if (token.begins_a_word && !html.empty()) html += " ";
    html += "<code>" + text_html(token.text) + "</code>";
  }
  return html.empty() ? "" : "<p class=\"tokens\">" + html + "</p>\n";
}

std::string split_text(const TrialRecord& trial, const std::string& name) {
  const SplitEvaluation* split = find_split(trial.best, name);
  const double metric = split == nullptr ? std::numeric_limits<double>::quiet_NaN() : split->metric;
  return name + " " + number_text("%.2f", 100.0 * metric);
}

// Candidates of a position by descending share, equal ones in their order.
std::vector<std::size_t> ranked(const TrialRecord& trial, Eigen::Index position) {
  std::vector<std::size_t> order(trial.option_texts.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
    return trial.position_shares(position, static_cast<Eigen::Index>(left)) >
           trial.position_shares(position, static_cast<Eigen::Index>(right));
  });
  order.resize(std::min(order.size(), kMaxShares));
  return order;
}

std::string shares_html(const TrialRecord& trial) {
  if (trial.position_shares.size() == 0) return "";
  std::string html =
      "<details><summary>shares of candidates at the end of the search</summary>\n"
      "<div class=\"scroll\"><table>\n";
  for (Eigen::Index position = 0; position < trial.position_shares.rows(); ++position) {
    html += "<tr><th class=\"number\">" + std::to_string(position + 1) + "</th>";
    for (const std::size_t candidate : ranked(trial, position)) {
      const double share = trial.position_shares(position, static_cast<Eigen::Index>(candidate));
      html += "<td><code>" + text_html(trial.option_texts[candidate]) +
              "</code> <span class=\"share\">" + formatted("%.1f", 100.0 * share) +
              " %</span></td>";
    }
    html += "</tr>\n";
  }
  return html + "</table></div></details>\n";
}

std::string prompt_html(const SummaryRow& row, const TrialRecord& trial,
                        const EffectsByTrial& effects) {
  const PromptRecord& prompt = trial.best.prompt;
  const std::string method =
      row.settings.empty() ? row.method : row.method + " (" + row.settings + ")";
  std::string html = "<div class=\"prompt\"><h4>" + text_html(method) +
                     "</h4>\n<p class=\"note\">" + text_html(to_string(prompt.kind)) + ", trial " +
                     text_html(trial.id) + ", " + split_text(trial, "dev") + ", " +
                     split_text(trial, "test") + "</p>\n";
  if (prompt.kind == PromptRecord::Kind::kSoft) {
    html += "<p class=\"note\">vectors; their nearest tokens, for orientation:</p>\n";
  }
  html += "<pre>" + text_html(prompt.text) + "</pre>\n" + tokens_html(prompt);
  if (const auto known = effects.find(trial.id); known != effects.end())
    html += effects_html(known->second);
  html += shares_html(trial);
  return html + "</div>\n";
}

// One task's rows: methods, then what varies them, folded away.
struct TaskPrompts {
  std::string task;
  std::string methods;
  std::string variations;
  int num_variations = 0;
};

std::string task_html(const TaskPrompts& prompts) {
  std::string html = "<h3>" + text_html(prompts.task) + "</h3>\n" + prompts.methods;
  if (prompts.num_variations == 0) return html;
  return html + "<details><summary>" + std::to_string(prompts.num_variations) +
         " of settings and from other tasks</summary>\n" + prompts.variations + "</details>\n";
}

}  // namespace

std::string prompts_html(const Results& results, const EffectsByTrial& effects) {
  std::vector<TaskPrompts> tasks;
  for (const SummaryRow& row : summarize(results).rows) {
    if (!row.best_trial) continue;
    if (tasks.empty() || tasks.back().task != row.task) tasks.push_back({.task = row.task});
    const std::string html = prompt_html(row, results.trials[*row.best_trial], effects);
    const bool is_variation = !row.settings.empty() || !transfer_source(row.method).empty();
    (is_variation ? tasks.back().variations : tasks.back().methods) += html;
    tasks.back().num_variations += is_variation ? 1 : 0;
  }
  std::string html;
  for (const TaskPrompts& task : tasks) html += task_html(task);
  return html.empty() ? "<p class=\"absent\">no trial is done yet</p>\n" : html;
}

}  // namespace bbprompt
