#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bbprompt/base/types.hpp"
#include "bbprompt/prompt/prompt_options.hpp"
#include "bbprompt/text/tokenizer.hpp"

namespace bbprompt {

// Tokens that a discrete prompt may use, most frequent first.
struct CandidateVocabulary {
  std::vector<TokenId> ids;
  std::vector<std::string> notes;  // e.g. fewer candidates than asked
};

// The `num_candidates` most frequent tokens of `texts` that are whole words: at the start of a word
// in running text (a leading space, or no "##"), letters only, at least two of them. Ties go to the
// lower id. Where `options.words` is given, those words in their order instead; a word of several
// tokens, or unknown, throws Error. Throws Error where fewer than two candidates are found.
[[nodiscard]] CandidateVocabulary make_candidate_vocabulary(
    const DiscretePromptOptions& options, const Tokenizer& tokenizer,
    std::span<const std::string_view> texts);

}  // namespace bbprompt
