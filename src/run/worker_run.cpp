#include "bbprompt/run/worker_run.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <optional>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/here_and_now.hpp"
#include "bbprompt/config/experiment_yaml.hpp"

namespace bbprompt {
namespace {

// Trials whose data and projections stay in memory at the same time.
constexpr std::size_t kMaxEvaluators = 16;

}  // namespace

WorkerRun::WorkerRun(ModelPool& models, QueryLog* query_log)
    : models_(models), query_log_(query_log) {
  models_.on_unload([this](const LanguageModel& model) { let_go(model); });
}

WorkerRun::~WorkerRun() { models_.on_unload({}); }

// The pool unloads a model: evaluators that refer to it are built anew when they are needed again.
void WorkerRun::let_go(const LanguageModel& model) {
  for (auto& [trial, known] : trials_) {
    if (known.model != &model || !known.evaluator) continue;
    known.evaluator.reset();
    known.problem.reset();
    recently_used_.remove(trial);
  }
}

void WorkerRun::handle(const Bytes& bytes, const Reply& reply) {
  RunMessage message = decode(bytes);
  if (auto* settings = std::get_if<TrialMessage>(&message)) {
    const auto trial = settings->trial;
    trials_[trial] = {.settings = std::move(*settings), .problem = nullptr, .evaluator = nullptr};
    recently_used_.remove(trial);
  } else if (const auto* forget = std::get_if<ForgetMessage>(&message)) {
    trials_.erase(forget->trial);
    recently_used_.remove(forget->trial);
  } else if (const auto* item = std::get_if<ItemMessage>(&message)) {
    reply(encode(ResultMessage{.result = work(item->item)}));
  } else if (std::holds_alternative<DropMessage>(message)) {
    // Nothing waits in here.
  } else if (std::holds_alternative<StopMessage>(message)) {
    is_stopped_ = true;
    reply(encode(ByeMessage{}));
  } else {
    throw CommError("a worker got a message that only workers send");
  }
}

WorkResult WorkerRun::work(const WorkItem& item) {
  const auto start = std::chrono::steady_clock::now();
  WorkResult result;
  try {
    result = evaluator_of(item.trial).run(item);
  } catch (const CommError&) {
    throw;
  } catch (const std::exception& error) {
    // The master could build these parts: something is wrong on this node.
    result.id = item.id;
    result.error = error.what();
    result.is_retryable = true;
  }
  result.attempt = item.attempt;
  result.seconds = seconds_since(start);
  if (query_log_ != nullptr) query_log_->add(trials_.at(item.trial).settings.id, item, result);
  return result;
}

TrialEvaluator& WorkerRun::evaluator_of(std::int32_t trial) {
  const auto known = trials_.find(trial);
  if (known == trials_.end()) throw CommError("work item of a trial this worker was not told of");
  recently_used_.remove(trial);
  if (!known->second.evaluator) {
    if (recently_used_.size() >= kMaxEvaluators) {
      KnownTrial& oldest = trials_.at(recently_used_.back());
      oldest.evaluator.reset();
      oldest.problem.reset();
      recently_used_.pop_back();
    }
    build(known->second);
  }
  recently_used_.push_front(trial);
  return *known->second.evaluator;
}

void WorkerRun::build(KnownTrial& trial) {
  const auto& settings = trial.settings;
  const ExperimentSpec spec = experiment_from_yaml(
      settings.resolved_yaml, {.folder = settings.folder, .data = settings.data_folder});
  LanguageModel& model = models_.get(spec.model);
  trial.model = &model;
  trial.problem = std::make_unique<TrialProblem>(spec, models_);
  complete_layer_scales(*trial.problem, model);
  trial.evaluator = std::make_unique<TrialEvaluator>(*trial.problem, model);
}

namespace {

// Messages of the master in the order they came, but that the end of a run overtakes the work items
// that wait before it.
class Inbox {
 public:
  explicit Inbox(Channel& channel) : channel_(channel) {}

  [[nodiscard]] std::optional<Bytes> next(double timeout_seconds) {
    while (auto message = channel_.receive(waiting_.empty() ? timeout_seconds : 0.0)) {
      const RunMessage decoded = decode(message->bytes);
      if (std::holds_alternative<StopMessage>(decoded) ||
          std::holds_alternative<DropMessage>(decoded)) {
        end_items();
      }
      if (is_ended_ && std::holds_alternative<ItemMessage>(decoded)) continue;
      waiting_.push_back(std::move(message->bytes));
    }
    if (waiting_.empty()) return std::nullopt;
    Bytes first = std::move(waiting_.front());
    waiting_.pop_front();
    return first;
  }

  // From now on no work item is given out.
  void end_items() {
    is_ended_ = true;
    std::erase_if(waiting_, [](const Bytes& bytes) {
      return std::holds_alternative<ItemMessage>(decode(bytes));
    });
  }

 private:
  Channel& channel_;
  std::deque<Bytes> waiting_;
  bool is_ended_ = false;
};

}  // namespace

void serve_master(Channel& channel, ModelPool& models,
                  const std::function<bool()>& is_stop_requested, QueryLog* query_log) {
  constexpr int kMaster = 0;
  WorkerRun worker(models, query_log);
  Inbox inbox(channel);
  bool has_asked = false;
  while (!worker.is_stopped()) {
    if (is_stop_requested() && !has_asked) {
      channel.send(kMaster, encode(StopAskedMessage{}));
      inbox.end_items();
      has_asked = true;
    }
    if (const auto message = inbox.next(0.2)) {
      worker.handle(*message, [&](Bytes answer) { channel.send(kMaster, std::move(answer)); });
      continue;
    }
    const std::vector<int> lost = channel.lost_ranks();
    if (std::find(lost.begin(), lost.end(), kMaster) != lost.end())
      throw CommError("the master is lost");
  }
}

}  // namespace bbprompt
