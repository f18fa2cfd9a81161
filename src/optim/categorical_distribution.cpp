#include "optim/categorical_distribution.hpp"

#include <string>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

// The first category whose cumulated probability exceeds the share `u` of the whole.
template <typename Row>
Eigen::Index category_at(const Row& row, double u) {
  double sum = 0.0;
  for (const double probability : row) sum += probability;
  const double target = u * sum;
  double cumulated = 0.0;
  Eigen::Index last_possible = 0;
  for (Eigen::Index j = 0; j < row.size(); ++j) {
    cumulated += row[j];
    if (cumulated > target) return j;
    if (row[j] > 0.0) last_possible = j;
  }
  return last_possible;  // rounding took the target to the sum
}

}  // namespace

CategoricalDistribution::CategoricalDistribution(const std::vector<int>& num_categories)
    : num_categories_(num_categories) {
  if (num_categories.empty()) {
    throw Error("categorical distribution: expected at least one coordinate");
  }
  Eigen::Index total = 0;
  for (const int count : num_categories) {
    if (count < 2) {
      throw Error("categorical distribution: coordinate " + std::to_string(first_.size()) +
                  " expected at least 2 categories, found " + std::to_string(count));
    }
    first_.push_back(total);
    total += count;
  }
  probabilities.resize(total);
  for (Eigen::Index i = 0; i < size(); ++i) {
    row(i).setConstant(1.0 / static_cast<double>(this->num_categories(i)));
  }
}

Eigen::MatrixXd CategoricalDistribution::draw(Eigen::Index count,
                                              const RandomStreamId& stream) const {
  RandomStream random(stream);
  Eigen::MatrixXd points(size(), count);
  for (auto point : points.colwise()) {
    for (Eigen::Index i = 0; i < size(); ++i) {
      point[i] = static_cast<double>(category_at(row(i), random.uniform()));
    }
  }
  return points;
}

Eigen::VectorXd CategoricalDistribution::mode() const {
  Eigen::VectorXd point(size());
  for (Eigen::Index i = 0; i < size(); ++i) {
    const auto probabilities_of_i = row(i);
    Eigen::Index best = 0;
    for (Eigen::Index j = 1; j < probabilities_of_i.size(); ++j) {
      if (probabilities_of_i[j] > probabilities_of_i[best]) best = j;
    }
    point[i] = static_cast<double>(best);
  }
  return point;
}

}  // namespace bbprompt
