#include "store/record_check.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/base/wording.hpp"

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

class Checker {
 public:
  Checker(const fs::path& path, std::string object)
      : path_(path.string()), object_(std::move(object)) {}

  [[nodiscard]] Checker at(std::string_view child) const {
    return {path_, object_ + "/" + std::string(child)};
  }
  void expect(bool is_met, const std::string& message) const {
    if (!is_met) throw StoreError(path_, printable(object_, 200) + ": " + message);
  }

 private:
  std::string path_;
  std::string object_;
};

void check_equal_size(const Checker& checker, std::size_t found, std::size_t expected) {
  checker.expect(found == expected, "expected " +
                                        plural(static_cast<std::int64_t>(expected), "value") +
                                        ", found " + std::to_string(found));
}

void check_labels(const Checker& checker, const std::vector<std::int32_t>& indices,
                  const TrialRecord& trial) {
  for (const std::int32_t index : indices) {
    checker.expect(index >= 0 && std::cmp_less(index, trial.labels.size()),
                   "expected label indices below " + std::to_string(trial.labels.size()) +
                       ", found " + std::to_string(index));
  }
}

void check_ids(const Checker& checker, const std::vector<TokenId>& ids) {
  for (const TokenId id : ids) {
    checker.expect(id >= 0, "expected token ids, found " + std::to_string(id));
  }
}

void check_prompt(const Checker& checker, const PromptRecord& prompt) {
  check_ids(checker.at("ids"), prompt.ids);
  check_ids(checker.at("base_ids"), prompt.base_ids);
  if (!prompt.tokens.empty()) {
    check_equal_size(checker.at("tokens"), prompt.tokens.size(), prompt.ids.size());
  }
  const Eigen::Index rows = prompt.vectors.rows();
  checker.at("num_layers")
      .expect(prompt.num_layers >= 1 && rows % prompt.num_layers == 0,
              "expected a divisor of " + std::to_string(rows) + " rows of vectors, found " +
                  std::to_string(prompt.num_layers));
  if (!prompt.base_ids.empty()) {
    check_equal_size(checker.at("base_ids"), prompt.base_ids.size(),
                     static_cast<std::size_t>(rows / prompt.num_layers));
  }
}

// One row per prediction, and a finite score of each label.
void check_scores(const Checker& checker, const SplitEvaluation& split, const TrialRecord& trial) {
  if (split.label_scores.size() == 0) return;
  check_equal_size(checker, static_cast<std::size_t>(split.label_scores.rows()),
                   split.predicted.size());
  check_equal_size(checker, static_cast<std::size_t>(split.label_scores.cols()),
                   trial.labels.size());
  checker.expect(split.label_scores.allFinite(), "expected finite scores");
}

void check_scored(const Checker& checker, const ScoredPrompt& scored, const TrialRecord& trial) {
  check_prompt(checker.at("prompt"), scored.prompt);
  for (const auto& [name, split] : scored.splits) {
    const Checker predicted = checker.at("splits/" + name + "/predicted");
    check_labels(predicted, split.predicted, trial);
    const auto gold = trial.gold.find(name);
    if (gold != trial.gold.end() && !split.predicted.empty()) {
      check_equal_size(predicted, split.predicted.size(), gold->second.size());
    }
    check_scores(checker.at("splits/" + name + "/label_scores"), split, trial);
  }
}

bool is_any_negative(const Usage& usage) {
  return std::any_of(kUsageCounters.begin(), kUsageCounters.end(),
                     [&](const UsageCounter& counter) { return usage.*counter.value < 0; });
}

void check_usage(const Checker& checker, const UsageRecord& usage) {
  const std::int64_t least = std::min({usage.num_evaluations, usage.num_cached, usage.num_failed});
  checker.expect(least >= 0 && !is_any_negative(usage.usage),
                 "expected counts, found a negative one");
}

void check_generations(const Checker& checker, const std::vector<GenerationRecord>& generations) {
  for (std::size_t i = 1; i < generations.size(); ++i) {
    checker.expect(generations[i - 1].generation < generations[i].generation,
                   "expected ascending generations, found " +
                       std::to_string(generations[i].generation) + " in row " + std::to_string(i));
  }
}

}  // namespace

void check_trial(const fs::path& path, const TrialRecord& trial) {
  const Checker checker(path, "/trials/" + trial.id);
  for (const auto& [name, gold] : trial.gold) check_labels(checker.at("gold/" + name), gold, trial);
  for (const auto& [name, usage] : trial.usage) check_usage(checker.at("usage/" + name), usage);
  check_generations(checker.at("generations/generation"), trial.generations);
  check_equal_size(checker.at("position_shares"),
                   static_cast<std::size_t>(trial.position_shares.cols()),
                   trial.position_shares.rows() == 0 ? 0 : trial.option_texts.size());
  check_scored(checker.at("manual"), trial.manual, trial);
  check_scored(checker.at("best"), trial.best, trial);
}

namespace {

void check_open(const Checker& checker, const OpenGroup& open) {
  std::int64_t num_scores = 0;
  for (const OpenResult& result : open.results) {
    const std::int64_t least = std::min({result.member, result.begin, result.num_scores});
    checker.expect(least >= 0 && !is_any_negative(result.usage),
                   "expected counts and indices, found a negative one");
    checker.expect(std::cmp_less_equal(result.num_scores, open.scores.size()),
                   "expected at most " + std::to_string(open.scores.size()) + " scores, found " +
                       std::to_string(result.num_scores));
    num_scores += result.num_scores;
  }
  check_equal_size(checker.at("scores"), open.scores.size(), static_cast<std::size_t>(num_scores));
}

}  // namespace

void check_checkpoint(const fs::path& path, const Checkpoint& checkpoint) {
  check_trial(path, checkpoint.record);
  const Checker checker(path, "/checkpoint");
  const auto num_waiting = static_cast<std::size_t>(checkpoint.selection_points.cols());
  check_equal_size(checker.at("selection/fitness"), checkpoint.selection_fitness.size(),
                   num_waiting);
  check_equal_size(checker.at("selection/generation"), checkpoint.selection_generation.size(),
                   num_waiting);
  check_equal_size(checker.at("selection/label_means"),
                   static_cast<std::size_t>(checkpoint.selection_label_means.cols()), num_waiting);
  const std::size_t num_cached = checkpoint.cache_prompts.size();
  check_equal_size(checker.at("cache/losses"), checkpoint.cache_losses.size(), num_cached);
  check_equal_size(checker.at("cache/label_means"),
                   static_cast<std::size_t>(checkpoint.cache_label_means.rows()), num_cached);
  if (num_waiting > 0 && checkpoint.incumbent.size() > 0) {
    check_equal_size(checker.at("incumbent"), static_cast<std::size_t>(checkpoint.incumbent.size()),
                     static_cast<std::size_t>(checkpoint.selection_points.rows()));
  }
  check_open(checker.at("open"), checkpoint.open);
}

}  // namespace bbprompt
