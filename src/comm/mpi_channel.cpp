#include "bbprompt/comm/mpi_channel.hpp"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <exception>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "comm/mpi_calls.hpp"

namespace bbprompt {
namespace {

using Clock = std::chrono::steady_clock;

// Waiting: spin for as long as an answer of a busy partner takes, then sleep a quarter of the time
// waited so far, so that looking late never costs much of the wait itself.
constexpr double kSpinSeconds = 50e-6;
constexpr double kShortestSleep = 20e-6;
constexpr double kLongestSleep = 1e-3;

constexpr std::size_t kMessageOverhead = 256;  // what an unsent message costs beside its bytes
constexpr std::size_t kSendsTestedAtOnce = 16;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void pause(double waited_seconds, double remaining_seconds) {
  if (waited_seconds < kSpinSeconds) {
    ::sched_yield();
    return;
  }
  const double sleep = std::clamp(waited_seconds / 4.0, kShortestSleep, kLongestSleep);
  std::this_thread::sleep_for(std::chrono::duration<double>(std::min(sleep, remaining_seconds)));
}

struct Outgoing {
  MPI_Request request;
  Bytes bytes;
};

struct Incoming {
  MPI_Request request;
  Message message;
};

}  // namespace

struct MpiChannel::State {
  State(const Communicator& from, const MpiChannelOptions& given)
      : communicator(from.handle()), options(given) {}

  // Drops sent messages that MPI is done with; looks at a bounded number of them.
  void reap() {
    for (std::size_t i = std::min(outgoing.size(), kSendsTestedAtOnce); i > 0; --i) {
      Outgoing sent = std::move(outgoing.front());
      outgoing.pop_front();
      if (mpi_test(sent.request)) {
        unsent_bytes -= sent.bytes.size() + kMessageOverhead;
      } else {
        outgoing.push_back(std::move(sent));
      }
    }
  }

  // Starts to receive a message that has come in, if there is one.
  std::optional<Incoming> accept() {
    const auto probed = mpi_probe(communicator.communicator);
    if (!probed) return std::nullopt;
    Message message{.source = probed->source, .bytes = Bytes(probed->num_bytes)};
    const MPI_Request request = mpi_receive(message.bytes, probed->message);
    return Incoming{.request = request, .message = std::move(message)};
  }

  // A message accepted earlier that is whole by now and the first of its rank.
  std::optional<Message> take() {
    for (auto it = incoming.begin(); it != incoming.end(); ++it) {
      std::deque<Incoming>& queue = it->second;
      const Delivery delivery = mpi_test_receive(queue.front().request);
      if (delivery == Delivery::kUnderWay) continue;
      Message message = std::move(queue.front().message);
      queue.pop_front();
      if (queue.empty()) incoming.erase(it);
      return delivery == Delivery::kWhole ? std::optional(std::move(message)) : take();
    }
    return std::nullopt;
  }

  void keep(Incoming accepted) { incoming[accepted.message.source].push_back(std::move(accepted)); }

  std::optional<Message> poll() {
    reap();
    if (auto message = take()) return message;
    while (auto accepted = accept()) {
      const bool is_first = !incoming.contains(accepted->message.source);
      const Delivery delivery =
          is_first ? mpi_test_receive(accepted->request) : Delivery::kUnderWay;
      if (delivery == Delivery::kWhole) return std::move(accepted->message);
      if (delivery == Delivery::kUnderWay) keep(std::move(*accepted));
    }
    return std::nullopt;
  }

  // Whether MPI writes to none of the messages accepted.
  bool has_received_all() {
    for (auto& [source, queue] : incoming) {
      for (Incoming& accepted : queue) {
        if (!mpi_test(accepted.request)) return false;
      }
    }
    return true;
  }

  // Makes room for `size` more unsent bytes, or gives up after the timeout.
  bool make_room(std::size_t limit, std::size_t size, double timeout_seconds) {
    const auto start = Clock::now();
    for (;;) {
      reap();
      if (outgoing.empty() || unsent_bytes + size <= limit) return true;
      const double waited = seconds_since(start);
      if (waited >= timeout_seconds) return false;
      while (auto accepted = accept()) keep(std::move(*accepted));
      pause(waited, timeout_seconds - waited);
    }
  }

  const Communicator::Handle& communicator;
  MpiChannelOptions options;
  int num_exceptions = std::uncaught_exceptions();
  std::deque<Outgoing> outgoing;  // in no particular order
  std::size_t unsent_bytes = 0;
  std::map<int, std::deque<Incoming>> incoming;  // by rank, in the order they came in
  std::set<int> lost;                            // told by lost_ranks()
  double waited_seconds = 0.0;                   // in receive() since the last message
};

MpiChannel::MpiChannel(const Communicator& communicator, const MpiChannelOptions& options)
    : state_(std::make_unique<State>(communicator, options)) {}

MpiChannel::~MpiChannel() {
  bool is_quiet = false;
  try {
    const bool is_unwinding = std::uncaught_exceptions() > state_->num_exceptions;
    is_quiet = flush(is_unwinding ? 0.0 : state_->options.flush_seconds);
    is_quiet = state_->has_received_all() && is_quiet;
  } catch (const std::exception&) {
    is_quiet = false;
  }
  if (!is_quiet) (void)state_.release();
}

int MpiChannel::rank() const { return state_->communicator.rank; }

std::vector<int> MpiChannel::workers() const {
  std::vector<int> ranks;
  for (int rank = 1; rank < state_->communicator.size; ++rank) ranks.push_back(rank);
  return ranks;
}

void MpiChannel::send(int destination, Bytes bytes) {
  State& state = *state_;
  if (destination < 0 || destination >= state.communicator.size) {
    throw CommError("cannot send to rank " + std::to_string(destination) + " of a world of " +
                    std::to_string(state.communicator.size));
  }
  const std::size_t limit =
      std::min<std::size_t>(state.options.max_message_bytes, std::numeric_limits<int>::max());
  if (bytes.size() > limit) {
    throw CommError("a message of " + std::to_string(bytes.size()) + " bytes to rank " +
                    std::to_string(destination) + " is over the limit of " + std::to_string(limit) +
                    ": split the data, e.g. into smaller shards");
  }
  const std::size_t cost = bytes.size() + kMessageOverhead;
  (void)state.make_room(state.options.max_unsent_bytes, cost,
                        std::numeric_limits<double>::infinity());
  MPI_Request request = mpi_send(bytes, destination, state.communicator.communicator);
  if (mpi_test(request)) return;
  state.unsent_bytes += cost;
  state.outgoing.push_back({.request = request, .bytes = std::move(bytes)});
}

std::optional<Message> MpiChannel::receive(double timeout_seconds) {
  State& state = *state_;
  const auto start = Clock::now();
  for (;;) {
    if (auto message = state.poll()) {
      state.waited_seconds = 0.0;
      return message;
    }
    const double elapsed = seconds_since(start);
    if (!(elapsed < timeout_seconds)) {
      state.waited_seconds += elapsed;
      return std::nullopt;
    }
    pause(state.waited_seconds + elapsed, timeout_seconds - elapsed);
  }
}

std::vector<int> MpiChannel::lost_ranks() {
  std::vector<int> ranks = mpi_lost_ranks(state_->communicator.communicator);
  std::erase_if(ranks, [&](int rank) { return !state_->lost.insert(rank).second; });
  return ranks;
}

bool MpiChannel::flush(double timeout_seconds) { return state_->make_room(0, 1, timeout_seconds); }

}  // namespace bbprompt
