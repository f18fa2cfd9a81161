#include "data/published_check.hpp"

#include <algorithm>
#include <cstdlib>

#include "bbprompt/base/wording.hpp"

namespace bbprompt {
namespace {

using Counts = std::map<std::string, std::int64_t>;

std::string counts_text(const KnownTask& task, std::int64_t num_rows, const Counts& counts) {
  std::string labels;
  for (const std::string& label : task.labels) {
    const auto count = counts.find(label);
    if (count == counts.end()) continue;
    labels += (labels.empty() ? " (" : ", ") + label + " " + std::to_string(count->second);
  }
  return plural(num_rows, "row") + (labels.empty() ? "" : labels + ")");
}

bool is_published(const KnownTask& task, const std::string& split) {
  return std::any_of(task.published.begin(), task.published.end(),
                     [&](const PublishedSplit& published) { return published.split == split; });
}

}  // namespace

void compare_published(const KnownTask& task, const std::string& split, const ImportRows& rows,
                       std::vector<std::string>& differences, std::vector<std::string>& notes) {
  const bool is_dev_as_test =
      split == "test" && task.is_tested_on_dev && !is_published(task, split);
  const std::string compared = is_dev_as_test ? "dev" : split;
  if (!is_published(task, compared)) {
    notes.push_back(split + ": not compared, as no count is published for this split of " +
                    task.name);
    return;
  }
  const auto num_rows = static_cast<std::int64_t>(rows.rows.size()) + rows.num_blank;
  Counts counts;
  for (const std::string& label : task.labels) counts[label] = 0;
  for (const ImportRow& row : rows.rows) ++counts[task.labels.at(row.label)];
  const PublishedSplit* nearest = nullptr;
  for (const PublishedSplit& published : task.published) {
    if (published.split != compared) continue;
    const bool is_equal =
        published.num_rows == num_rows &&
        (published.label_counts.empty() || rows.num_blank > 0 || published.label_counts == counts);
    if (is_equal) return;
    const auto distance = [&](const PublishedSplit& other) {
      return std::abs(other.num_rows - num_rows);
    };
    if (nearest == nullptr || distance(published) < distance(*nearest)) nearest = &published;
  }
  differences.push_back(split + ": expected " +
                        counts_text(task, nearest->num_rows, nearest->label_counts) + ", as in " +
                        nearest->source + (is_dev_as_test ? ", dev" : "") + "; found " +
                        counts_text(task, num_rows, counts));
}

}  // namespace bbprompt
