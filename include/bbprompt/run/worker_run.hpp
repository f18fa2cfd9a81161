#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <vector>

#include "bbprompt/comm/channel.hpp"
#include "bbprompt/comm/loopback_channel.hpp"
#include "bbprompt/model/model_pool.hpp"
#include "bbprompt/run/protocol.hpp"
#include "bbprompt/run/query_log.hpp"
#include "bbprompt/run/trial_evaluator.hpp"
#include "bbprompt/run/trial_problem.hpp"

namespace bbprompt {

// A worker: builds the parts of a trial when its first item comes, keeps the most recently used
// ones, and answers work items. It is at as many items at once as its model has slots. Not for
// several threads.
class WorkerRun {
 public:
  using Reply = std::function<void(Bytes)>;

  // `models` must outlive the worker, and so must the log of what is asked, where there is one.
  explicit WorkerRun(ModelPool& models, QueryLog* query_log = nullptr);
  WorkerRun(const WorkerRun&) = delete;
  WorkerRun& operator=(const WorkerRun&) = delete;
  ~WorkerRun();

  // Takes one message from the master; begins a work item, which finish() answers unless it fails
  // at once. Throws CommError for a message that breaks the protocol.
  void handle(const Bytes& bytes, const Reply& reply);

  // Waits until an item that was begun is finished, at most `timeout_seconds` where the model can
  // wait that precisely, and answers what is finished. Nothing happens when none was begun.
  void finish(double timeout_seconds, const Reply& reply);

  [[nodiscard]] bool is_busy() const { return !under_way_.empty(); }
  [[nodiscard]] bool has_free_slot() const { return under_way_.size() < num_slots_; }
  [[nodiscard]] bool is_stopped() const { return is_stopped_; }

  // This worker as the one of a master in the same process. It must outlive the channel.
  [[nodiscard]] LoopbackWorker in_this_process();

 private:
  // What is needed to evaluate a trial's items.
  struct Parts {
    Parts(const ExperimentSpec& spec, ModelPool& models);

    TrialProblem problem;
    LanguageModel& model;
    TrialEvaluator evaluator;
  };
  struct KnownTrial {
    TrialMessage settings;
    std::shared_ptr<Parts> parts;  // null until needed, or when thrown away to save memory
  };
  struct UnderWay {
    WorkItem item;
    std::shared_ptr<Parts> parts;
    std::chrono::steady_clock::time_point start;
  };

  void begin(const WorkItem& item, const Reply& reply);
  void answer(const UnderWay& done, WorkResult result, const Reply& reply);
  void finish_model(LanguageModel& model, double timeout_seconds, const Reply& reply);
  [[nodiscard]] std::shared_ptr<Parts> parts_of(std::int32_t trial);
  void let_go(const LanguageModel& model);

  ModelPool& models_;
  QueryLog* query_log_;
  std::map<std::int32_t, KnownTrial> trials_;
  std::list<std::int32_t> recently_used_;        // trials with parts, latest first
  std::map<std::uint64_t, UnderWay> under_way_;  // by the number of their request
  std::uint64_t num_requests_ = 0;
  std::size_t num_slots_ = 1;        // of the model that was asked last
  std::vector<Bytes> late_answers_;  // of a model that was unloaded, for the next finish()
  bool is_stopped_ = false;
};

// Serves the master until it says stop. `is_stop_requested` tells whether a signal came; the master
// is then asked to stop the run, and no work item is begun any more.
void serve_master(Channel& channel, ModelPool& models,
                  const std::function<bool()>& is_stop_requested, QueryLog* query_log = nullptr);

}  // namespace bbprompt
