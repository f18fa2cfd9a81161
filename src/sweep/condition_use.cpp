#include "sweep/condition_use.hpp"

#include <algorithm>
#include <charconv>

#include "bbprompt/base/utf8.hpp"
#include "bbprompt/config/experiment_yaml.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kMaxShown = 8;

std::string value_of(const Combination& combination, const std::string& key) {
  if (key == "variant") return combination.variant;
  if (key == "task") return combination.spec.task.name;
  if (key == "seed") return std::to_string(combination.spec.seed);
  return setting_text(combination.spec, key);
}

bool is_met(const SweepTest& test, const std::string& value) {
  if (!test.values.empty()) {
    return std::find(test.values.begin(), test.values.end(), value) != test.values.end();
  }
  double number = 0.0;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
  if (read.ec != std::errc{}) return false;  // optimizer.cma_es.target: none
  return number >= test.min.value_or(number) && number <= test.max.value_or(number);
}

std::string list_text(const std::set<std::string>& values) {
  std::string text;
  std::size_t count = 0;
  for (const auto& value : values) {
    if (++count > kMaxShown) return text + ", ...";
    text.append(text.empty() ? "" : ", ").append(value.empty() ? "none" : printable(value, 60));
  }
  return text;
}

}  // namespace

bool ConditionUse::holds(const Combination& combination) {
  bool is_held = true;
  for (std::size_t i = 0; i < condition_->tests.size(); ++i) {
    if (!is_held && was_held_) return false;
    const SweepTest& test = condition_->tests[i];
    std::string value = value_of(combination, test.key);
    const bool is_true = is_met(test, value);
    is_held = is_held && is_true;
    if (was_held_) continue;
    was_true_[i] = was_true_[i] || is_true;
    if (seen_[i].size() <= kMaxShown) seen_[i].insert(std::move(value));
  }
  was_held_ = was_held_ || is_held;
  return is_held;
}

void ConditionUse::require_used() const {
  if (was_held_) return;
  for (std::size_t i = 0; i < was_true_.size(); ++i) {
    if (was_true_[i]) continue;
    const SweepTest& test = condition_->tests[i];
    fail_config(
        test.position, condition_->owner,
        "matches no trial: \"" + test.key + "\" is never so; the sweep has " + list_text(seen_[i]));
  }
  fail_config(condition_->position, condition_->owner,
              "matches no trial: its parts never hold for one trial together");
}

}  // namespace bbprompt
