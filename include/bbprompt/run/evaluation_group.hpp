#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bbprompt/lm/language_model.hpp"
#include "bbprompt/sched/work_item.hpp"
#include "bbprompt/store/trial_record.hpp"
#include "bbprompt/task/split_score.hpp"

namespace bbprompt {

// A prompt on a whole split, put together from its shards.
struct MemberOutcome {
  bool is_failed = false;
  std::string error;         // of the first failed shard
  RowMatrixXd label_scores;  // examples x labels; empty when failed
  Usage usage;
};

// What a trial has out at one time: candidates, each on a whole split, cut into work items of fixed
// shards. Results may come in any order; outcomes do not depend on it.
class EvaluationGroup {
 public:
  struct Member {
    Split split = Split::kTrain;
    std::vector<double> point;
    bool is_manual = false;
    std::int64_t num_examples = 0;
  };
  struct Shape {
    std::int64_t shard_size = 1;
    int num_labels = 0;
  };

  EvaluationGroup() = default;
  EvaluationGroup(std::vector<Member> members, const Shape& shape);

  [[nodiscard]] std::size_t size() const { return members_.size(); }
  [[nodiscard]] bool is_settled() const { return num_open_ == 0; }

  // All work items that are not settled, member by member and shard by shard; ids count from
  // `first_id`.
  [[nodiscard]] std::vector<WorkItem> items(std::int32_t trial, std::int64_t group,
                                            std::uint64_t first_id) const;

  // Takes the final result of one of them. Throws CommError when it does not fit the item.
  void settle(const WorkItem& item, const WorkResult& result);

  // Results that are settled, for a checkpoint; failed ones are left out, to be tried again.
  [[nodiscard]] OpenGroup save() const;

  // Settles what save() of the same group had. Returns how many; 0, and nothing happens, for those
  // of another group.
  std::size_t restore(const OpenGroup& saved);

  // Outcome of a member; call when the group is settled. A score that is not finite is a failure.
  [[nodiscard]] MemberOutcome outcome(std::size_t member) const;

 private:
  [[nodiscard]] std::int64_t num_shards(const Member& member) const;
  [[nodiscard]] std::string fingerprint() const;

  std::vector<Member> members_;
  Shape shape_;
  std::vector<std::vector<std::optional<WorkResult>>> results_;  // [member][shard]
  std::int64_t num_open_ = 0;
};

}  // namespace bbprompt
