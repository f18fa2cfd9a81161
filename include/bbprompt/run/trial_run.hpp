#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bbprompt/optim/optimizer.hpp"
#include "bbprompt/run/evaluation_group.hpp"
#include "bbprompt/run/trial_context.hpp"
#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// One trial on the master: optimizer, budget, selection on dev, and the record of all of it. A pure
// state machine over groups of evaluations: no files, no ranks, no clock but the seconds it is
// told.
//
//   search      one generation on train, and the dev evaluations due from the one before
//   selection   dev evaluations that are left when the search is over
//   final       dev-best and manual prompt on the splits they have not seen
class TrialRun {
 public:
  struct Identity {
    std::string id;
    std::string method;
    std::string resolved_yaml;
  };
  // `context` must outlive the run.
  TrialRun(const Identity& identity, const TrialContext& context);

  [[nodiscard]] const TrialRecord& record() const { return record_; }
  [[nodiscard]] bool is_finished() const { return record_.state != "running"; }

  // The next group; call when the last one is settled and the run is not finished.
  [[nodiscard]] EvaluationGroup next_group();

  // Takes in that group, settled. `seconds` since the trial began.
  void absorb(const EvaluationGroup& group, double seconds);

  // Everything to go on from between two groups. restore() throws StoreError when the checkpoint is
  // of another trial, configuration, model or data.
  [[nodiscard]] Checkpoint save() const;
  void restore(const Checkpoint& checkpoint, const std::string& file);

  // Where and when the trial began; not part of its results.
  void stamp(const std::string& host, const std::string& started_at);

  // Ends the trial as failed.
  void fail(const std::string& reason);

  // Queries the whole trial will take by its budget, and how many it took so far.
  [[nodiscard]] std::int64_t num_queries_planned() const;
  [[nodiscard]] std::int64_t num_queries_done() const;
  [[nodiscard]] std::int64_t num_generations_planned() const;

 private:
  enum class Phase { kSearch, kSelection, kFinal };

  [[nodiscard]] std::optional<std::string> search_end() const;
  [[nodiscard]] std::int64_t num_examples(Split split) const;
  [[nodiscard]] EvaluationGroup::Member member(Split split, std::vector<double> point) const;
  [[nodiscard]] EvaluationGroup::Member manual_member(Split split) const;
  void count(const std::string& purpose, const MemberOutcome& outcome);
  [[nodiscard]] SplitEvaluation evaluation(Split split, const MemberOutcome& outcome) const;
  void absorb_selection(const EvaluationGroup& group, std::size_t first);
  void absorb_generation(const EvaluationGroup& group, double seconds);
  void absorb_final(const EvaluationGroup& group);
  void update_incumbent(const Eigen::VectorXd& fitness);
  void queue_selection();
  [[nodiscard]] bool is_incumbent_new() const;

  const TrialContext& context_;
  TrialRecord record_;
  std::unique_ptr<Optimizer> optimizer_;
  Phase phase_ = Phase::kSearch;
  Population population_;  // of the open generation
  struct Selection {
    std::vector<double> point;
    double fitness = 0.0;
    std::int64_t generation = 0;
  };
  std::vector<Selection> selection_;  // waiting for dev
  std::vector<double> incumbent_;
  double incumbent_fitness_ = 0.0;
};

}  // namespace bbprompt
