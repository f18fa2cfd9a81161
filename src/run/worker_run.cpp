#include "bbprompt/run/worker_run.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/here_and_now.hpp"
#include "bbprompt/config/experiment_yaml.hpp"

namespace bbprompt {
namespace {

// Trials whose data and projections stay in memory at the same time.
constexpr std::size_t kMaxParts = 16;

// The error's text where it means that the model is lost.
std::optional<std::string> reason_of_loss(const std::exception_ptr& error) {
  if (!error) return std::nullopt;
  try {
    std::rethrow_exception(error);
  } catch (const ModelLostError& lost) {
    return lost.what();
  } catch (...) {
    return std::nullopt;
  }
}

}  // namespace

WorkerRun::Parts::Parts(const ExperimentSpec& spec, ModelPool& models)
    : problem(spec, models), model(models.get(spec.model)), evaluator(problem, model) {}

WorkerRun::WorkerRun(ModelPool& models, QueryLog* query_log)
    : models_(models), query_log_(query_log) {
  models_.on_unload([this](const LanguageModel& model) { let_go(model); });
}

WorkerRun::~WorkerRun() { models_.on_unload({}); }

// The pool unloads a model: what it is at is finished, and parts that refer to it are built anew
// when they are needed again.
void WorkerRun::let_go(const LanguageModel& model) {
  for (auto& [trial, known] : trials_) {
    if (!known.parts || &known.parts->model != &model) continue;
    const auto is_its_own = [&](const auto& entry) { return &entry.second.parts->model == &model; };
    while (std::any_of(under_way_.begin(), under_way_.end(), is_its_own)) {
      finish_model(known.parts->model, 1.0,
                   [this](Bytes answer) { late_answers_.push_back(std::move(answer)); });
    }
    known.parts.reset();
    recently_used_.remove(trial);
  }
}

void WorkerRun::handle(const Bytes& bytes, const Reply& reply) {
  RunMessage message = decode(bytes);
  if (auto* settings = std::get_if<TrialMessage>(&message)) {
    const auto trial = settings->trial;
    trials_[trial] = {.settings = std::move(*settings), .parts = nullptr};
    recently_used_.remove(trial);
  } else if (const auto* forget = std::get_if<ForgetMessage>(&message)) {
    trials_.erase(forget->trial);
    recently_used_.remove(forget->trial);
  } else if (const auto* item = std::get_if<ItemMessage>(&message)) {
    begin(item->item, reply);
  } else if (std::holds_alternative<DropMessage>(message)) {
    // Nothing waits in here.
  } else if (std::holds_alternative<StopMessage>(message)) {
    is_stopped_ = true;
    reply(encode(ByeMessage{}));
  } else {
    throw CommError("a worker got a message that only workers send");
  }
}

void WorkerRun::begin(const WorkItem& item, const Reply& reply) {
  UnderWay begun{.item = item, .parts = nullptr, .start = std::chrono::steady_clock::now()};
  try {
    begun.parts = parts_of(item.trial);
    if (item.kind == WorkItem::Kind::kLayerScales)
      return answer(begun, begun.parts->evaluator.run(item), reply);
    const TrialEvaluator& evaluator = begun.parts->evaluator;
    LanguageModel& model = begun.parts->model;
    num_slots_ = static_cast<std::size_t>(std::max(model.slots(), 1));
    const std::uint64_t request = ++num_requests_;
    model.start(
        {.id = request, .queries = evaluator.queries(item), .answers = evaluator.answers()});
    under_way_.emplace(request, std::move(begun));
  } catch (const CommError&) {
    throw;
  } catch (const std::exception&) {
    // Of parts that the master could build something is wrong on this node: worth another attempt
    // elsewhere.
    WorkResult result = failed_result(item, std::current_exception());
    result.is_retryable = result.is_retryable || !begun.parts;
    answer(begun, std::move(result), reply);
  }
}

void WorkerRun::answer(const UnderWay& done, WorkResult result, const Reply& reply) {
  result.id = done.item.id;
  result.attempt = done.item.attempt;
  result.seconds = seconds_since(done.start);
  if (query_log_ != nullptr) {
    const auto known = trials_.find(done.item.trial);
    query_log_->add(known == trials_.end() ? std::string() : known->second.settings.id, done.item,
                    result);
  }
  reply(encode(ResultMessage{.result = std::move(result)}));
}

void WorkerRun::finish(double timeout_seconds, const Reply& reply) {
  for (Bytes& answer : std::exchange(late_answers_, {})) reply(std::move(answer));
  std::set<LanguageModel*> busy;
  for (const auto& [request, begun] : under_way_) busy.insert(&begun.parts->model);
  // Where several models are at work none is waited for longer than the others can stand.
  for (LanguageModel* model : busy) {
    finish_model(*model, timeout_seconds / static_cast<double>(busy.size()), reply);
  }
}

void WorkerRun::finish_model(LanguageModel& model, double timeout_seconds, const Reply& reply) {
  for (const FinishedScore& finished : model.finish(timeout_seconds)) {
    auto entry = under_way_.extract(finished.id);
    if (entry.empty()) throw Error("the model answered a request twice, or one it did not get");
    const UnderWay& done = entry.mapped();
    if (const auto why = reason_of_loss(finished.error))
      reply(encode(StopAskedMessage{.why = *why, .is_trouble = true}));
    answer(done,
           finished.error ? failed_result(done.item, finished.error)
                          : done.parts->evaluator.result(done.item, finished.scores),
           reply);
  }
}

std::shared_ptr<WorkerRun::Parts> WorkerRun::parts_of(std::int32_t trial) {
  const auto known = trials_.find(trial);
  if (known == trials_.end()) throw CommError("work item of a trial this worker was not told of");
  recently_used_.remove(trial);
  if (!known->second.parts) {
    if (recently_used_.size() >= kMaxParts) {
      trials_.at(recently_used_.back()).parts.reset();
      recently_used_.pop_back();
    }
    const TrialMessage& settings = known->second.settings;
    ExperimentSpec spec = experiment_from_yaml(
        settings.resolved_yaml, {.folder = settings.folder, .data = settings.data_folder});
    spec.model.findings = settings.findings;
    spec.model.journal = settings.journal;
    auto parts = std::make_shared<Parts>(spec, models_);
    if (!settings.layer_scales.empty()) parts->problem.set_layer_scales(settings.layer_scales);
    known->second.parts = std::move(parts);
  }
  recently_used_.push_front(trial);
  return known->second.parts;
}

LoopbackWorker WorkerRun::in_this_process() {
  return {.has_room = [this] { return has_free_slot(); },
          .handle = [this](const Bytes& message,
                           const LoopbackWorker::Reply& reply) { handle(message, reply); },
          .work =
              [this](double seconds, const LoopbackWorker::Reply& reply) {
                if (!is_busy()) return false;
                finish(seconds, reply);
                return true;
              }};
}

namespace {

// Messages of the master in the order they came, but that the end of a run overtakes the work items
// that wait before it.
class Inbox {
 public:
  explicit Inbox(Channel& channel) : channel_(channel) {}

