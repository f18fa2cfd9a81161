// A trial to its checkpoint and back.
#include "bbprompt/base/error.hpp"
#include "bbprompt/run/trial_run.hpp"
#include "run/dev_selection.hpp"
#include "run/split_scorer.hpp"
#include "run/trial_search.hpp"

namespace bbprompt {
namespace {

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

Checkpoint TrialRun::save() const {
  Checkpoint checkpoint;
  checkpoint.record = record_;
  checkpoint.layer_scales = problem_.layer_scales();
  if (has_search()) search_->save(checkpoint);
  selection_->save(checkpoint, problem_.prompt_space().dimension(),
                   static_cast<Eigen::Index>(record_.labels.size()));
  return checkpoint;
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
  if (!is_sound(checkpoint, problem_.prompt_space().dimension(),
                static_cast<Eigen::Index>(record_.labels.size()))) {
    throw StoreError(file, "the checkpoint's points are not of the search space's dimension");
  }
  try {
    if (has_search()) search_->restore(checkpoint);
    if (!checkpoint.layer_scales.empty()) problem_.set_layer_scales(checkpoint.layer_scales);
  } catch (const Error& error) {
    throw StoreError(file, std::string("optimizer state cannot be restored: ") + error.what());
  }
  record_ = checkpoint.record;
  selection_->restore(checkpoint);
}

}  // namespace bbprompt
