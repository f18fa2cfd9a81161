#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bbprompt/optim/optimizer.hpp"
#include "bbprompt/run/evaluation_group.hpp"
#include "bbprompt/run/trial_problem.hpp"
#include "bbprompt/run/trial_shape.hpp"
#include "bbprompt/store/trial_record.hpp"
#include "bbprompt/sweep/sweep_plan.hpp"

namespace bbprompt {

class DevSelection;
class SplitScorer;
class TrialSearch;
struct Nominee;

// One trial on the master: what it asks next, and the record of all that came of it. A pure state
// machine over groups of evaluations: no files, no ranks, no clock but the seconds it is told.
//
//   scaling     deep prompts only: the scales of the model's layers
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
  // `problem` must outlive the run. Throws ConfigError where the budget does not pay for one
  // generation.
  TrialRun(const Identity& identity, TrialProblem& problem);
  TrialRun(TrialRun&&) noexcept;
  ~TrialRun();

  [[nodiscard]] const TrialRecord& record() const { return record_; }
  [[nodiscard]] bool is_finished() const;

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
  void fail_item(Split split, const std::string& reason);

  // What the whole trial will ask by its budget, about; and how many queries it took so far.
  [[nodiscard]] const TrialShape& shape() const { return shape_; }
  [[nodiscard]] std::int64_t num_queries_planned() const { return num_queries_planned_; }
  [[nodiscard]] std::int64_t num_generations_planned() const { return shape_.num_generations; }
  [[nodiscard]] std::int64_t num_queries_done() const;

 private:
  struct OpenGroupPlan;

  [[nodiscard]] bool has_search() const { return search_ != nullptr; }
  [[nodiscard]] std::int64_t num_generations() const;
  [[nodiscard]] std::vector<std::vector<double>> plan_search();
  void begin_without_search();
  void end_search(const std::string& reason);

  void absorb_scaling(const EvaluationGroup& group);
  void absorb_selection(const EvaluationGroup& group);
  void absorb_generation(const EvaluationGroup& group, double seconds);
  void absorb_final(const EvaluationGroup& group);
  void consider(const Nominee& nominee, const SplitEvaluation& dev);

  [[nodiscard]] bool is_incumbent_new() const;
  void nominate_due();
  void nominate(Nominee nominee);

  TrialProblem& problem_;
  TrialRecord record_;
  TrialShape shape_;
  std::int64_t num_queries_planned_ = 0;
  std::unique_ptr<SplitScorer> scorer_;
  std::unique_ptr<TrialSearch> search_;  // null without a search
  std::unique_ptr<DevSelection> selection_;
  std::unique_ptr<OpenGroupPlan> open_;
};

[[nodiscard]] TrialRun::Identity identity_of(const TrialSpec& trial);

// TrialRecord::config_hash: SHA-256 over everything that decides a trial's results: settings,
// weights and vocabulary, data and draw.
[[nodiscard]] std::string record_hash(const std::string& resolved_yaml,
                                      const std::string& model_fingerprint,
                                      const std::string& data_fingerprint);
[[nodiscard]] std::string record_hash(const std::string& resolved_yaml,
                                      const TrialProblem& problem);

}  // namespace bbprompt
