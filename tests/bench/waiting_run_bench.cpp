// A real run (MasterRun over MPI, checkpoints and results on disk) whose workers only wait: each
// sleeps a time that depends on the work item alone and answers with scores that do too. So many
// workers fit on few cores, and what is measured is the machinery. Run by efficiency.sh and
// many_trials.sh, which say what the figures mean.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/log.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "bbprompt/comm/communicator.hpp"
#include "bbprompt/comm/mpi_channel.hpp"
#include "bbprompt/config/experiment_yaml.hpp"
#include "bbprompt/run/master_run.hpp"
#include "bbprompt/run/plan_simulation.hpp"
#include "bbprompt/run/plan_survey.hpp"
#include "bbprompt/run/protocol.hpp"
#include "bbprompt/run/transfer.hpp"

namespace {

using namespace bbprompt;
using Clock = std::chrono::steady_clock;

constexpr double kSpread = 0.5;
constexpr double kFarewellSeconds = 30.0;

struct Options {
  std::string configuration;
  std::string folder;
  double seconds = 0.05;                                               // mean of an evaluation
  std::int64_t stop_after = std::numeric_limits<std::int64_t>::max();  // trials
  bool is_showing_memory = false;
  std::vector<std::string> settings;
};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// What belongs to an item, whoever evaluates it and when.
RandomStream stream_of(const WorkItem& item, std::string_view purpose) {
  const auto place =
      (static_cast<std::uint64_t>(item.member) << 32U) + static_cast<std::uint64_t>(item.begin);
  return RandomStream({.seed = 1,
                       .trial = static_cast<std::uint64_t>(item.trial),
                       .generation = static_cast<std::uint64_t>(item.group),
                       .purpose = purpose},
                      4096 * place);
}

double sleep_of(const WorkItem& item, double mean) {
  RandomStream stream = stream_of(item, "waiting_run_sleep");
  return mean * (1.0 + kSpread * (2.0 * stream.uniform() - 1.0));
}

// The channel of the master, with an eye on what passes.
class CountingChannel final : public Channel {
 public:
  CountingChannel(Channel& channel, double mean_sleep)
      : channel_(channel), mean_sleep_(mean_sleep) {}

  [[nodiscard]] int rank() const override { return channel_.rank(); }
  [[nodiscard]] std::vector<int> workers() const override { return channel_.workers(); }

  void send(int destination, Bytes bytes) override {
    const RunMessage message = decode(bytes);
    if (const auto* item = std::get_if<ItemMessage>(&message)) {
      if (num_items == 0) first = Clock::now();
      ++num_items;
      num_item_bytes += bytes.size();
      asked_seconds += sleep_of(item->item, mean_sleep_);
    }
    channel_.send(destination, std::move(bytes));
  }

  [[nodiscard]] std::optional<Message> receive(double timeout_seconds) override {
    auto message = channel_.receive(timeout_seconds);
    if (!message) return message;
    const RunMessage decoded = decode(message->bytes);
    if (const auto* answer = std::get_if<ResultMessage>(&decoded)) {
      last = Clock::now();
      num_result_bytes += message->bytes.size();
      slept_seconds += answer->result.seconds;
    }
    return message;
  }

  std::int64_t num_items = 0;
  std::size_t num_item_bytes = 0;
  std::size_t num_result_bytes = 0;
  double asked_seconds = 0.0;
  double slept_seconds = 0.0;
  Clock::time_point first{};
  Clock::time_point last{};

