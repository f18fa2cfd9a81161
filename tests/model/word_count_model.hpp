#pragma once

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/lm/language_model.hpp"
#include "bbprompt/model/model_factory.hpp"

namespace bbprompt::testing {

// What is known of a model that takes text only: tokens are bytes of it.
class WordCountView final : public ModelView {
 public:
  explicit WordCountView(std::string name, std::int64_t bytes) : bytes_(bytes) {
    info_ = {.name = name, .fingerprint = "fingerprint of " + name, .max_tokens = 1000};
  }
  [[nodiscard]] const LanguageModelInfo& info() const override { return info_; }
  [[nodiscard]] std::int64_t count_tokens(const Query& query) const override {
    std::int64_t count = 0;
    for (const Segment& segment : query.segments) {
      const auto* text = std::get_if<TextSegment>(&segment);
      count += text == nullptr ? 1 : static_cast<std::int64_t>(text->text.size());
    }
    return count;
  }
  [[nodiscard]] AnswerToken answer_token(std::string_view word) const override {
    return {.id = static_cast<TokenId>(word.size()), .token = std::string(word)};
  }
  [[nodiscard]] ModelMemory memory() const override { return {.weights = bytes_}; }

 private:
  LanguageModelInfo info_;
  std::int64_t bytes_;
};

// Scores an answer token by its id times the tokens of the query.
class WordCountModel final : public LanguageModel {
 public:
  static constexpr std::int64_t kBytes = 1000;

  explicit WordCountModel(std::shared_ptr<const ModelView> view) : view_(std::move(view)) {}
  [[nodiscard]] const ModelView& view() const override { return *view_; }
  [[nodiscard]] AnswerScores score(std::span<const Query> queries,
                                   std::span<const Answer> answers) override {
    AnswerScores result;
    result.scores.resize(static_cast<Eigen::Index>(queries.size()),
                         static_cast<Eigen::Index>(answers.size()));
    for (std::size_t q = 0; q < queries.size(); ++q) {
      const std::int64_t tokens = view_->count_tokens(queries[q]);
      result.usage += {.num_queries = 1, .num_tokens = tokens};
      for (std::size_t a = 0; a < answers.size(); ++a) {
        result.scores(static_cast<Eigen::Index>(q), static_cast<Eigen::Index>(a)) =
            static_cast<double>(tokens * answers[a].first() % 97);
      }
    }
    result.usage.num_calls = 1;
    return result;
  }

 private:
  std::shared_ptr<const ModelView> view_;
};

// Makes such models, named by the options' path, and counts them; "unloadable" has a view alone.
class WordCountFactory {
 public:
  [[nodiscard]] ModelFactory factory() {
    return {.view =
                [this](const ModelOptions& options) {
                  ++num_views_;
                  return std::make_shared<const WordCountView>(options.path.string(),
                                                               WordCountModel::kBytes);
                },
            .model =
                [this](const ModelOptions& options, std::shared_ptr<const ModelView> view) {
                  if (options.path == "unloadable") throw ModelError("unloadable", "as it says");
                  threads_.push_back(options.threads);
                  return std::make_unique<WordCountModel>(std::move(view));
                }};
  }
  [[nodiscard]] int num_views() const { return num_views_; }
  [[nodiscard]] int num_models() const { return static_cast<int>(threads_.size()); }
  // Of the models, in the order in which they were made.
  [[nodiscard]] const std::vector<int>& threads() const { return threads_; }

 private:
  int num_views_ = 0;
  std::vector<int> threads_;
};

}  // namespace bbprompt::testing
