#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <string>
#include <vector>

#include "bbprompt/base/types.hpp"
#include "bbprompt/lm/model_view.hpp"
#include "bbprompt/task/task_options.hpp"

namespace bbprompt {

// Map from label to answer words, and from answer scores to label scores.
class Verbalizer {
 public:
  // Asks `model` how it spells each word. Throws SettingError when there are fewer than two labels,
  // a label has no word or an empty one, or two labels have words that the model could not tell
  // apart (the same first token, or where it scores words whole the same tokens); ModelError (the
  // model's own) for a word without a token.
  Verbalizer(const std::vector<LabelOptions>& labels, const ModelView& model);

  [[nodiscard]] int num_labels() const { return static_cast<int>(first_answer_.size()) - 1; }

  // Distinct answers to ask the model for: label after label, each in the order of its words.
  [[nodiscard]] const std::vector<Answer>& answers() const { return answers_; }

  // What a reader of the results must know: words of several tokens, and whether only
  // the first is scored; and words of one label that the model cannot tell apart, which count once.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

  // Scores per label from the scores of answers(), in its order: the mean over the label's
  // answers.
  // For logits that is the logarithm of the geometric mean of their probabilities up to a constant
  // of the query; unlike log-sum-exp it does not favour labels with more words, and unlike
  // log-mean-exp every word keeps its weight. Throws Error when the size differs.
  [[nodiscard]] Eigen::VectorXd label_scores(
      const Eigen::Ref<const Eigen::VectorXd>& answer_scores) const;

 private:
  void add_label(const LabelOptions& label, const ModelView& model);
  void add_word(const std::string& owner, const AnswerToken& word);

  std::vector<Answer> answers_;
  std::vector<std::size_t> first_answer_;  // label l owns answers [l], [l + 1) of this
  std::vector<std::string> owners_;        // per answer: `label "x", word "y"`
  std::vector<std::string> notes_;
};

}  // namespace bbprompt
