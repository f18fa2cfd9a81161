#include "bbprompt/prompt/discrete_prompt_space.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "prompt/candidate_check.hpp"

namespace bbprompt {
namespace {

// Rows of unit length on the `num_axes` strongest principal axes, unit variance each.
Eigen::MatrixXd principal_directions(const RowMatrixXf& embeddings, Eigen::Index num_axes) {
  Eigen::MatrixXd centred = embeddings.cast<double>();
  centred.rowwise() -= centred.colwise().mean().eval();
  const Eigen::MatrixXd covariance = centred.transpose() * centred;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance);
  if (solver.info() != Eigen::Success)
    throw Error("principal axes of the word embeddings not found");
  const auto& variances = solver.eigenvalues();  // ascending
  const Eigen::Index rank = (variances.array() > 1e-9 * variances.maxCoeff()).count();
  num_axes = std::min(num_axes, rank);
  if (num_axes == 0) throw Error("the candidates' word embeddings are all equal");
  const Eigen::MatrixXd axes = solver.eigenvectors().rightCols(num_axes);
  const Eigen::VectorXd scales = variances.tail(num_axes).cwiseSqrt().cwiseInverse();
  Eigen::MatrixXd directions = centred * axes * scales.asDiagonal();
  directions.rowwise().normalize();
  return directions;
}

}  // namespace

DiscretePromptSpace::DiscretePromptSpace(const DiscretePromptOptions& options,
                                         const DiscretePromptSpaceInputs& inputs)
    : relaxation_(options.relaxation),
      length_(inputs.length),
      candidate_ids_(inputs.candidate_ids) {
  const auto num_candidates = static_cast<Eigen::Index>(candidate_ids_.size());
  if (length_ < 1 || num_candidates < 2) {
    throw Error("a discrete prompt needs at least 1 position and 2 candidates");
  }
  if (relaxation_ == Relaxation::kEmbedding) {
    if (inputs.candidate_embeddings.rows() != num_candidates) {
      throw Error("expected one word embedding per candidate");
    }
    directions_ = principal_directions(inputs.candidate_embeddings, options.dimension_per_token);
    dimension_ = length_ * directions_.cols();
    return;
  }
  dimension_ = options.dimension;
  RandomStream random({.seed = inputs.seed, .purpose = "logit_projection"});
  projection_.resize(num_candidates * length_, dimension_);
  const double deviation = 1.0 / std::sqrt(static_cast<double>(dimension_));
  for (Eigen::Index row = 0; row < projection_.rows(); ++row) {
    for (Eigen::Index column = 0; column < dimension_; ++column) {
      projection_(row, column) = static_cast<float>(deviation * random.normal());
    }
  }
}

SearchDomain DiscretePromptSpace::domain() const {
  return {.start = Eigen::VectorXd::Zero(dimension_)};
}

Eigen::MatrixXd DiscretePromptSpace::scores(std::span<const double> candidate) const {
  // A copy of its own: Eigen sums unaligned memory in an order that depends on the address.
  const Eigen::VectorXd z = Eigen::Map<const Eigen::VectorXd>(candidate.data(), dimension_);
  const auto num_candidates = static_cast<Eigen::Index>(candidate_ids_.size());
  if (relaxation_ == Relaxation::kEmbedding) {
    const Eigen::Map<const Eigen::MatrixXd> positions(z.data(), directions_.cols(), length_);
    return directions_ * positions;
  }
  const Eigen::VectorXd all = projection_.cast<double>() * z;
  return Eigen::Map<const Eigen::MatrixXd>(all.data(), num_candidates, length_);
}

Prompt DiscretePromptSpace::decode(std::span<const double> candidate) const {
  check_candidate(candidate, dimension_);
  const Eigen::MatrixXd all = scores(candidate);
  PromptTokens prompt;
  for (Eigen::Index position = 0; position < all.cols(); ++position) {
    const double* column = all.col(position).data();
    const auto best = std::max_element(column, column + all.rows()) - column;
    prompt.ids.push_back(candidate_ids_[static_cast<std::size_t>(best)]);
  }
  return prompt;
}

}  // namespace bbprompt
