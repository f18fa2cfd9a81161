#include "run/evaluation_cache.hpp"

namespace bbprompt {

const EvaluationCache::Entry* EvaluationCache::find(const std::string& prompt) const {
  const auto found = entries_.find(prompt);
  return found == entries_.end() ? nullptr : &found->second;
}

void EvaluationCache::insert(const std::string& prompt, Entry entry) {
  if (entries_.emplace(prompt, std::move(entry)).second) order_.push_back(prompt);
}

void EvaluationCache::save(Checkpoint& checkpoint) const {
  checkpoint.cache_prompts = order_;
  checkpoint.cache_losses.clear();
  const auto num_labels = order_.empty() ? 0 : entries_.begin()->second.label_means.size();
  checkpoint.cache_label_means.resize(static_cast<Eigen::Index>(order_.size()), num_labels);
  for (const std::string& prompt : order_) {
    const Entry& entry = entries_.at(prompt);
    const auto row = static_cast<Eigen::Index>(checkpoint.cache_losses.size());
    checkpoint.cache_label_means.row(row) = entry.label_means.transpose();
    checkpoint.cache_losses.push_back(entry.loss);
  }
}

void EvaluationCache::restore(const Checkpoint& checkpoint) {
  entries_.clear();
  order_.clear();
  for (std::size_t i = 0; i < checkpoint.cache_prompts.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    insert(checkpoint.cache_prompts[i],
           {.loss = checkpoint.cache_losses[i],
            .label_means = checkpoint.cache_label_means.row(row).transpose()});
  }
}

}  // namespace bbprompt
