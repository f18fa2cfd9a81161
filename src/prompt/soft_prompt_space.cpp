#include "bbprompt/prompt/soft_prompt_space.hpp"

#include <algorithm>
#include <cmath>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "prompt/candidate_check.hpp"

namespace bbprompt {
namespace {

void check(const SoftPromptOptions& options, const SoftPromptSpaceInputs& inputs) {
  if (inputs.hidden_size < 1) {
    throw Error("this model takes no soft prompts; use prompt.kind: discrete");
  }
  if (inputs.length < 1) throw Error("a soft prompt needs at least one position");
  const bool is_added = options.mode == SoftPromptMode::kAdd;
  if (inputs.base_ids.size() != (is_added ? static_cast<std::size_t>(inputs.length) : 0)) {
    throw Error(is_added ? "a soft prompt needs one base token per position"
                         : "a concatenated soft prompt has no base tokens");
  }
  if (inputs.base_vectors.size() != 0 && (is_added || inputs.base_vectors.rows() != inputs.length ||
                                          inputs.base_vectors.cols() != inputs.hidden_size)) {
    throw Error("a concatenated soft prompt needs one base vector per position, or none");
  }
  if (!(inputs.embedding_deviation > 0.0) || !(inputs.sigma > 0.0)) {
    throw Error("a soft prompt needs word embeddings that vary and a positive step size");
  }
  if (!std::all_of(inputs.layer_deviations.begin(), inputs.layer_deviations.end(),
                   [](double deviation) { return deviation > 0.0 && std::isfinite(deviation); })) {
    throw Error("a deep prompt needs hidden states that vary in every layer");
  }
}

}  // namespace

SoftPromptSpace::SoftPromptSpace(const SoftPromptOptions& options,
                                 const SoftPromptSpaceInputs& inputs)
    : length_(inputs.length),
      hidden_size_(inputs.hidden_size),
      block_size_(options.dimension),
      base_ids_(inputs.base_ids),
      base_vectors_(inputs.base_vectors) {
  check(options, inputs);
  if (block_size_ == 0) block_size_ = Eigen::Index{length_} * hidden_size_;
  std::vector<double> deviations = {inputs.embedding_deviation};
  if (options.layers == SoftPromptLayers::kAll) {
    deviations.insert(deviations.end(), inputs.layer_deviations.begin(),
                      inputs.layer_deviations.end());
  }
  for (const double deviation : deviations) {
    const double scale = options.alpha * deviation / inputs.sigma;
    blocks_.push_back(options.dimension == 0 ? Block{.scale = scale, .projection = {}}
                                             : make_block(scale, inputs));
  }
}

// The next layer's projection.
SoftPromptSpace::Block SoftPromptSpace::make_block(double scale,
                                                   const SoftPromptSpaceInputs& inputs) const {
  const double deviation = scale / std::sqrt(static_cast<double>(block_size_));
  RandomStream random(
      {.seed = inputs.seed, .generation = blocks_.size(), .purpose = "soft_projection"});
  Block block;
  block.projection.resize(Eigen::Index{length_} * hidden_size_, block_size_);
  for (Eigen::Index row = 0; row < block.projection.rows(); ++row) {
    for (Eigen::Index column = 0; column < block_size_; ++column) {
      block.projection(row, column) = static_cast<float>(deviation * random.normal());
    }
  }
  return block;
}

Eigen::Index SoftPromptSpace::dimension() const {
  return block_size_ * static_cast<Eigen::Index>(blocks_.size());
}

SearchDomain SoftPromptSpace::domain() const {
  SearchDomain domain{.start = Eigen::VectorXd::Zero(dimension())};
  if (blocks_.size() > 1) domain.block_sizes.assign(blocks_.size(), block_size_);
  return domain;
}

std::shared_ptr<RowMatrixXf> SoftPromptSpace::vectors(const Block& block,
                                                      std::span<const double> coordinates) const {
  // A copy of its own: Eigen sums unaligned memory in an order that depends on the address.
  const Eigen::VectorXd z = Eigen::Map<const Eigen::VectorXd>(coordinates.data(), block_size_);
  auto vectors = std::make_shared<RowMatrixXf>(length_, hidden_size_);
  Eigen::Map<Eigen::VectorXf> flat(vectors->data(), vectors->size());
  if (block.projection.size() == 0) {
    flat = (block.scale * z).cast<float>();
  } else {
    flat.noalias() = block.projection * z.cast<float>();
  }
  return vectors;
}

Prompt SoftPromptSpace::decode(std::span<const double> candidate) const {
  check_candidate(candidate, dimension());
  const auto size = static_cast<std::size_t>(block_size_);
  auto input = vectors(blocks_.front(), candidate.first(size));
  if (base_vectors_.size() != 0) *input += base_vectors_;
  PromptVectors prompt{.vectors = std::move(input), .base_ids = base_ids_};
  for (std::size_t layer = 1; layer < blocks_.size(); ++layer) {
    prompt.layers.push_back(vectors(blocks_[layer], candidate.subspan(layer * size, size)));
  }
  return prompt;
}

}  // namespace bbprompt
