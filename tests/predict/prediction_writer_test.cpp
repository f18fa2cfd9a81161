#include "bbprompt/predict/prediction_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "bbprompt/base/error.hpp"
#include "bbprompt/predict/prompt_labeler.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

using testing::read_text;
using testing::TemporaryFolder;
using testing::write_text;

PredictionLayout layout(PredictionFormat format) {
  return {.format = format, .labels = {"no", "yes, \"so\""}, .text_a = "text", .text_b = {}};
}

std::string line(PredictionFormat format, std::int64_t row, const std::string& text) {
  const Example example{.text_a = text, .text_b = {}, .label = -1, .row = row};
  return line_of(layout(format),
                 {.example = example, .predicted = 1, .probabilities = {0.25, 0.75}});
}

TEST(Probabilities, AreTheSoftmaxOfEachRow) {
  RowMatrixXd scores(2, 2);
  scores << 0.0, std::log(3.0), 1000.0, 1000.0;
  const RowMatrixXd found = probabilities(scores);
  EXPECT_NEAR(found(0, 0), 0.25, 1e-15);
  EXPECT_NEAR(found(0, 1), 0.75, 1e-15);
  EXPECT_DOUBLE_EQ(found(1, 0), 0.5);
}

TEST(PredictionLine, IsARowOfCsvOrAnObject) {
  EXPECT_EQ(header_of(layout(PredictionFormat::kCsv)),
            "row,predicted,label,p_no,\"p_yes, \"\"so\"\"\",text\n");
  EXPECT_EQ(line(PredictionFormat::kCsv, 7, "a \"b\"\nc"),
            "7,\"yes, \"\"so\"\"\",,0.25,0.75,\"a \"\"b\"\"\nc\"\n");
  EXPECT_EQ(line(PredictionFormat::kJsonl, 7, "a"),
            "{\"row\":7,\"predicted\":\"yes, \\\"so\\\"\",\"label\":null,\"probabilities\":{\"no\":"
            "0.25,\"yes, \\\"so\\\"\":0.75},\"text\":\"a\"}\n");
}

TEST(PredictionFile, GoesOnBehindTheLastWholeRowWhereverItWasCut) {
  for (const auto format : {PredictionFormat::kCsv, PredictionFormat::kJsonl}) {
    const std::string first = line(format, 1, "a,\n\"b\"");
    const std::string second = line(format, 2, "c");
    const std::string whole = header_of(layout(format)) + first + second;
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
      const TemporaryFolder folder;
      write_text(folder / "out.partial", whole.substr(0, cut));
      write_text(folder / "out.partial.of", "same");
      PredictionFile file(folder / "out", layout(format), "same", false);
      const std::size_t head = header_of(layout(format)).size();
      const std::size_t kept = cut < head + first.size() ? 0 : cut < whole.size() ? 1 : 2;
      ASSERT_EQ(file.earlier(), std::vector<int>(kept, 1)) << cut;
      if (kept < 1) file.add(first);
      if (kept < 2) file.add(second);
      file.finish();
      ASSERT_EQ(read_text(folder / "out"), whole) << cut;
      EXPECT_FALSE(std::filesystem::exists(folder / "out.partial.of"));
    }
  }
}

TEST(PredictionFile, LeavesWhatIsNotItsOwn) {
  const TemporaryFolder folder;
  const PredictionLayout csv = layout(PredictionFormat::kCsv);
  write_text(folder / "out", "mine");
  EXPECT_THROW(PredictionFile(folder / "out", csv, "a", false), StoreError);
  EXPECT_EQ(read_text(folder / "out"), "mine");
  write_text(folder / "b.partial", "rows");
  write_text(folder / "b.partial.of", "another prompt");
  EXPECT_THROW(PredictionFile(folder / "b", csv, "a", false), StoreError);
  EXPECT_EQ(read_text(folder / "b.partial"), "rows");
  PredictionFile replaced(folder / "b", csv, "a", true);
  EXPECT_TRUE(replaced.earlier().empty());
  EXPECT_THROW(PredictionFile(folder / "b", csv, "a", true), StoreError) << "it is being written";
  std::filesystem::create_symlink(folder / "out", folder / "c.partial");
  EXPECT_THROW(PredictionFile(folder / "c", csv, "a", true), StoreError);
}

}  // namespace
}  // namespace bbprompt
