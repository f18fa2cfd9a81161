#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "bbprompt/base/bytes.hpp"

namespace bbprompt {

struct Message {
  int source = 0;  // rank of the sender
  Bytes bytes;
};

// Messages between the master (rank 0) and its workers, whole and in order per pair of ranks.
// Errors throw CommError.
class Channel {
 public:
  virtual ~Channel() = default;

  [[nodiscard]] virtual int rank() const = 0;
  // Ranks that work items can be sent to, ascending.
  [[nodiscard]] virtual std::vector<int> workers() const = 0;

  // Returns when `bytes` may be reused; does not wait for the receiver.
  virtual void send(int destination, Bytes bytes) = 0;

  // The next message, or nothing when `timeout_seconds` pass without one (0: only look). Waiting
  // costs almost no processor time.
  [[nodiscard]] virtual std::optional<Message> receive(double timeout_seconds) = 0;

  // Ranks that have died since the last call, ascending. Always nobody where the transport cannot
  // tell: a launcher then ends all ranks when one dies.
  [[nodiscard]] virtual std::vector<int> lost_ranks() { return {}; }
};

}  // namespace bbprompt
