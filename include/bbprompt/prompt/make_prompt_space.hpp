#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bbprompt/prompt/candidate_vocabulary.hpp"
#include "bbprompt/prompt/fixed_prompt_space.hpp"
#include "bbprompt/prompt/prompt_options.hpp"
#include "bbprompt/prompt/prompt_space.hpp"
#include "bbprompt/text/tokenizer.hpp"

namespace bbprompt {

// What a prompt space needs of the model and the task.
struct PromptSpaceInputs {
  const Tokenizer& tokenizer;
  Eigen::Map<const RowMatrixXf> word_embeddings;  // vocabulary x hidden
  double embedding_deviation = 0.0;
  double sigma = 1.0;                   // initial step size of the optimizer
  std::vector<std::string_view> texts;  // where candidates are counted
  std::uint64_t seed = 0;
  std::string manual_prompt{};           // of the task
  DemonstrationInputs demonstrations{};  // used by kDemonstrations only
};

struct PromptSpaceWithNotes {
  std::unique_ptr<PromptSpace> space;
  std::vector<std::string> notes;
};

// Discrete: the embedding of a candidate of several tokens is the mean of theirs. Soft: base tokens
// are those of `soft.init` (repeated or cut to the length), or drawn from the seed among the
// candidate vocabulary. Throws Error where the options cannot be met.
[[nodiscard]] PromptSpaceWithNotes make_prompt_space(const PromptOptions& options,
                                                     const PromptSpaceInputs& inputs);

// For each row of `vectors` plus the embedding of its base token: the vocabulary token whose
// embedding has the largest cosine to it.
[[nodiscard]] std::vector<TokenId> nearest_tokens(const PromptVectors& prompt,
                                                  Eigen::Map<const RowMatrixXf> word_embeddings);

}  // namespace bbprompt