  // The first message; nothing where there is none within the time, or where it is a work item and
  // `takes_items` is false.
  [[nodiscard]] std::optional<Bytes> next(double timeout_seconds, bool takes_items) {
    while (auto message = channel_.receive(waiting_.empty() ? timeout_seconds : 0.0)) {
      const RunMessage decoded = decode(message->bytes);
      if (std::holds_alternative<StopMessage>(decoded) ||
          std::holds_alternative<DropMessage>(decoded)) {
        end_items();
      }
      const bool is_item = std::holds_alternative<ItemMessage>(decoded);
      if (is_ended_ && is_item) continue;
      waiting_.push_back({.bytes = std::move(message->bytes), .is_item = is_item});
    }
    if (waiting_.empty() || (waiting_.front().is_item && !takes_items)) return std::nullopt;
    Bytes first = std::move(waiting_.front().bytes);
    waiting_.pop_front();
    return first;
  }

  // From now on no work item is given out.
  void end_items() {
    is_ended_ = true;
    std::erase_if(waiting_, [](const Waiting& message) { return message.is_item; });
  }

 private:
  struct Waiting {
    Bytes bytes;
    bool is_item = false;
  };

  Channel& channel_;
  std::deque<Waiting> waiting_;
  bool is_ended_ = false;
};

constexpr int kMaster = 0;
// Between looks for messages and signals.
constexpr double kLookSeconds = 0.2;
// A worker that could begin more while its model is at work looks more often for what comes.
constexpr double kBusyLookSeconds = 0.01;

bool is_master_lost(Channel& channel) {
  const std::vector<int> lost = channel.lost_ranks();
  return std::find(lost.begin(), lost.end(), kMaster) != lost.end();
}

}  // namespace

void serve_master(Channel& channel, ModelPool& models,
                  const std::function<bool()>& is_stop_requested, QueryLog* query_log) {
  WorkerRun worker(models, query_log);
  Inbox inbox(channel);
  const auto reply = [&](Bytes answer) { channel.send(kMaster, std::move(answer)); };
  bool has_asked = false;
  while (!worker.is_stopped()) {
    if (is_stop_requested() && !has_asked) {
      channel.send(kMaster, encode(StopAskedMessage{.why = "a signal asked it to stop"}));
      inbox.end_items();
      has_asked = true;
    }
    const double patience = worker.is_busy() ? 0.0 : kLookSeconds;
    if (const auto message = inbox.next(patience, worker.has_free_slot())) {
      worker.handle(*message, reply);
    } else if (worker.is_busy()) {
      worker.finish(worker.has_free_slot() ? kBusyLookSeconds : kLookSeconds, reply);
    } else if (is_master_lost(channel)) {
      throw CommError("the master is lost");
    }
  }
}

}  // namespace bbprompt
