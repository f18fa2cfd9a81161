#include <limits>

#include "bbprompt/base/error.hpp"
#include "bbprompt/run/trial_run.hpp"
#include "run/points.hpp"

namespace bbprompt {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Whether the sizes of what a checkpoint holds fit a trial of this search space and these labels.
bool is_sound(const Checkpoint& checkpoint, Eigen::Index dimension, Eigen::Index num_labels) {
  const auto fits = [](Eigen::Index size, Eigen::Index expected) {
    return size == 0 || size == expected;
  };
  const auto num_waiting = static_cast<std::size_t>(checkpoint.selection_points.cols());
  const bool is_selection_sound =
      num_waiting == 0 || (checkpoint.selection_points.rows() == dimension &&
                           checkpoint.selection_label_means.rows() == num_labels);
  return is_selection_sound && num_waiting == checkpoint.selection_fitness.size() &&
         num_waiting == checkpoint.selection_generation.size() &&
         num_waiting == static_cast<std::size_t>(checkpoint.selection_label_means.cols()) &&
         fits(checkpoint.incumbent.size(), dimension) &&
         fits(checkpoint.incumbent_label_means.size(), num_labels) &&
         (checkpoint.cache_prompts.empty() || checkpoint.cache_label_means.cols() == num_labels);
}

}  // namespace

void TrialRun::save_selection(Checkpoint& checkpoint) const {
  const auto dimension = context_.prompt_space().dimension();
  const auto num_labels = static_cast<Eigen::Index>(record_.labels.size());
  const auto num_waiting = static_cast<Eigen::Index>(selection_.size());
  checkpoint.selection_points.resize(dimension, num_waiting);
  checkpoint.selection_label_means.setConstant(num_labels, num_waiting, kNaN);
  for (Eigen::Index i = 0; i < num_waiting; ++i) {
    const Selection& waiting = selection_[static_cast<std::size_t>(i)];
    checkpoint.selection_points.col(i) =
        Eigen::Map<const Eigen::VectorXd>(waiting.point.data(), dimension);
    checkpoint.selection_fitness.push_back(waiting.fitness);
    checkpoint.selection_generation.push_back(waiting.generation);
    if (waiting.label_means.size() > 0) {
      checkpoint.selection_label_means.col(i) = waiting.label_means;
    }
  }
}

Checkpoint TrialRun::save() const {
  Checkpoint checkpoint;
  checkpoint.record = record_;
  if (has_search()) checkpoint.optimizer = optimizer_->save();
  save_selection(checkpoint);
  cache_.save(checkpoint);
  checkpoint.dev_prompts = {dev_prompts_.begin(), dev_prompts_.end()};
  if (!incumbent_.empty()) {
    checkpoint.incumbent = Eigen::Map<const Eigen::VectorXd>(
        incumbent_.data(), static_cast<Eigen::Index>(incumbent_.size()));
  }
  checkpoint.incumbent_label_means = incumbent_label_means_;
  checkpoint.incumbent_fitness = incumbent_fitness_;
  return checkpoint;
}

void TrialRun::restore_selection(const Checkpoint& checkpoint) {
  selection_.clear();
  for (Eigen::Index i = 0; i < checkpoint.selection_points.cols(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const Eigen::VectorXd means = checkpoint.selection_label_means.col(i);
    selection_.push_back({.point = to_vector(checkpoint.selection_points.col(i)),
                          .fitness = checkpoint.selection_fitness[at],
                          .generation = checkpoint.selection_generation[at],
                          .label_means = means.hasNaN() ? Eigen::VectorXd{} : means});
  }
}

void TrialRun::restore(const Checkpoint& checkpoint, const std::string& file) {
  if (checkpoint.record.id != record_.id || checkpoint.record.config_hash != record_.config_hash) {
    throw StoreError(
        file, "checkpoint of trial " + checkpoint.record.id +
                  " with configuration, model and data " +
                  checkpoint.record.config_hash.substr(0, 12) + "; expected trial " + record_.id +
                  " with " + record_.config_hash.substr(0, 12) +
                  ". The model folder or the data files changed since; use another output folder");
  }
  if (!is_sound(checkpoint, context_.prompt_space().dimension(),
                static_cast<Eigen::Index>(record_.labels.size()))) {
    throw StoreError(file, "the checkpoint's points are not of the search space's dimension");
  }
  try {
    if (has_search()) optimizer_->restore(checkpoint.optimizer);
  } catch (const Error& error) {
    throw StoreError(file, std::string("optimizer state cannot be restored: ") + error.what());
  }
  record_ = checkpoint.record;
  restore_selection(checkpoint);
  cache_.restore(checkpoint);
  dev_prompts_ = {checkpoint.dev_prompts.begin(), checkpoint.dev_prompts.end()};
  incumbent_ = to_vector(checkpoint.incumbent);
  incumbent_label_means_ = checkpoint.incumbent_label_means;
  incumbent_fitness_ = checkpoint.incumbent_fitness;
}

}  // namespace bbprompt
