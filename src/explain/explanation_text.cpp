#include "bbprompt/explain/explanation_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "bbprompt/base/utf8.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/report/text_table.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kMaxPartBytes = 24;
constexpr std::size_t kMaxLabelBytes = 16;
constexpr std::size_t kLabelsPerTable = 6;
constexpr std::size_t kMinTextColumns = 24;

std::string number(const char* format, double value) {
  if (std::isnan(value)) return "-";
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string change(const char* format, double value, double whole) {
  const double difference = value - whole;
  return number(format, difference == 0.0 ? 0.0 : difference);  // not "-0.00"
}

std::string loss_change(const PromptScore& score, const PromptScore& whole) {
  return change("%+.4f", score.loss, whole.loss);
}

std::string metric_change(const PromptScore& score, const PromptScore& whole) {
  return change("%+.2f", 100.0 * score.metric, 100.0 * whole.metric);
}

std::string part_name(const std::string& text) { return printable(text, kMaxPartBytes); }

std::string part_title(const Explanation& explanation) {
  if (explanation.kind == PromptRecord::Kind::kSoft) return "nearest token";
  if (explanation.kind == PromptRecord::Kind::kDiscrete) return "token";
  return "part";
}

std::string baseline_name(const Explanation& explanation) {
  return explanation.baseline == Baseline::kManual ? "manual prompt" : "no prompt";
}

std::string score_table(const Explanation& explanation) {
  TextTable table;
  table.add_column("on " + explanation.split + ", " + plural(explanation.num_examples, "example"),
                   Align::kLeft);
  table.add_column(explanation.objective, Align::kRight);
  table.add_column(explanation.metric, Align::kRight);
  const auto add = [&](const std::string& name, const PromptScore& score) {
    table.add_row({name, number("%.4f", score.loss), number("%.2f", 100.0 * score.metric)});
  };
  add("this prompt", explanation.whole);
  add(baseline_name(explanation), explanation.baseline_score);
  return table.to_string();
}

// Mean over what stands in the part's place.
PromptScore mean_replacement(const PartExplanation& part) {
  PromptScore mean;
  for (const auto& replacement : part.replacements) {
    mean.loss += replacement.score.loss;
    mean.metric += replacement.score.metric;
  }
  const auto count = static_cast<double>(part.replacements.size());  // 0 makes both NaN
  return {.loss = mean.loss / count, .metric = mean.metric / count};
}

// As many as fit into `columns`, at least one.
std::string alternatives_cell(const PartExplanation& part, std::size_t columns) {
  std::string cell;
  for (const auto& other : part.alternatives) {
    const std::string next = part_name(other.text) + " " + number("%.2f", other.share);
    if (!cell.empty() && display_width(cell) + 2 + display_width(next) > columns) break;
    cell += (cell.empty() ? "" : ", ") + next;
  }
  return cell;
}

// Columns of the table of parts that its figures leave over.
std::size_t alternatives_columns(const Explanation& explanation, std::size_t width,
                                 std::size_t num_pairs) {
  std::size_t used = 3 + 2 + part_title(explanation).size();
  for (const auto& part : explanation.parts) {
    used = std::max(used, 3 + 2 + display_width(part_name(part.text)));
  }
  used += num_pairs * (2 + std::string("left out: loss").size() + 2 + explanation.metric.size());
  used += 2 + std::string("share").size() + 2;
  return width - std::min(width, used);
}

std::string part_table(const Explanation& explanation, std::size_t width) {
  const auto any = [&](auto has) {
    return std::any_of(explanation.parts.begin(), explanation.parts.end(), has);
  };
  const bool has_share = any([](const auto& part) { return !std::isnan(part.share); });
  const bool has_replaced = any([](const auto& part) { return !part.replacements.empty(); });
  TextTable table;
  table.add_column("#", Align::kRight);
  table.add_column(part_title(explanation), Align::kLeft);
  const auto add_pair = [&](const std::string& what) {
    table.add_column(what + ": loss", Align::kRight);
    table.add_column(explanation.metric, Align::kRight);
  };
  add_pair("left out");
  if (has_replaced) add_pair("replaced");
  if (has_share) {
    table.add_column("share", Align::kRight);
    table.add_column("often in its place", Align::kLeft);
  }
  const std::size_t columns = alternatives_columns(explanation, width, has_replaced ? 2 : 1);
  for (std::size_t i = 0; i < explanation.parts.size(); ++i) {
    const PartExplanation& part = explanation.parts[i];
    std::vector<std::string> cells{std::to_string(i + 1), part_name(part.text)};
    const auto add = [&](const PromptScore& score) {
      cells.push_back(loss_change(score, explanation.whole));
      cells.push_back(metric_change(score, explanation.whole));
    };
    add(part.without);
    if (has_replaced) add(mean_replacement(part));
    if (has_share) {
      cells.push_back(number("%.2f", part.share));
      cells.push_back(alternatives_cell(part, columns));
    }
    table.add_row(std::move(cells));
  }
  return table.to_string();
}

// Some of the labels, from `first` on.
std::string shift_table(const Explanation& explanation, std::size_t first) {
  const std::size_t end = std::min(first + kLabelsPerTable, explanation.labels.size());
  TextTable table;
  table.add_column("#", Align::kRight);
  table.add_column(part_title(explanation), Align::kLeft);
  for (std::size_t i = first; i < end; ++i) {
    table.add_column(printable(explanation.labels[i], kMaxLabelBytes), Align::kRight);
  }
  for (std::size_t i = 0; i < explanation.parts.size(); ++i) {
    const PartExplanation& part = explanation.parts[i];
    std::vector<std::string> cells{std::to_string(i + 1), part_name(part.text)};
    for (std::size_t label = first; label < end; ++label) {
      cells.push_back(number("%+.3f", part.label_shift(static_cast<Eigen::Index>(label))));
    }
    table.add_row(std::move(cells));
  }
  return table.to_string();
}

std::string replacement_table(const Explanation& explanation) {
  TextTable table;
  table.add_column("#", Align::kRight);
  table.add_column(part_title(explanation), Align::kLeft);
  table.add_column("replaced by", Align::kLeft);
  for (const auto* title : {"share", "loss"}) table.add_column(title, Align::kRight);
  table.add_column(explanation.metric, Align::kRight);
  bool is_empty = true;
  for (std::size_t i = 0; i < explanation.parts.size(); ++i) {
    const PartExplanation& part = explanation.parts[i];
    for (const PartReplacement& replacement : part.replacements) {
      table.add_row({std::to_string(i + 1), part_name(part.text),
                     part_name(replacement.candidate.text),
                     number("%.2f", replacement.candidate.share),
                     loss_change(replacement.score, explanation.whole),
                     metric_change(replacement.score, explanation.whole)});
      is_empty = false;
    }
  }
  return is_empty ? "" : "\n" + table.to_string();
}

std::string example_table(const std::vector<TurnedExample>& examples,
                          const Explanation& explanation, const ExplanationStyle& style) {
  const std::size_t count = std::min(examples.size(), style.max_examples);
  if (count == 0) return "";
  const auto label = [&](int index) {
    return printable(explanation.labels.at(static_cast<std::size_t>(index)), kMaxLabelBytes);
  };
  std::size_t used = 2 + 8;  // gaps, row
  std::size_t widest = 6;    // "before"
  for (const auto& name : explanation.labels) {
    widest = std::max(widest, std::min(name.size(), kMaxLabelBytes));
  }
  used += 3 * (widest + 2);
  const std::size_t columns = std::max(kMinTextColumns, style.width - std::min(style.width, used));
  TextTable table;
  table.add_column("row", Align::kRight);
  for (const auto* title : {"gold", "before", "after", "text"}) {
    table.add_column(title, Align::kLeft);
  }
  for (std::size_t i = 0; i < count; ++i) {
    const TurnedExample& example = examples[i];
    const std::string text =
        example.text_b.empty() ? example.text_a : example.text_a + " | " + example.text_b;
    table.add_row({std::to_string(example.row), label(example.gold), label(example.before),
                   label(example.after), printable(text, columns - 3)});
  }
  return table.to_string();
}

std::string turned_text(const Explanation& explanation, const ExplanationStyle& style) {
  const auto section = [&](const std::string& what, const std::vector<TurnedExample>& examples) {
    return "\nexamples that become " + what + " compared with " +
           (explanation.baseline == Baseline::kManual ? "the " : "") + baseline_name(explanation) +
           ": " + std::to_string(examples.size()) + " of " +
           plural(explanation.num_examples, "example") +
           (examples.size() > style.max_examples && style.max_examples > 0
                ? ", the first " + std::to_string(style.max_examples)
                : "") +
           "\n" + example_table(examples, explanation, style);
  };
  return section("right", explanation.turned_right) + section("wrong", explanation.turned_wrong);
}

std::string shift_text(const Explanation& explanation) {
  std::string text =
      "\nwhat each part adds to the mean score of a label (the whole prompt minus the prompt "
      "without the part)\n";
  for (std::size_t first = 0; first < explanation.labels.size(); first += kLabelsPerTable) {
    text += (first > 0 ? "\n" : "") + shift_table(explanation, first);
  }
  return text;
}

}  // namespace

