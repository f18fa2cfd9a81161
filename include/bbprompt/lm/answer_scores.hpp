#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>

#include "bbprompt/lm/usage.hpp"

namespace bbprompt {

enum class ScoreState : std::uint8_t {
  kExact,
  kBounded,  // the true score is at most this: a server that names only its best tokens
  kUnknown,  // the model gave none; the number means nothing
};

// What an unknown score means for another try.
enum class UnknownScores : std::uint8_t {
  kFailed,   // it may succeed
  kRefused,  // it would fail again
  kNotYet,   // it was not tried, or in vain, through no fault of its own: ask again later
};

// What a model answers to a call. Row q, column a: score of answer a for query q. Scores of one row
// compare with each other. A masked model gives logits; a causal one log-probabilities over the
// whole vocabulary, summed over the tokens of a word: logits of different places have different
// normalisers, so they could not be summed. For words of one token both differ by a number of the
// row only.
struct AnswerScores {
  using States = Eigen::Matrix<ScoreState, Eigen::Dynamic, Eigen::Dynamic>;

  Eigen::MatrixXd scores;
  States states{};                   // of the size of `scores`; empty: all are exact
  std::string why;                   // why scores are unknown, for messages; empty where none is
  UnknownScores unknown_are{};       // where there are any
  double retry_after_seconds = 0.0;  // UnknownScores::kNotYet
  Usage usage;

  [[nodiscard]] ScoreState state(Eigen::Index query, Eigen::Index answer) const {
    return states.size() == 0 ? ScoreState::kExact : states(query, answer);
  }
  // A number that can be used: exact or a bound.
  [[nodiscard]] bool is_known(Eigen::Index query, Eigen::Index answer) const {
    return state(query, answer) != ScoreState::kUnknown;
  }

  // Scores of this size, all of them unknown for the reason given; used up: nothing.
  [[nodiscard]] static AnswerScores unknown(Eigen::Index num_queries, Eigen::Index num_answers,
                                            std::string why);
};

}  // namespace bbprompt
