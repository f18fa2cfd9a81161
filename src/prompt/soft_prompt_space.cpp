#include "prompt/soft_prompt_space.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "prompt/point_check.hpp"

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
}

}  // namespace

SoftPromptSpace::SoftPromptSpace(const SoftPromptOptions& options,
                                 const SoftPromptSpaceInputs& inputs)
    : options_(options),
      length_(inputs.length),
      hidden_size_(inputs.hidden_size),
      num_layers_(options.layers == SoftPromptLayers::kAll ? inputs.num_layers : 1),
      sigma_(inputs.sigma),
      seed_(inputs.seed),
      block_size_(options.dimension),
      base_ids_(inputs.base_ids),
      base_vectors_(inputs.base_vectors) {
  check(options, inputs);
  if (block_size_ == 0) block_size_ = Eigen::Index{length_} * hidden_size_;
  add_block(inputs.embedding_deviation);
}

void SoftPromptSpace::set_layer_scales(std::span<const double> deviations) {
  if (deviations.size() + 1 != static_cast<std::size_t>(num_layers_)) {
    throw Error("a deep prompt for a model of " + std::to_string(num_layers_) +
                " layers needs the deviation of each but the first, found " +
                std::to_string(deviations.size()));
  }
  if (!std::all_of(deviations.begin(), deviations.end(),
                   [](double deviation) { return deviation > 0.0 && std::isfinite(deviation); })) {
    throw Error("a deep prompt needs hidden states that vary in every layer");
  }
  blocks_.resize(1);
  for (const double deviation : deviations) add_block(deviation);
}

void SoftPromptSpace::add_block(double deviation) {
  const double scale = options_.alpha * deviation / sigma_;
  blocks_.push_back(options_.dimension == 0 ? Block{.scale = scale, .projection = {}}
                                            : make_block(scale));
}

// The next layer's projection.
SoftPromptSpace::Block SoftPromptSpace::make_block(double scale) const {
  const double deviation = scale / std::sqrt(static_cast<double>(block_size_));
  RandomStream random({.seed = seed_, .generation = blocks_.size(), .purpose = "soft_projection"});
  Block block;
  block.projection.resize(Eigen::Index{length_} * hidden_size_, block_size_);
  for (Eigen::Index row = 0; row < block.projection.rows(); ++row) {
    for (Eigen::Index column = 0; column < block_size_; ++column) {
      block.projection(row, column) = static_cast<float>(deviation * random.normal());
    }
  }
  return block;
}

Eigen::Index SoftPromptSpace::dimension() const { return block_size_ * num_layers_; }

SearchDomain SoftPromptSpace::domain() const {
  SearchDomain domain{.start = Eigen::VectorXd::Zero(dimension())};
  if (num_layers_ > 1)
    domain.block_sizes.assign(static_cast<std::size_t>(num_layers_), block_size_);
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

Prompt SoftPromptSpace::decode(std::span<const double> point) const {
  check_point(point, dimension());
  const auto size = static_cast<std::size_t>(block_size_);
  auto input = vectors(blocks_.front(), point.first(size));
  if (base_vectors_.size() != 0) *input += base_vectors_;
  PromptVectors prompt{.vectors = std::move(input), .base_ids = base_ids_};
  for (std::size_t layer = 1; layer < blocks_.size(); ++layer) {
    prompt.layers.push_back(vectors(blocks_[layer], point.subspan(layer * size, size)));
  }
  return prompt;
}

}  // namespace bbprompt
