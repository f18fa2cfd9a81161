#include "bbprompt/comm/loopback_channel.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

Bytes bytes_of(std::initializer_list<int> values) {
  Bytes bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

void echo(Bytes message, const LoopbackWorker::Reply& reply) { reply(std::move(message)); }

TEST(LoopbackChannel, IsRankZeroWithOneWorkerZero) {
  const LoopbackChannel channel({.handle = echo});
  EXPECT_EQ(channel.rank(), 0);
  EXPECT_EQ(channel.workers(), std::vector<int>{0});
}

TEST(LoopbackChannel, AnswersComeInOrderFromWorkerZero) {
  LoopbackChannel channel({.handle = echo});
  channel.send(0, bytes_of({1}));
  channel.send(0, bytes_of({}));
  channel.send(0, bytes_of({3, 4}));
  for (const Bytes& expected : {bytes_of({1}), bytes_of({}), bytes_of({3, 4})}) {
    const auto message = channel.receive(0.0);
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(message->source, 0);
    EXPECT_EQ(message->bytes, expected);
  }
  EXPECT_FALSE(channel.receive(0.0).has_value());
}

TEST(LoopbackChannel, TheWorkerRunsInsideReceiveOneAnswerAtATime) {
  int num_handled = 0;
  LoopbackChannel channel({.handle = [&](Bytes message, const LoopbackWorker::Reply& reply) {
    ++num_handled;
    reply(std::move(message));
  }});
  channel.send(0, bytes_of({1}));
  channel.send(0, bytes_of({2}));
  EXPECT_EQ(num_handled, 0);
  (void)channel.receive(0.0);
  EXPECT_EQ(num_handled, 1);
  (void)channel.receive(0.0);
  EXPECT_EQ(num_handled, 2);
}

TEST(LoopbackChannel, MessagesWithoutAnswerAreHandledOnTheWayToOneWithSeveral) {
  LoopbackChannel channel({.handle = [](const Bytes& message, const LoopbackWorker::Reply& reply) {
    for (const std::byte part : message) reply({part});
  }});
  channel.send(0, bytes_of({}));
  channel.send(0, bytes_of({7, 8}));
  EXPECT_EQ(channel.receive(0.0)->bytes, bytes_of({7}));
  EXPECT_EQ(channel.receive(0.0)->bytes, bytes_of({8}));
  EXPECT_FALSE(channel.receive(0.0).has_value());
}

TEST(LoopbackChannel, AnIdleChannelReturnsWhateverTheTimeout) {
  LoopbackChannel channel({.handle = echo});
  EXPECT_FALSE(channel.receive(1e9).has_value());
}

TEST(LoopbackChannel, WhatTheWorkerThrowsReachesTheCallerAndTheNextMessageIsHandled) {
  LoopbackChannel channel({.handle = [](Bytes message, const LoopbackWorker::Reply& reply) {
    if (message.empty()) throw std::runtime_error("empty");
    reply(std::move(message));
  }});
  channel.send(0, {});
  channel.send(0, bytes_of({5}));
  EXPECT_THROW((void)channel.receive(0.0), std::runtime_error);
  EXPECT_EQ(channel.receive(0.0)->bytes, bytes_of({5}));
}

// A worker with two slots that finishes what it began in the opposite order.
TEST(LoopbackChannel, AWorkerWithRoomTakesSeveralMessagesBeforeItWorks) {
  std::vector<Bytes> begun;
  std::vector<std::size_t> num_begun;
  LoopbackChannel channel(
      {.has_room = [&] { return begun.size() < 2; },
       .handle = [&](const Bytes& message,
                     const LoopbackWorker::Reply&) { begun.push_back(message); },
       .work =
           [&](double, const LoopbackWorker::Reply& reply) {
             if (begun.empty()) return false;
             num_begun.push_back(begun.size());
             reply(begun.back());
             begun.pop_back();
             return true;
           }});
  for (const int value : {1, 2, 3}) channel.send(0, bytes_of({value}));
  for (const int value : {2, 3, 1}) EXPECT_EQ(channel.receive(0.0)->bytes, bytes_of({value}));
  EXPECT_EQ(num_begun, (std::vector<std::size_t>{2, 2, 1}));
  EXPECT_FALSE(channel.receive(0.0).has_value());
}

TEST(LoopbackChannel, OtherDestinationsAreRefused) {
  LoopbackChannel channel({.handle = echo});
  EXPECT_THROW(channel.send(1, {}), CommError);
  EXPECT_THROW(channel.send(-1, {}), CommError);
}

}  // namespace
}  // namespace bbprompt