 private:
  Channel& channel_;
  double mean_sleep_;
};

WorkResult answer_of(const WorkItem& item, std::size_t num_labels) {
  RandomStream stream = stream_of(item, "waiting_run_scores");
  WorkResult result;
  result.id = item.id;
  const auto num_examples = static_cast<std::size_t>(item.end - item.begin);
  for (std::size_t i = 0; i < num_examples * num_labels; ++i)
    result.label_scores.push_back(stream.uniform());
  result.state = WorkResult::State::kScored;
  result.usage = {.num_queries = item.end - item.begin, .num_calls = 1};
  return result;
}

void serve_waiting(Channel& channel, double mean_sleep) {
  std::map<std::int32_t, std::size_t> num_labels;  // by trial
  while (true) {
    const auto message = channel.receive(1.0);
    if (!message) continue;
    const RunMessage decoded = decode(message->bytes);
    if (const auto* trial = std::get_if<TrialMessage>(&decoded)) {
      const ExperimentSpec spec = experiment_from_yaml(
          trial->resolved_yaml, {.folder = trial->folder, .data = trial->data_folder});
      num_labels[trial->trial] = spec.task.labels.size();
    } else if (const auto* forget = std::get_if<ForgetMessage>(&decoded)) {
      num_labels.erase(forget->trial);
    } else if (const auto* item = std::get_if<ItemMessage>(&decoded)) {
      const auto start = Clock::now();
      std::this_thread::sleep_for(std::chrono::duration<double>(sleep_of(item->item, mean_sleep)));
      WorkResult result = answer_of(item->item, num_labels.at(item->item.trial));
      result.seconds = seconds_since(start);
      channel.send(0, encode(ResultMessage{.result = std::move(result)}));
    } else if (std::holds_alternative<StopMessage>(decoded)) {
      channel.send(0, encode(ByeMessage{}));
      return;
    }
  }
}

double resident_megabytes() {
  std::ifstream in("/proc/self/statm");
  double total = 0.0;
  double resident = 0.0;
  in >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

// Ten lines over a run.
class MemoryLog {
 public:
  void show(const RunProgress& progress) {
    const auto num_done = progress.count(TrialStanding::kDone);
    const auto step =
        std::max<std::int64_t>(static_cast<std::int64_t>(progress.trials.size()) / 10, 1);
    if (num_done / step == last_) return;
    last_ = num_done / step;
    std::printf("  %5ld trials done after %6.1f s: %7.1f MB resident\n",
                static_cast<long>(num_done), progress.seconds, resident_megabytes());
    std::fflush(stdout);
  }

 private:
  std::int64_t last_ = -1;
};

SimulatedRun simulate(const SweepPlan& plan, ModelPool& models, const Options& options,
                      int num_workers) {
  std::vector<TrialShape> shapes;
  for (const SurveyedTrial& trial :
       survey_plan(plan, models, [](const auto&, const auto&) { return true; }))
    shapes.push_back(trial.shape);
  return simulate_run(
      {.trials = shapes,
       .seconds_of = [&](const WorkItem& item) { return sleep_of(item, options.seconds); }},
      num_workers);
}

void print_run(const CountingChannel& counted, const SimulatedRun& simulated) {
  const double wall = std::chrono::duration<double>(counted.last - counted.first).count();
  const auto num_items = static_cast<double>(counted.num_items);
  const auto num_workers = static_cast<double>(counted.workers().size());
  std::printf(
      "  workers %3.0f items %6.0f wall %8.3f s  ideal %8.3f s  of-ideal %6.2f %%  (slept %6.2f "
      "%%)  "
      "%8.1f items/s  %4.0f + %4.0f bytes an item\n",
      num_workers, num_items, wall, counted.asked_seconds / num_workers,
      100.0 * counted.asked_seconds / num_workers / wall,
      100.0 * counted.slept_seconds / num_workers / wall, num_items / wall,
      static_cast<double>(counted.num_item_bytes) / num_items,
      static_cast<double>(counted.num_result_bytes) / num_items);
  std::printf(
      "  simulated   items %6ld wall %8.3f s  of-ideal %6.2f %%  measured/simulated %6.4f\n",
      static_cast<long>(simulated.num_items), simulated.wall_seconds,
      100.0 * simulated.busy_share(), wall / simulated.wall_seconds);
}

void run_master(MpiChannel& channel, const Options& options) {
  const auto start = Clock::now();
  logger()->sinks().clear();
  const SweepPlan plan = load_plan(options.configuration, options.settings);
  ModelPool models;
  const auto num_workers = static_cast<int>(channel.workers().size());
  const RunFolder folder(options.folder, plan);
  CountingChannel counted(channel, options.seconds);
  MemoryLog memory;
  std::int64_t num_done = 0;
  MasterRun master(plan, folder, counted, models,
                   {.is_stop_requested = [&] { return num_done >= options.stop_after; },
                    .on_progress =
                        [&](const RunProgress& progress) {
                          num_done = progress.count(TrialStanding::kDone);
                          if (options.is_showing_memory) memory.show(progress);
                        },
                    .info = {.name = plan.name, .config_hash = plan.config_hash}});
  const RunOutcome outcome = master.run();
  std::printf("  %s after %.2f s", outcome == RunOutcome::kDone ? "done" : "stopped",
              seconds_since(start));
  if (counted.num_items > 0) {
    std::printf(", the first work item left after %.2f s",
                std::chrono::duration<double>(counted.first - start).count());
  }
  std::printf("\n");
  if (counted.num_items > 0 && outcome == RunOutcome::kDone && !options.is_showing_memory) {
    const SimulatedRun simulated = simulate(plan, models, options, num_workers);
    print_run(counted, simulated);
    // Scores decide little of how much is asked: whether an incumbent goes to dev.
    if (std::abs(simulated.num_items - counted.num_items) > counted.num_items / 10)
      throw Error("the run had other work items than its plan");
  }
  if (!MasterRun::stop_workers(channel, kFarewellSeconds)) throw Error("a worker does not answer");
}

Options parse(int argc, char** argv) {
  if (argc < 4) {
    throw UsageError(
        "waiting_run_bench FILE.yaml FOLDER SECONDS [--memory] [--stop-after TRIALS] "
        "[KEY=VALUE ...]");
  }
  Options options{.configuration = argv[1], .folder = argv[2], .settings = {}};
  options.seconds = std::atof(argv[3]);
  for (int i = 4; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--memory") {
      options.is_showing_memory = true;
    } else if (argument == "--stop-after" && i + 1 < argc) {
      options.stop_after = std::atoll(argv[++i]);
    } else {
      options.settings.emplace_back(argument);
    }
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const MpiEnvironment environment;
  const Communicator world(environment);
  try {
    const Options options = parse(argc, argv);
    if (world.size() < 2) throw UsageError("needs at least 2 ranks: see efficiency.sh");
    MpiChannel channel(world);
    if (world.rank() == 0) {
      run_master(channel, options);
    } else {
      serve_waiting(channel, options.seconds);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    MpiEnvironment::abort(1);
  }
  return 0;
}
