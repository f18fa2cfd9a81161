#include "query/scoring_route.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "query/answer_steps.hpp"
#include "query/call_queue.hpp"
#include "query/wire.hpp"

namespace bbprompt {
namespace {

ServerPrompt behind(const ServerPrompt& prompt, const AnswerStep& step) {
  ServerPrompt longer = prompt;
  longer.ids.insert(longer.ids.end(), step.before.begin(), step.before.end());
  longer.text += step.text_before;
  return longer;
}

RouteReply reply_of(const NextToken& next) {
  return {.parts = {}, .usage = next.usage, .identity = next.identity};
}

void add_parts(const NextChoice& choice, double value, ScoreState state, RouteReply& reply) {
  for (const std::size_t answer : choice.answers)
    reply.parts.push_back({.answer = answer, .value = value, .state = state});
}

// Makes the call of an ask, whose answer says something of the next token.
template <typename Read>
RouteCall call_of(const RequestForm& form, const Ask& ask, Read read) {
  const std::int64_t num_tokens = form.num_tokens(ask.prompt);
  return {.path = form.path(),
          .body = form.body(ask),
          .num_prompt_tokens = num_tokens,
          .read = [read = std::move(read), num_tokens](const nlohmann::json& answer) {
            const NextToken next = read_next_token(answer);
            check_prompt_tokens(next, num_tokens);
            RouteReply reply = reply_of(next);
            read(next, reply);
            return reply;
          }};
}

// Named ids, the whole vocabulary, the best tokens: one request for each step.
class ListRoute final : public ScoringRoute {
 public:
  explicit ListRoute(RequestForm form) : form_(std::move(form)) {}

  [[nodiscard]] std::vector<RouteCall> calls(const Question& question) const override {
    std::vector<RouteCall> calls;
    for (AnswerStep& step : answer_steps(question.answers)) {
      Ask ask{.prompt = behind(question.prompt, step), .num_top = form_.findings().num_top};
      const bool is_named = form_.findings().route == Route::kNamedIds;
      if (is_named) {
        ask.num_top = 1;
        for (const NextChoice& choice : step.choices) ask.named.push_back(choice.id.value());
      }
      const bool is_whole = form_.findings().route != Route::kTopList;
      calls.push_back(call_of(
          form_, ask,
          [choices = std::move(step.choices), is_whole](const NextToken& next, RouteReply& reply) {
            read(next, choices, is_whole, reply);
          }));
    }
    return calls;
  }

 private:
  static void read(const NextToken& next, const std::vector<NextChoice>& choices, bool is_whole,
                   RouteReply& reply) {
    if (next.top.empty())
      throw MalformedAnswer("expected a list of the best tokens, found none in the answer");
    for (const NextChoice& choice : choices) {
      const TokenEntry* entry = find_entry(next, choice, choices);
      if (entry != nullptr && !entry->is_outside()) {
        add_parts(choice, entry->value, ScoreState::kExact, reply);
      } else if (is_whole && entry == nullptr) {
        throw MalformedAnswer("expected the token \"" + printable(choice.text) +
                              "\" that was asked for, found others");
      } else {
        add_parts(choice, bound_outside(next), ScoreState::kBounded, reply);
      }
    }
  }

  RequestForm form_;
};

// A bias forces a token; its value is that without the bias. One request for each token.
class ForcedRoute final : public ScoringRoute {
 public:
  explicit ForcedRoute(RequestForm form) : form_(std::move(form)) {}

