#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "bbprompt/config/experiment_spec.hpp"
#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// A point that waits for its evaluation on dev.
struct Nominee {
  std::vector<double> point;
  double fitness = 0.0;         // on train; NaN for the optimizer's favourite
  std::int64_t generation = 0;  // -1 without a search
  Eigen::VectorXd label_means;  // on train; empty while not known
};

// The points of a trial that the dev split judges: those that wait for it, and the rule by which
// the best is chosen. Each discrete prompt is judged once.
class DevSelection {
 public:
  explicit DevSelection(SelectionRule rule) : rule_(rule) {}

  // Lets the nominee wait. `prompt` names its discrete prompt; empty: it has no name and is always
  // new. False, and it does not wait, where dev has judged that prompt: it cannot become better
  // than it was. (The rule kLast takes whatever comes last, so there it waits all the same.)
  [[nodiscard]] bool nominate(Nominee nominee, const std::string& prompt);

  [[nodiscard]] const std::vector<Nominee>& waiting() const { return waiting_; }
  // Hands over all that wait.
  [[nodiscard]] std::vector<Nominee> take_waiting();

  // A point that dev has judged.
  struct Judged {
    double train_loss = 0.0;  // NaN where train was not asked: then dev alone tells
    const SplitEvaluation& dev;
  };
  // Whether `found` is better than the best so far.
  [[nodiscard]] bool is_better(const Judged& found, const Judged& best) const;

  // `dimension` of the points, `num_labels` of their label means.
  void save(Checkpoint& checkpoint, Eigen::Index dimension, Eigen::Index num_labels) const;
  // Takes what save() wrote, of sizes that are known to fit.
  void restore(const Checkpoint& checkpoint);

 private:
  SelectionRule rule_;
  std::vector<Nominee> waiting_;
  std::set<std::string> judged_;  // discrete prompts
};

}  // namespace bbprompt
