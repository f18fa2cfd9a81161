#pragma once

#include <Eigen/Core>
#include <limits>
#include <vector>

#include "bbprompt/store/trial_record.hpp"
#include "run/points.hpp"

namespace bbprompt {

// The point of the least fitness that a search has met; the first of equal ones.
class Incumbent {
 public:
  [[nodiscard]] const std::vector<double>& point() const { return point_; }
  [[nodiscard]] double fitness() const { return fitness_; }  // infinity before the first
  [[nodiscard]] const Eigen::VectorXd& label_means() const { return label_means_; }

  // Takes in a generation: points are columns, one fitness and one vector of label means each.
  void update(const Eigen::MatrixXd& points, const Eigen::VectorXd& fitness,
              const std::vector<Eigen::VectorXd>& label_means) {
    for (Eigen::Index i = 0; i < fitness.size(); ++i) {
      if (!(fitness(i) < fitness_)) continue;
      fitness_ = fitness(i);
      point_ = to_vector(points.col(i));
      label_means_ = label_means[static_cast<std::size_t>(i)];
    }
  }

  void save(Checkpoint& checkpoint) const {
    if (!point_.empty()) {
      checkpoint.incumbent = Eigen::Map<const Eigen::VectorXd>(
          point_.data(), static_cast<Eigen::Index>(point_.size()));
    }
    checkpoint.incumbent_label_means = label_means_;
    checkpoint.incumbent_fitness = fitness_;
  }
  void restore(const Checkpoint& checkpoint) {
    point_ = to_vector(checkpoint.incumbent);
    label_means_ = checkpoint.incumbent_label_means;
    fitness_ = checkpoint.incumbent_fitness;
  }

 private:
  std::vector<double> point_;
  Eigen::VectorXd label_means_;
  double fitness_ = std::numeric_limits<double>::infinity();
};

}  // namespace bbprompt
