#include "bbprompt/comm/mpi_channel.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <semaphore.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "tests/comm/mpi_support.hpp"

namespace bbprompt {
namespace {

constexpr double kPatience = 100.0;  // seconds; reached only when the test fails

class MpiChannelTest : public ::testing::Test {
 protected:
  Communicator communicator_{testing::mpi_environment()};
  int rank_ = communicator_.rank();
  int size_ = communicator_.size();
};

Bytes pattern(std::size_t size, std::uint64_t seed) {
  Bytes bytes(size);
  std::uint64_t state = seed;
  for (std::size_t begin = 0; begin < size; begin += sizeof state) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    std::memcpy(bytes.data() + begin, &state, std::min(sizeof state, size - begin));
  }
  return bytes;
}

// Numbered message of a length and content that both sides can compute.
Bytes numbered(int from, int to, std::uint32_t number, std::size_t max_size) {
  RandomStream stream({.seed = 7,
                       .trial = static_cast<std::uint64_t>(from),
                       .generation = static_cast<std::uint64_t>(to) << 32U | number,
                       .purpose = "message"});
  return pattern(stream.below(max_size + 1), stream.next());
}

double processor_seconds() {
  rusage usage{};
  EXPECT_EQ(::getrusage(RUSAGE_SELF, &usage), 0);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

TEST_F(MpiChannelTest, WorkersAreAllRanksButTheFirst) {
  const MpiChannel channel(communicator_);
  std::vector<int> expected(static_cast<std::size_t>(size_ - 1));
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(channel.rank(), rank_);
  EXPECT_EQ(channel.workers(), expected);
}

// Every rank sends to every rank, lengths on both sides of MPI's eager limits mixed.
TEST_F(MpiChannelTest, ManyMessagesOfAllPairsArriveWholeAndInOrder) {
  constexpr std::uint32_t kNumMessages = 100;
  constexpr std::size_t kMaxSize = 20'000;
  MpiChannel channel(communicator_);
  for (std::uint32_t number = 0; number < kNumMessages; ++number) {
    for (int to = 0; to < size_; ++to) channel.send(to, numbered(rank_, to, number, kMaxSize));
  }
  std::map<int, std::uint32_t> next;
  for (std::uint32_t i = 0; i < kNumMessages * static_cast<std::uint32_t>(size_); ++i) {
    const auto message = channel.receive(kPatience);
    ASSERT_TRUE(message.has_value());
    const std::uint32_t number = next[message->source]++;
    ASSERT_EQ(message->bytes, numbered(message->source, rank_, number, kMaxSize))
        << "message " << number << " from rank " << message->source;
  }
  EXPECT_FALSE(channel.receive(0.0).has_value());
}

TEST_F(MpiChannelTest, QuestionsAndAnswersGoBackAndForth) {
  constexpr int kNumRounds = 300;
  MpiChannel channel(communicator_);
  if (rank_ != 0) {
    for (int i = 0; i < kNumRounds; ++i) {
      auto question = channel.receive(kPatience);
      ASSERT_TRUE(question.has_value());
      question->bytes.push_back(static_cast<std::byte>(rank_));
      channel.send(0, std::move(question->bytes));
    }
    return;
  }
  for (int i = 0; i < kNumRounds; ++i) {
    const auto first = static_cast<std::byte>(i);
    for (const int worker : channel.workers()) channel.send(worker, {first});
    for (std::size_t k = 0; k < channel.workers().size(); ++k) {
      const auto answer = channel.receive(kPatience);
      ASSERT_TRUE(answer.has_value());
      ASSERT_EQ(answer->bytes, (Bytes{first, static_cast<std::byte>(answer->source)}));
    }
  }
}

TEST_F(MpiChannelTest, EmptyMessagesAreMessages) {
  MpiChannel channel(communicator_);
  const int to = (rank_ + 1) % size_;
  channel.send(to, {});
  channel.send(to, {std::byte{9}});
  channel.send(to, {});
  for (const std::size_t expected : {0, 1, 0}) {
    const auto message = channel.receive(kPatience);
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(message->bytes.size(), expected);
  }
}

// Both directions at once: neither side may wait for the other to receive first.
TEST_F(MpiChannelTest, MessagesOf50MegabytesCrossEachOther) {
  constexpr std::size_t kSize = 50'000'000;
  MpiChannel channel(communicator_);
  channel.send((rank_ + 1) % size_, pattern(kSize, static_cast<std::uint64_t>(rank_)));
  const auto message = channel.receive(kPatience);
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->source, (rank_ + size_ - 1) % size_);
  EXPECT_TRUE(message->bytes == pattern(kSize, static_cast<std::uint64_t>(message->source)));
}

// All ranks flood each other beyond the limit before anyone receives.
TEST_F(MpiChannelTest, SendersOverTheirLimitTakeInMessagesInsteadOfBlockingEachOther) {
  constexpr std::uint32_t kNumMessages = 50;
  constexpr std::size_t kSize = 100'000;
  MpiChannel channel(communicator_, {.max_unsent_bytes = 3 * kSize});
  const int to = (rank_ + 1) % size_;
  const int from = (rank_ + size_ - 1) % size_;
  for (std::uint32_t i = 0; i < kNumMessages; ++i) channel.send(to, pattern(kSize, i));
  for (std::uint32_t i = 0; i < kNumMessages; ++i) {
    const auto message = channel.receive(kPatience);
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(message->source, from);
    ASSERT_TRUE(message->bytes == pattern(kSize, i)) << i;
  }
}

// A semaphore of all ranks on this host: blocks a rank outside MPI, as a long computation would.
class HostSemaphore {
 public:
  HostSemaphore() : name_("/bbprompt_test_" + std::to_string(::getppid())) {
    semaphore_ = ::sem_open(name_.c_str(), O_CREAT, 0600, 0);
    EXPECT_NE(semaphore_, SEM_FAILED);
  }
  HostSemaphore(const HostSemaphore&) = delete;
  HostSemaphore& operator=(const HostSemaphore&) = delete;
  ~HostSemaphore() {
    ::sem_close(semaphore_);
    ::sem_unlink(name_.c_str());
  }
  void post() { EXPECT_EQ(::sem_post(semaphore_), 0); }
  void wait() { EXPECT_EQ(::sem_wait(semaphore_), 0); }

