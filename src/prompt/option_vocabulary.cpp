#include "bbprompt/prompt/option_vocabulary.hpp"

#include <algorithm>
#include <set>

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/source_place.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/base/wording.hpp"
#include "prompt/characters.hpp"
#include "prompt/pmi_ngrams.hpp"

namespace bbprompt {
namespace {

constexpr std::string_view kContinues = "##";

// Whether tokens tell the start of a word by a space before it (byte-level BPE).
bool marks_word_start(const Tokenizer& tokenizer) {
  return tokenizer.find_token("\xc4\xa0the").has_value();  // "Ġthe"
}

// Tokens of a candidate as it stands in running text.
std::vector<TokenId> ids_of(const Tokenizer& tokenizer, const std::string& text) {
  const bool is_continuing = text.size() > kContinues.size() && text.starts_with(kContinues);
  if (!is_continuing) return tokenizer.encode(" " + text).ids;
  if (marks_word_start(tokenizer)) return tokenizer.encode(text.substr(kContinues.size())).ids;
  if (const auto id = tokenizer.find_token(text)) return {*id};
  return tokenizer.encode(text).ids;
}

// The token's text in a form that ids_of() takes back.
std::string text_of(const Tokenizer& tokenizer, TokenId id) {
  const std::string& spelled = tokenizer.token(id);
  if (!marks_word_start(tokenizer)) {
    return spelled.starts_with(kContinues) ? spelled : tokenizer.decode(std::span(&id, 1));
  }
  const std::string text = tokenizer.decode(std::span(&id, 1));
  return text.starts_with(' ') ? text.substr(1) : std::string(kContinues) + text;
}

bool is_known(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  const auto unknown = tokenizer.special_tokens().unknown;
  return !ids.empty() && (!unknown || std::find(ids.begin(), ids.end(), *unknown) == ids.end());
}

std::vector<PromptOption> listed_words(const std::vector<std::string>& words,
                                       const Tokenizer& tokenizer) {
  std::vector<PromptOption> candidates;
  for (const auto& word : words) {
    auto ids = tokenizer.encode(" " + word).ids;
    if (ids.size() != 1 || !is_known(tokenizer, ids)) {
      throw SettingError("prompt.discrete.words",
                         "expected words of one known token, found \"" + printable(word) +
                             "\", which is " +
                             plural(static_cast<std::int64_t>(ids.size()), "token") +
                             " for this model; for longer phrases use "
                             "prompt.discrete.candidates.source: list");
    }
    candidates.push_back({.text = word, .ids = std::move(ids)});
  }
  return candidates;
}

std::vector<PromptOption> listed_phrases(const std::filesystem::path& file,
                                         const Tokenizer& tokenizer) {
  if (file.empty()) {
    throw SettingError("prompt.discrete.candidates.file",
                       "expected the file that source: list reads, found none");
  }
  const std::string contents = read_file(file);
  std::vector<PromptOption> candidates;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < contents.size();) {
    const std::size_t end = std::min(contents.find('\n', begin), contents.size());
    std::string line = contents.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    line.erase(line.find_last_not_of(" \t\r") + 1);
    line.erase(0, std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.empty()) continue;
    auto ids = ids_of(tokenizer, line);
    if (find_invalid_utf8(line) || !is_known(tokenizer, ids)) {
      throw DataError(file.string(), 0,
                      "line " + std::to_string(number) +
                          ": expected a phrase in UTF-8 that this model has tokens for, found \"" +
                          printable(line) + "\"");
    }
    candidates.push_back({.text = std::move(line), .ids = std::move(ids)});
  }
  return candidates;
}

// Whole words of the vocabulary, those that `counts` has (all of them where it is empty), most
// frequent first.
std::vector<PromptOption> whole_words(const Tokenizer& tokenizer,
                                      std::span<const std::int64_t> counts) {
  std::vector<PromptOption> candidates;
  for (std::size_t i = 0; i < tokenizer.vocabulary_size(); ++i) {
    const std::int64_t count = counts.empty() ? 0 : counts[i];
    if (!counts.empty() && count == 0) continue;
    const auto id = static_cast<TokenId>(i);
    std::string text = text_of(tokenizer, id);
    if (is_whole_word(text)) {
      candidates.push_back({.text = std::move(text), .ids = {id}, .count = count});
    }
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const PromptOption& a, const PromptOption& b) { return a.count > b.count; });
  return candidates;
}

// Whether the token goes on with the word that the token before it began.
bool continues_word(const Tokenizer& tokenizer, TokenId id) {
  const std::string text = text_of(tokenizer, id);
  if (!text.starts_with(kContinues) || text.size() == kContinues.size()) return false;
  const std::string_view rest = std::string_view(text).substr(kContinues.size());
  // A part of a character cannot stand alone, so its character goes on.
  return find_invalid_utf8(rest).has_value() || from_first_alphanumeric(rest) == rest;
}

