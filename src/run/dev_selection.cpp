#include "run/dev_selection.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "run/points.hpp"

namespace bbprompt {

bool DevSelection::nominate(Nominee nominee, const std::string& prompt) {
  const bool is_new = prompt.empty() || judged_.insert(prompt).second;
  if (!is_new && rule_ != SelectionRule::kLast) return false;
  waiting_.push_back(std::move(nominee));
  return true;
}

std::vector<Nominee> DevSelection::take_waiting() { return std::exchange(waiting_, {}); }

bool DevSelection::is_better(const Judged& found, const Judged& best) const {
  const bool knows_train = !std::isnan(found.train_loss) && !std::isnan(best.train_loss);
  const bool has_better_metric = found.dev.metric > best.dev.metric;
  const auto is_lower = [&](double loss, double least) {
    return loss < least || (loss == least && has_better_metric);
  };
  switch (rule_) {
    case SelectionRule::kLast:
      return true;
    case SelectionRule::kTrainLoss:
      return knows_train ? found.train_loss < best.train_loss
                         : is_lower(found.dev.loss, best.dev.loss);
    case SelectionRule::kTrainDevLoss: {
      const auto sum = [&](const Judged& judged) {
        return judged.dev.loss + (knows_train ? judged.train_loss : 0.0);
      };
      return is_lower(sum(found), sum(best));
    }
    case SelectionRule::kDevLoss:
      return is_lower(found.dev.loss, best.dev.loss);
    case SelectionRule::kDevBest:
      break;
  }
  return has_better_metric ||
         (found.dev.metric == best.dev.metric && found.dev.loss < best.dev.loss);
}

void DevSelection::save(Checkpoint& checkpoint, Eigen::Index dimension,
                        Eigen::Index num_labels) const {
  const auto num_waiting = static_cast<Eigen::Index>(waiting_.size());
  checkpoint.selection_points.resize(dimension, num_waiting);
  checkpoint.selection_label_means.setConstant(num_labels, num_waiting,
                                               std::numeric_limits<double>::quiet_NaN());
  for (Eigen::Index i = 0; i < num_waiting; ++i) {
    const Nominee& nominee = waiting_[static_cast<std::size_t>(i)];
    checkpoint.selection_points.col(i) =
        Eigen::Map<const Eigen::VectorXd>(nominee.point.data(), dimension);
    checkpoint.selection_fitness.push_back(nominee.fitness);
    checkpoint.selection_generation.push_back(nominee.generation);
    if (nominee.label_means.size() > 0)
      checkpoint.selection_label_means.col(i) = nominee.label_means;
  }
  checkpoint.dev_prompts = {judged_.begin(), judged_.end()};
}

void DevSelection::restore(const Checkpoint& checkpoint) {
  waiting_.clear();
  for (Eigen::Index i = 0; i < checkpoint.selection_points.cols(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const Eigen::VectorXd means = checkpoint.selection_label_means.col(i);
    waiting_.push_back({.point = to_vector(checkpoint.selection_points.col(i)),
                        .fitness = checkpoint.selection_fitness[at],
                        .generation = checkpoint.selection_generation[at],
                        .label_means = means.hasNaN() ? Eigen::VectorXd{} : means});
  }
  judged_ = {checkpoint.dev_prompts.begin(), checkpoint.dev_prompts.end()};
}

}  // namespace bbprompt
