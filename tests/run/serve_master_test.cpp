#include <gtest/gtest.h>

#include <deque>

#include "bbprompt/run/worker_run.hpp"

namespace bbprompt {
namespace {

// A master that has sent all its messages and keeps the answers.
class ScriptedChannel : public Channel {
 public:
  explicit ScriptedChannel(const std::vector<RunMessage>& messages) {
    for (const RunMessage& message : messages) messages_.push_back(encode(message));
  }
  [[nodiscard]] int rank() const override { return 1; }
  [[nodiscard]] std::vector<int> workers() const override { return {}; }
  void send(int /*destination*/, Bytes bytes) override { answers.push_back(decode(bytes)); }
  [[nodiscard]] std::optional<Message> receive(double /*timeout_seconds*/) override {
    if (messages_.empty()) return std::nullopt;
    Message message{.source = 0, .bytes = messages_.front()};
    messages_.pop_front();
    return message;
  }

  std::vector<RunMessage> answers;

 private:
  std::deque<Bytes> messages_;
};

ItemMessage item(std::uint64_t id) {
  return {.item = {.id = id, .begin = 0, .end = 1, .point = {0.5}}};
}

// Settings that no worker can build: its answer to an item is a failure, which is an answer too.
TrialMessage trial() {
  return {.id = "t", .resolved_yaml = "a: [", .folder = "", .data_folder = ""};
}

// Until a worker has looked for a signal so often that it has seen all messages.
void serve_for_a_while(ScriptedChannel& channel, const bool is_stop_asked) {
  ModelPool models;
  int num_looks = 0;
  const auto look = [&] {
    if (++num_looks > 5) throw std::runtime_error("enough");
    return is_stop_asked;
  };
  EXPECT_THROW(serve_master(channel, models, look), std::runtime_error);
}

TEST(ServeMaster, AnswersItemsInTurn) {
  ScriptedChannel channel({trial(), item(1), item(2)});
  serve_for_a_while(channel, false);
  ASSERT_EQ(channel.answers.size(), 2U);
  EXPECT_EQ(std::get<ResultMessage>(channel.answers[0]).result.id, 1U);
  EXPECT_EQ(std::get<ResultMessage>(channel.answers[1]).result.id, 2U);
}

TEST(ServeMaster, BeginsNoItemWhenTheEndHasBeenSaid) {
  for (const RunMessage& end : {RunMessage(StopMessage{}), RunMessage(DropMessage{})}) {
    ScriptedChannel channel({trial(), item(1), item(2), end, StopMessage{}});
    ModelPool models;
    serve_master(channel, models, [] { return false; });
    ASSERT_EQ(channel.answers.size(), 1U);
    EXPECT_TRUE(std::holds_alternative<ByeMessage>(channel.answers[0]));
  }
}

TEST(ServeMaster, BeginsNoItemAfterASignalAndAsksTheMasterToStop) {
  ScriptedChannel channel({trial(), item(1), item(2)});
  serve_for_a_while(channel, true);
  ASSERT_EQ(channel.answers.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<StopAskedMessage>(channel.answers[0]));
}

}  // namespace
}  // namespace bbprompt
