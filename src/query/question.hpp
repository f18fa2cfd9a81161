#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bbprompt/base/types.hpp"
#include "bbprompt/lm/answer.hpp"
#include "bbprompt/lm/answer_scores.hpp"
#include "bbprompt/query/server_view.hpp"

namespace bbprompt {

// A query as a server is asked it.
struct ServerPrompt {
  std::vector<TokenId> ids;  // empty where the server's tokens are not known here
  std::string text;          // without white space at its end
};

// An answer word as a server knows it.
struct ServerAnswer {
  std::vector<TokenId> ids;         // empty where the server's tokens are not known here
  std::vector<std::string> tokens;  // text of each
  std::string text;                 // with the space before it, where one belongs there
};

[[nodiscard]] ServerAnswer server_answer(const ServerView& view, const Answer& answer);

// Answers whose scores are asked after a prompt.
struct Question {
  ServerPrompt prompt;
  std::vector<ServerAnswer> answers;
};

// What a call tells of an answer's score. The score is the sum of its parts.
struct ScorePart {
  std::size_t query = 0;   // of a call that covers all queries of a request: which
  std::size_t answer = 0;  // index into Question::answers
  double value = 0.0;
  ScoreState state = ScoreState::kExact;
};

// What a server says an answer cost.
struct ServerUsage {
  std::int64_t prompt_tokens = -1;  // -1: it does not say
  std::int64_t completion_tokens = -1;
};

// Who answered, as far as the answer tells.
struct ServerIdentity {
  std::string model;
  std::string fingerprint;
};

struct RouteReply {
  std::vector<ScorePart> parts;
  ServerUsage usage;
  ServerIdentity identity;
};

// One of the requests that answer a question.
struct RouteCall {
  std::size_t query = 0;    // of the request, which it is about
  bool covers_all = false;  // it is about all of them
  std::string path;
  std::string body;                    // JSON
  std::int64_t num_prompt_tokens = 0;  // that are sent; -1: not known here
  // Reads the answer. Throws MalformedAnswer where it is not what was asked for, and UselessAnswer
  // where asking again would not help. Does not borrow from the question.
  std::function<RouteReply(const nlohmann::json&)> read;
};

}  // namespace bbprompt
