#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "bbprompt/optim/optimizer.hpp"
#include "bbprompt/run/evaluation_cache.hpp"
#include "bbprompt/run/evaluation_group.hpp"
#include "bbprompt/run/search_budget.hpp"
#include "bbprompt/run/trial_problem.hpp"
#include "bbprompt/run/trial_shape.hpp"
#include "bbprompt/store/trial_record.hpp"
#include "bbprompt/sweep/sweep_plan.hpp"

namespace bbprompt {

// One trial on the master: optimizer, budget, selection on dev, and the record of all of it. A pure
// state machine over groups of evaluations: no files, no ranks, no clock but the seconds it is
// told.
//
//   search      one generation on train, and the dev evaluations due from the one before; prompts
//               that were asked before are answered from a cache
//   selection   dev evaluations that are left when the search is over; for prompts without a search
//               (manual, demonstrations) all there are
//   final       dev-best and manual prompt on the splits they have not seen
//
// With calibrated scores, a point whose train scores are not known is scored on train next to dev.
class TrialRun {
 public:
  struct Identity {
    std::string id;
    std::string method;
    std::string resolved_yaml;
    std::vector<std::string> settings{};  // "KEY=VALUE" of the sweep's axes
  };
  // `context` must outlive the run. Throws ConfigError where the budget does not pay for one
  // generation.
  TrialRun(const Identity& identity, const TrialProblem& context);

  [[nodiscard]] const TrialRecord& record() const { return record_; }
  [[nodiscard]] bool is_finished() const { return record_.state != "running"; }

  // The next group; call when the last one is settled and the run is not finished. It may be empty
  // (every candidate in the cache): absorb it at once.
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
  // The same for one evaluation of the open group, which is counted.
  void fail_evaluation(Split split, const std::string& reason);

  // What the whole trial will ask by its budget, about; and how many queries it took so far.
  [[nodiscard]] TrialShape shape() const;
  [[nodiscard]] std::int64_t num_queries_planned() const { return shape().num_queries(); }
  [[nodiscard]] std::int64_t num_generations_planned() const { return shape().num_generations; }
  [[nodiscard]] std::int64_t num_queries_done() const;

 private:
  enum class Phase { kSearch, kSelection, kFinal };
  // Waits for its dev evaluation.
  struct Selection {
    std::vector<double> point;
    double fitness = 0.0;         // NaN for the optimizer's favourite
    std::int64_t generation = 0;  // -1 without a search
    Eigen::VectorXd label_means;  // on train; empty while not known
  };
  // Which member of the open group stands for what; -1: none, the cache knows.
  struct Plan {
    std::vector<EvaluationGroup::Member> members;
    std::vector<std::string> prompts;  // per candidate; empty where it cannot be cached
    std::vector<int> candidates;       // per candidate
    std::vector<int> dev;              // per waiting selection
    std::vector<int> calibration;      // per waiting selection
  };

  [[nodiscard]] bool has_search() const { return optimizer_ != nullptr; }
  [[nodiscard]] std::optional<std::string> search_end() const;
  [[nodiscard]] std::int64_t num_examples(Split split) const;
  [[nodiscard]] std::int64_t num_shards(Split split) const;
  [[nodiscard]] int add_member(Split split, const std::vector<double>& point);
  void add_manual_member(Split split);
  [[nodiscard]] SearchCost plan_generation();
  void plan_selection();
  void plan_final();
  void end_search(const std::string& reason);

  void count(const std::string& purpose, const MemberOutcome& outcome);
  [[nodiscard]] Eigen::VectorXd offsets(const Eigen::VectorXd& label_means) const;
  [[nodiscard]] SplitEvaluation evaluation(Split split, const MemberOutcome& outcome,
                                           const Eigen::VectorXd& label_means) const;
  void absorb_selection(const EvaluationGroup& group);
  void consider(const Selection& selection, const SplitEvaluation& dev);
  void absorb_generation(const EvaluationGroup& group, double seconds);
  [[nodiscard]] EvaluationCache::Entry candidate_entry(const EvaluationGroup& group,
                                                       std::size_t candidate);
  void record_generation(const Eigen::VectorXd& fitness, double seconds);
  void absorb_final(const EvaluationGroup& group);
  void update_incumbent(const Eigen::VectorXd& fitness,
                        const std::vector<Eigen::VectorXd>& label_means);
  void queue_selection();
  void queue(Selection selection);
  [[nodiscard]] bool is_incumbent_new() const;
  [[nodiscard]] bool is_cached_out() const;
  void record_positions();

  void save_selection(Checkpoint& checkpoint) const;
  void restore_selection(const Checkpoint& checkpoint);

  const TrialProblem& context_;
  TrialRecord record_;
  std::unique_ptr<Optimizer> optimizer_;  // null without a search
  Phase phase_ = Phase::kSearch;
  Population population_;  // of the open generation
  Plan plan_;
  EvaluationCache cache_;
  std::set<std::string> dev_prompts_;  // discrete prompts that dev has seen
  std::vector<Selection> selection_;
  std::vector<double> incumbent_;
  Eigen::VectorXd incumbent_label_means_;
  double incumbent_fitness_ = 0.0;
};

[[nodiscard]] TrialRun::Identity identity_of(const TrialSpec& trial);

// TrialRecord::config_hash: SHA-256 over everything that decides a trial's results: settings,
// weights and vocabulary, data and draw.
[[nodiscard]] std::string record_hash(const std::string& resolved_yaml,
                                      const std::string& model_fingerprint,
                                      const std::string& data_fingerprint);
[[nodiscard]] std::string record_hash(const std::string& resolved_yaml,
                                      const TrialProblem& context);

}  // namespace bbprompt
