#include "bbprompt/prompt/make_prompt_space.hpp"

#include "bbprompt/base/error.hpp"
#include "bbprompt/prompt/candidate_vocabulary.hpp"
#include "bbprompt/prompt/discrete_prompt_space.hpp"
#include "prompt/make_soft_prompt_space.hpp"

namespace bbprompt {
namespace {

// Row c: mean word embedding of the candidate's tokens.
RowMatrixXf mean_embeddings(const std::vector<Candidate>& candidates,
                            Eigen::Map<const RowMatrixXf> word_embeddings) {
  RowMatrixXf means =
      RowMatrixXf::Zero(static_cast<Eigen::Index>(candidates.size()), word_embeddings.cols());
  for (Eigen::Index c = 0; c < means.rows(); ++c) {
    const auto& ids = candidates[static_cast<std::size_t>(c)].ids;
    for (const TokenId id : ids) means.row(c) += word_embeddings.row(id);
    means.row(c) /= static_cast<float>(ids.size());
  }
  return means;
}

PromptSpaceWithNotes make_discrete(const PromptOptions& options, const PromptSpaceInputs& inputs) {
  auto vocabulary = inputs.find_candidates(options.discrete);
  DiscretePromptSpaceInputs parts{.length = options.length,
                                  .candidates = std::move(vocabulary.candidates),
                                  .candidate_embeddings = {},
                                  .seed = inputs.seed};
  const Relaxation relaxation = options.discrete.relaxation;
  if (relaxation == Relaxation::kEmbedding || relaxation == Relaxation::kNearest) {
    if (inputs.word_embeddings.size() == 0) {
      throw Error(
          "this model shows no word embeddings; use prompt.discrete.relaxation: logits or index");
    }
    parts.candidate_embeddings = mean_embeddings(parts.candidates, inputs.word_embeddings);
  }
  return {.space = std::make_unique<DiscretePromptSpace>(options.discrete, parts),
          .notes = std::move(vocabulary.notes)};
}

PromptSpaceWithNotes make_manual(const ManualPromptOptions& options,
                                 const PromptSpaceInputs& inputs) {
  std::vector<TokenId> ids;
  for (const std::string& token : options.tokens) {
    if (const auto id = inputs.tokenizer.find_token(token)) ids.push_back(*id);
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

CandidateVocabulary PromptSpaceInputs::find_candidates(const DiscretePromptOptions& options) const {
  if (candidate_cache == nullptr) return make_candidate_vocabulary(options, tokenizer, texts);
  return candidate_cache->get(options, tokenizer, texts, text_owner);
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
