#include "bbprompt/prompt/make_prompt_space.hpp"

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "bbprompt/prompt/candidate_vocabulary.hpp"
#include "bbprompt/prompt/discrete_prompt_space.hpp"
#include "bbprompt/prompt/soft_prompt_space.hpp"

namespace bbprompt {
namespace {

PromptSpaceWithNotes make_discrete(const PromptOptions& options, const PromptSpaceInputs& inputs) {
  auto vocabulary =
      make_candidate_vocabulary(options.discrete, inputs.tokenizer, inputs.train_texts);
  DiscretePromptSpaceInputs parts{.length = options.length,
                                  .candidate_ids = std::move(vocabulary.ids),
                                  .candidate_embeddings = {},
                                  .seed = inputs.seed};
  if (options.discrete.relaxation == Relaxation::kEmbedding) {
    if (inputs.word_embeddings.size() == 0) {
      throw Error("this model shows no word embeddings; use prompt.discrete.relaxation: logits");
    }
    parts.candidate_embeddings.resize(static_cast<Eigen::Index>(parts.candidate_ids.size()),
                                      inputs.word_embeddings.cols());
    for (Eigen::Index i = 0; i < parts.candidate_embeddings.rows(); ++i) {
      parts.candidate_embeddings.row(i) =
          inputs.word_embeddings.row(parts.candidate_ids[static_cast<std::size_t>(i)]);
    }
  }
  return {.space = std::make_unique<DiscretePromptSpace>(options.discrete, parts),
          .notes = std::move(vocabulary.notes)};
}

std::vector<TokenId> base_tokens(const PromptOptions& options, const PromptSpaceInputs& inputs) {
  std::vector<TokenId> source;
  if (!options.soft.init.empty()) {
    source = inputs.tokenizer.encode(options.soft.init).ids;
    if (source.empty()) throw Error("prompt.soft.init has no tokens");
  } else {
    source = make_candidate_vocabulary({}, inputs.tokenizer, inputs.train_texts).ids;
    RandomStream random({.seed = inputs.seed, .purpose = "soft_base_tokens"});
    random.shuffle(std::span(source));
  }
  std::vector<TokenId> ids;
  ids.reserve(static_cast<std::size_t>(options.length));
  for (int i = 0; i < options.length; ++i)
    ids.push_back(source[static_cast<std::size_t>(i) % source.size()]);
  return ids;
}

PromptSpaceWithNotes make_soft(const PromptOptions& options, const PromptSpaceInputs& inputs) {
  const SoftPromptSpaceInputs parts{
      .length = options.length,
      .hidden_size = static_cast<int>(inputs.word_embeddings.cols()),
      .embedding_deviation = inputs.embedding_deviation,
      .sigma = inputs.sigma,
      .base_ids = base_tokens(options, inputs),
      .seed = inputs.seed,
  };
  return {.space = std::make_unique<SoftPromptSpace>(options.soft, parts), .notes = {}};
}

}  // namespace

PromptSpaceWithNotes make_prompt_space(const PromptOptions& options,
                                       const PromptSpaceInputs& inputs) {
  return options.kind == PromptKind::kDiscrete ? make_discrete(options, inputs)
                                               : make_soft(options, inputs);
}

std::vector<TokenId> nearest_tokens(const PromptVectors& prompt,
                                    Eigen::Map<const RowMatrixXf> word_embeddings) {
  const Eigen::VectorXf lengths = word_embeddings.rowwise().norm().cwiseMax(1e-12F);
  std::vector<TokenId> ids;
  for (Eigen::Index i = 0; i < prompt.vectors->rows(); ++i) {
    Eigen::RowVectorXf target = prompt.vectors->row(i);
    if (!prompt.base_ids.empty()) {
      target += word_embeddings.row(prompt.base_ids[static_cast<std::size_t>(i)]);
    }
    const Eigen::VectorXf cosines = (word_embeddings * target.transpose()).cwiseQuotient(lengths);
    Eigen::Index best = 0;
    cosines.maxCoeff(&best);
    ids.push_back(static_cast<TokenId>(best));
  }
  return ids;
}

}  // namespace bbprompt
