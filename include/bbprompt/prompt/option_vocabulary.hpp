#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bbprompt/base/types.hpp"
#include "bbprompt/prompt/prompt_options.hpp"
#include "bbprompt/text/tokenizer.hpp"

namespace bbprompt {

// A token or phrase that a discrete prompt may use at a position.
struct PromptOption {
  std::string text;          // as in running text, without the space before; "##" before a token
                             // that continues a word
  std::vector<TokenId> ids;  // at least one
  std::int64_t count = 0;    // in the text it was found in; 0 where none was read
  double pmi = std::numeric_limits<double>::quiet_NaN();  // of a phrase's weakest pair; NaN: none
};

struct OptionVocabulary {
  std::vector<PromptOption> options;
  std::vector<std::string> notes;  // e.g. fewer options than asked
};

// The first `num_candidates` of `options.candidates.source`, no two of the same tokens:
//
//   kWords       The most frequent tokens of `texts` that are whole words: at the start of a word
//                in running text (a leading space, or no "##"), letters only, at least two of
//                them. Ties go to the lower id.
//   kPmiPhrases  The n-grams of pmi_ngrams(texts), each tokenized after a space.
//   kPmiTokens   Their tokens, in the order in which they first occur there.
//   kList        The lines of `options.candidates.file`, in order; blank ones and white space at
//                the ends of a line do not count.
//   kVocabulary  All whole words of the model's vocabulary in id order; byte-level BPE numbers
//                tokens by their frequency where it was trained.
//
// Tokens that the model does not know, or that are a part of a character, are left out; in a list
// they are an error. `is_without_stop_words` leaves out options of nothing but common English
// function words. Where `options.words` is given, those words in their order instead of all that;
// a word of several tokens, or unknown, throws SettingError. Throws SettingError where fewer than
// two options are found, and StoreError for a list that cannot be read.
[[nodiscard]] OptionVocabulary make_option_vocabulary(const DiscretePromptOptions& options,
                                                      const Tokenizer& tokenizer,
                                                      std::span<const std::string_view> texts);

}  // namespace bbprompt
