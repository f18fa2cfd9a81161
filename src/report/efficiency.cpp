#include "report/efficiency.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "report/configured_value.hpp"
#include "report/trial_variants.hpp"

namespace bbprompt {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What the pairs of one method and target gave.
struct Reached {
  std::vector<double> queries;
  std::vector<double> ratios;
};

struct PairGroup {
  std::string method;
  Reached incumbent;
  Reached returned;
  Reached typical;
};

using Loss = double GenerationRecord::*;

bool is_usable(const TrialRecord& trial) {
  return trial.state == TrialState::kDone && !trial.generations.empty();
}

double queries_to(const TrialRecord& trial, Loss loss, double target) {
  for (const GenerationRecord& row : trial.generations) {
    if (row.*loss <= target) return static_cast<double>(row.num_queries);
  }
  return kInfinity;
}

double median(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  if (values.size() % 2 == 1) return values[middle];
  return values[middle - 1] / 2.0 + values[middle] / 2.0;
}

ReachFigures figures(const Reached& reached) {
  const auto count = static_cast<double>(reached.queries.size());
  const auto num_reached = std::count_if(reached.queries.begin(), reached.queries.end(),
                                         [](double queries) { return std::isfinite(queries); });
  return {.num_pairs = static_cast<int>(reached.queries.size()),
          .median_queries = median(reached.queries),
          .median_ratio = median(reached.ratios),
          .share = static_cast<double>(num_reached) / count};
}

struct Target {
  Loss loss;
  double value;
};

void add_pair(Reached& reached, const TrialRecord& trial, const TrialRecord& reference,
              const Target& target) {
  if (!std::isfinite(target.value)) return;
  const double queries = queries_to(trial, target.loss, target.value);
  const double own = queries_to(reference, target.loss, target.value);
  reached.queries.push_back(queries);
  if (std::isfinite(own) && own > 0.0) reached.ratios.push_back(queries / own);
}

// What a training loss is of: only losses of one model and kind on as many examples compare.
std::string loss_of(const TrialRecord& trial) {
  return trial.objective + '\n' + trial.model_fingerprint + '\n' +
         configured_value(trial, "scoring.calibration").value_or("") + '\n' +
         configured_value(trial, "few_shot.train_per_class").value_or("");
}

class Pairing {
 public:
  Pairing(const Results& results, std::string reference)
      : trials_(results.trials), variants_(results), reference_(std::move(reference)) {
    for (const TrialRecord& trial : trials_)
      losses_.push_back(is_usable(trial) ? loss_of(trial) : std::string{});
  }

  void check() const {
    std::string known;
    for (const TrialRecord& trial : trials_) {
      if (!is_usable(trial)) continue;
      if (trial.method == reference_) return;
      const std::string name = "\"" + printable(trial.method) + "\"";
      if (known.find(name) == std::string::npos) known += (known.empty() ? "" : ", ") + name;
    }
    throw UsageError("--efficiency: expected a method with finished searches (" +
                     (known.empty() ? "there is none" : known) + "), found \"" +
                     printable(reference_) + "\"");
  }

  [[nodiscard]] const TrialRecord* partner(std::size_t index) const {
    const TrialRecord& trial = trials_[index];
    const std::string settings = variants_.settings(trial);
    for (std::size_t i = 0; i < trials_.size(); ++i) {
      const TrialRecord& other = trials_[i];
      if (is_usable(other) && other.method == reference_ && other.task == trial.task &&
          other.seed == trial.seed && losses_[i] == losses_[index] &&
          variants_.settings(other) == settings)
        return &other;
    }
    return nullptr;
  }

  [[nodiscard]] std::vector<PairGroup> groups() const {
    std::vector<PairGroup> groups;
    for (std::size_t i = 0; i < trials_.size(); ++i) {
      const TrialRecord& trial = trials_[i];
      if (!is_usable(trial)) continue;
      const std::string label = variants_.label(trial);
      const TrialRecord* reference = partner(i);
      auto group = std::find_if(groups.begin(), groups.end(), [&](const PairGroup& candidate) {
        return candidate.method == label;
      });
      const bool is_variation = label != trial.method;
      if (group == groups.end() && (reference != nullptr || !is_variation))
        group = groups.insert(group, {label, {}, {}, {}});
      if (reference == nullptr) continue;
      const GenerationRecord& last = reference->generations.back();
      constexpr Loss kIncumbent = &GenerationRecord::incumbent_fitness;
      constexpr Loss kMedian = &GenerationRecord::median_fitness;
      add_pair(group->incumbent, trial, *reference, {kIncumbent, last.incumbent_fitness});
      add_pair(group->returned, trial, *reference, {kIncumbent, reference->best.fitness});
      add_pair(group->typical, trial, *reference, {kMedian, last.median_fitness});
    }
    return groups;
  }

 private:
  const std::vector<TrialRecord>& trials_;
  TrialVariants variants_;
  std::string reference_;
  std::vector<std::string> losses_;  // of the trials
};

}  // namespace

Efficiency search_efficiency(const Results& results, const std::string& reference) {
  const Pairing pairing(results, reference);
  pairing.check();
  Efficiency efficiency{.reference = reference, .rows = {}};
  for (const PairGroup& group : pairing.groups()) {
    efficiency.rows.push_back({.method = group.method,
                               .incumbent = figures(group.incumbent),
                               .returned = figures(group.returned),
                               .typical = figures(group.typical)});
  }
  return efficiency;
}

}  // namespace bbprompt
