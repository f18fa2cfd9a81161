#include "bbprompt/run/evaluation_group.hpp"

#include <algorithm>

#include "bbprompt/base/error.hpp"

namespace bbprompt {

EvaluationGroup::EvaluationGroup(std::vector<Member> members, const Shape& shape)
    : members_(std::move(members)), shape_(shape) {
  for (const Member& member : members_) {
    results_.emplace_back(static_cast<std::size_t>(num_shards(member)));
    num_open_ += num_shards(member);
  }
}

std::int64_t EvaluationGroup::num_shards(const Member& member) const {
  return (member.num_examples + shape_.shard_size - 1) / shape_.shard_size;
}

std::vector<WorkItem> EvaluationGroup::items(std::int32_t trial, std::int64_t group,
                                             std::uint64_t first_id) const {
  std::vector<WorkItem> items;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const Member& member = members_[i];
    for (std::int64_t begin = 0; begin < member.num_examples; begin += shape_.shard_size) {
      if (results_[i][static_cast<std::size_t>(begin / shape_.shard_size)]) continue;
      items.push_back({.id = first_id + items.size(),
                       .trial = trial,
                       .group = group,
                       .candidate = static_cast<std::int32_t>(i),
                       .split = member.split,
                       .begin = begin,
                       .end = std::min(begin + shape_.shard_size, member.num_examples),
                       .is_manual = member.is_manual,
                       .point = member.point});
    }
  }
  return items;
}

void EvaluationGroup::settle(const WorkItem& item, const WorkResult& result) {
  auto& slot = results_.at(static_cast<std::size_t>(item.candidate))
                   .at(static_cast<std::size_t>(item.begin / shape_.shard_size));
  if (slot.has_value())
    throw CommError("work item " + std::to_string(item.id) + " was settled twice");
  const std::int64_t num_scores = (item.end - item.begin) * shape_.num_labels;
  if (result.ok() && static_cast<std::int64_t>(result.label_scores.size()) != num_scores) {
    throw CommError("a worker answered " + std::to_string(result.label_scores.size()) +
                    " scores for " + std::to_string(item.end - item.begin) + " examples of " +
                    std::to_string(shape_.num_labels) + " labels");
  }
  slot = result;
  --num_open_;
}

MemberOutcome EvaluationGroup::outcome(std::size_t member) const {
  MemberOutcome outcome;
  outcome.label_scores.resize(members_.at(member).num_examples, shape_.num_labels);
  double* next = outcome.label_scores.data();
  for (const auto& slot : results_.at(member)) {
    const WorkResult& result = slot.value();
    outcome.usage += {.num_queries = result.num_queries,
                      .num_tokens = result.num_tokens,
                      .num_truncated = result.num_truncated,
                      .num_calls = result.num_calls};
    if (!result.ok() && !outcome.is_failed) {
      outcome.is_failed = true;
      outcome.error = result.error;
    }
    if (!outcome.is_failed) {
      next = std::copy(result.label_scores.begin(), result.label_scores.end(), next);
    }
  }
  if (!outcome.is_failed && !outcome.label_scores.allFinite()) {
    outcome.is_failed = true;
    outcome.error = "a label score is not finite";
  }
  if (outcome.is_failed) outcome.label_scores.resize(0, 0);
  return outcome;
}

}  // namespace bbprompt
