#include "bbprompt/run/evaluation_group.hpp"

#include <algorithm>
#include <limits>

#include "bbprompt/base/error.hpp"

namespace bbprompt {

EvaluationGroup::EvaluationGroup(std::vector<Member> members, std::int64_t shard_size)
    : members_(std::move(members)), shard_size_(shard_size) {
  for (const Member& member : members_) {
    results_.emplace_back(static_cast<std::size_t>(num_shards(member)));
    num_open_ += num_shards(member);
  }
}

std::int64_t EvaluationGroup::num_shards(const Member& member) const {
  return (member.num_examples + shard_size_ - 1) / shard_size_;
}

std::vector<WorkItem> EvaluationGroup::items(std::int32_t trial, std::int64_t group,
                                             std::uint64_t first_id) const {
  std::vector<WorkItem> items;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const Member& member = members_[i];
    for (std::int64_t begin = 0; begin < member.num_examples; begin += shard_size_) {
      items.push_back({.id = first_id + items.size(),
                       .trial = trial,
                       .group = group,
                       .candidate = static_cast<std::int32_t>(i),
                       .split = member.split,
                       .begin = begin,
                       .end = std::min(begin + shard_size_, member.num_examples),
                       .is_manual = member.is_manual,
                       .point = member.point});
    }
  }
  return items;
}

void EvaluationGroup::settle(const WorkItem& item, const WorkResult& result) {
  auto& slot = results_.at(static_cast<std::size_t>(item.candidate))
                   .at(static_cast<std::size_t>(item.begin / shard_size_));
  if (slot.has_value())
    throw CommError("work item " + std::to_string(item.id) + " was settled twice");
  if (result.ok() && static_cast<std::int64_t>(result.predicted.size()) != item.end - item.begin) {
    throw CommError("a worker answered " + std::to_string(result.predicted.size()) +
                    " predictions for " + std::to_string(item.end - item.begin) + " examples");
  }
  slot = result;
  --num_open_;
}

MemberOutcome EvaluationGroup::outcome(std::size_t member) const {
  MemberOutcome outcome;
  double loss_sum = 0.0;
  for (const auto& slot : results_.at(member)) {
    const WorkResult& result = slot.value();
    outcome.num_queries += result.num_queries;
    outcome.num_tokens += result.num_tokens;
    outcome.num_truncated += result.num_truncated;
    if (!result.ok() && !outcome.is_failed) {
      outcome.is_failed = true;
      outcome.error = result.error;
    }
    loss_sum += result.loss_sum;
    outcome.predicted.insert(outcome.predicted.end(), result.predicted.begin(),
                             result.predicted.end());
  }
  outcome.loss = loss_sum / static_cast<double>(members_[member].num_examples);
  if (outcome.is_failed) {
    outcome.loss = std::numeric_limits<double>::infinity();
    outcome.predicted.clear();
  }
  return outcome;
}

}  // namespace bbprompt
