#include "optim/block_cma_es.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "optim/cma_es_family.hpp"
#include "optim/fitness_order.hpp"
#include "optim/nested_state.hpp"
#include "optim/search_domain.hpp"
#include "optim/state_reader.hpp"

namespace bbprompt {
namespace {

std::string prefix_of(std::size_t block) { return "block_" + std::to_string(block) + "_"; }

}  // namespace

BlockCmaEs::BlockCmaEs(const CmaEsOptions& options, const SearchDomain& domain,
                       const OptimizerSeed& seed)
    : options_(options), domain_(domain), joint_(domain.start) {
  check_domain(domain, "CMA-ES of blocks");
  blocks_ = make_blocks(seed);
}

std::vector<BlockCmaEs::Block> BlockCmaEs::make_blocks(const OptimizerSeed& seed) const {
  std::vector<Block> blocks;
  Eigen::Index first = 0;
  for (const Eigen::Index size : block_sizes(domain_)) {
    const auto own_seed = part_seed(seed, blocks.size(), "cma_es_block");
    blocks.push_back(
        {.first = first,
         .optimizer = make_one_block_cma_es(options_, part_of(domain_, first, size), own_seed)});
    first += size;
  }
  return blocks;
}

std::string BlockCmaEs::kind() const { return "block_" + blocks_.front().optimizer->kind(); }

Eigen::Index BlockCmaEs::population_size() const {
  return blocks_[current_].optimizer->population_size();
}

Eigen::MatrixXd BlockCmaEs::beside_joint(const Eigen::MatrixXd& vectors) const {
  Eigen::MatrixXd points = joint_.replicate(1, vectors.cols());
  points.middleRows(blocks_[current_].first, vectors.rows()) = vectors;
  return points;
}

Population BlockCmaEs::ask() {
  asked_ = blocks_[current_].optimizer->ask().points;
  return {.points = beside_joint(*asked_), .generation = generation_};
}

Eigen::MatrixXd BlockCmaEs::sample(Eigen::Index count) const {
  return beside_joint(blocks_[current_].optimizer->sample(count));
}

void BlockCmaEs::tell(const Eigen::VectorXd& fitness) {
  if (!asked_) throw Error("tell: no population is open; call ask first");
  const auto values = checked_fitness(fitness, population_size());
  Block& block = blocks_[current_];
  block.optimizer->tell(fitness);
  const Eigen::Index first = fitness_order(values).front();
  const double best = values[static_cast<std::size_t>(first)];
  if (best < block.best_fitness) {
    block.best_fitness = best;
    joint_.segment(block.first, asked_->rows()) = asked_->col(first);
  }
  asked_.reset();
  ++generation_;
  advance();
}

// To the next block that is not stopped; where all are, simply to the next.
void BlockCmaEs::advance() {
  const auto next = [&](std::size_t block) { return (block + 1) % blocks_.size(); };
  const std::size_t following = next(current_);
  std::size_t block = following;
  while (blocks_[block].optimizer->stop_reason() && next(block) != following) block = next(block);
  current_ = blocks_[block].optimizer->stop_reason() ? following : block;
}

std::optional<StopReason> BlockCmaEs::stop_reason() const {
  bool is_all_stopped = true;
  for (const Block& block : blocks_) {
    const auto reason = block.optimizer->stop_reason();
    if (reason == StopReason::kTarget) return reason;
    is_all_stopped = is_all_stopped && reason.has_value();
  }
  return is_all_stopped ? blocks_.front().optimizer->stop_reason() : std::nullopt;
}

OptimizerStatistics BlockCmaEs::statistics() const {
  OptimizerStatistics all = blocks_.front().optimizer->statistics();
  for (std::size_t i = 1; i < blocks_.size(); ++i) {
    const OptimizerStatistics one = blocks_[i].optimizer->statistics();
    all.sigma += one.sigma;
    all.axis_ratio = std::max(all.axis_ratio, one.axis_ratio);
    all.min_deviation = std::min(all.min_deviation, one.min_deviation);
    all.max_deviation = std::max(all.max_deviation, one.max_deviation);
  }
  all.sigma /= static_cast<double>(blocks_.size());
  return all;
}

OptimizerState BlockCmaEs::save() const {
  OptimizerState saved;
  saved.kind = kind();
  Eigen::VectorXd best_fitness(std::ssize(blocks_));
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    best_fitness[static_cast<Eigen::Index>(i)] = blocks_[i].best_fitness;
    add_part(saved, prefix_of(i), blocks_[i].optimizer->save());
  }
  saved.arrays["joint"] = joint_;
  saved.arrays["best_fitness"] = best_fitness;
  saved.integers["generation"] = generation_;
  saved.integers["is_asked"] = asked_ ? 1 : 0;
  saved.integers["block"] = static_cast<std::int64_t>(current_);
  return saved;
}

void BlockCmaEs::restore(const OptimizerState& state) {
  const StateReader reader(state, kind());
  const auto num_blocks = std::ssize(blocks_);
  const auto best_fitness = reader.fitness("best_fitness", num_blocks);
  const auto current = static_cast<std::size_t>(reader.integer("block", 0, num_blocks - 1));
  const auto generation = reader.integer("generation", 0, std::int64_t{1} << 53);
  const bool is_asked = reader.integer("is_asked", 0, 1) == 1;
  const Eigen::VectorXd joint = reader.array("joint", dimension(), 1);
  std::vector<Block> blocks = make_blocks({});
  std::optional<Eigen::MatrixXd> asked;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    Optimizer& optimizer = *blocks[i].optimizer;
    const OptimizerState part = part_state(state, prefix_of(i), blocks_[i].optimizer->kind());
    optimizer.restore(part);
    blocks[i].best_fitness = best_fitness[i];
    if (i == current && is_asked) asked = optimizer.ask().points;
  }
  blocks_ = std::move(blocks);
  current_ = current;
  generation_ = generation;
  joint_ = joint;
  asked_ = std::move(asked);
}

}  // namespace bbprompt
