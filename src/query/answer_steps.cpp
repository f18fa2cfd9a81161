#include "query/answer_steps.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "bbprompt/base/utf8.hpp"
#include "query/call_queue.hpp"

namespace bbprompt {
namespace {

// Writers put U+FFFD for the half of a character.
bool is_mended(const std::string& text) { return text.find("\xef\xbf\xbd") != std::string::npos; }

bool is_same(const TokenEntry& entry, const NextChoice& choice) {
  if (entry.id && choice.id) return *entry.id == *choice.id;
  if (entry.bytes) return *entry.bytes == choice.text;
  return entry.text == choice.text && !is_mended(entry.text);
}

bool begins(const std::string& text, const std::string& beginning) {
  return beginning.find_first_not_of(' ') != std::string::npos && text.starts_with(beginning);
}

const TokenEntry* best_beginning(const NextToken& next, const NextChoice& choice,
                                 const std::vector<NextChoice>& all) {
  const TokenEntry* best = nullptr;
  for (const TokenEntry& entry : next.top) {
    if (entry.is_outside() || !begins(choice.text, entry.text)) continue;
    const auto fits = [&](const NextChoice& other) { return begins(other.text, entry.text); };
    if (std::count_if(all.begin(), all.end(), fits) > 1) continue;
    if (best == nullptr || entry.value > best->value) best = &entry;
  }
  return best;
}

void add_answer(const ServerAnswer& answer, std::size_t index,
                std::map<std::vector<TokenId>, std::size_t>& known,
                std::vector<AnswerStep>& steps) {
  std::vector<TokenId> before;
  std::string text_before;
  for (std::size_t i = 0; i < answer.ids.size(); ++i) {
    const auto [place, is_new] = known.emplace(before, steps.size());
    if (is_new) steps.push_back({.before = before, .text_before = text_before, .choices = {}});
    auto& choices = steps[place->second].choices;
    const auto found = std::find_if(choices.begin(), choices.end(), [&](const NextChoice& choice) {
      return choice.id == answer.ids[i];
    });
    if (found != choices.end()) {
      found->answers.push_back(index);
    } else {
      choices.push_back({.id = answer.ids[i], .text = answer.tokens[i], .answers = {index}});
    }
    before.push_back(answer.ids[i]);
    text_before += answer.tokens[i];
  }
}

}  // namespace

std::vector<AnswerStep> answer_steps(const std::vector<ServerAnswer>& answers) {
  std::vector<AnswerStep> steps;
  std::map<std::vector<TokenId>, std::size_t> known;
  AnswerStep texts;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].ids.empty()) {
      texts.choices.push_back({.id = std::nullopt, .text = answers[i].text, .answers = {i}});
    } else {
      add_answer(answers[i], i, known, steps);
    }
  }
  if (!texts.choices.empty()) steps.push_back(std::move(texts));
  return steps;
}

const TokenEntry* find_entry(const NextToken& next, const NextChoice& choice,
                             const std::vector<NextChoice>& all) {
  const TokenEntry* found = nullptr;
  for (const TokenEntry& entry : next.top) {
    if (!is_same(entry, choice)) continue;
    if (found != nullptr) {
      throw UselessAnswer("two tokens of the list read \"" + printable(choice.text) +
                          "\" and cannot be told apart");
    }
    found = &entry;
  }
  if (found == nullptr && next.sampled && is_same(*next.sampled, choice)) found = &*next.sampled;
  if (found == nullptr && !choice.id) found = best_beginning(next, choice, all);
  return found;
}

double bound_outside(const NextToken& next) {
  double sum = 0.0;
  double least = 1.0;
  for (const TokenEntry& entry : next.top) {
    if (entry.is_outside()) continue;
    sum += std::exp(entry.value);
    least = std::min(least, std::exp(entry.value));
  }
  // Rounding may leave nothing: a bound is finite, so that losses are.
  constexpr double kLeast = 1e-30;
  return std::log(std::max(std::min(least, 1.0 - sum), kLeast));
}

}  // namespace bbprompt
