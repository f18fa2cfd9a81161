#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "bbprompt/optim/optimizer.hpp"
#include "bbprompt/optim/optimizer_options.hpp"

namespace bbprompt {

// One CMA-ES per block of the domain (BBTv2: Sun et al., EMNLP 2022): generations go from block to
// block in order. The candidates of a generation differ in its block alone; the other blocks are
// those of the joint point, which is the start at first. After each tell() the joint point takes
// the best vector its block ever had. As in BBTv2, "best" compares fitness values that were
// measured with other vectors of the other blocks, so the joint point may become worse for a
// while.
//
// Each block is a CmaEs, or a RestartedCmaEs if the options say so, with the default population of
// its own size and seeds of its own (those given for the first block). A block whose stop rule
// holds is passed over; once all are stopped, or one has reached the target, so has the whole.
class BlockCmaEs final : public Optimizer {
 public:
  // Throws Error as CmaEs does for each block.
  BlockCmaEs(const CmaEsOptions& options, const SearchDomain& domain, const OptimizerSeed& seed);

  [[nodiscard]] std::string kind() const override;  // "block_" before the kind of each block
  [[nodiscard]] Eigen::Index dimension() const override { return joint_.size(); }
  [[nodiscard]] Eigen::Index population_size() const override;
  [[nodiscard]] Population ask() override;
  void tell(const Eigen::VectorXd& fitness) override;
  [[nodiscard]] std::optional<StopReason> stop_reason() const override;  // of the first block
  [[nodiscard]] Eigen::VectorXd favourite() const override { return joint_; }
  [[nodiscard]] Eigen::MatrixXd sample(Eigen::Index count) const override;

  // Over all blocks: mean of sigma, largest axis ratio, smallest and largest deviation.
  [[nodiscard]] OptimizerStatistics statistics() const override;

  // Arrays: joint (N x 1), best_fitness (one per block, may be infinite). Integers: generation,
  // block (the current one, from 0), is_asked. All of block i's optimizer with "block_i_" before
  // its name.
  [[nodiscard]] OptimizerState save() const override;
  void restore(const OptimizerState& state) override;

 private:
  struct Block {
    Eigen::Index first = 0;  // coordinate
    std::unique_ptr<Optimizer> optimizer;
    double best_fitness = std::numeric_limits<double>::infinity();
  };

  [[nodiscard]] std::vector<Block> make_blocks(const OptimizerSeed& seed) const;
  [[nodiscard]] Eigen::MatrixXd beside_joint(const Eigen::MatrixXd& vectors) const;
  void advance();

  CmaEsOptions options_;
  SearchDomain domain_;
  std::vector<Block> blocks_;
  std::size_t current_ = 0;
  std::int64_t generation_ = 0;
  Eigen::VectorXd joint_;
  std::optional<Eigen::MatrixXd> asked_;  // vectors of the current block, between ask and tell
};

}  // namespace bbprompt
