#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bbprompt/lm/word_embeddings.hpp"
#include "bbprompt/prompt/fixed_prompt_space.hpp"
#include "bbprompt/prompt/option_cache.hpp"
#include "bbprompt/prompt/option_vocabulary.hpp"
#include "bbprompt/prompt/prompt_options.hpp"
#include "bbprompt/prompt/prompt_space.hpp"
#include "bbprompt/text/tokenizer.hpp"

namespace bbprompt {

// What a prompt space may know of a model's vocabulary; null where the model does not show it.
struct VocabularyView {
  const Tokenizer* tokenizer = nullptr;
  const WordEmbeddings* embeddings = nullptr;
};

// What a prompt space needs of the model and the task.
struct PromptSpaceInputs {
  VocabularyView vocabulary;
  double sigma = 1.0;                   // initial step size of the optimizer
  std::vector<std::string_view> texts;  // where options are counted
  std::uint64_t seed = 0;
  std::string manual_prompt{};               // of the task
  DemonstrationInputs demonstrations{};      // used by kDemonstrations only
  int num_layers = 0;                        // of the model that deep prompts reach; 0: none
  OptionCache* option_cache = nullptr;       // of this tokenizer; null: nothing is remembered
  std::shared_ptr<const void> text_owner{};  // see OptionCache::get()

  // Throws Error on a model that takes text only.
  [[nodiscard]] const Tokenizer& tokenizer() const;
  // Candidates of the texts. Throws as tokenizer() and make_option_vocabulary() do.
  [[nodiscard]] OptionVocabulary find_candidates(const DiscretePromptOptions& options) const;
};

struct PromptSpaceWithNotes {
  std::unique_ptr<PromptSpace> space;
  std::vector<std::string> notes;
};

// Discrete: the embedding of an option of several tokens is the mean of theirs. Soft, added: base
// tokens are those of `soft.init` (repeated or cut to the length), or drawn from the seed among the
// option vocabulary. Concatenated: p0 are the word embeddings of such tokens where `soft.init`
// is given. Throws Error where the options cannot be met, naming the option: also where the model
// does not show what they need.
[[nodiscard]] PromptSpaceWithNotes make_prompt_space(const PromptOptions& options,
                                                     const PromptSpaceInputs& inputs);

// The soft prompt at the start of the search, before any vector moves, at the input only: what the
// layer deviations of a deep prompt are measured with. Throws Error as make_prompt_space() does.
[[nodiscard]] PromptVectors soft_base_prompt(const PromptOptions& options,
                                             const PromptSpaceInputs& inputs);

// For each row of `vectors` plus the embedding of its base token: the vocabulary token whose
// embedding has the largest cosine to it, the first of equals. Goes through the embeddings once.
[[nodiscard]] std::vector<TokenId> nearest_tokens(const PromptVectors& prompt,
                                                  const WordEmbeddings& embeddings);

}  // namespace bbprompt
