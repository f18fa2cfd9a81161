#pragma once

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/lm/language_model.hpp"
#include "bbprompt/model/model_factory.hpp"

namespace bbprompt::testing {

// What a query shows, as text.
inline std::string text_of(const Query& query) {
  std::string text;
  for (const Segment& segment : query.segments) {
    if (const auto* written = std::get_if<TextSegment>(&segment)) text += written->text;
    if (const auto* tokens = std::get_if<PromptTokens>(&segment))
      for (const TokenId id : tokens->ids) text += " #" + std::to_string(id);
    if (const auto* vectors = std::get_if<PromptVectors>(&segment))
      text += " ~" + std::to_string(vectors->vectors->sum());
    if (std::holds_alternative<AnswerSlot>(segment)) text += "_";
  }
  return text;
}

// A language model that knows nothing: its scores are a pure function of the query's text. Whoever
// makes it may look at each query first, and throw.
class ToyModel : public LanguageModel {
 public:
  using Look = std::function<void(const std::string& text)>;
  ToyModel(std::shared_ptr<const ModelView> view, Look look)
      : view_(std::move(view)), look_(std::move(look)) {}

  [[nodiscard]] const ModelView& view() const override { return *view_; }

  [[nodiscard]] AnswerScores score(std::span<const Query> queries,
                                   std::span<const Answer> answers) override {
    const auto num_answers = static_cast<Eigen::Index>(answers.size());
    AnswerScores result;
    result.scores.resize(static_cast<Eigen::Index>(queries.size()), num_answers);
    for (std::size_t q = 0; q < queries.size(); ++q) {
      const std::string text = text_of(queries[q]);
      if (look_) look_(text);
      std::uint64_t hash = 1469598103934665603U;
      for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
      for (Eigen::Index a = 0; a < num_answers; ++a)
        result.scores(static_cast<Eigen::Index>(q), a) =
            std::sin(static_cast<double>(hash % 10007U) * static_cast<double>(a + 1));
      result.usage.num_tokens += view_->count_tokens(queries[q]);
    }
    result.usage.num_queries = static_cast<std::int64_t>(queries.size());
    result.usage.num_calls = 1;
    return result;
  }

 private:
  std::shared_ptr<const ModelView> view_;
  Look look_;
};

// Views are the real ones; models are `Model(view, arguments...)`.
template <typename Model, typename... Arguments>
ModelFactory factory_of(Arguments... arguments) {
  return {.view = make_view,
          .model = [=](const ModelOptions&, const std::shared_ptr<const ModelView>& view) {
            return std::make_unique<Model>(view, arguments...);
          }};
}

}  // namespace bbprompt::testing
