#include "query/answer_journal.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support.hpp"

namespace bbprompt {
namespace {

RouteReply reply_of(double value) {
  return {.parts = {{.query = 1, .answer = 2, .value = value, .state = ScoreState::kBounded}},
          .usage = {.prompt_tokens = 7, .completion_tokens = 1},
          .identity = {}};
}

TEST(AnswerJournal, RemembersInMemoryAlone) {
  AnswerJournal journal({}, 0);
  EXPECT_EQ(journal.find("a"), nullptr);
  journal.add("a", reply_of(-0.1));
  ASSERT_NE(journal.find("a"), nullptr);
  EXPECT_EQ(journal.find("a")->parts[0].value, -0.1);
  EXPECT_EQ(journal.find("b"), nullptr);
}

TEST(AnswerJournal, NamesDifferWherePathOrBodyDo) {
  const std::string name = AnswerJournal::name_of("/a", "body");
  EXPECT_EQ(name, AnswerJournal::name_of("/a", "body"));
  EXPECT_NE(name, AnswerJournal::name_of("/b", "body"));
  EXPECT_NE(name, AnswerJournal::name_of("/a", "bodies"));
}

TEST(AnswerJournal, OfAllRanksIsReadAgainToTheLastBit) {
  const testing::TemporaryFolder folder;
  const double third = -1.0 / 3.0;
  {
    AnswerJournal first(folder / "j", 1);
    AnswerJournal second(folder / "j", 2);
    first.add("a", reply_of(third));
    second.add("b", reply_of(-2.0));
  }
  const AnswerJournal again(folder / "j", 3);
  EXPECT_EQ(again.size(), 2U);
  ASSERT_NE(again.find("a"), nullptr);
  const ScorePart& part = again.find("a")->parts[0];
  EXPECT_EQ(part.value, third);
  EXPECT_EQ(part.query, 1U);
  EXPECT_EQ(part.answer, 2U);
  EXPECT_EQ(part.state, ScoreState::kBounded);
  EXPECT_EQ(again.find("a")->usage.prompt_tokens, 7);
}

TEST(AnswerJournal, ALineThatWasCutIsLeftOutAndHarmsNoOther) {
  const testing::TemporaryFolder folder;
  { AnswerJournal(folder / "j", 1).add("a", reply_of(-1.0)); }
  const auto file = folder / "j" / "rank-1.jsonl";
  const std::string whole = testing::read_text(file);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    testing::write_text(file, whole.substr(0, size));
    AnswerJournal journal(folder / "j", 1);
    EXPECT_EQ(journal.find("a"), nullptr) << size;
    journal.add("b", reply_of(-2.0));
    EXPECT_NE(AnswerJournal(folder / "j", 2).find("b"), nullptr) << size;
  }
}

TEST(AnswerJournal, DamagedLinesAreAskedAgain) {
  const testing::TemporaryFolder folder;
  { AnswerJournal(folder / "j", 1).add("a", reply_of(-1.0)); }
  std::ofstream(folder / "j" / "rank-1.jsonl", std::ios::app)
      << "nonsense\n[]\n{\"request\": 5}\n{\"request\": \"c\", \"parts\": [[0, 0, -1, 9]], "
         "\"tokens\": [1, 1]}\n";
  const AnswerJournal journal(folder / "j", 2);
  EXPECT_EQ(journal.size(), 1U);
  EXPECT_EQ(journal.find("c"), nullptr);
}

}  // namespace
}  // namespace bbprompt
