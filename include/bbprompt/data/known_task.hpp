#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace bbprompt {

// Size of a split as its publisher, or a paper that fixed the split, states it.
struct PublishedSplit {
  std::string split;   // "train", "dev", "test", or "all" of an original without splits
  std::string source;  // "GLUE (Wang et al. 2019)"
  std::int64_t num_rows = 0;
  std::map<std::string, std::int64_t> label_counts;  // empty: only the rows are known
};

// A data set that `bbprompt data import` reads; configs/tasks has its task file.
struct KnownTask {
  std::string name;
  bool is_pair = false;
  std::vector<std::string> labels;  // as imported files spell them
  // GLUE publishes no labels of its test set; the papers test on its dev set.
  bool is_tested_on_dev = false;
  std::vector<PublishedSplit> published;  // a split may stand several times, one per source
};

[[nodiscard]] const std::vector<KnownTask>& known_tasks();

// Throws UsageError that lists the names.
[[nodiscard]] const KnownTask& find_known_task(std::string_view name);

}  // namespace bbprompt
