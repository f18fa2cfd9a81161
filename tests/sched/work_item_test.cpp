#include "bbprompt/sched/work_item.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

WorkItem sample_item() {
  return {.id = 0x0102030405060708U,
          .trial = 3,
          .group = -2,
          .member = 19,
          .split = Split::kDev,
          .begin = 32,
          .end = 48,
          .kind = WorkItem::Kind::kManual,
          .point = {0.5, -1e300, std::numeric_limits<double>::denorm_min()},
          .only = {0, 3, 15},
          .attempt = 2};
}

WorkResult sample_result() {
  return {.id = 99,
          .state = WorkResult::State::kDeferred,
          .label_scores = {-0.125, 1e300, -0.0, 7.0},
          .missing = {1, 5},
          .usage = {.num_queries = 16,
                    .num_tokens = std::int64_t{1} << 40U,
                    .num_truncated = 2,
                    .num_calls = 3},
          .seconds = 0.75,
          .error = "model server: 503 \xE2\x80\xA6",
          .is_retryable = true,
          .retry_after_seconds = 2.5,
          .attempt = 3};
}

// Lengths of the fields in front of the point, which the header's order fixes.
constexpr std::size_t kSplitOffset = 8 + 4 + 8 + 4;
constexpr std::size_t kBeginOffset = kSplitOffset + 1;
constexpr std::size_t kKindOffset = kBeginOffset + 16;

template <typename T>
Bytes with(Bytes bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
  return bytes;
}

WorkItem read_item(const Bytes& bytes) {
  ByteReader reader(bytes);
  WorkItem item = WorkItem::deserialize(reader);
  reader.expect_end();
  return item;
}

WorkResult read_result(const Bytes& bytes) {
  ByteReader reader(bytes);
  WorkResult result = WorkResult::deserialize(reader);
  reader.expect_end();
  return result;
}

TEST(WorkItem, EveryFieldIsReadBack) {
  const WorkItem item = sample_item();
  const WorkItem read = read_item(item.serialize());
  EXPECT_EQ(read.id, item.id);
  EXPECT_EQ(read.trial, item.trial);
  EXPECT_EQ(read.group, item.group);
  EXPECT_EQ(read.member, item.member);
  EXPECT_EQ(read.split, item.split);
  EXPECT_EQ(read.begin, item.begin);
  EXPECT_EQ(read.end, item.end);
  EXPECT_EQ(read.kind, item.kind);
  EXPECT_EQ(read.point, item.point);
  EXPECT_EQ(read.only, item.only);
  EXPECT_EQ(read.attempt, item.attempt);
}

TEST(WorkItem, TakesItsNumbersAndAFixedNumberOfBytes) {
  for (const std::size_t dimension : {0, 60, 500}) {
    WorkItem item = sample_item();
    item.point.assign(dimension, 0.25);
    EXPECT_EQ(item.serialize().size(), 62 + 4 * item.only.size() + 8 * dimension);
  }
}

TEST(WorkItem, CanFollowOtherBytes) {
  ByteWriter writer;
  writer.put<std::uint8_t>(5);
  sample_item().append_to(writer);
  sample_result().append_to(writer);
  const Bytes bytes = writer.take();
  ByteReader reader(bytes);
  EXPECT_EQ(reader.get<std::uint8_t>(), 5);
  EXPECT_EQ(WorkItem::deserialize(reader).id, sample_item().id);
  EXPECT_EQ(WorkResult::deserialize(reader).id, sample_result().id);
  EXPECT_NO_THROW(reader.expect_end());
}

TEST(WorkItem, EveryCutIsRefused) {
  const Bytes item = sample_item().serialize();
  for (std::size_t size = 0; size < item.size(); ++size) {
    ByteReader reader{std::span(item).first(size)};
    EXPECT_THROW((void)WorkItem::deserialize(reader), CommError) << size;
  }
}

TEST(WorkItem, MalformedFieldsAreRefused) {
  const Bytes good = sample_item().serialize();
  EXPECT_THROW((void)read_item(with<std::int32_t>(good, 8, -1)), CommError) << "trial";
  EXPECT_THROW((void)read_item(with<std::int32_t>(good, 20, -1)), CommError) << "candidate";
  EXPECT_THROW((void)read_item(with<std::uint8_t>(good, kSplitOffset, 3)), CommError) << "split";
  EXPECT_THROW((void)read_item(with<std::int64_t>(good, kBeginOffset, 49)), CommError) << "range";
  EXPECT_THROW((void)read_item(with<std::int64_t>(good, kBeginOffset, -1)), CommError) << "begin";
  EXPECT_THROW((void)read_item(with<std::uint8_t>(good, kKindOffset, 3)), CommError) << "kind";
  EXPECT_THROW((void)read_item(with(good, kKindOffset + 1, ~std::uint64_t{0})), CommError)
      << "length";
  WorkItem empty = sample_item();
  empty.only.clear();
  EXPECT_NO_THROW((void)read_item(with<std::int64_t>(empty.serialize(), kBeginOffset, 48)))
      << "empty range";
}

