#include <ctime>

#include "serve/completion.hpp"

namespace bbprompt {
namespace {

std::int64_t num_code_points(const std::string& text) {
  std::int64_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
  return count;
}

// The lists of a choice's log-probabilities.
class LogprobLists {
 public:
  LogprobLists(const CompletionRequest& request, const ServedModel& model)
      : request_(request), model_(model) {}

  // The first token of a prompt has no log-probability.
  void add_first(TokenId id) { add_token(id, nullptr, nullptr); }

  // A token at a place whose best are known. Of tokens with equal texts the most probable stays.
  void add(const TokenScore& token, const std::vector<TokenScore>& best,
           const std::vector<TokenScore>& named) {
    nlohmann::json top = nlohmann::json::object();
    const auto put = [&](const TokenScore& score) {
      top.emplace(key_of(score.id), score.log_probability);
    };
    const std::size_t wanted =
        *request_.num_best < 0 ? best.size() : static_cast<std::size_t>(*request_.num_best);
    for (std::size_t i = 0; i < std::min(wanted, best.size()); ++i) put(best[i]);
    put(token);
    for (const TokenScore& score : named) put(score);
    add_token(token.id, token.log_probability, std::move(top));
  }

  [[nodiscard]] nlohmann::json json() && {
    return {{"tokens", std::move(tokens_)},
            {"token_logprobs", std::move(values_)},
            {"top_logprobs", std::move(tops_)},
            {"text_offset", std::move(offsets_)}};
  }

 private:
  [[nodiscard]] std::string key_of(TokenId id) const {
    if (request_.has_id_keys) return "token_id:" + std::to_string(id);
    return model_.text_of({&id, 1});
  }
  void add_token(TokenId id, nlohmann::json value, nlohmann::json top) {
    tokens_.push_back(key_of(id));
    values_.push_back(std::move(value));
    tops_.push_back(std::move(top));
    offsets_.push_back(offset_);
    offset_ += num_code_points(model_.text_of({&id, 1}));
  }

  const CompletionRequest& request_;
  const ServedModel& model_;
  nlohmann::json tokens_ = nlohmann::json::array();
  nlohmann::json values_ = nlohmann::json::array();
  nlohmann::json tops_ = nlohmann::json::array();
  nlohmann::json offsets_ = nlohmann::json::array();
  std::int64_t offset_ = 0;
};

nlohmann::json lists_of(const CompletionRequest& request, const ServedModel& model,
                        const std::vector<TokenId>& prompt, const NextTokensOf& found) {
  LogprobLists lists(request, model);
  if (request.has_echo) {
    lists.add_first(prompt.front());
    for (std::size_t i = 1; i < prompt.size(); ++i) {
      lists.add({.id = prompt[i], .log_probability = found.own[i - 1]}, found.best[i - 1], {});
    }
  }
  if (request.max_tokens > 0) {
    std::vector<TokenScore> named;
    for (std::size_t i = 0; i < request.named.size(); ++i)
      named.push_back({.id = request.named[i], .log_probability = found.named[i]});
    lists.add(found.best.back().front(), found.best.back(), named);
  }
  return std::move(lists).json();
}

nlohmann::json choice_of(const CompletionRequest& request, const ServedModel& model,
                         const NextTokensAnswer& found, std::size_t index) {
  const std::vector<TokenId>& prompt = request.prompts[index];
  std::vector<TokenId> written;
  if (request.max_tokens > 0) written.push_back(found.inputs[index].best.back().front().id);
  const std::string before = request.has_echo ? request.texts[index] : std::string();
  nlohmann::json choice = {{"index", index},
                           {"text", before + model.text_of(written)},
                           {"logprobs", nullptr},
                           {"finish_reason", "length"}};
  if (request.num_best) choice["logprobs"] = lists_of(request, model, prompt, found.inputs[index]);
  if (request.has_token_ids) {
    choice["prompt_token_ids"] = prompt;
    choice["token_ids"] = written;
  }
  return choice;
}

}  // namespace

nlohmann::json completion_answer(const CompletionRequest& request, const ServedModel& model,
                                 const NextTokensAnswer& found) {
  nlohmann::json choices = nlohmann::json::array();
  std::size_t num_tokens = 0;
  for (std::size_t i = 0; i < request.prompts.size(); ++i) {
    choices.push_back(choice_of(request, model, found, i));
    num_tokens += request.prompts[i].size();
  }
  const std::size_t num_written =
      request.prompts.size() * static_cast<std::size_t>(request.max_tokens);
  return {{"id", "cmpl-" + model.fingerprint().substr(0, 16)},
          {"object", "text_completion"},
          {"created", std::time(nullptr)},
          {"model", model.name()},
          {"system_fingerprint", model.fingerprint()},
          {"choices", std::move(choices)},
          {"usage",
           {{"prompt_tokens", num_tokens},
            {"completion_tokens", num_written},
            {"total_tokens", num_tokens + num_written}}}};
}

}  // namespace bbprompt
