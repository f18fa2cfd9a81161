#include "bbprompt/prompt/soft_prompt_space.hpp"

#include <cmath>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "prompt/candidate_check.hpp"

namespace bbprompt {

SoftPromptSpace::SoftPromptSpace(const SoftPromptOptions& options,
                                 const SoftPromptSpaceInputs& inputs)
    : length_(inputs.length),
      hidden_size_(inputs.hidden_size),
      dimension_(options.dimension),
      base_ids_(inputs.base_ids) {
  if (hidden_size_ < 1) throw Error("this model takes no soft prompts; use prompt.kind: discrete");
  if (length_ < 1 || base_ids_.size() != static_cast<std::size_t>(length_)) {
    throw Error("a soft prompt needs one base token per position");
  }
  if (!(inputs.embedding_deviation > 0.0) || !(inputs.sigma > 0.0)) {
    throw Error("a soft prompt needs word embeddings that vary and a positive step size");
  }
  const Eigen::Index num_entries = Eigen::Index{length_} * hidden_size_;
  scale_ = options.alpha * inputs.embedding_deviation / inputs.sigma;
  if (dimension_ == 0) {
    dimension_ = num_entries;
    return;
  }
  const double deviation = scale_ / std::sqrt(static_cast<double>(dimension_));
  RandomStream random({.seed = inputs.seed, .purpose = "soft_projection"});
  projection_.resize(num_entries, dimension_);
  for (Eigen::Index row = 0; row < num_entries; ++row) {
    for (Eigen::Index column = 0; column < dimension_; ++column) {
      projection_(row, column) = static_cast<float>(deviation * random.normal());
    }
  }
}

SearchDomain SoftPromptSpace::domain() const {
  return {.start = Eigen::VectorXd::Zero(dimension_)};
}

Prompt SoftPromptSpace::decode(std::span<const double> candidate) const {
  check_candidate(candidate, dimension_);
  // A copy of its own: Eigen sums unaligned memory in an order that depends on the address.
  const Eigen::VectorXd z = Eigen::Map<const Eigen::VectorXd>(candidate.data(), dimension_);
  auto vectors = std::make_shared<RowMatrixXf>(length_, hidden_size_);
  Eigen::Map<Eigen::VectorXf> flat(vectors->data(), vectors->size());
  if (projection_.size() == 0) {
    flat = (scale_ * z).cast<float>();
  } else {
    flat.noalias() = projection_ * z.cast<float>();
  }
  return PromptVectors{.vectors = std::move(vectors), .base_ids = base_ids_};
}

}  // namespace bbprompt
