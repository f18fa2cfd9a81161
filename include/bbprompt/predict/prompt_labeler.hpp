#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bbprompt/explain/open_trial.hpp"
#include "bbprompt/prompt/prompt_space.hpp"
#include "bbprompt/task/split_score.hpp"

namespace bbprompt {

// The learned prompts of one or several trials of a task, ready to label any text: scores as the
// run's own test evaluation has them, calibrated where the trial is; of several prompts their mean.
class PromptLabeler {
 public:
  // The records' data and model are looked up and checked as open_trial() does, and calibrated
  // prompts are asked about their train split. Throws what that throws, and Error where the trials
  // do not have the same labels. `models` must outlive the labeler.
  PromptLabeler(std::span<const TrialRecord> records, const PathRoots& roots, ModelPool& models,
                const ServerOptions& server);

  // Of the first trial.
  [[nodiscard]] const TrialProblem& problem() const { return *members_.front().trial.problem; }
  // What its calibration subtracts from the score of each label; zeros where it has none.
  [[nodiscard]] const Eigen::VectorXd& offsets() const { return members_.front().offsets; }
  // How many examples a run scores at once; the same stretches give the same bits.
  [[nodiscard]] std::int64_t shard_size() const;

  // Scores of the labels, examples x labels. Throws Error where one is not known.
  [[nodiscard]] RowMatrixXd scores(std::span<const Example> examples);

 private:
  struct Member {
    OpenedTrial trial;
    LanguageModel* model = nullptr;
    Prompt prompt;
    Eigen::VectorXd offsets;
  };
  [[nodiscard]] static RowMatrixXd ask(const Member& member, std::span<const Example> examples);

  std::vector<Member> members_;
};

// Each row's softmax: the probabilities that the scores stand for.
[[nodiscard]] RowMatrixXd probabilities(const RowMatrixXd& scores);

}  // namespace bbprompt
