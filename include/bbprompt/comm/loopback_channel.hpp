#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "bbprompt/comm/channel.hpp"

namespace bbprompt {

// Master and a single worker in one process and one thread, without MPI. Both are rank 0, so
// workers() is {0} and every answer comes from 0.
class LoopbackChannel : public Channel {
 public:
  using Reply = std::function<void(Bytes)>;
  // The worker: handles one message, replying as often as it likes.
  using Handler = std::function<void(Bytes message, const Reply& reply)>;

  explicit LoopbackChannel(Handler handler);

  [[nodiscard]] int rank() const override { return 0; }
  [[nodiscard]] std::vector<int> workers() const override { return {0}; }

  // Queues the message for the worker. Throws CommError for a destination other than 0.
  void send(int destination, Bytes bytes) override;

  // The next answer. If there is none yet, the worker handles queued messages until it gives one,
  // whatever the timeout. Returns nothing, at once, when all are handled: no answer could come.
  // What the handler throws passes through; the message that caused it is gone.
  [[nodiscard]] std::optional<Message> receive(double timeout_seconds) override;

 private:
  Handler handler_;
  std::deque<Bytes> messages_;
  std::deque<Bytes> answers_;
};

}  // namespace bbprompt
