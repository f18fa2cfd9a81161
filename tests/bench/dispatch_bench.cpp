// Cost of handing out work: a master with Scheduler and MpiChannel, workers whose evaluator does
// nothing, against bare MPI_Send/MPI_Recv of the same bytes to one worker and back. Run by
// dispatch.sh; every figure is the median of the runs, "worst" and "best" their extremes.
#define OMPI_SKIP_MPICXX 1
#include <mpi.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <thread>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/comm/communicator.hpp"
#include "bbprompt/comm/mpi_channel.hpp"
#include "bbprompt/sched/scheduler.hpp"

namespace {

using namespace bbprompt;
using Clock = std::chrono::steady_clock;

constexpr int kNumRuns = 7;
constexpr int kNumItems = 20'000;
constexpr std::size_t kNumWaiting = 480;  // 24 trials with 20 candidates each
constexpr int kNumSleeps = 100;           // per worker
constexpr double kSleepSeconds = 0.01;
constexpr std::int64_t kShard = 32;  // examples, one prediction each
constexpr double kPatience = 60.0;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

WorkItem item_of(std::uint64_t id, std::size_t dimension) {
  return {.id = id,
          .trial = static_cast<std::int32_t>(id % 24),
          .begin = 0,
          .end = kShard,
          .point = std::vector<double>(dimension, 0.5)};
}

WorkResult result_of(std::uint64_t id) {
  return {.id = id,
          .state = WorkResult::State::kScored,
          .label_scores = std::vector<double>(2 * kShard, 1.0),
          .usage = {.num_queries = kShard}};
}

Message receive_or_fail(MpiChannel& channel) {
  auto message = channel.receive(kPatience);
  if (!message) throw CommError("no message within a minute");
  return std::move(*message);
}

// The master's part of one run: all items out and settled.
void dispatch(MpiChannel& channel, std::size_t dimension, int num_items) {
  Scheduler scheduler;
  for (const int worker : channel.workers()) scheduler.add_worker(worker);
  for (int num_submitted = 0, num_settled = 0; num_settled < num_items;) {
    while (num_submitted < num_items && scheduler.num_waiting() < kNumWaiting) {
      scheduler.submit(item_of(static_cast<std::uint64_t>(num_submitted++), dimension));
    }
    while (const auto next = scheduler.next_assignment(0.0)) {
      channel.send(next->worker, next->item.serialize());
    }
    const Message message = receive_or_fail(channel);
    ByteReader reader(message.bytes);
    if (scheduler.complete(message.source, WorkResult::deserialize(reader), 0.0)) ++num_settled;
  }
}

// An empty message ends the worker's part.
void work(MpiChannel& channel, double seconds_per_item) {
  for (;;) {
    const Message message = receive_or_fail(channel);
    if (message.bytes.empty()) return;
    ByteReader reader(message.bytes);
    const WorkItem item = WorkItem::deserialize(reader);
    if (seconds_per_item > 0.0) {
      std::this_thread::sleep_for(std::chrono::duration<double>(seconds_per_item));
    }
    channel.send(0, result_of(item.id).serialize());
  }
}

void stop_workers(MpiChannel& channel) {
  for (const int worker : channel.workers()) channel.send(worker, {});
}

// `num_rounds` times a message to rank 1 and one back, by blocking calls.
void ping_pong(int rank, Bytes there, Bytes back, int num_rounds) {
  const auto size = [](const Bytes& bytes) { return static_cast<int>(bytes.size()); };
  for (int i = 0; i < num_rounds && rank < 2; ++i) {
    const auto send = [&](const Bytes& bytes) {
      MPI_Send(bytes.data(), size(bytes), MPI_BYTE, 1 - rank, 0, MPI_COMM_WORLD);
    };
    const auto receive = [&](Bytes& bytes) {
      MPI_Recv(bytes.data(), size(bytes), MPI_BYTE, 1 - rank, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    };
    if (rank == 0) {
      send(there);
      receive(back);
    } else {
      receive(there);
      send(back);
    }
  }
}

struct Rates {
  std::vector<double> per_second;

  void print(const char* what) {
    std::sort(per_second.begin(), per_second.end());
    std::printf("  %-38s %9.0f /s   (worst %.0f, best %.0f)\n", what,
                per_second[per_second.size() / 2], per_second.front(), per_second.back());
  }
};

Rates measure(int num_events, const std::function<void()>& run) {
  Rates rates;
  for (int i = 0; i < kNumRuns; ++i) {
    const auto start = Clock::now();
    run();
    rates.per_second.push_back(num_events / seconds_since(start));
  }
  return rates;
}

void measure_dispatch(MpiChannel& channel, int rank, std::size_t dimension) {
  const Bytes item = item_of(1, dimension).serialize();
  const Bytes result = result_of(1).serialize();
  Rates bare = measure(kNumItems, [&] { ping_pong(rank, item, result, kNumItems); });
  if (rank != 0) {
    work(channel, 0.0);
    return;
  }
  dispatch(channel, dimension, kNumItems / 10);  // warms up
  Rates dispatched = measure(kNumItems, [&] { dispatch(channel, dimension, kNumItems); });
  stop_workers(channel);
  std::printf(" dimension %zu: item %zu bytes, result %zu bytes\n", dimension, item.size(),
              result.size());
  bare.print("bare ping-pong with one worker");
  dispatched.print("work items settled");
}

void measure_idle_master(MpiChannel& channel, int rank) {
  if (rank != 0) {
    work(channel, kSleepSeconds);
    return;
  }
  const auto num_workers = static_cast<int>(channel.workers().size());
  std::vector<double> shares;
  Rates rates = measure(kNumSleeps * num_workers, [&] {
    const double before = processor_seconds();
    const auto start = Clock::now();
    dispatch(channel, 500, kNumSleeps * num_workers);
    shares.push_back((processor_seconds() - before) / seconds_since(start));
  });
  stop_workers(channel);
  std::sort(shares.begin(), shares.end());
  std::printf(" evaluations of %.0f ms, at most %.0f /s\n", 1e3 * kSleepSeconds,
              num_workers / kSleepSeconds);
  rates.print("work items settled");
  std::printf("  %-38s %9.1f %%\n", "processor time of the master",
              100.0 * shares[shares.size() / 2]);
}

}  // namespace

int main() {
  const MpiEnvironment environment;
  const Communicator world(environment);
  if (world.size() < 2) {
    std::fprintf(stderr, "needs at least 2 ranks: see dispatch.sh\n");
    return 2;
  }
  try {
    MpiChannel channel(world);
    const int rank = world.rank();
    if (rank == 0)
      std::printf("%d ranks, %d runs of %d items\n", world.size(), kNumRuns, kNumItems);
    for (const std::size_t dimension : {60, 500}) measure_dispatch(channel, rank, dimension);
    measure_idle_master(channel, rank);
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    MpiEnvironment::abort(1);
  }
  return 0;
}
