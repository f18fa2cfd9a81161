#include <algorithm>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>

#include "bbprompt/base/bytes.hpp"
#include "bbprompt/base/sha256.hpp"
#include "bbprompt/run/evaluation_group.hpp"

namespace bbprompt {

// Two groups of one fingerprint ask the model the same.
std::string EvaluationGroup::fingerprint() const {
  ByteWriter writer;
  writer.put(shape_.shard_size);
  writer.put(shape_.num_labels);
  for (const Member& member : members_) {
    writer.put(static_cast<std::uint8_t>(member.split));
    writer.put(static_cast<std::uint8_t>(member.kind));
    writer.put(member.num_examples);
    writer.put_all(std::span<const double>(member.point));
  }
  const Bytes bytes = writer.take();
  Sha256 hash;
  hash.update(bytes);
  return hash.hex_digest();
}

OpenGroup EvaluationGroup::save() const {
  OpenGroup saved{.fingerprint = fingerprint(), .results = {}, .scores = {}};
  for (std::size_t i = 0; i < results_.size(); ++i) {
    for (std::size_t shard = 0; shard < results_[i].size(); ++shard) {
      const auto partial = partial_.find({i, shard});
      if (partial != partial_.end()) save_partial(partial->first, partial->second, saved);
      const auto& result = results_[i][shard];
      if (!result || !result->ok()) continue;
      saved.results.push_back({.member = static_cast<std::int64_t>(i),
                               .begin = static_cast<std::int64_t>(shard) * shard_size(members_[i]),
                               .num_scores = static_cast<std::int64_t>(result->label_scores.size()),
                               .usage = result->usage});
      saved.scores.insert(saved.scores.end(), result->label_scores.begin(),
                          result->label_scores.end());
    }
  }
  return saved;
}

// Each stretch of examples that are known is a result; the first one has what all of them cost.
void EvaluationGroup::save_partial(const Slot& slot, const Partial& partial,
                                   OpenGroup& saved) const {
  const std::int64_t begin =
      static_cast<std::int64_t>(slot.second) * shard_size(members_[slot.first]);
  Usage usage = partial.usage;
  for (std::size_t i = 0; i < partial.is_known.size(); ++i) {
    if (!partial.is_known[i]) continue;
    if (i == 0 || !partial.is_known[i - 1]) {
      saved.results.push_back({.member = static_cast<std::int64_t>(slot.first),
                               .begin = begin + static_cast<std::int64_t>(i),
                               .usage = std::exchange(usage, {})});
    }
    saved.results.back().num_scores += shape_.num_labels;
    const auto row = partial.scores.begin() + static_cast<std::ptrdiff_t>(i) * shape_.num_labels;
    saved.scores.insert(saved.scores.end(), row, row + shape_.num_labels);
  }
}

std::size_t EvaluationGroup::restore(const OpenGroup& saved) {
  if (saved.results.empty() || saved.fingerprint != fingerprint()) return 0;
  std::size_t num_restored = 0;
  std::span<const double> scores(saved.scores);
  for (const OpenResult& known : saved.results) {
    if (std::cmp_greater(known.num_scores, scores.size())) break;
    const auto count = static_cast<std::size_t>(known.num_scores);
    if (restore_result(known, scores.first(count))) ++num_restored;
    scores = scores.subspan(count);
  }
  return num_restored;
}

// False for a result that does not fit the group.
bool EvaluationGroup::restore_result(const OpenResult& known, std::span<const double> scores) {
  const auto at = static_cast<std::size_t>(known.member);
  if (at >= members_.size() || known.begin >= members_[at].num_examples || scores.empty())
    return false;
  const std::int64_t size = shard_size(members_[at]);
  const Slot slot{at, static_cast<std::size_t>(known.begin / size)};
  if (results_[at][slot.second]) return false;
  WorkResult result{.state = WorkResult::State::kScored,
                    .label_scores = {scores.begin(), scores.end()},
                    .usage = known.usage};
  const auto first = static_cast<std::int32_t>(known.begin % size);
  if (members_[at].kind == WorkItem::Kind::kLayerScales) {
    if (first == 0) settle_slot(slot, std::move(result));
    return first == 0;
  }
  const auto num_labels = static_cast<std::size_t>(std::max(shape_.num_labels, 1));
  Rows rows{.examples = std::vector<std::int32_t>(scores.size() / num_labels), .scores = scores};
  std::iota(rows.examples.begin(), rows.examples.end(), first);
  if (scores.size() % num_labels != 0 || rows.examples.back() >= num_examples(slot)) return false;
  add_rows(slot, rows, known.usage);
  if (partial_.at(slot).unknown().empty()) settle_partial(slot, std::move(result));
  return true;
}

}  // namespace bbprompt