  [[nodiscard]] std::vector<RouteCall> calls(const Question& question) const override {
    std::vector<RouteCall> calls;
    for (const AnswerStep& step : answer_steps(question.answers)) {
      for (const NextChoice& choice : step.choices) {
        const Ask ask{.prompt = behind(question.prompt, step),
                      .num_top = 1,
                      .bias = {{choice.id.value(), kForcingBias}}};
        calls.push_back(call_of(form_, ask, [choice](const NextToken& next, RouteReply& reply) {
          if (!next.sampled)
            throw MalformedAnswer(
                "expected the probability of the token, found none in the answer");
          NextToken sampled = next;
          sampled.top.clear();
          const TokenEntry* entry = find_entry(sampled, choice, {choice});
          if (entry == nullptr) {
            throw UselessAnswer("expected the token \"" + printable(choice.text) +
                                "\" that a bias forces, found \"" + printable(next.text) + "\"");
          }
          if (entry->is_outside()) {
            add_parts(choice, kOutside, ScoreState::kBounded, reply);
          } else {
            add_parts(choice, entry->value, ScoreState::kExact, reply);
          }
        }));
      }
    }
    return calls;
  }

 private:
  RequestForm form_;
};

// A bias lifts all answers; their probabilities are normalised among themselves.
class LiftedRoute final : public ScoringRoute {
 public:
  explicit LiftedRoute(RequestForm form) : form_(std::move(form)) {}

  [[nodiscard]] std::vector<RouteCall> calls(const Question& question) const override {
    std::vector<RouteCall> calls;
    for (AnswerStep& step : answer_steps(question.answers)) {
      if (step.choices.size() < 2) continue;  // the one way to go on: probability 1
      Ask ask{.prompt = behind(question.prompt, step),
              .num_top = static_cast<int>(step.choices.size()),
              .is_after_sampling = true};
      for (const NextChoice& choice : step.choices)
        ask.bias.emplace_back(choice.id.value(), kLiftingBias);
      calls.push_back(
          call_of(form_, ask,
                  [choices = std::move(step.choices)](const NextToken& next, RouteReply& reply) {
                    read(next, choices, reply);
                  }));
    }
    return calls;
  }

 private:
  static void read(const NextToken& next, const std::vector<NextChoice>& choices,
                   RouteReply& reply) {
    if (next.top.empty())
      throw MalformedAnswer("expected a list of the best tokens, found none in the answer");
    double sum = 0.0;
    for (const NextChoice& choice : choices) {
      const TokenEntry* entry = find_entry(next, choice, choices);
      if (entry == nullptr) {
        throw UselessAnswer("expected the lifted token \"" + printable(choice.text) +
                            "\" in the list, found others; samplers of the server cut it off");
      }
      sum += entry->is_outside() ? 0.0 : std::exp(entry->value);
      add_parts(choice, entry->value,
                entry->is_outside() ? ScoreState::kBounded : ScoreState::kExact, reply);
    }
    constexpr double kTolerance = 1e-2;
    if (std::abs(sum - 1.0) > kTolerance) {
      throw UselessAnswer("expected that the lifted answers share all probability, found " +
                          std::to_string(sum));
    }
  }

  RequestForm form_;
};

// The prompt with the answer behind it comes back with its probabilities. One request an answer.
class EchoRoute final : public ScoringRoute {
 public:
  explicit EchoRoute(RequestForm form) : form_(std::move(form)) {}

  [[nodiscard]] std::vector<RouteCall> calls(const Question& question) const override {
    std::vector<RouteCall> calls;
    for (std::size_t i = 0; i < question.answers.size(); ++i) {
      const ServerAnswer& answer = question.answers[i];
      Ask ask{.prompt = question.prompt, .num_top = 1, .is_echo = true};
      ask.length = form_.findings().echo_length;
      ask.prompt.ids.insert(ask.prompt.ids.end(), answer.ids.begin(), answer.ids.end());
      ask.prompt.text += answer.text;
      const std::int64_t num_tokens = answer.ids.empty() ? -1 : form_.num_tokens(ask.prompt);
      calls.push_back(
          {.path = form_.path(),
           .body = form_.body(ask),
           .num_prompt_tokens = num_tokens,
           .read = [i, num_tokens, answer, length = ask.length](const nlohmann::json& reply) {
             return read(reply, num_tokens, answer, {.answer = i}, length);
           }});
    }
    return calls;
  }

