#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
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

  // Adds one evaluation and what it cost.
  void count_in(UsageRecord& record) const;
};

// What a trial has out at one time: candidates, each on a whole split, cut into work items of fixed
// shards. Results may come in any order; outcomes do not depend on it.
class EvaluationGroup {
 public:
  struct Member {
    Split split = Split::kTrain;
    std::vector<double> point;
    // kLayerScales: one work item for the whole split, see layer_scales().
    WorkItem::Kind kind = WorkItem::Kind::kPoint;
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
  // `first_id`. Of examples that keep() or restore() knows nothing more is asked.
  [[nodiscard]] std::vector<WorkItem> items(std::int32_t trial, std::int64_t group,
                                            std::uint64_t first_id) const;

  // Takes the scores that a result has of an item which will be tried again for its `missing`
  // examples, and what they cost. Nothing happens for one without.
  void keep(const WorkItem& item, const WorkResult& result);

  // Takes the final result of one of them, together with what was kept. Both throw CommError when
  // it does not fit the item.
  void settle(const WorkItem& item, const WorkResult& result);

  // Results that are settled, for a checkpoint, and examples that were kept; failed ones are left
  // out, to be tried again.
  [[nodiscard]] OpenGroup save() const;

  // Takes what save() of the same group had. Returns how many results; 0, and nothing happens, for
  // those of another group.
  std::size_t restore(const OpenGroup& saved);

  // Outcome of a member; call when the group is settled. A score that is not finite is a failure.
  [[nodiscard]] MemberOutcome outcome(std::size_t member) const;

  // What a kLayerScales member was answered, a number per layer; empty where it failed.
  [[nodiscard]] std::vector<double> layer_scales(std::size_t member) const;

 private:
  // A shard of which some examples are known.
  struct Partial {
    std::vector<double> scores;  // of the whole shard; 0 where not known
    std::vector<bool> is_known;
    Usage usage;

    [[nodiscard]] std::vector<std::int32_t> unknown() const;
  };
  // Rows of a shard: examples counted from its first one, and their scores.
  struct Rows {
    std::vector<std::int32_t> examples;
    std::span<const double> scores;
  };
  using Slot = std::pair<std::size_t, std::size_t>;  // member, shard

  [[nodiscard]] std::int64_t shard_size(const Member& member) const;
  [[nodiscard]] std::int64_t num_shards(const Member& member) const;
  [[nodiscard]] std::int64_t num_examples(const Slot& slot) const;
  [[nodiscard]] Slot slot_of(const WorkItem& item) const;
  [[nodiscard]] Rows known_rows(const WorkItem& item, const WorkResult& result) const;
  void add_rows(const Slot& slot, const Rows& rows, const Usage& usage);
  void settle_slot(const Slot& slot, WorkResult result);
  void settle_partial(const Slot& slot, WorkResult result);
  void save_partial(const Slot& slot, const Partial& partial, OpenGroup& saved) const;
  [[nodiscard]] bool restore_result(const OpenResult& known, std::span<const double> scores);
  [[nodiscard]] std::string fingerprint() const;

  std::vector<Member> members_;
  Shape shape_;
  std::vector<std::vector<std::optional<WorkResult>>> results_;  // [member][shard]
  std::map<Slot, Partial> partial_;                              // of shards that are not settled
  std::int64_t num_open_ = 0;
};

}  // namespace bbprompt
