#include "bbprompt/comm/loopback_channel.hpp"

#include <string>
#include <utility>

#include "bbprompt/base/error.hpp"

namespace bbprompt {

LoopbackChannel::LoopbackChannel(LoopbackWorker worker)
    : worker_(std::move(worker)),
      reply_([this](Bytes answer) { answers_.push_back(std::move(answer)); }) {}

void LoopbackChannel::send(int destination, Bytes bytes) {
  if (destination != 0) {
    throw CommError("cannot send to rank " + std::to_string(destination) +
                    ": the only worker of this process is 0");
  }
  messages_.push_back(std::move(bytes));
}

void LoopbackChannel::take_message() {
  const Bytes message = std::move(messages_.front());
  messages_.pop_front();
  worker_.handle(message, reply_);
}

std::optional<Message> LoopbackChannel::receive(double timeout_seconds) {
  while (answers_.empty() && !messages_.empty() && worker_.has_room()) take_message();
  if (answers_.empty()) (void)worker_.work(timeout_seconds, reply_);
  if (answers_.empty()) return std::nullopt;
  Message message{.source = 0, .bytes = std::move(answers_.front())};
  answers_.pop_front();
  return message;
}

}  // namespace bbprompt
