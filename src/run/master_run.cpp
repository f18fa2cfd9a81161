#include "bbprompt/run/master_run.hpp"

#include <chrono>
#include <set>
#include <utility>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/here_and_now.hpp"
#include "bbprompt/run/model_findings.hpp"
#include "bbprompt/run/protocol.hpp"
#include "bbprompt/sched/dispatch_loop.hpp"
#include "bbprompt/store/finished_trials.hpp"
#include "run/channel_workers.hpp"
#include "run/checkpoint_keeper.hpp"
#include "run/model_numbers.hpp"
#include "run/run_report.hpp"
#include "run/running_trials.hpp"
#include "run/start_check.hpp"
#include "run/used_weights.hpp"
#include "run/worker_watch.hpp"

namespace bbprompt {

// What a run is made of, in the order in which one stands on another.
struct MasterRun::Parts {
  Parts(const SweepPlan& plan, const RunFolder& folder, Channel& channel, ModelPool& models,
        const MasterOptions& options)
      : used_weights(plan),
        report(plan, folder, channel.workers(),
               {.on_progress = options.on_progress,
                .status_seconds = options.status_seconds,
                .started_by = options.started_by}),
        finished(folder.path(), options.info),
        checkpoints(folder.path(), options.info.version, report),
        model_numbers(plan, models),
        findings(plan, models, folder.path()),
        watch(channel, report, options.hang),
        workers(channel, watch, report,
                [this](std::int32_t trial) { return trials.settings_of(trial); }),
        trials({.plan = plan,
                .models = models,
                .model_numbers = model_numbers,
                .findings = findings,
                .finished = finished,
                .checkpoints = checkpoints,
                .report = report,
                .is_stop_requested = options.is_stop_requested,
                .on_settings_changed = [this](std::int32_t trial) { workers.tell_again(trial); },
                .on_ended = [this](std::int32_t trial) { workers.forget_trial(trial); }}),
        loop({.scheduler = {.max_attempts = plan.failures.max_attempts,
                            .slots = model_numbers.slots(),
                            .models_per_worker =
                                model_numbers.models_per_worker(options.worker_model_bytes)},
              .order = check_start({.plan = plan,
                                    .folder = folder,
                                    .models = models,
                                    .finished = finished,
                                    .report = report,
                                    .is_stop_requested = options.is_stop_requested}),
              .first_item = options.first_item},
             channel.workers(), trials, workers) {
    for (const int worker : channel.workers()) watch.set_slots(worker, model_numbers.slots());
  }

  UsedWeights used_weights;
  RunReport report;
  FinishedTrials finished;
  CheckpointKeeper checkpoints;
  ModelNumbers model_numbers;
  ModelFindings findings;
  WorkerWatch watch;
  ChannelWorkers workers;
  RunningTrials trials;
  DispatchLoop loop;
};

MasterRun::MasterRun(const SweepPlan& plan, const RunFolder& folder, Channel& channel,
                     ModelPool& models, MasterOptions options)
    : plan_(plan),
      folder_(folder),
      options_(std::move(options)),
      parts_(std::make_unique<Parts>(plan, folder, channel, models, options_)) {}

MasterRun::~MasterRun() = default;

std::uint64_t MasterRun::next_item() const { return parts_->loop.next_item(); }

RunOutcome MasterRun::run() {
  parts_->report.run_started(folder_.is_resumed(), options_.info.version);
  try {
    return work();
  } catch (const Error& error) {
    parts_->report.run_ended(RunState::kStopped, error.what());
    throw;
  }
}

RunOutcome MasterRun::work() {
  while (true) {
    if (parts_->workers.is_stop_asked() || options_.is_stop_requested()) return stop();
    if (const auto problem = parts_->watch.look(parts_->loop)) {
      parts_->trials.save_all();
      throw CommError(*problem + "; the run stops with checkpoints in " + folder_.path().string() +
                      ". Look at the workers' nodes (bbprompt status shows the ranks), then run "
                      "the same command again to go on");
    }
    if (!parts_->loop.turn(0.2)) return finish();
    parts_->checkpoints.look();
    if (parts_->checkpoints.is_disk_full() && !options_.goes_on_when_full) refuse_full_disk();
    parts_->report.publish();
  }
}

// What is paid from here on could not be kept.
void MasterRun::refuse_full_disk() {
  parts_->trials.save_all();  // there may be space again
  throw StoreError(folder_.path().string(),
                   "no space left for checkpoints; the run stops at the last good ones, before it "
                   "pays for what it cannot keep. Make room and run the same command again, or go "
                   "on all the same with --on-full-disk go_on");
}

// What has come is paid for. Workers begin nothing more, so this ends.
RunOutcome MasterRun::stop() {
  if (!parts_->workers.is_own_worker()) {
    parts_->workers.drop_waiting_items();
    parts_->loop.drain();
  }
  parts_->trials.save_all();
  parts_->report.run_ended(RunState::kStopped, parts_->workers.trouble());
  return RunOutcome::kStopped;
}

RunOutcome MasterRun::finish() {
  parts_->used_weights.check();
  std::vector<std::string> ids;
  bool is_any_failed = false;
  for (const TrialSpec& trial : plan_.trials) {
    ids.push_back(trial.id);
    const TrialBrief* finished = parts_->finished.find(trial.id);
    is_any_failed = is_any_failed || finished == nullptr || finished->state != TrialState::kDone;
  }
  parts_->finished.consolidate(ids);
  if (is_any_failed || !options_.is_followed)
    parts_->report.run_ended(is_any_failed ? RunState::kFailed : RunState::kDone);
  return is_any_failed ? RunOutcome::kFailed : RunOutcome::kDone;
}

bool MasterRun::stop_workers(Channel& channel, double timeout_seconds) {
  std::set<int> waiting;
  for (const int worker : channel.workers()) {
    channel.send(worker, encode(StopMessage{}));
    waiting.insert(worker);
  }
  const auto start = std::chrono::steady_clock::now();
  while (!waiting.empty() && seconds_since(start) < timeout_seconds) {
    const auto message = channel.receive(0.05);
    if (message && std::holds_alternative<ByeMessage>(decode(message->bytes)))
      waiting.erase(message->source);
    for (const int lost : channel.lost_ranks()) waiting.erase(lost);
  }
  return waiting.empty();
}

}  // namespace bbprompt
