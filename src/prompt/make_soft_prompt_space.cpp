#include "prompt/make_soft_prompt_space.hpp"

#include <limits>
#include <string>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "bbprompt/prompt/option_vocabulary.hpp"
#include "prompt/soft_prompt_space.hpp"

namespace bbprompt {
namespace {

// Tokens of `soft.init`, or words drawn from the seed; repeated or cut to the length.
std::vector<TokenId> base_tokens(const PromptOptions& options, const PromptSpaceInputs& inputs) {
  std::vector<TokenId> source;
  if (!options.soft.init.empty()) {
    source = inputs.tokenizer().encode(options.soft.init).ids;
    if (source.empty()) throw Error("prompt.soft.init has no tokens");
  } else {
    OptionVocabulary words;
    try {
      // Any frequent tokens will do to start from, and these are the ones that searches have always
      // started from.
      words = inputs.find_candidates({.candidates = {.source = CandidateSource::kWordBeginnings}});
    } catch (const Error&) {
      throw Error(
          "the train texts have too few words for the base tokens under a soft prompt; give their "
          "text as prompt.soft.init");
    }
    for (const PromptOption& word : words.options) source.push_back(word.ids.front());
    RandomStream random({.seed = inputs.seed, .purpose = "soft_base_tokens"});
    random.shuffle(std::span(source));
  }
  std::vector<TokenId> ids;
  ids.reserve(static_cast<std::size_t>(options.length));
  for (int i = 0; i < options.length; ++i)
    ids.push_back(source[static_cast<std::size_t>(i) % source.size()]);
  return ids;
}

// What the options and the model say of each other.
void check_layers(const SoftPromptOptions& options, const PromptSpaceInputs& inputs) {
  if (options.layers == SoftPromptLayers::kInput) return;
  if (inputs.num_layers < 1) {
    throw Error(
        "prompt.soft.layers: all needs a model whose hidden states can be reached (a "
        "BERT or RoBERTa with model.kind: replica), which those of this one cannot; use "
        "prompt.soft.layers: input");
  }
}

const WordEmbeddings& embeddings_of(const PromptSpaceInputs& inputs) {
  const WordEmbeddings* embeddings = inputs.vocabulary.embeddings;
  if (embeddings != nullptr && embeddings->size() > 0) return *embeddings;
  throw Error("this model takes no soft prompts; use prompt.kind: discrete");
}

}  // namespace

PromptVectors soft_base_prompt(const PromptOptions& options, const PromptSpaceInputs& inputs) {
  const WordEmbeddings& embeddings = embeddings_of(inputs);
  RowMatrixXf vectors = RowMatrixXf::Zero(options.length, embeddings.size());
  std::vector<TokenId> ids;
  const bool is_added = options.soft.mode == SoftPromptMode::kAdd;
  if (is_added || !options.soft.init.empty()) ids = base_tokens(options, inputs);
  if (!is_added) {
    if (!ids.empty()) vectors = embeddings.rows(ids);
    ids.clear();
  }
  return {.vectors = std::make_shared<const RowMatrixXf>(std::move(vectors)),
          .base_ids = std::move(ids)};
}

PromptSpaceWithNotes make_soft_prompt_space(const PromptOptions& options,
                                            const PromptSpaceInputs& inputs) {
  check_layers(options.soft, inputs);
  const PromptVectors base = soft_base_prompt(options, inputs);
  SoftPromptSpaceInputs parts{
      .length = options.length,
      .hidden_size = static_cast<int>(embeddings_of(inputs).size()),
      .embedding_deviation = embeddings_of(inputs).deviation(),
      .sigma = inputs.sigma,
      .base_ids = base.base_ids,
      .seed = inputs.seed,
      .num_layers = inputs.num_layers,
  };
  if (options.soft.mode == SoftPromptMode::kConcatenate) parts.base_vectors = *base.vectors;
  return {.space = std::make_unique<SoftPromptSpace>(options.soft, parts), .notes = {}};
}

std::vector<TokenId> nearest_tokens(const PromptVectors& prompt, const WordEmbeddings& embeddings) {
  std::vector<Eigen::VectorXf> targets;
  for (Eigen::Index i = 0; i < prompt.vectors->rows(); ++i) {
    Eigen::RowVectorXf target = prompt.vectors->row(i);
    if (!prompt.base_ids.empty()) {
      target += embeddings.rows({&prompt.base_ids[static_cast<std::size_t>(i)], 1}).row(0);
    }
    targets.emplace_back(target.transpose());
  }
  std::vector<TokenId> ids(targets.size(), 0);
  std::vector<float> largest(targets.size(), -std::numeric_limits<float>::infinity());
  embeddings.visit([&](Eigen::Index first, const WordEmbeddings::Block& rows) {
    const Eigen::VectorXf lengths = rows.rowwise().norm().cwiseMax(1e-12F);
    for (std::size_t i = 0; i < targets.size(); ++i) {
      const Eigen::VectorXf cosines = (rows * targets[i]).cwiseQuotient(lengths);
      Eigen::Index best = 0;
      const float cosine = cosines.maxCoeff(&best);
      if (cosine <= largest[i]) continue;
      largest[i] = cosine;
      ids[i] = static_cast<TokenId>(first + best);
    }
  });
  return ids;
}

}  // namespace bbprompt
