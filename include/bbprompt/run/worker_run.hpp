#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "bbprompt/comm/channel.hpp"
#include "bbprompt/run/protocol.hpp"
#include "bbprompt/run/query_log.hpp"
#include "bbprompt/run/trial_evaluator.hpp"

namespace bbprompt {

// A worker: builds the parts of a trial when its first item comes, keeps the most recently used
// ones, and answers work items. Single-threaded.
class WorkerRun {
 public:
  using Reply = std::function<void(Bytes)>;

  // `models` must outlive the worker, and so must the log of what is asked, where there is one.
  explicit WorkerRun(ModelPool& models, QueryLog* query_log = nullptr);
  WorkerRun(const WorkerRun&) = delete;
  WorkerRun& operator=(const WorkerRun&) = delete;
  ~WorkerRun();

  // Handles one message from the master. Throws CommError for one that breaks the protocol.
  void handle(const Bytes& bytes, const Reply& reply);

  [[nodiscard]] bool is_stopped() const { return is_stopped_; }

 private:
  struct KnownTrial {
    TrialMessage settings;
    const LanguageModel* model = nullptr;
    // Null until needed, or when thrown away to save memory.
    std::unique_ptr<TrialProblem> problem;
    std::unique_ptr<TrialEvaluator> evaluator;
  };

  [[nodiscard]] WorkResult work(const WorkItem& item);
  [[nodiscard]] TrialEvaluator& evaluator_of(std::int32_t trial);
  void build(KnownTrial& trial);
  void let_go(const LanguageModel& model);

  ModelPool& models_;
  QueryLog* query_log_;
  std::map<std::int32_t, KnownTrial> trials_;
  std::list<std::int32_t> recently_used_;  // trials with an evaluator, latest first
  bool is_stopped_ = false;
};

// Serves the master until it says stop. `is_stop_requested` tells whether a signal came; the master
// is then asked to stop the run, and no work item is begun any more.
void serve_master(Channel& channel, ModelPool& models,
                  const std::function<bool()>& is_stop_requested, QueryLog* query_log = nullptr);

}  // namespace bbprompt
