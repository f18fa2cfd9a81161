#include "bbprompt/task/verbalizer.hpp"

#include <algorithm>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/source_place.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

std::string key_of(const std::string& label) { return "task.labels." + label; }

std::string in_quotes(std::string_view text) { return "\"" + printable(text) + "\""; }

}  // namespace

Verbalizer::Verbalizer(const std::vector<LabelOptions>& labels, const ModelView& model) {
  if (labels.size() < 2) {
    throw SettingError("task.labels",
                       "expected at least two labels, found " + std::to_string(labels.size()));
  }
  for (const LabelOptions& label : labels) {
    first_answer_.push_back(answers_.size());
    add_label(label, model);
  }
  first_answer_.push_back(answers_.size());
}

void Verbalizer::add_label(const LabelOptions& label, const ModelView& model) {
  if (label.words.empty()) {
    throw SettingError(key_of(label.name), "expected at least one answer word, found none");
  }
  for (const std::string& word : label.words) {
    const std::string owner = "label " + in_quotes(label.name) + ", word " + in_quotes(word);
    if (word.find_first_not_of(" \t\r\n") == std::string::npos) {
      throw SettingError(key_of(label.name), "expected an answer word, found an empty one");
    }
    add_word(owner, model.answer_token(word));
  }
}

void Verbalizer::add_word(const std::string& owner, const AnswerToken& word) {
  const Answer answer = word.answer();
  const std::string token = in_quotes(word.token);
  const std::string found_token =
      answer.is_one_token() ? "the first token " + token : "the same tokens";
  if (word.num_tokens > 1) {
    notes_.push_back(owner + ": " + std::to_string(word.num_tokens) + " tokens for this model; " +
                     (answer.is_one_token() ? "only the first, " + token + ", is scored"
                                            : "all are scored, their log-probabilities summed"));
  }
  const auto found = std::find(answers_.begin(), answers_.end(), answer);
  if (found == answers_.end()) {
    answers_.push_back(answer);
    owners_.push_back(owner);
    return;
  }
  const auto index = static_cast<std::size_t>(found - answers_.begin());
  const std::string& other = owners_[index];
  if (index < first_answer_.back()) {
    throw SettingError("task.labels",
                       owner + ": expected words that the model can tell apart, found " +
                           found_token + " also for " + other + "; choose another word");
  }
  notes_.push_back(owner + ": " +
                   (answer.is_one_token() ? "same first token " + token : "same tokens") +
                   " as for " + other + "; counts once");
}

Eigen::VectorXd Verbalizer::label_scores(
    const Eigen::Ref<const Eigen::VectorXd>& answer_scores) const {
  if (answer_scores.size() != static_cast<Eigen::Index>(answers_.size())) {
    throw Error("expected " + std::to_string(answers_.size()) + " answer scores, found " +
                std::to_string(answer_scores.size()));
  }
  Eigen::VectorXd scores(num_labels());
  for (int l = 0; l < num_labels(); ++l) {
    const auto index = static_cast<std::size_t>(l);
    const auto begin = static_cast<Eigen::Index>(first_answer_[index]);
    const auto end = static_cast<Eigen::Index>(first_answer_[index + 1]);
    double sum = 0.0;
    for (Eigen::Index a = begin; a < end; ++a) sum += answer_scores[a];
    scores[l] = sum / static_cast<double>(end - begin);
  }
  return scores;
}

}  // namespace bbprompt