TEST(WorkItem, ExamplesToAskAscendInsideTheRange) {
  constexpr auto kMost = std::numeric_limits<std::int32_t>::max();
  for (const std::vector<std::int32_t>& only :
       {std::vector<std::int32_t>{-1}, {1, 1}, {2, 1}, {16}, {0, kMost}, {kMost, kMost}}) {
    WorkItem item = sample_item();
    item.only = only;
    EXPECT_THROW((void)read_item(item.serialize()), CommError) << only.back();
  }
}

TEST(WorkItem, KnowsHowManyExamplesAreAsked) {
  WorkItem item = sample_item();
  EXPECT_EQ(item.num_asked(), 3);
  item.only.clear();
  EXPECT_EQ(item.num_asked(), 16);
}

TEST(WorkResult, EveryFieldIsReadBack) {
  const WorkResult result = sample_result();
  const WorkResult read = read_result(result.serialize());
  EXPECT_EQ(read.id, result.id);
  EXPECT_EQ(read.label_scores, result.label_scores);
  EXPECT_EQ(read.state, result.state);
  EXPECT_EQ(read.missing, result.missing);
  EXPECT_EQ(read.usage, result.usage);
  EXPECT_EQ(read.retry_after_seconds, result.retry_after_seconds);
  EXPECT_EQ(read.seconds, result.seconds);
  EXPECT_EQ(read.error, result.error);
  EXPECT_EQ(read.is_retryable, result.is_retryable);
  EXPECT_EQ(read.attempt, result.attempt);
  EXPECT_FALSE(read.ok());
}

TEST(WorkResult, OnlyWhatSaysSoIsASuccess) {
  EXPECT_FALSE(WorkResult{}.ok());
  for (const auto state :
       {WorkResult::State::kScored, WorkResult::State::kFailed, WorkResult::State::kDeferred}) {
    EXPECT_EQ(WorkResult{.state = state}.ok(), state == WorkResult::State::kScored);
  }
  WorkResult failed = sample_result();
  failed.state = WorkResult::State::kScored;
  failed.fail("");
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(failed.error, "unknown error");
  EXPECT_TRUE(failed.label_scores.empty());
  EXPECT_TRUE(failed.missing.empty());
}

TEST(WorkResult, EveryCutIsRefused) {
  const Bytes result = sample_result().serialize();
  for (std::size_t size = 0; size < result.size(); ++size) {
    ByteReader reader{std::span(result).first(size)};
    EXPECT_THROW((void)WorkResult::deserialize(reader), CommError) << size;
  }
}

TEST(WorkResult, WhatCannotBeIsRefused) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  using State = WorkResult::State;
  struct Case {
    std::string name;
    std::function<void(WorkResult&)> damage;
  };
  std::vector<Case> cases = {
      {"unknown state", [](WorkResult& result) { result.state = static_cast<State>(3); }},
      {"scored with missing examples", [](WorkResult& result) { result.state = State::kScored; }},
      {"scores of no example", [](WorkResult& result) { result.missing.clear(); }},
      {"missing not ascending",
       [](WorkResult& result) {
         result.missing = {5, 1};
       }},
      {"missing twice",
       [](WorkResult& result) {
         result.missing = {1, 1};
       }},
      {"missing before the first",
       [](WorkResult& result) {
         result.missing = {-1, 1};
       }},
      {"a time gone by", [](WorkResult& result) { result.retry_after_seconds = -1.0; }},
      {"never", [](WorkResult& result) { result.retry_after_seconds = kInfinity; }},
      {"no time", [](WorkResult& result) { result.retry_after_seconds = std::nan(""); }},
      {"attempt", [](WorkResult& result) { result.attempt = -1; }},
  };
  for (const UsageCounter& counter : kUsageCounters) {
    cases.push_back(
        {std::string(counter.name), [&](WorkResult& result) { result.usage.*counter.value = -1; }});
  }
  EXPECT_NO_THROW((void)read_result(sample_result().serialize()));
  for (const Case& given : cases) {
    WorkResult result = sample_result();
    given.damage(result);
    EXPECT_THROW((void)read_result(result.serialize()), CommError) << given.name;
  }
}

TEST(WorkResult, ALossThatIsNotFinitePasses) {
  WorkResult result = sample_result();
  result.label_scores = {std::numeric_limits<double>::quiet_NaN()};
  EXPECT_TRUE(std::isnan(read_result(result.serialize()).label_scores.at(0)));
}

TEST(Split, HasAName) {
  EXPECT_EQ(to_string(Split::kTrain), "train");
  EXPECT_EQ(to_string(Split::kDev), "dev");
  EXPECT_EQ(to_string(Split::kTest), "test");
}

}  // namespace
}  // namespace bbprompt
