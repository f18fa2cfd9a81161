#include "prompt/discrete_prompt_space.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "prompt/point_check.hpp"

namespace bbprompt {
namespace {

// Rows on the `num_axes` strongest principal axes, unit variance each.
Eigen::MatrixXd principal_coordinates(const RowMatrixXf& embeddings, Eigen::Index num_axes) {
  Eigen::MatrixXd centred = embeddings.cast<double>();
  centred.rowwise() -= centred.colwise().mean().eval();
  const Eigen::MatrixXd covariance =
      centred.transpose() * centred / static_cast<double>(centred.rows());
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(covariance);
  if (solver.info() != Eigen::Success)
    throw Error("principal axes of the word embeddings not found");
  const auto& variances = solver.eigenvalues();  // ascending
  const Eigen::Index rank = (variances.array() > 1e-9 * variances.maxCoeff()).count();
  num_axes = std::min(num_axes, rank);
  if (num_axes == 0) throw Error("the candidates' word embeddings are all equal");
  const Eigen::MatrixXd axes = solver.eigenvectors().rightCols(num_axes);
  const Eigen::VectorXd scales = variances.tail(num_axes).cwiseSqrt().cwiseInverse();
  return centred * axes * scales.asDiagonal();
}

Eigen::MatrixXf normal_projection(Eigen::Index rows, Eigen::Index dimension, std::uint64_t seed) {
  RandomStream random({.seed = seed, .purpose = "logit_projection"});
  Eigen::MatrixXf projection(rows, dimension);
  const double deviation = 1.0 / std::sqrt(static_cast<double>(dimension));
  for (Eigen::Index row = 0; row < rows; ++row) {
    for (Eigen::Index column = 0; column < dimension; ++column) {
      projection(row, column) = static_cast<float>(deviation * random.normal());
    }
  }
  return projection;
}

}  // namespace

DiscretePromptSpace::DiscretePromptSpace(const DiscretePromptOptions& options,
                                         const DiscretePromptSpaceInputs& inputs)
    : relaxation_(options.relaxation), length_(inputs.length), options_(inputs.options) {
  const auto num_options = static_cast<Eigen::Index>(options_.size());
  if (length_ < 1 || num_options < 2) {
    throw Error("a discrete prompt needs at least 1 position and 2 candidates");
  }
  if (relaxation_ == Relaxation::kIndex) {
    dimension_ = length_;
    return;
  }
  if (relaxation_ == Relaxation::kLogits) {
    dimension_ = options.dimension;
    projection_ = normal_projection(num_options * length_, dimension_, inputs.seed);
    return;
  }
  if (inputs.option_embeddings.rows() != num_options) {
    throw Error("expected one word embedding per candidate");
  }
  directions_ = principal_coordinates(inputs.option_embeddings, options.dimension_per_token);
  offsets_ = Eigen::VectorXd::Zero(num_options);
  if (relaxation_ == Relaxation::kEmbedding) {
    directions_.rowwise().normalize();
  } else {
    // |z - e|^2 = |z|^2 - 2 (<z, e> - |e|^2 / 2)
    offsets_ = 0.5 * directions_.rowwise().squaredNorm();
  }
  dimension_ = length_ * directions_.cols();
}

SearchDomain DiscretePromptSpace::domain() const {
  SearchDomain domain{.start = Eigen::VectorXd::Zero(dimension_)};
  if (relaxation_ == Relaxation::kIndex) {
    domain.num_categories.assign(static_cast<std::size_t>(length_),
                                 static_cast<int>(options_.size()));
  }
  return domain;
}

Eigen::MatrixXd DiscretePromptSpace::scores(std::span<const double> point) const {
  // A copy of its own: Eigen sums unaligned memory in an order that depends on the address.
  const Eigen::VectorXd z = Eigen::Map<const Eigen::VectorXd>(point.data(), dimension_);
  const auto num_options = static_cast<Eigen::Index>(options_.size());
  if (relaxation_ == Relaxation::kLogits) {
    const Eigen::VectorXd all = projection_.cast<double>() * z;
    return Eigen::Map<const Eigen::MatrixXd>(all.data(), num_options, length_);
  }
  const Eigen::Map<const Eigen::MatrixXd> positions(z.data(), directions_.cols(), length_);
  Eigen::MatrixXd all = directions_ * positions;
  all.colwise() -= offsets_;
  return all;
}

std::vector<int> DiscretePromptSpace::choices(std::span<const double> point) const {
  check_point(point, dimension_);
  std::vector<int> chosen;
  if (relaxation_ == Relaxation::kIndex) {
    const auto num_options = static_cast<int>(options_.size());
    for (const double value : point) chosen.push_back(category_of(value, num_options));
    return chosen;
  }
  const Eigen::MatrixXd all = scores(point);
  for (Eigen::Index position = 0; position < all.cols(); ++position) {
    const double* column = all.col(position).data();
    const auto best = std::max_element(column, column + all.rows()) - column;
    chosen.push_back(static_cast<int>(best));
  }
  return chosen;
}

Prompt DiscretePromptSpace::decode(std::span<const double> point) const {
  PromptTokens prompt;
  for (const int choice : choices(point)) {
    const auto& ids = options_[static_cast<std::size_t>(choice)].ids;
    prompt.ids.insert(prompt.ids.end(), ids.begin(), ids.end());
  }
  return prompt;
}

std::vector<std::vector<TokenId>> DiscretePromptSpace::option_ids() const {
  std::vector<std::vector<TokenId>> ids;
  ids.reserve(options_.size());
  for (const PromptOption& option : options_) ids.push_back(option.ids);
  return ids;
}

std::vector<std::string> DiscretePromptSpace::option_texts() const {
  std::vector<std::string> texts;
  texts.reserve(options_.size());
  for (const PromptOption& option : options_) texts.push_back(option.text);
  return texts;
}

}  // namespace bbprompt
