#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bbprompt {

// Why an optimizer will not improve further; names follow pycma's stop dictionary.
enum class StopReason {
  kTolFun,
  kTolFunHist,
  kTolX,
  kTolFacUpX,
  kTolUpSigma,
  kTolConditionCov,
  kTolFlatFitness,
  kTolStagnation,
  kNoEffectAxis,
  kNoEffectCoord,
  kMaxIterations,
  kTarget,
  kZeroProbability,  // ours: a distribution that lost a category for good, nothing to learn from
};
[[nodiscard]] std::string to_string(StopReason reason);

// One generation: column i is candidate i, a point of R^dimension. Index order is the order of
// fitness values in tell().
struct Population {
  Eigen::MatrixXd points;  // dimension x size
  std::int64_t generation = 0;
};

// Everything an optimizer needs to go on bit for bit, as named arrays and integers so that it can
// be written to and read from any self-describing format.
struct OptimizerState {
  std::string kind;
  std::map<std::string, Eigen::MatrixXd> arrays;  // vectors are n x 1
  std::map<std::string, std::int64_t> integers;
};

// What is searched. Coordinate i is real where num_categories[i] is 0; else it is one of that many
// categories, written as a whole number from 0.
struct SearchDomain {
  Eigen::VectorXd start;
  std::vector<int> num_categories{};        // one per coordinate; empty: all are real
  std::vector<Eigen::Index> block_sizes{};  // coordinates that belong together, in order (one
                                            // block per layer of a deep prompt); empty: one block
};

// Figures of the last generation for records and progress.
struct OptimizerStatistics {
  double sigma = 0.0;          // overall step size; 0 where there is none
  double axis_ratio = 1.0;     // longest over shortest axis of the sampling distribution
  double min_deviation = 0.0;  // smallest and largest coordinate standard deviation
  double max_deviation = 0.0;
};

// Minimises a black box by ask and tell. No I/O, no clock; the same options, seed and fitness give
// the same bits.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  [[nodiscard]] virtual std::string kind() const = 0;
  [[nodiscard]] virtual Eigen::Index dimension() const = 0;
  // Of the generation that is asked next.
  [[nodiscard]] virtual Eigen::Index population_size() const = 0;

  // The next generation. Asking twice without telling gives the same population again.
  [[nodiscard]] virtual Population ask() = 0;

  // Fitness of the population last asked, in its order; smaller is better. NaN counts as worst
  // (as +infinity). Throws Error when the sizes differ or nothing was asked.
  virtual void tell(const Eigen::VectorXd& fitness) = 0;

  // Set once a stop rule holds; asking on is allowed.
  [[nodiscard]] virtual std::optional<StopReason> stop_reason() const = 0;

  // The point the optimizer would bet on: the distribution mean, or the best point seen.
  [[nodiscard]] virtual Eigen::VectorXd favourite() const = 0;

  // `count` points of the distribution that the next generation comes from, one per column; the
  // optimizer stays as it is.
  [[nodiscard]] virtual Eigen::MatrixXd sample(Eigen::Index count) const = 0;

  [[nodiscard]] virtual OptimizerStatistics statistics() const = 0;

  // May be called between tell() and ask(), and between ask() and tell().
  [[nodiscard]] virtual OptimizerState save() const = 0;

  // Throws Error, and leaves the optimizer as it was, when the state is of another kind or
  // dimension, lacks an entry, or holds values that cannot be (NaN, negative variance).
  virtual void restore(const OptimizerState& state) = 0;
};

}  // namespace bbprompt