std::string to_text(const Explanation& explanation, const ExplanationStyle& style) {
  std::string text = printable(explanation.trial, 200) + ": " + to_string(explanation.kind) +
                     " prompt of task " + printable(explanation.task) + ", method " +
                     printable(explanation.method) + ", seed " + std::to_string(explanation.seed) +
                     "\n  " + printable(explanation.prompt, 3 * style.width) + "\n\n" +
                     score_table(explanation);
  if (!explanation.parts.empty()) {
    text += "\nchange of loss and " + explanation.metric +
            " when a part of the prompt is left out" +
            (explanation.kind == PromptRecord::Kind::kSoft ? " (its vector becomes zero)" : "") +
            (explanation.parts.front().replacements.empty() ? "" : " or replaced (mean)") + "\n" +
            part_table(explanation, style.width);
    if (!style.is_short) text += shift_text(explanation) + replacement_table(explanation);
  }
  text += turned_text(explanation, style);
  if (explanation.num_unlike_record > 0) {
    text += "\nnote: " + plural(explanation.num_unlike_record, "prediction") +
            (explanation.num_unlike_record == 1 ? " differs" : " differ") +
            " from the run's; another BLAS or processor may round near ties differently\n";
  }
  return text + "\nasked " + describe(explanation.usage) + "; metrics times 100\n";
}

}  // namespace bbprompt