 private:
  std::string name_;
  sem_t* semaphore_;
};

// Ranks above 1 begin to send a long message and then do nothing for it until the message of rank 1
// has been received.
TEST_F(MpiChannelTest, ALongMessageUnderWayHoldsUpNoOtherRanks) {
  if (size_ < 4) GTEST_SKIP() << "needs 4 ranks";
  constexpr std::size_t kSize = 20'000'000;
  const Communicator aside = communicator_.duplicate();
  MpiChannel channel(communicator_);
  MpiChannel signal(aside);
  HostSemaphore semaphore;
  for (int to = 0; to < size_; ++to) signal.send(to, {});  // all have opened the semaphore
  for (int from = 0; from < size_; ++from) ASSERT_TRUE(signal.receive(kPatience).has_value());
  if (rank_ > 1) {
    channel.send(0, Bytes(kSize));
    signal.send(0, {});
    semaphore.wait();
  } else if (rank_ == 1) {
    ASSERT_TRUE(signal.receive(kPatience).has_value());
    channel.send(0, {std::byte{1}});
  } else {
    for (int k = 2; k < size_; ++k) ASSERT_TRUE(signal.receive(kPatience).has_value());
    signal.send(1, {});
    EXPECT_EQ(channel.receive(kPatience)->source, 1);
    for (int k = 2; k < size_; ++k) semaphore.post();
    for (int k = 2; k < size_; ++k) EXPECT_EQ(channel.receive(kPatience)->bytes.size(), kSize);
  }
}

TEST_F(MpiChannelTest, ReceiveGivesUpAfterItsTimeout) {
  MpiChannel channel(communicator_);
  for (const double timeout : {0.0, 1e-6, 0.02, -1.0}) {
    EXPECT_FALSE(channel.receive(timeout).has_value());
  }
}

TEST_F(MpiChannelTest, AnIdleReceiverLeavesTheProcessorToOthers) {
  MpiChannel channel(communicator_);
  const double before = processor_seconds();
  constexpr double kWait = 1.0;
  EXPECT_FALSE(channel.receive(kWait).has_value());
  EXPECT_LT(processor_seconds() - before, 0.2 * kWait);
}

TEST_F(MpiChannelTest, WrongDestinationsAndLongMessagesAreRefused) {
  MpiChannel channel(communicator_, {.max_message_bytes = 1000});
  EXPECT_THROW(channel.send(size_, {}), CommError);
  EXPECT_THROW(channel.send(-1, {}), CommError);
  EXPECT_THROW(channel.send(rank_, Bytes(1001)), CommError);
  channel.send(rank_, Bytes(1000));
  EXPECT_EQ(channel.receive(kPatience)->bytes.size(), 1000U);
}

TEST_F(MpiChannelTest, FlushTellsWhetherEverythingWasTaken) {
  constexpr std::size_t kSize = 5'000'000;  // too long to be buffered by MPI
  const Communicator aside = communicator_.duplicate();
  MpiChannel channel(communicator_);
  MpiChannel signal(aside);
  const int to = (rank_ + 1) % size_;
  EXPECT_TRUE(channel.flush(0.0));
  if (size_ > 1) {
    channel.send(to, Bytes(kSize));
    if (rank_ == 0) {
      EXPECT_FALSE(channel.flush(0.01));
      for (int k = 1; k < size_; ++k) signal.send(k, {});
    } else {
      ASSERT_TRUE(signal.receive(kPatience).has_value());
    }
    EXPECT_TRUE(channel.flush(kPatience));
    EXPECT_EQ(channel.receive(kPatience)->bytes.size(), kSize);
  }
  EXPECT_TRUE(channel.flush(0.0));
}

}  // namespace
}  // namespace bbprompt
