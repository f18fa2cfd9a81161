#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <span>
#include <string_view>

#include "bbprompt/prompt/option_vocabulary.hpp"

namespace bbprompt {

// What make_option_vocabulary() finds with one tokenizer, remembered: the trials of a sweep
// mostly look through the same file in the same way, and that takes longer than many an evaluation.
// Not for several threads.
class OptionCache {
 public:
  static constexpr std::size_t kMaxEntries = 16;  // the most recently used ones

  // As make_option_vocabulary(), with the same tokenizer every time. `owner` keeps the texts:
  // equal owners mean equal texts, and what was found is forgotten with the owner's end. Nothing is
  // remembered of texts without one, nor of options that come from elsewhere (words, list,
  // vocabulary).
  [[nodiscard]] OptionVocabulary get(const DiscretePromptOptions& options,
                                     const Tokenizer& tokenizer,
                                     std::span<const std::string_view> texts,
                                     const std::shared_ptr<const void>& owner);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::weak_ptr<const void> owner;
    CandidateOptions options;
    int num_candidates = 0;
    OptionVocabulary vocabulary;
  };
  std::list<Entry> entries_;  // latest first
};

}  // namespace bbprompt
