#include "prompt/characters.hpp"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

namespace bbprompt {
namespace {

constexpr std::array kStopWords = std::to_array<std::string_view>({
    "a",       "about",   "after",   "again",  "all",   "also",   "am",      "an",      "and",
    "another", "any",     "are",     "as",     "at",    "be",     "because", "been",    "before",
    "being",   "between", "both",    "but",    "by",    "can",    "could",   "did",     "do",
    "does",    "doing",   "down",    "during", "each",  "either", "else",    "few",     "for",
    "from",    "further", "had",     "has",    "have",  "having", "he",      "her",     "here",
    "hers",    "him",     "his",     "how",    "i",     "if",     "in",      "into",    "is",
    "it",      "its",     "just",    "may",    "me",    "might",  "more",    "most",    "much",
    "must",    "my",      "neither", "no",     "nor",   "not",    "of",      "off",     "on",
    "once",    "only",    "or",      "other",  "our",   "ours",   "out",     "over",    "own",
    "same",    "shall",   "she",     "should", "so",    "some",   "such",    "than",    "that",
    "the",     "their",   "theirs",  "them",   "then",  "there",  "these",   "they",    "this",
    "those",   "through", "to",      "too",    "under", "until",  "up",      "upon",    "us",
    "very",    "was",     "we",      "were",   "what",  "when",   "where",   "whether", "which",
    "while",   "who",     "whom",    "whose",  "why",   "will",   "with",    "would",   "yet",
    "you",     "your",    "yours",
});

// Calls see(code point or negative, begin, end) for each character.
template <typename See>
void for_each_character(std::string_view text, See see) {
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t at = 0; at < size;) {
    const std::int32_t begin = at;
    UChar32 character = 0;
    U8_NEXT(text.data(), at, size, character);
    see(character, static_cast<std::size_t>(begin), static_cast<std::size_t>(at));
  }
}

bool is_space(UChar32 c) {
  return c >= 0 && (u_isUWhiteSpace(c) != 0 || u_charType(c) == U_CONTROL_CHAR);
}

bool is_alphanumeric(UChar32 c) {
  return c >= 0 && (U_GET_GC_MASK(c) & (U_GC_L_MASK | U_GC_N_MASK | U_GC_M_MASK)) != 0;
}

}  // namespace

std::vector<std::string_view> split_at_spaces(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t part = 0;
  const auto close = [&](std::size_t at) {
    if (at > part) parts.push_back(text.substr(part, at - part));
  };
  for_each_character(text, [&](UChar32 c, std::size_t begin, std::size_t end) {
    if (!is_space(c)) return;
    close(begin);
    part = end;
  });
  close(text.size());
  return parts;
}

std::string_view from_first_alphanumeric(std::string_view text) {
  std::size_t first = text.size();
  for_each_character(text, [&](UChar32 c, std::size_t begin, std::size_t /*end*/) {
    if (is_alphanumeric(c)) first = std::min(first, begin);
  });
  return text.substr(first);
}

std::string_view to_last_alphanumeric(std::string_view text) {
  std::size_t last = 0;
  for_each_character(text, [&](UChar32 c, std::size_t /*begin*/, std::size_t end) {
    if (is_alphanumeric(c)) last = end;
  });
  return text.substr(0, last);
}

bool is_whole_word(std::string_view text) {
  int num_letters = 0;
  bool is_word = true;
  for_each_character(text, [&](UChar32 c, std::size_t /*begin*/, std::size_t /*end*/) {
    is_word = is_word && c >= 0 && u_isalpha(c) != 0;
    ++num_letters;
  });
  return is_word && num_letters >= 2;
}

bool is_stop_word(std::string_view word) {
  std::string lower(word);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return std::find(kStopWords.begin(), kStopWords.end(), lower) != kStopWords.end();
}

bool has_only_stop_words(std::string_view text) {
  bool has_one = false;
  for (const std::string_view part : split_at_spaces(text)) {
    const std::string_view word = to_last_alphanumeric(from_first_alphanumeric(part));
    if (word.empty()) continue;
    if (!is_stop_word(word)) return false;
    has_one = true;
  }
  return has_one;
}

}  // namespace bbprompt
