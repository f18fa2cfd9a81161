#include "run/channel_workers.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/log.hpp"

namespace bbprompt {
namespace {

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

ChannelWorkers::ChannelWorkers(Channel& channel, WorkerWatch& watch, RunReport& report,
                               TellTrial tell_trial)
    : channel_(channel), watch_(watch), report_(report), tell_trial_(std::move(tell_trial)) {}

void ChannelWorkers::give(int worker, WorkItem item) {
  if (told_[item.trial].insert(worker).second) {
    channel_.send(worker, encode(tell_trial_(item.trial)));
    knows_[item.trial].insert(worker);
  }
  watch_.given(worker, item);
  channel_.send(worker, encode(ItemMessage{.item = std::move(item)}));
}

std::optional<WorkerSet::Answer> ChannelWorkers::wait(double seconds) {
  while (const auto message = channel_.receive(seconds)) {
    RunMessage decoded = decode(message->bytes);
    if (auto* answer = std::get_if<ResultMessage>(&decoded)) {
      refuse_scores_not_finite(answer->result);
      watch_.answered(message->source, answer->result);
      return Answer{.worker = message->source, .result = std::move(answer->result)};
    }
    const auto* asked = std::get_if<StopAskedMessage>(&decoded);
    if (asked == nullptr) {
      throw CommError("rank " + std::to_string(message->source) +
                      " sent a message that only masters send");
    }
    if (!is_stop_asked_) logger()->warn("rank {}: {}", message->source, asked->why);
    is_stop_asked_ = true;
    if (asked->is_trouble && trouble_.empty()) trouble_ = asked->why;
    seconds = 0.0;  // who waits must see it soon
  }
  return std::nullopt;
}

void ChannelWorkers::forget_trial(std::int32_t trial) {
  for (const int worker : knows_[trial])
    channel_.send(worker, encode(ForgetMessage{.trial = trial}));
  knows_.erase(trial);
  told_.erase(trial);
  watch_.forget_trial(trial);
}

bool ChannelWorkers::is_own_worker() const {
  return channel_.workers() == std::vector<int>{channel_.rank()};
}

void ChannelWorkers::drop_waiting_items() {
  for (const int worker : channel_.workers()) channel_.send(worker, encode(DropMessage{}));
}

}  // namespace bbprompt