std::vector<PromptOption> frequent_words(const Tokenizer& tokenizer,
                                         std::span<const std::string_view> texts,
                                         bool is_beginning_enough) {
  std::vector<std::int64_t> counts(tokenizer.vocabulary_size(), 0);
  for (const auto text : texts) {
    const std::vector<TokenId> ids = tokenizer.encode(text).ids;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const bool is_cut = i + 1 < ids.size() && continues_word(tokenizer, ids[i + 1]);
      if (is_beginning_enough || !is_cut) ++counts[static_cast<std::size_t>(ids[i])];
    }
  }
  return whole_words(tokenizer, counts);
}

std::vector<PromptOption> pmi_phrases(const PmiNgramOptions& options, const Tokenizer& tokenizer,
                                      std::span<const std::string_view> texts) {
  std::vector<PromptOption> candidates;
  for (Ngram& ngram : pmi_ngrams(texts, options)) {
    auto ids = ids_of(tokenizer, ngram.text);
    if (!is_known(tokenizer, ids)) continue;
    candidates.push_back({.text = std::move(ngram.text),
                          .ids = std::move(ids),
                          .count = ngram.count,
                          .pmi = ngram.pmi});
  }
  return candidates;
}

std::vector<PromptOption> tokens_of(const std::vector<PromptOption>& phrases,
                                    const Tokenizer& tokenizer) {
  std::vector<PromptOption> tokens;
  std::set<TokenId> seen;
  for (const PromptOption& phrase : phrases) {
    for (const TokenId id : phrase.ids) {
      if (!seen.insert(id).second) continue;
      std::string text = text_of(tokenizer, id);
      if (text.find_first_not_of(' ') == std::string::npos) continue;  // nothing a list can hold
      if (ids_of(tokenizer, text) != std::vector<TokenId>{id}) continue;
      tokens.push_back({.text = std::move(text), .ids = {id}, .count = phrase.count});
    }
  }
  return tokens;
}

std::vector<PromptOption> candidates_of(const CandidateOptions& options, const Tokenizer& tokenizer,
                                        std::span<const std::string_view> texts) {
  switch (options.source) {
    case CandidateSource::kWords:
      return frequent_words(tokenizer, texts, false);
    case CandidateSource::kWordBeginnings:
      return frequent_words(tokenizer, texts, true);
    case CandidateSource::kPmiPhrases:
      return pmi_phrases(options.pmi, tokenizer, texts);
    case CandidateSource::kPmiTokens:
      return tokens_of(pmi_phrases(options.pmi, tokenizer, texts), tokenizer);
    case CandidateSource::kList:
      return listed_phrases(options.file, tokenizer);
    case CandidateSource::kVocabulary:
      return whole_words(tokenizer, {});
  }
  return {};
}

std::string source_name(CandidateSource source) {
  if (source == CandidateSource::kList) return "list";
  return source == CandidateSource::kVocabulary ? "model's vocabulary" : "text";
}

}  // namespace

OptionVocabulary make_option_vocabulary(const DiscretePromptOptions& options,
                                        const Tokenizer& tokenizer,
                                        std::span<const std::string_view> texts) {
  const bool is_listed = !options.words.empty();
  OptionVocabulary vocabulary;
  auto& candidates = vocabulary.options;
  candidates = is_listed ? listed_words(options.words, tokenizer)
                         : candidates_of(options.candidates, tokenizer, texts);
  std::set<std::vector<TokenId>> seen;
  std::erase_if(candidates, [&](const PromptOption& candidate) {
    const bool is_unwanted = !is_listed && options.candidates.is_without_stop_words &&
                             has_only_stop_words(candidate.text);
    return is_unwanted || !seen.insert(candidate.ids).second;
  });
  const auto asked = static_cast<std::size_t>(options.num_candidates);
  if (!is_listed && candidates.size() < asked) {
    vocabulary.notes.push_back("candidate vocabulary: " + std::to_string(asked) +
                               " candidates asked, the " + source_name(options.candidates.source) +
                               " has " + std::to_string(candidates.size()));
  }
  if (!is_listed && candidates.size() > asked) candidates.resize(asked);
  if (candidates.size() < 2) {
    throw SettingError("prompt.discrete.candidates",
                       "expected at least 2 candidates, found " +
                           std::to_string(candidates.size()) +
                           "; choose another source, lower its limits, or list words in "
                           "prompt.discrete.words");
  }
  return vocabulary;
}

}  // namespace bbprompt
