// A run whose workers go into one evaluation without end each, after a few quick ones: does the
// master get away in time? stop_probe FOLDER SECONDS: stops by a signal, or so many seconds after
// both workers are in their long evaluation, which each of them says by FOLDER/asleep.RANK. Every
// rank writes its process id to FOLDER/pid.RANK.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>

#include "bbprompt/base/error.hpp"
#include "bbprompt/comm/communicator.hpp"
#include "bbprompt/comm/mpi_channel.hpp"
#include "bbprompt/run/farewell.hpp"
#include "tests/run/faulty_worker.hpp"
#include "tests/run/toy_model.hpp"

namespace {

using namespace bbprompt;
using Clock = std::chrono::steady_clock;

volatile std::sig_atomic_t is_stop_asked = 0;

void on_signal(int /*number*/) { is_stop_asked = 1; }

int run_master(Channel& channel, ModelPool& models, const std::filesystem::path& folder,
               double seconds) {
  const SweepPlan plan = bbprompt::testing::small_plan();
  const RunFolder run_folder(folder / "run", plan);
  std::optional<Clock::time_point> asleep_since;
  const auto is_over = [&] {
    const bool are_asleep = std::filesystem::exists(folder / "asleep.1") &&
                            std::filesystem::exists(folder / "asleep.2");
    if (are_asleep && !asleep_since) asleep_since = Clock::now();
    return seconds > 0.0 && asleep_since &&
           Clock::now() - *asleep_since > std::chrono::duration<double>(seconds);
  };
  MasterRun master(plan, run_folder, channel, models,
                   {.is_stop_requested = [&] { return is_stop_asked != 0 || is_over(); },
                    .on_progress = {},
                    .info = bbprompt::testing::info_of(plan)});
  return say_farewell(channel, master.run() == RunOutcome::kStopped ? 3 : 0);
}

int run(const std::filesystem::path& folder, double seconds) {
  const MpiEnvironment environment;
  const Communicator world(environment);
  MpiChannel channel(world);
  ModelPool models(bbprompt::testing::factory_of<bbprompt::testing::ToyModel>(
      bbprompt::testing::ToyModel::Look()));
  const std::string rank = std::to_string(world.rank());
  bbprompt::testing::write_text(folder / ("pid." + rank), std::to_string(::getpid()));
  if (world.rank() == 0) return run_master(channel, models, folder, seconds);
  bbprompt::testing::serve_with_faults(
      channel, models,
      [](int, const WorkItem&, int number) {
        return number == 20 ? bbprompt::testing::Fault::kLate : bbprompt::testing::Fault::kNone;
      },
      [&] {
        bbprompt::testing::write_text(folder / ("asleep." + rank), "");
        while (true)
          std::this_thread::sleep_for(std::chrono::hours(1));  // a signal does not end it
      });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  for (const int number : {SIGTERM, SIGUSR1, SIGINT}) (void)std::signal(number, on_signal);
  try {
    return run(argc > 1 ? argv[1] : ".", argc > 2 ? std::atof(argv[2]) : 0.0);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
