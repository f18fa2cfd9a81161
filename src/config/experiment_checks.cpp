#include "config/experiment_checks.hpp"

#include <algorithm>

#include "bbprompt/base/utf8.hpp"
#include "bbprompt/config/data_path.hpp"
#include "bbprompt/config/experiment_yaml.hpp"
#include "config/key_lookup.hpp"

namespace bbprompt {
namespace {

// Above this a full covariance matrix takes gigabytes and its decomposition minutes.
constexpr std::int64_t kMaxFullCovariance = 10000;

// Coordinates of the search; 0 where they depend on the model.
std::int64_t search_dimension(const PromptOptions& prompt) {
  if (prompt.kind == PromptKind::kSoft) return prompt.soft.dimension;
  if (prompt.kind != PromptKind::kDiscrete) return 1;
  switch (prompt.discrete.relaxation) {
    case Relaxation::kLogits:
      return prompt.discrete.dimension;
    case Relaxation::kIndex:
      return prompt.length;
    case Relaxation::kEmbedding:
    case Relaxation::kNearest:
      return std::int64_t{prompt.length} * prompt.discrete.dimension_per_token;
  }
  return 0;
}

// Of all optimizers only these search real coordinates, the others categories.
bool searches_real_coordinates(OptimizerKind kind) {
  return kind == OptimizerKind::kCmaEs || kind == OptimizerKind::kRandomSearch;
}

bool has_real_coordinates(const PromptOptions& prompt) {
  return prompt.kind == PromptKind::kSoft ||
         (prompt.kind == PromptKind::kDiscrete && prompt.discrete.relaxation != Relaxation::kIndex);
}

void check_prompt(const ConfigNode& root, const ExperimentSpec& spec) {
  if (has_real_coordinates(spec.prompt) && !searches_real_coordinates(spec.optimizer.kind)) {
    constexpr auto kKey = "optimizer.kind";
    fail_config(locate(root, kKey), kKey,
                "expected cma_es or random_search, as this prompt has real coordinates and the "
                "optimizer chooses among categories; or use prompt.kind: discrete with "
                "prompt.discrete.relaxation: index");
  }
  if (spec.prompt.kind == PromptKind::kDiscrete) {
    const auto& discrete = spec.prompt.discrete;
    const auto& candidates = discrete.candidates;
    if (candidates.source == CandidateSource::kList && candidates.file.empty() &&
        discrete.words.empty()) {
      constexpr auto kKey = "prompt.discrete.candidates.file";
      fail_config(locate(root, kKey), kKey,
                  "expected the file that source: list reads, found none");
    }
  }
  if (!spec.prompt.manual.tokens.empty() && spec.prompt.manual.text.empty()) {
    constexpr auto kKey = "prompt.manual.tokens";
    fail_config(locate(root, kKey), kKey,
                "expected prompt.manual.text as well, for models without these tokens");
  }
  const int per_class = spec.prompt.demonstrations.per_class;
  if (spec.prompt.kind == PromptKind::kDemonstrations &&
      per_class > spec.few_shot.train_per_class) {
    constexpr auto kKey = "prompt.demonstrations.per_class";
    fail_config(locate(root, kKey), kKey,
                "expected at most " + std::to_string(spec.few_shot.train_per_class) +
                    ", the value of few_shot.train_per_class, found " + std::to_string(per_class));
  }
}

void check_optimizer(const ConfigNode& root, const ExperimentSpec& spec) {
  const auto refuse_one = [&](int population_size, std::string_view key) {
    if (population_size != 1) return;
    fail_config(locate(root, key), key, "expected 0 or at least 2, found 1");
  };
  refuse_one(spec.optimizer.cma_es.population_size, "optimizer.cma_es.population_size");
  refuse_one(spec.optimizer.cat_cma.population_size, "optimizer.cat_cma.population_size");
  const std::int64_t dimension = search_dimension(spec.prompt);
  const bool is_full = spec.optimizer.kind == OptimizerKind::kCmaEs &&
                       spec.optimizer.cma_es.covariance == CovarianceKind::kFull;
  if (is_full && dimension > kMaxFullCovariance) {
    constexpr auto kKey = "optimizer.cma_es.covariance";
    fail_config(locate(root, kKey), kKey,
                "expected at most " + std::to_string(kMaxFullCovariance) +
                    " search coordinates for a full covariance matrix, the prompt has " +
                    std::to_string(dimension) + "; use separable, or fewer coordinates");
  }
}

// Resolution must not leave the data folder, or a trial's id would no longer say what it reads.
void check_data_path(const ConfigNode& root, std::string_view key,
                     const std::filesystem::path& path) {
  if (!is_data_path(path)) return;
  const std::filesystem::path below = below_data_folder(path);
  const bool is_within = !below.empty() && below.is_relative() &&
                         std::find(below.begin(), below.end(), "..") == below.end();
  if (is_within) return;
  fail_config(locate(root, key), key,
              "expected \"data:\" and a path below the data folder, such as "
              "\"data:mrpc/train.jsonl\", found \"" +
                  printable(path.string(), 200) + "\"");
}

}  // namespace

void check_task(const ConfigNode& root, const TaskOptions& task) {
  const auto refuse_equal = [&](const std::string& column, const std::string& other,
                                std::string_view key, const std::string& other_key) {
    if (column != other) return;
    fail_config(locate(root, key), key,
                "expected another column than " + other_key + ", found \"" + printable(column) +
                    "\" for both");
  };
  refuse_equal(task.label, task.text_a, "task.columns.label", "task.columns.text_a");
  refuse_equal(task.text_b, task.text_a, "task.columns.text_b", "task.columns.text_a");
  refuse_equal(task.text_b, task.label, "task.columns.text_b", "task.columns.label");
  check_data_path(root, "task.train", task.train);
  check_data_path(root, "task.dev", task.dev);
  check_data_path(root, "task.test", task.test);
  if (task.metric == MetricKind::kBinaryF1 && task.labels.size() != 2) {
    fail_config(locate(root, "task.metric"), "task.metric",
                "expected two labels for binary_f1, task.labels has " +
                    std::to_string(task.labels.size()) + "; use macro_f1 or accuracy");
  }
}

void check_experiment(const ConfigNode& root, const ExperimentSpec& spec) {
  check_task(root, spec.task);
  check_prompt(root, spec);
  check_optimizer(root, spec);
  const BudgetOptions& budget = spec.budget;
  if (budget.evaluations == 0 && budget.queries == 0 && budget.calls == 0 && budget.tokens == 0) {
    fail_config(locate(root, "budget"), "budget",
                "expected a limit above 0 in budget.evaluations, queries, calls or tokens, found "
                "none");
  }
}

}  // namespace bbprompt
