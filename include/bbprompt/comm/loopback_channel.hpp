#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "bbprompt/comm/channel.hpp"

namespace bbprompt {

// The worker at the other end of a LoopbackChannel.
struct LoopbackWorker {
  using Reply = std::function<void(Bytes)>;

  // Whether it takes another message now.
  std::function<bool()> has_room = [] { return true; };
  // Takes one message, replying as often as it likes.
  std::function<void(const Bytes& message, const Reply& reply)> handle;
  // Goes on for some time with what it has begun, and replies what is finished. False when it has
  // begun nothing.
  std::function<bool(double seconds, const Reply& reply)> work = [](double, const Reply&) {
    return false;
  };
};

// Master and a single worker in one process and one thread, without MPI. Both are rank 0, so
// workers() is {0} and every answer comes from 0.
class LoopbackChannel : public Channel {
 public:
  explicit LoopbackChannel(LoopbackWorker worker);

  [[nodiscard]] int rank() const override { return 0; }
  [[nodiscard]] std::vector<int> workers() const override { return {0}; }

  // Queues the message for the worker. Throws CommError for a destination other than 0.
  void send(int destination, Bytes bytes) override;

  // The next answer. If there is none yet, the worker takes the queued messages that it has room
  // for and works until it gives an answer, or for about the time. Returns nothing, at once, when
  // no answer could come. What the worker throws passes through; the message that caused it is
  // gone.
  [[nodiscard]] std::optional<Message> receive(double timeout_seconds) override;

 private:
  void take_message();

  LoopbackWorker worker_;
  LoopbackWorker::Reply reply_;
  std::deque<Bytes> messages_;
  std::deque<Bytes> answers_;
};

}  // namespace bbprompt
