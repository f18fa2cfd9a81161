#include "explain/prompt_parts.hpp"

#include <algorithm>

namespace bbprompt {
namespace {

template <typename T>
std::vector<T> without(std::vector<T> items, std::size_t index) {
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(index));
  return items;
}

// The pieces in a row.
PromptTokens joined(const std::vector<std::vector<TokenId>>& pieces) {
  PromptTokens prompt;
  for (const auto& piece : pieces) prompt.ids.insert(prompt.ids.end(), piece.begin(), piece.end());
  return prompt;
}

std::shared_ptr<const RowMatrixXf> without_row(const RowMatrixXf& vectors, Eigen::Index row) {
  auto rest = std::make_shared<RowMatrixXf>(vectors);
  rest->row(row).setZero();
  return rest;
}

struct Word {
  std::string text;
  std::size_t begin = 0;
  std::size_t end = 0;  // after the white space that follows
};

std::vector<Word> words_of(const std::string& text) {
  constexpr auto kSpaces = " \t\n\r\f\v";
  std::vector<Word> words;
  for (std::size_t at = text.find_first_not_of(kSpaces); at != std::string::npos;) {
    const std::size_t end = std::min(text.find_first_of(kSpaces, at), text.size());
    const std::size_t next = text.find_first_not_of(kSpaces, end);
    words.push_back({text.substr(at, end - at), at, std::min(next, text.size())});
    at = next;
  }
  return words;
}

std::vector<PromptPart> split_text(const PromptText& prompt) {
  std::vector<PromptPart> parts;
  for (const Word& word : words_of(prompt.text)) {
    std::string rest = prompt.text;
    rest.erase(word.begin, word.end - word.begin);
    parts.push_back({.text = word.text, .without = PromptText{std::move(rest)}});
  }
  return parts;
}

std::vector<PromptPart> split_demonstrations(const PromptDemonstrations& prompt) {
  std::vector<PromptPart> parts;
  for (std::size_t i = 0; i < prompt.examples.size(); ++i) {
    PromptDemonstrations rest = prompt;
    rest.examples = without(prompt.examples, i);
    parts.push_back({.text = "train example " + std::to_string(prompt.examples[i] + 1),
                     .without = std::move(rest)});
  }
  return parts;
}

}  // namespace

PromptParts::PromptParts(const PromptRecord& record, const PromptSpace& space)
    : whole_(space.decode(record.point)) {
  const std::vector<int> choices = space.choices(record.point);
  if (!choices.empty()) {
    texts_ = space.option_texts();
    ids_ = space.option_ids();
    split_choices(choices);
  } else if (const auto* tokens = std::get_if<PromptTokens>(&whole_)) {
    split(*tokens, record);
  } else if (const auto* vectors = std::get_if<PromptVectors>(&whole_)) {
    split(*vectors, record);
  } else if (const auto* text = std::get_if<PromptText>(&whole_)) {
    parts_ = split_text(*text);
  } else {
    parts_ = split_demonstrations(std::get<PromptDemonstrations>(whole_));
  }
}

void PromptParts::split_choices(const std::vector<int>& choices) {
  std::vector<std::vector<TokenId>> pieces;
  pieces.reserve(choices.size());
  for (const int choice : choices) pieces.push_back(ids_.at(static_cast<std::size_t>(choice)));
  for (std::size_t i = 0; i < choices.size(); ++i) {
    parts_.push_back({.text = texts_.at(static_cast<std::size_t>(choices[i])),
                      .without = joined(without(pieces, i)),
                      .choice = choices[i]});
  }
}

void PromptParts::split(const PromptTokens& prompt, const PromptRecord& record) {
  for (std::size_t i = 0; i < prompt.ids.size(); ++i) {
    parts_.push_back(
        {.text = record.tokens.at(i), .without = PromptTokens{without(prompt.ids, i)}});
  }
}

void PromptParts::split(const PromptVectors& prompt, const PromptRecord& record) {
  for (Eigen::Index i = 0; i < prompt.vectors->rows(); ++i) {
    PromptVectors rest = prompt;
    rest.vectors = without_row(*prompt.vectors, i);
    for (auto& layer : rest.layers) layer = without_row(*layer, i);
    parts_.push_back(
        {.text = record.tokens[static_cast<std::size_t>(i)], .without = std::move(rest)});
  }
}

Prompt PromptParts::replaced(std::size_t part, int candidate) const {
  std::vector<std::vector<TokenId>> pieces;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const int choice = i == part ? candidate : parts_[i].choice;
    pieces.push_back(ids_.at(static_cast<std::size_t>(choice)));
  }
  return joined(pieces);
}

}  // namespace bbprompt
