#pragma once

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "bbprompt/run/master_run.hpp"
#include "bbprompt/run/transfer.hpp"
#include "bbprompt/run/worker_run.hpp"
#include "tests/support.hpp"

namespace bbprompt::testing {

// Two tasks with a discrete and a soft prompt each, on the quickstart's model: 4 trials of 4
// generations.
inline SweepPlan small_plan(const std::vector<std::string>& more = {}) {
  std::vector<std::string> settings = {
      "seeds=[1]", "budget.evaluations=24", "optimizer.cma_es.population_size=6",
      "few_shot={train_per_class: 4, dev_per_class: 3, max_test: 24}", "shard_size=4"};
  settings.insert(settings.end(), more.begin(), more.end());
  return load_plan(source_folder() / "configs/quickstart/quickstart.yaml", settings);
}

inline RunInfo info_of(const SweepPlan& plan) {
  return {.version = "1.2.3",
          .name = plan.name,
          .config_given = plan.config_given,
          .config_resolved = plan.config_resolved,
          .config_hash = plan.config_hash,
          .build = "",
          .config_folder = ""};
}

enum class Fault { kNone, kFail, kNotANumber, kHang, kLate };

// Which fault strikes at an item: its number at this worker counts from 0.
using Faults = std::function<Fault(int rank, const WorkItem& item, int number)>;

// A worker like serve_master(), whose evaluations go wrong as `faults` says. `sleep` is what a late
// one does before it answers.
inline void serve_with_faults(Channel& channel, ModelPool& models, const Faults& faults,
                              const std::function<void()>& sleep) {
  WorkerRun worker(models);
  bool hangs = false;
  int number = 0;
  const auto send = [&](const Bytes& answer) { channel.send(0, answer); };
  while (!worker.is_stopped()) {
    const auto message = channel.receive(0.05);
    if (!message) continue;
    const RunMessage decoded = decode(message->bytes);
    const auto* item = std::get_if<ItemMessage>(&decoded);
    if (hangs && !std::holds_alternative<StopMessage>(decoded)) continue;
    const Fault fault =
        item == nullptr ? Fault::kNone : faults(channel.rank(), item->item, number++);
    if (fault == Fault::kHang) {
      hangs = true;
    } else if (fault == Fault::kFail) {
      send(encode(ResultMessage{.result = {.id = item->item.id,
                                           .error = "failed on purpose",
                                           .is_retryable = true,
                                           .attempt = item->item.attempt}}));
    } else {
      const auto pass_on = [&](Bytes answer) {
        if (fault == Fault::kLate) sleep();
        if (fault == Fault::kNotANumber) {
          auto result = std::get<ResultMessage>(decode(answer));
          result.result.label_scores.back() = std::numeric_limits<double>::quiet_NaN();
          answer = encode(result);
        }
        send(answer);
      };
      worker.handle(message->bytes, pass_on);
      while (worker.is_busy()) worker.finish(1.0, pass_on);
    }
  }
}

}  // namespace bbprompt::testing
