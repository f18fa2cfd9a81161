#include <algorithm>
#include <span>
#include <string_view>

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
    writer.put<std::uint8_t>(member.is_manual ? 1 : 0);
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
      const auto& result = results_[i][shard];
      if (!result || !result->ok()) continue;
      saved.results.push_back({.member = static_cast<std::int64_t>(i),
                               .begin = static_cast<std::int64_t>(shard) * shape_.shard_size,
                               .num_scores = static_cast<std::int64_t>(result->label_scores.size()),
                               .num_queries = result->num_queries,
                               .num_calls = result->num_calls,
                               .num_tokens = result->num_tokens,
                               .num_truncated = result->num_truncated});
      saved.scores.insert(saved.scores.end(), result->label_scores.begin(),
                          result->label_scores.end());
    }
  }
  return saved;
}

std::size_t EvaluationGroup::restore(const OpenGroup& saved) {
  if (saved.results.empty() || saved.fingerprint != fingerprint()) return 0;
  std::size_t num_restored = 0;
  auto next = saved.scores.begin();
  for (const OpenResult& known : saved.results) {
    if (known.num_scores > saved.scores.end() - next) break;
    const auto first = next;
    next += known.num_scores;
    const auto at = static_cast<std::size_t>(known.member);
    if (at >= members_.size() || known.begin >= members_[at].num_examples) continue;
    WorkResult result;
    result.label_scores = {first, next};
    result.num_queries = known.num_queries;
    result.num_calls = known.num_calls;
    result.num_tokens = known.num_tokens;
    result.num_truncated = known.num_truncated;
    const std::int64_t end = std::min(known.begin + shape_.shard_size, members_[at].num_examples);
    const bool is_open = !results_[at][static_cast<std::size_t>(known.begin / shape_.shard_size)];
    if (!is_open || known.begin % shape_.shard_size != 0 ||
        known.num_scores != (end - known.begin) * shape_.num_labels) {
      continue;
    }
    settle({.candidate = static_cast<std::int32_t>(known.member),
            .begin = known.begin,
            .end = end,
            .point = {}},
           result);
    ++num_restored;
  }
  return num_restored;
}

}  // namespace bbprompt