 private:
  static RouteReply read(const nlohmann::json& json, std::int64_t num_tokens,
                         const ServerAnswer& answer, ScorePart part, int length) {
    const EchoedText echo = read_echo(json);
    check_prompt_tokens(echo.rest, num_tokens);
    const auto num_generated = static_cast<std::size_t>(length);
    if (echo.tokens.size() < num_generated + answer_size(echo, answer, num_generated) + 1 ||
        (num_tokens >= 0 &&
         echo.tokens.size() != static_cast<std::size_t>(num_tokens) + num_generated)) {
      throw UselessAnswer("expected the whole text with the answer back, found " +
                          std::to_string(echo.tokens.size()) + " tokens");
    }
    const std::size_t end = echo.tokens.size() - num_generated;
    for (std::size_t i = end - answer_size(echo, answer, num_generated); i < end; ++i) {
      if (!echo.values[i])
        throw MalformedAnswer("expected a probability of each token of the answer, found null");
      part.value += *echo.values[i];
      if (*echo.values[i] <= kOutside) part.state = ScoreState::kBounded;
    }
    RouteReply reply = reply_of(echo.rest);
    reply.parts.push_back(part);
    return reply;
  }

  // Tokens of the answer; where its ids are not known, those whose texts make it up.
  static std::size_t answer_size(const EchoedText& echo, const ServerAnswer& answer,
                                 std::size_t num_generated) {
    if (!answer.ids.empty()) return answer.ids.size();
    std::string text;
    std::size_t size = 0;
    const std::size_t end = echo.tokens.size() - std::min(num_generated, echo.tokens.size());
    while (text.size() < answer.text.size() && size < end) {
      ++size;
      text = echo.tokens[end - size] + text;
    }
    if (text == answer.text) return size;
    throw UselessAnswer("expected the answer \"" + printable(answer.text) +
                        "\" to begin with a token of its own, found \"" + printable(text) + "\"");
  }

  RequestForm form_;
};

// The generated word votes for the answer that it is, or begins.
class TextRoute final : public ScoringRoute {
 public:
  explicit TextRoute(RequestForm form) : form_(std::move(form)) {}

  [[nodiscard]] std::vector<RouteCall> calls(const Question& question) const override {
    return {call_of(form_, {.prompt = question.prompt, .num_top = 0, .length = kLength},
                    [answers = question.answers](const NextToken& next, RouteReply& reply) {
                      const std::string word = first_word(next.text);
                      for (std::size_t i = 0; i < answers.size(); ++i) {
                        const bool is_it = !word.empty() && word == first_word(answers[i].text);
                        reply.parts.push_back({.answer = i, .value = is_it ? 0.0 : -1.0});
                      }
                    })};
  }

 private:
  static constexpr int kLength = 4;  // tokens: a word

  static std::string first_word(const std::string& text) {
    const auto is_part = [](char c) {
      return static_cast<unsigned char>(c) >= 0x80 || std::isalnum(static_cast<unsigned char>(c)) ||
             c == '_' || c == '-';
    };
    const auto begin = std::find_if(text.begin(), text.end(), is_part);
    std::string word(begin, std::find_if_not(begin, text.end(), is_part));
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return word;
  }

  RequestForm form_;
};

}  // namespace

std::unique_ptr<ScoringRoute> make_route(RequestForm form) {
  switch (form.findings().route) {
    case Route::kNamedIds:
    case Route::kVocabulary:
    case Route::kTopList:
      return std::make_unique<ListRoute>(std::move(form));
    case Route::kForcedLabel:
      return std::make_unique<ForcedRoute>(std::move(form));
    case Route::kLiftedLabels:
      return std::make_unique<LiftedRoute>(std::move(form));
    case Route::kEcho:
      return std::make_unique<EchoRoute>(std::move(form));
    case Route::kText:
      return std::make_unique<TextRoute>(std::move(form));
    case Route::kAuto:
    case Route::kAnswerScores:
      break;
  }
  throw Error("expected a route that asks token by token");
}

}  // namespace bbprompt
