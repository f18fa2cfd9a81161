// The master's dealings with its workers: what they get, what they answer, and what becomes of the
// work of those that do not.
#include <algorithm>
#include <cmath>
#include <set>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/here_and_now.hpp"
#include "bbprompt/base/log.hpp"
#include "bbprompt/run/master_run.hpp"
#include "bbprompt/run/protocol.hpp"

namespace bbprompt {
namespace {

using Clock = std::chrono::steady_clock;

// Between looks for workers that are overdue.
constexpr double kLookSeconds = 0.2;

// Scores that are no numbers are a failure of the worker, or of its node.
void refuse_scores_not_finite(WorkResult& result) {
  const auto& scores = result.label_scores;
  const bool is_finite =
      std::all_of(scores.begin(), scores.end(), [](double score) { return std::isfinite(score); });
  if (is_finite) return;
  result.fail("a label score is not finite");
  result.is_retryable = true;
}

}  // namespace

void MasterRun::dispatch() {
  while (auto assignment = scheduler_.next_assignment(seconds_since(start_))) {
    const auto index = static_cast<std::size_t>(assignment->item.trial);
    const int worker = assignment->worker;
    if (active_.at(index).told.insert(worker).second) {
      channel_.send(worker, encode(TrialMessage{.trial = assignment->item.trial,
                                                .id = plan_.trials[index].id,
                                                .resolved_yaml = plan_.trials[index].resolved_yaml,
                                                .folder = plan_.folder.string(),
                                                .data_folder = plan_.data_folder.string()}));
    }
    hang_detector_.given(worker, assignment->item, seconds_since(start_));
    channel_.send(worker, encode(ItemMessage{.item = std::move(assignment->item)}));
  }
}

void MasterRun::handle(const Message& message) {
  RunMessage decoded = decode(message.bytes);
  if (std::holds_alternative<StopAskedMessage>(decoded)) {
    logger()->warn("rank {} was asked to stop by a signal", message.source);
    is_stop_asked_ = true;
    return;
  }
  auto* answer = std::get_if<ResultMessage>(&decoded);
  if (answer == nullptr)
    throw CommError("rank " + std::to_string(message.source) +
                    " sent a message that only masters send");
  take_result(message.source, std::move(answer->result));
}

void MasterRun::take_result(int worker, WorkResult result) {
  refuse_scores_not_finite(result);
  hang_detector_.answered(worker, result, seconds_since(start_));
  report_.answered(worker, result);
  const std::size_t num_hung = scheduler_.num_hung();
  const auto completion = scheduler_.complete(worker, result, seconds_since(start_));
  const bool is_settled = completion && completion->is_settled;
  const bool was_hung = scheduler_.num_hung() < num_hung;
  if (was_hung) report_.worker_back(worker);
  const bool has_failed = result.state == WorkResult::State::kFailed;
  if (has_failed && !was_hung) report_failure(worker, result, is_settled);
  if (!completion) return;
  if (is_settled) {
    settle(completion->item, result);
  } else {
    active_.at(static_cast<std::size_t>(completion->item.trial))
        .group.keep(completion->item, result);
  }
}

// Answers to groups that are over are told of no more.
void MasterRun::report_failure(int worker, const WorkResult& result, bool is_last) {
  for (const auto& [index, trial] : active_) {
    if (result.id < trial.first_item || result.id >= trial.end_item) continue;
    report_.attempt_failed({.worker = worker,
                            .trial = index,
                            .item = result.id,
                            .attempt = result.attempt,
                            .reason = result.error,
                            .is_last = is_last});
  }
}

void MasterRun::settle(const WorkItem& item, const WorkResult& result) {
  const auto index = static_cast<std::size_t>(item.trial);
  ActiveTrial& trial = active_.at(index);
  if (!result.ok() && plan_.failures.policy == FailurePolicy::kFailTrial) {
    trial.run->fail_evaluation(item.split, result.error);
    finish_trial(index);
    return;
  }
  trial.group.settle(item, result);
  trial.has_unsaved_results = true;
  if (!trial.group.is_settled()) {
    save_open_group(trial);
  } else if (absorb_group(index)) {
    advance(index);
  }
}

void MasterRun::look_after_workers() {
  for (const int worker : channel_.lost_ranks()) {
    report_.worker_lost(worker);
    hang_detector_.forget_worker(worker);
    if (scheduler_.num_workers() <= 1) end_without_workers("the last worker is lost");
    give_up_items(worker, scheduler_.worker_lost(worker), "its worker was lost");
  }
  if (seconds_since(last_look_) < kLookSeconds) return;
  last_look_ = Clock::now();
  for (const Overdue& overdue : hang_detector_.overdue(seconds_since(start_))) {
    const int worker = overdue.worker;
    report_.worker_hung(worker, overdue.allowed_seconds);
    give_up_items(worker, scheduler_.worker_hung(worker, overdue.items),
                  "its worker gave no answer in time");
  }
  if (scheduler_.num_hung() == scheduler_.num_workers() && !active_.empty())
    end_without_workers("no worker answers in time any more");
}

// Of a trial that fails by one of them, the others are forgotten.
void MasterRun::give_up_items(int worker, const std::vector<WorkItem>& items,
                              const std::string& reason) {
  for (const WorkItem& item : items) {
    if (active_.count(static_cast<std::size_t>(item.trial)) == 0) continue;
    WorkResult result{.id = item.id, .attempt = item.attempt};
    result.fail(reason);
    report_failure(worker, result, true);
    settle(item, result);
  }
}

void MasterRun::end_without_workers(const std::string& reason) {
  save_checkpoints();
  throw CommError(reason + "; the run stops with checkpoints in " + folder_.path().string() +
                  ". Look at the workers' nodes (bbprompt status shows the ranks), then run the "
                  "same command again to go on");
}

bool MasterRun::stop_workers(Channel& channel, double timeout_seconds) {
  std::set<int> waiting;
  for (const int worker : channel.workers()) {
    channel.send(worker, encode(StopMessage{}));
    waiting.insert(worker);
  }
  const auto start = Clock::now();
  while (!waiting.empty() && seconds_since(start) < timeout_seconds) {
    const auto message = channel.receive(0.05);
    if (message && std::holds_alternative<ByeMessage>(decode(message->bytes)))
      waiting.erase(message->source);
    for (const int lost : channel.lost_ranks()) waiting.erase(lost);
  }
  return waiting.empty();
}

}  // namespace bbprompt
