#pragma once

#include <Eigen/Core>
#include <iterator>
#include <vector>

#include "bbprompt/base/random_stream.hpp"

namespace bbprompt {

// Independent categorical distributions, one per coordinate of a point; coordinates may differ in
// their number of categories. Category j of a point's coordinate is the whole number j, from 0.
class CategoricalDistribution {
 public:
  // Uniform. Throws Error for no coordinates, and for a coordinate of fewer than two categories.
  explicit CategoricalDistribution(const std::vector<int>& num_categories);

  [[nodiscard]] Eigen::Index size() const { return std::ssize(num_categories_); }
  [[nodiscard]] Eigen::Index num_categories(Eigen::Index i) const {
    return num_categories_[static_cast<std::size_t>(i)];
  }

  // The categories of coordinate 0, then those of coordinate 1, and so on.
  Eigen::VectorXd probabilities;

  // Where the categories of coordinate i start among the probabilities.
  [[nodiscard]] Eigen::Index first(Eigen::Index i) const {
    return first_[static_cast<std::size_t>(i)];
  }
  [[nodiscard]] Eigen::Index place(Eigen::Index i, double category) const {
    return first(i) + static_cast<Eigen::Index>(category);
  }
  [[nodiscard]] auto row(Eigen::Index i) {
    return probabilities.segment(first(i), num_categories(i));
  }
  [[nodiscard]] auto row(Eigen::Index i) const {
    return probabilities.segment(first(i), num_categories(i));
  }

  // `count` points, one per column, coordinate after coordinate; one uniform number each. A row
  // that does not sum to 1 is taken relative to its sum; a category of probability 0 is never
  // drawn.
  [[nodiscard]] Eigen::MatrixXd draw(Eigen::Index count, const RandomStreamId& stream) const;

  // The most probable category of each coordinate, the lowest of equal ones.
  [[nodiscard]] Eigen::VectorXd mode() const;

 private:
  std::vector<int> num_categories_;
  std::vector<Eigen::Index> first_;
};

}  // namespace bbprompt
