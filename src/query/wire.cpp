#include "query/wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <string_view>
#include <tuple>

#include "bbprompt/base/json.hpp"
#include "bbprompt/base/utf8.hpp"
#include "query/call_queue.hpp"

namespace bbprompt {
namespace {

using nlohmann::json;

constexpr std::size_t kMostShown = 80;  // bytes of a server's text in a message
constexpr double kSumTolerance = 1e-3;

[[noreturn]] void fail(const std::string& what) { throw MalformedAnswer(what); }

const json& member(const json& object, const char* name) {
  if (!object.is_object()) fail("expected an object, found " + json_kind(object));
  const auto found = object.find(name);
  if (found == object.end())
    fail(std::string("expected \"") + name + "\" in the answer, found none");
  return *found;
}

// Null where there is no such member, or nothing in it.
const json* optional_member(const json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string text_of(const json& value, const char* name) {
  if (!value.is_string())
    fail(std::string("expected a text in \"") + name + "\", found " + json_kind(value));
  return value.get<std::string>();
}

double number_of(const json& value, const char* name) {
  if (!value.is_number())
    fail(std::string("expected a number in \"") + name + "\", found " + json_kind(value));
  const auto number = value.get<double>();
  if (!std::isfinite(number)) fail(std::string("expected a finite number in \"") + name + "\"");
  return number;
}

double log_probability(const json& value, const char* name) {
  const double number = number_of(value, name);
  if (number > kRounding) {
    fail(std::string("expected the logarithm of a probability in \"") + name + "\", found " +
         std::to_string(number) + ", which is above 0");
  }
  return number;
}

double log_of_probability(const json& value, const char* name) {
  const double number = number_of(value, name);
  if (number < 0.0 || number > 1.0 + kRounding) {
    fail(fmt::format("expected a probability in \"{}\", found {}", name, number));
  }
  return number == 0.0 ? 2.0 * kOutside : std::log(number);
}

std::int64_t count_of(const json& object, const char* name) {
  const json* value = optional_member(object, name);
  if (value == nullptr) return -1;
  if (!value->is_number_integer() || value->get<std::int64_t>() < 0)
    fail(std::string("expected a count in \"") + name + "\", found " + json_kind(*value));
  return value->get<std::int64_t>();
}

// "token_id:17": how vLLM names tokens when it is asked for ids.
std::optional<TokenId> id_in(std::string_view text) {
  constexpr std::string_view kMark = "token_id:";
  if (!text.starts_with(kMark)) return std::nullopt;
  text.remove_prefix(kMark.size());
  TokenId id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id < 0) return std::nullopt;
  return id;
}

std::optional<std::string> bytes_of(const json& entry) {
  const json* list = optional_member(entry, "bytes");
  if (list == nullptr) return std::nullopt;
  if (!list->is_array()) fail("expected a list in \"bytes\", found " + json_kind(*list));
  std::string bytes;
  for (const json& byte : *list) {
    if (!byte.is_number_integer() || byte.get<std::int64_t>() < 0 || byte.get<std::int64_t>() > 255)
      fail("expected numbers from 0 to 255 in \"bytes\"");
    bytes += static_cast<char>(byte.get<std::int64_t>());
  }
  return bytes;
}

TokenEntry keyed_entry(const std::string& key, const json& value) {
  return {.id = id_in(key),
          .bytes = std::nullopt,
          .text = key,
          .value = log_probability(value, "top_logprobs")};
}

// {id, token, bytes, logprob} or {..., prob}.
TokenEntry record_entry(const json& record) {
  TokenEntry entry;
  entry.text = text_of(member(record, "token"), "token");
  entry.bytes = bytes_of(record);
  if (const json* id = optional_member(record, "id")) {
    if (!id->is_number_integer()) fail("expected a token id in \"id\", found " + json_kind(*id));
    entry.id = id->get<TokenId>();
  } else {
    entry.id = id_in(entry.text);
  }
  const json* probability = optional_member(record, "prob");
  entry.value = probability != nullptr ? log_of_probability(*probability, "prob")
                                       : log_probability(member(record, "logprob"), "logprob");
  return entry;
}

void check_top(const std::vector<TokenEntry>& top) {
  std::set<std::tuple<TokenId, std::string>> seen;
  double sum = 0.0;
  for (const TokenEntry& entry : top) {
    // Texts alone may be equal: halves of characters all show the same sign.
    if (entry.id || entry.bytes) {
      if (!seen.emplace(entry.id.value_or(-1), entry.bytes.value_or("")).second)
        fail("the token \"" + printable(entry.text, kMostShown) + "\" stands twice in the list");
    }
    if (!entry.is_outside()) sum += std::exp(entry.value);
  }
  if (sum > 1.0 + kSumTolerance) {
    fail("the probabilities of the list sum to " + std::to_string(sum) +
         "; are these logits, and no logarithms of probabilities?");
  }
}

// {"content": [record, ...]}: chat, llama.cpp.
void read_records(const json& records, const char* top_name, NextToken& next) {
  if (!records.is_array()) fail("expected a list of tokens, found " + json_kind(records));
  next.num_generated = static_cast<int>(records.size());
  if (records.empty()) return;
  const json& first = records.front();
  next.sampled = record_entry(first);
  const json* top = optional_member(first, top_name);
  if (top == nullptr) return;
  if (!top->is_array()) fail("expected a list of tokens, found " + json_kind(*top));
  for (const json& record : *top) next.top.push_back(record_entry(record));
}

std::vector<std::string> token_texts(const json& lists) {
  const json& tokens = member(lists, "tokens");
  if (!tokens.is_array()) fail("expected a list in \"tokens\", found " + json_kind(tokens));
  std::vector<std::string> texts;
  for (const json& token : tokens) texts.push_back(text_of(token, "tokens"));
  return texts;
}

const json& list_of(const json& lists, const char* name, std::size_t size) {
  const json& list = member(lists, name);
  if (!list.is_array() || list.size() != size) {
    fail(std::string("expected as many entries in \"") + name + "\" as in \"tokens\", " +
         std::to_string(size));
  }
  return list;
}

void read_top_map(const json& map, NextToken& next) {
  if (map.is_null()) return;
  if (!map.is_object()) fail("expected a mapping in \"top_logprobs\", found " + json_kind(map));
  for (const auto& [key, value] : map.items()) next.top.push_back(keyed_entry(key, value));
}

// The token at `index` of {tokens, token_logprobs, top_logprobs}: OpenAI completions, vLLM.
void read_lists(const json& lists, std::size_t index, NextToken& next) {
  const std::vector<std::string> tokens = token_texts(lists);
  next.num_generated = static_cast<int>(tokens.size() - std::min(index, tokens.size()));
  if (next.num_generated == 0) return;
  const json& values = list_of(lists, "token_logprobs", tokens.size());
  next.sampled = keyed_entry(tokens[index], values[index]);
  const json* top = optional_member(lists, "top_logprobs");
  if (top != nullptr) read_top_map(list_of(lists, "top_logprobs", tokens.size())[index], next);
}

const json& only_choice(const json& answer) {
  const json& choices = member(answer, "choices");
  if (!choices.is_array() || choices.size() != 1) {
    fail("expected one choice, as one prompt was sent, found " +
         (choices.is_array() ? std::to_string(choices.size()) : json_kind(choices)));
  }
  const json& choice = choices.front();
  const json* index = optional_member(choice, "index");
  if (index != nullptr && (!index->is_number_integer() || index->get<std::int64_t>() != 0))
    fail("expected the choice with index 0, found another index");
  return choice;
}

void read_about(const json& answer, NextToken& next) {
  if (const json* usage = optional_member(answer, "usage")) {
    next.usage = {.prompt_tokens = count_of(*usage, "prompt_tokens"),
                  .completion_tokens = count_of(*usage, "completion_tokens")};
    next.num_read = next.usage.prompt_tokens;
  }
  if (const json* model = optional_member(answer, "model"); model && model->is_string())
    next.identity.model = model->get<std::string>();
  const json* fingerprint = optional_member(answer, "system_fingerprint");
  if (fingerprint && fingerprint->is_string())
    next.identity.fingerprint = fingerprint->get<std::string>();
}

std::string generated_text(const json& choice) {
  if (const json* text = optional_member(choice, "text")) return text_of(*text, "text");
  const json* message = optional_member(choice, "message");
  if (message == nullptr) fail("expected \"text\" or \"message\" in the choice, found neither");
  const json* content = optional_member(*message, "content");
  return content == nullptr ? std::string() : text_of(*content, "content");
}

// llama.cpp's /completion.
NextToken read_native(const json& answer) {
  NextToken next;
  read_about(answer, next);
  if (const json* content = optional_member(answer, "content"))
    next.text = text_of(*content, "content");
  next.num_read = count_of(answer, "tokens_evaluated");
  next.usage = {.prompt_tokens = next.num_read,
                .completion_tokens = count_of(answer, "tokens_predicted")};
  if (const json* cut = optional_member(answer, "truncated"))
    next.is_truncated = cut->is_boolean() && cut->get<bool>();
  if (const json* records = optional_member(answer, "completion_probabilities")) {
    const bool is_after = !records->empty() && records->is_array() &&
                          optional_member(records->front(), "top_probs") != nullptr;
    read_records(*records, is_after ? "top_probs" : "top_logprobs", next);
  }
  check_top(next.top);
  return next;
}

}  // namespace

NextToken read_next_token(const json& answer) {
  if (!answer.is_object()) fail("expected an object as the answer, found " + json_kind(answer));
  if (answer.contains("completion_probabilities") || answer.contains("tokens_evaluated"))
    return read_native(answer);
  const json& choice = only_choice(answer);
  NextToken next;
  read_about(answer, next);
  next.text = generated_text(choice);
  if (const json* logprobs = optional_member(choice, "logprobs")) {
    if (const json* records = optional_member(*logprobs, "content")) {
      read_records(*records, "top_logprobs", next);
    } else if (logprobs->contains("tokens")) {
      read_lists(*logprobs, 0, next);
    }
  }
  check_top(next.top);
  return next;
}

EchoedText read_echo(const json& answer) {
  if (!answer.is_object()) fail("expected an object as the answer, found " + json_kind(answer));
  const json& choice = only_choice(answer);
  EchoedText echo;
  read_about(answer, echo.rest);
  echo.rest.text = generated_text(choice);
  const json* lists = optional_member(choice, "logprobs");
  if (lists == nullptr || !lists->contains("tokens"))
    throw UselessAnswer("expected the probabilities of the text that was sent, found none");
  echo.tokens = token_texts(*lists);
  const json& values = list_of(*lists, "token_logprobs", echo.tokens.size());
  for (const json& value : values) {
    echo.values.push_back(
        value.is_null() ? std::nullopt : std::optional(log_probability(value, "token_logprobs")));
  }
  return echo;
}

// Some servers say 0, or count more than was sent; fewer means a prompt that was cut.
void check_prompt_tokens(const NextToken& next, std::int64_t num_sent) {
  if (next.is_truncated) throw UselessAnswer("the server cut the prompt; lower model.max_tokens");
  if (num_sent < 0 || next.num_read <= 0 || next.num_read >= num_sent) return;
  throw UselessAnswer("the server read " + std::to_string(next.num_read) + " of the " +
                      std::to_string(num_sent) +
                      " tokens that were sent: it cut the prompt; lower model.max_tokens");
}

}  // namespace bbprompt
