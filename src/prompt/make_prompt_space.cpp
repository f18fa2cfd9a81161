#include "bbprompt/prompt/make_prompt_space.hpp"

#include "bbprompt/base/error.hpp"
#include "bbprompt/prompt/option_vocabulary.hpp"
#include "prompt/discrete_prompt_space.hpp"
#include "prompt/make_soft_prompt_space.hpp"

namespace bbprompt {
namespace {

// Row c: mean word embedding of the candidate's tokens.
RowMatrixXf mean_embeddings(const std::vector<PromptOption>& candidates,
                            const WordEmbeddings& embeddings) {
  RowMatrixXf means =
      RowMatrixXf::Zero(static_cast<Eigen::Index>(candidates.size()), embeddings.size());
  for (Eigen::Index c = 0; c < means.rows(); ++c) {
    const auto& ids = candidates[static_cast<std::size_t>(c)].ids;
    const RowMatrixXf rows = embeddings.rows(ids);
    for (Eigen::Index i = 0; i < rows.rows(); ++i) means.row(c) += rows.row(i);
    means.row(c) /= static_cast<float>(ids.size());
  }
  return means;
}

PromptSpaceWithNotes make_discrete(const PromptOptions& options, const PromptSpaceInputs& inputs) {
  auto vocabulary = inputs.find_candidates(options.discrete);
  DiscretePromptSpaceInputs parts{.length = options.length,
                                  .options = std::move(vocabulary.options),
                                  .option_embeddings = {},
                                  .seed = inputs.seed};
  const Relaxation relaxation = options.discrete.relaxation;
  if (relaxation == Relaxation::kEmbedding || relaxation == Relaxation::kNearest) {
    if (inputs.vocabulary.embeddings == nullptr) {
      throw Error(
          "this model shows no word embeddings; use prompt.discrete.relaxation: logits or index");
    }
    parts.option_embeddings = mean_embeddings(parts.options, *inputs.vocabulary.embeddings);
  }
  return {.space = std::make_unique<DiscretePromptSpace>(options.discrete, parts),
          .notes = std::move(vocabulary.notes)};
}

PromptSpaceWithNotes make_manual(const ManualPromptOptions& options,
                                 const PromptSpaceInputs& inputs) {
  std::vector<TokenId> ids;
  for (const std::string& token : options.tokens) {
    const Tokenizer* tokenizer = inputs.vocabulary.tokenizer;
    if (tokenizer == nullptr) break;  // it takes text
    if (const auto id = tokenizer->find_token(token)) ids.push_back(*id);
  }
  if (!ids.empty() && ids.size() == options.tokens.size()) {
    return {.space = std::make_unique<ManualTokensSpace>(std::move(ids)), .notes = {}};
  }
  const std::string& text = options.text.empty() ? inputs.manual_prompt : options.text;
  PromptSpaceWithNotes result{.space = std::make_unique<ManualPromptSpace>(text), .notes = {}};
  if (!options.tokens.empty()) {
    result.notes.push_back(
        std::to_string(options.tokens.size() - ids.size()) + " of the " +
        std::to_string(options.tokens.size()) +
        " prompt.manual.tokens are not in the model's vocabulary; prompt.manual.text is used");
  }
  return result;
}

}  // namespace

const Tokenizer& PromptSpaceInputs::tokenizer() const {
  if (vocabulary.tokenizer != nullptr) return *vocabulary.tokenizer;
  throw Error(
      "this model takes text only, no tokens of its vocabulary; use prompt.kind: manual or "
      "demonstrations");
}

OptionVocabulary PromptSpaceInputs::find_candidates(const DiscretePromptOptions& options) const {
  if (option_cache == nullptr) return make_option_vocabulary(options, tokenizer(), texts);
  return option_cache->get(options, tokenizer(), texts, text_owner);
}

PromptSpaceWithNotes make_prompt_space(const PromptOptions& options,
                                       const PromptSpaceInputs& inputs) {
  switch (options.kind) {
    case PromptKind::kDiscrete:
      return make_discrete(options, inputs);
    case PromptKind::kSoft:
      return make_soft_prompt_space(options, inputs);
    case PromptKind::kManual:
      return make_manual(options.manual, inputs);
    case PromptKind::kDemonstrations: {
      auto space =
          std::make_unique<DemonstrationPromptSpace>(options.demonstrations, inputs.demonstrations);
      auto notes = space->notes();
      return {.space = std::move(space), .notes = std::move(notes)};
    }
  }
  throw Error("unknown kind of prompt");
}

}  // namespace bbprompt
