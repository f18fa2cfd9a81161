#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "bbprompt/comm/channel.hpp"
#include "bbprompt/comm/communicator.hpp"

namespace bbprompt {

struct MpiChannelOptions {
  std::size_t max_message_bytes = std::numeric_limits<int>::max();  // MPI counts in int
  std::size_t max_unsent_bytes = std::size_t{256} << 20U;           // see MpiChannel::send
  double flush_seconds = 5.0;  // the destructor's patience with receivers
};

// Channel over MPI. Rank 0 is the master; workers() are the ranks from 1 on, none in a world of one
// (use LoopbackChannel there). Any rank may send to any, itself included. Two ranks that send to
// each other cannot block each other, and a long message from one rank holds up no other's.
class MpiChannel : public Channel {
 public:
  // The communicator must outlive the channel and carry nothing else from point to point.
  explicit MpiChannel(const Communicator& communicator, const MpiChannelOptions& options = {});
  MpiChannel(const MpiChannel&) = delete;
  MpiChannel& operator=(const MpiChannel&) = delete;

  // Flushes for at most flush_seconds, not while an exception passes through. Memory of messages
  // still under way then stays allocated, because MPI may still use it.
  ~MpiChannel() override;

  [[nodiscard]] int rank() const override;
  [[nodiscard]] std::vector<int> workers() const override;

  // Waits only while more than max_unsent_bytes would lie here, their receivers not having taken
  // them; it takes in messages meanwhile. Throws CommError for a message over max_message_bytes.
  void send(int destination, Bytes bytes) override;

  // Waits by looking ever less often, up to once a millisecond; infinity waits for ever. Signals do
  // not end the wait: callers that watch for them pass a short timeout.
  [[nodiscard]] std::optional<Message> receive(double timeout_seconds) override;

  // With an MPI library that survives dead ranks (ULFM; Open MPI 5 under `mpirun --with-ft ulfm`).
  // Messages to a lost rank vanish, and one of it that was under way is dropped.
  [[nodiscard]] std::vector<int> lost_ranks() override;

  // Waits until MPI needs the memory of no sent message any more; false when the time was not
  // enough. Takes in messages meanwhile.
  [[nodiscard]] bool flush(double timeout_seconds);

 private:
  struct State;

  std::unique_ptr<State> state_;
};

}  // namespace bbprompt
