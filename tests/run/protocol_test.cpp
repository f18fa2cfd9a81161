#include "bbprompt/run/protocol.hpp"

#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"

namespace bbprompt {
namespace {

TEST(Protocol, EveryKindOfMessageSurvives) {
  const auto trial = std::get<TrialMessage>(decode(encode(TrialMessage{.trial = 3,
                                                                       .id = "sst2-soft-s1",
                                                                       .resolved_yaml = "a: 1\n",
                                                                       .folder = "/config",
                                                                       .data_folder = "/data"})));
  EXPECT_EQ(trial.trial, 3);
  EXPECT_EQ(trial.id, "sst2-soft-s1");
  EXPECT_EQ(trial.resolved_yaml, "a: 1\n");
  EXPECT_EQ(trial.folder, "/config");
  EXPECT_EQ(trial.data_folder, "/data");
  EXPECT_EQ(std::get<ForgetMessage>(decode(encode(ForgetMessage{.trial = 4}))).trial, 4);
  const auto item = std::get<ItemMessage>(decode(encode(
      ItemMessage{.item = {.id = 9, .split = Split::kDev, .begin = 1, .end = 2, .point = {0.5}}})));
  EXPECT_EQ(item.item.id, 9U);
  EXPECT_EQ(item.item.point, std::vector<double>{0.5});
  WorkResult result;
  result.id = 7;
  result.state = WorkResult::State::kScored;
  result.label_scores = {1.0, -0.5};
  EXPECT_EQ(
      std::get<ResultMessage>(decode(encode(ResultMessage{.result = result}))).result.label_scores,
      result.label_scores);
  EXPECT_TRUE(std::holds_alternative<StopMessage>(decode(encode(StopMessage{}))));
  const auto asked = std::get<StopAskedMessage>(
      decode(encode(StopAskedMessage{.why = "no quota", .is_trouble = true})));
  EXPECT_EQ(asked.why, "no quota");
  EXPECT_TRUE(asked.is_trouble);
  EXPECT_TRUE(std::holds_alternative<DropMessage>(decode(encode(DropMessage{}))));
  EXPECT_TRUE(std::holds_alternative<ByeMessage>(decode(encode(ByeMessage{}))));
}

TEST(Protocol, RefusesUnknownKindsCutMessagesAndBytesBehindTheEnd) {
  EXPECT_THROW((void)decode({}), CommError);
  EXPECT_THROW((void)decode({std::byte{77}}), CommError);
  const Bytes whole =
      encode(TrialMessage{.trial = 3, .id = "t", .resolved_yaml = "a", .folder = "b"});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW((void)decode({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}),
                 CommError);
  }
  Bytes longer = whole;
  longer.push_back(std::byte{0});
  EXPECT_THROW((void)decode(longer), CommError);
}

TEST(Protocol, RefusesItemsAndResultsThatCannotBe) {
  const WorkItem item{.id = 1, .begin = 0, .end = 4, .point = {}, .only = {4}};
  EXPECT_THROW((void)decode(encode(ItemMessage{.item = item})), CommError);
  const WorkResult result{.state = WorkResult::State::kScored, .missing = {0}};
  EXPECT_THROW((void)decode(encode(ResultMessage{.result = result})), CommError);
}

}  // namespace
}  // namespace bbprompt
