#include "bbprompt/run/evaluation_group.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "bbprompt/base/error.hpp"

namespace bbprompt {

void MemberOutcome::count_in(UsageRecord& record) const {
  ++record.num_evaluations;
  record.usage += usage;
  if (is_failed) ++record.num_failed;
}

EvaluationGroup::EvaluationGroup(std::vector<Member> members, const Shape& shape)
    : members_(std::move(members)), shape_(shape) {
  for (const Member& member : members_) {
    results_.emplace_back(static_cast<std::size_t>(num_shards(member)));
    num_open_ += num_shards(member);
  }
}

// The layers are measured on all examples at once.
std::int64_t EvaluationGroup::shard_size(const Member& member) const {
  const bool is_cut = member.kind != WorkItem::Kind::kLayerScales;
  return is_cut ? shape_.shard_size : std::max<std::int64_t>(member.num_examples, 1);
}

std::int64_t EvaluationGroup::num_shards(const Member& member) const {
  const std::int64_t size = shard_size(member);
  return (member.num_examples + size - 1) / size;
}

std::int64_t EvaluationGroup::num_examples(const Slot& slot) const {
  const Member& member = members_.at(slot.first);
  const std::int64_t size = shard_size(member);
  return std::min(size, member.num_examples - static_cast<std::int64_t>(slot.second) * size);
}

EvaluationGroup::Slot EvaluationGroup::slot_of(const WorkItem& item) const {
  const auto member = static_cast<std::size_t>(item.member);
  return {member, static_cast<std::size_t>(item.begin / shard_size(members_.at(member)))};
}

std::vector<std::int32_t> EvaluationGroup::Partial::unknown() const {
  std::vector<std::int32_t> examples;
  for (std::size_t i = 0; i < is_known.size(); ++i) {
    if (!is_known[i]) examples.push_back(static_cast<std::int32_t>(i));
  }
  return examples;
}

std::vector<WorkItem> EvaluationGroup::items(std::int32_t trial, std::int64_t group,
                                             std::uint64_t first_id) const {
  std::vector<WorkItem> items;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const Member& member = members_[i];
    for (std::size_t shard = 0; shard < results_[i].size(); ++shard) {
      if (results_[i][shard]) continue;
      const std::int64_t begin = static_cast<std::int64_t>(shard) * shard_size(member);
      const auto partial = partial_.find({i, shard});
      items.push_back({.id = first_id + items.size(),
                       .trial = trial,
                       .group = group,
                       .member = static_cast<std::int32_t>(i),
                       .split = member.split,
                       .begin = begin,
                       .end = begin + num_examples({i, shard}),
                       .kind = member.kind,
                       .point = member.point});
      if (partial != partial_.end()) items.back().only = partial->second.unknown();
    }
  }
  return items;
}

// Throws CommError unless there is a row of scores for each example that the result knows.
EvaluationGroup::Rows EvaluationGroup::known_rows(const WorkItem& item,
                                                  const WorkResult& result) const {
  Rows rows{.examples = {}, .scores = result.label_scores};
  if (result.ok() || !result.missing.empty()) {
    std::vector<std::int32_t> asked = item.only;
    if (asked.empty()) {
      asked.resize(static_cast<std::size_t>(item.end - item.begin));
      std::iota(asked.begin(), asked.end(), 0);
    }
    std::set_difference(asked.begin(), asked.end(), result.missing.begin(), result.missing.end(),
                        std::back_inserter(rows.examples));
  }
  if (rows.scores.size() != rows.examples.size() * static_cast<std::size_t>(shape_.num_labels)) {
    throw CommError("a worker answered " + std::to_string(rows.scores.size()) + " scores for " +
                    std::to_string(rows.examples.size()) + " examples of " +
                    std::to_string(shape_.num_labels) + " labels");
  }
  return rows;
}

void EvaluationGroup::add_rows(const Slot& slot, const Rows& rows, const Usage& usage) {
  Partial& partial = partial_[slot];
  const auto num_labels = static_cast<std::size_t>(shape_.num_labels);
  const auto size = static_cast<std::size_t>(num_examples(slot));
  partial.is_known.resize(size);
  partial.scores.resize(size * num_labels);
  partial.usage += usage;
  for (std::size_t row = 0; row < rows.examples.size(); ++row) {
    const auto example = static_cast<std::size_t>(rows.examples[row]);
    partial.is_known.at(example) = true;
    const auto scores = rows.scores.subspan(row * num_labels, num_labels);
    std::copy(scores.begin(), scores.end(),
              partial.scores.begin() + static_cast<std::ptrdiff_t>(example * num_labels));
  }
}

void EvaluationGroup::keep(const WorkItem& item, const WorkResult& result) {
  if (result.missing.empty() || item.kind == WorkItem::Kind::kLayerScales) return;
  add_rows(slot_of(item), known_rows(item, result), result.usage);
}

void EvaluationGroup::settle(const WorkItem& item, const WorkResult& result) {
  const Slot slot = slot_of(item);
  if (results_[slot.first].at(slot.second))
    throw CommError("work item " + std::to_string(item.id) + " was settled twice");
  if (item.kind == WorkItem::Kind::kLayerScales) {
    settle_slot(slot, result);
    return;
  }
  const Rows rows = known_rows(item, result);
  if (item.only.empty() && result.missing.empty() && !partial_.contains(slot)) {
    settle_slot(slot, result);
    return;
  }
  add_rows(slot, rows, result.usage);
  settle_partial(slot, result);
}

void EvaluationGroup::settle_slot(const Slot& slot, WorkResult result) {
  results_[slot.first][slot.second] = std::move(result);
  --num_open_;
}

// With what is known of the shard by now.
void EvaluationGroup::settle_partial(const Slot& slot, WorkResult result) {
  Partial partial = std::move(partial_.extract(slot).mapped());
  const std::vector<std::int32_t> unknown = partial.unknown();
  if (result.ok() && !unknown.empty()) {
    throw CommError("example " + std::to_string(unknown.front()) +
                    " of a shard that is said to be scored has no scores");
  }
  result.usage = partial.usage;
  result.missing = unknown;
  result.label_scores.clear();
  if (result.ok()) result.label_scores = std::move(partial.scores);
  settle_slot(slot, std::move(result));
}

MemberOutcome EvaluationGroup::outcome(std::size_t member) const {
  MemberOutcome outcome;
  const bool has_scores = members_.at(member).kind != WorkItem::Kind::kLayerScales;
  if (has_scores) outcome.label_scores.resize(members_[member].num_examples, shape_.num_labels);
  double* next = outcome.label_scores.data();
  for (const auto& slot : results_[member]) {
    const WorkResult& result = slot.value();
    outcome.usage += result.usage;
    if (!result.ok() && !outcome.is_failed) {
      outcome.is_failed = true;
      outcome.error = result.error;
    }
    if (has_scores && !outcome.is_failed) {
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

std::vector<double> EvaluationGroup::layer_scales(std::size_t member) const {
  const auto& slots = results_.at(member);
  if (members_[member].kind != WorkItem::Kind::kLayerScales || slots.empty()) return {};
  const WorkResult& result = slots.front().value();
  return result.ok() ? result.label_scores : std::vector<double>();
}

}  // namespace bbprompt
