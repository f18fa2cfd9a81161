#include "run/worker_watch.hpp"

#include "bbprompt/base/here_and_now.hpp"

namespace bbprompt {
namespace {

// Between looks for workers that are overdue.
constexpr double kLookSeconds = 0.2;

}  // namespace

WorkerWatch::WorkerWatch(Channel& channel, RunReport& report, const HangOptions& options)
    : channel_(channel),
      report_(report),
      hang_detector_(options),
      start_(Clock::now()),
      last_look_(start_) {}

double WorkerWatch::now() const { return seconds_since(start_); }

void WorkerWatch::answered(int worker, const WorkResult& result) {
  hang_detector_.answered(worker, result, now());
  report_.answered(worker, result);
}

std::optional<std::string> WorkerWatch::look(DispatchLoop& loop) {
  for (const int worker : channel_.lost_ranks()) {
    report_.worker_lost(worker);
    hang_detector_.forget_worker(worker);
    if (loop.scheduler().num_workers() <= 1) return "the last worker is lost";
    loop.worker_lost(worker, "its worker was lost");
  }
  if (seconds_since(last_look_) < kLookSeconds) return std::nullopt;
  last_look_ = Clock::now();
  for (const Overdue& overdue : hang_detector_.overdue(now())) {
    report_.worker_hung(overdue.worker, overdue.allowed_seconds);
    loop.worker_hung(overdue.worker, overdue.items, "its worker gave no answer in time");
  }
  const Scheduler& scheduler = loop.scheduler();
  if (scheduler.num_hung() == scheduler.num_workers() && loop.has_active())
    return "no worker answers in time any more";
  return std::nullopt;
}

}  // namespace bbprompt
