#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "bbprompt/store/checkpoint.hpp"
#include "bbprompt/store/results_file.hpp"
#include "tests/store/sample_records.hpp"
#include "tests/store/tools.hpp"
#include "tests/support.hpp"

// What others read in our files: h5py and HDF5's own tools, never our reader.
namespace bbprompt {
namespace {

using ::testing::HasSubstr;
using testing::run_tool;
using testing::sample_checkpoint;
using testing::sample_results;
using testing::TemporaryFolder;

TEST(Layout, ShowsEveryValueToH5py) {
  BBPROMPT_REQUIRE_TOOL(BBPROMPT_H5PY_PYTHON, "a Python 3 with h5py");
  const TemporaryFolder folder;
  write_results(folder / "results.h5", sample_results());
  write_checkpoint(folder / "x.checkpoint.h5", sample_checkpoint());
  const auto run = run_tool({BBPROMPT_H5PY_PYTHON, testing::store_script("check_layout.py"),
                             folder / "results.h5", folder / "x.checkpoint.h5"});
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_EQ(run.output, "");
}

TEST(Layout, ShowsValuesToH5dump) {
  BBPROMPT_REQUIRE_TOOL(BBPROMPT_H5DUMP, "h5dump");
  const TemporaryFolder folder;
  write_results(folder / "results.h5", sample_results());
  const std::string trial = "/trials/trec-soft-s1";
  const struct {
    std::string option;
    std::string object;
    std::string shown;
  } cases[] = {
      {"-a", "/kind", R"((0): "results")"},
      {"-a", trial + "/seed", "(0): 18446744073709551615"},
      {"-d", trial + "/generations/num_queries", "(0): 640, 1280"},
      {"-d", trial + "/generations/dev_metric", "(0): nan, 0.5"},
      {"-d", trial + "/best/splits/test/predicted", "(0): 0, 1, 2, 2"},
      {"-d", trial + "/labels", R"((0): "LOC", "NUM", "gr)"},
      {"-d", trial + "/config", "task: trec"},
      {"-d", trial + "/best/prompt/vectors", "(1,0): 4, 5, 0.1"},
  };
  for (const auto& expected : cases) {
    const auto run =
        run_tool({BBPROMPT_H5DUMP, expected.option, expected.object, folder / "results.h5"});
    EXPECT_EQ(run.status, 0) << expected.object << ": " << run.output;
    EXPECT_THAT(run.output, HasSubstr(expected.shown)) << expected.object;
  }
}

TEST(Layout, IsListedByH5ls) {
  BBPROMPT_REQUIRE_TOOL(BBPROMPT_H5LS, "h5ls");
  const TemporaryFolder folder;
  write_checkpoint(folder / "x.checkpoint.h5", sample_checkpoint());
  const auto run = run_tool({BBPROMPT_H5LS, "-r", folder / "x.checkpoint.h5"});
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_THAT(run.output, HasSubstr("/checkpoint/optimizer/arrays/covariance Dataset {2, 3}"));
  EXPECT_THAT(run.output, HasSubstr("/checkpoint/optimizer/arrays/mean Dataset {2, 1}"));
  EXPECT_THAT(run.output, HasSubstr("/checkpoint/optimizer/integers/generation Dataset {SCALAR}"));
}

// The example is taken out of the page, so that it stays true.
TEST(Layout, IsReadByTheExampleInTheResultsPage) {
  BBPROMPT_REQUIRE_TOOL(BBPROMPT_H5PY_PYTHON, "a Python 3 with h5py");
  const std::string page = testing::read_text(testing::source_folder() / "results/README.md");
  const std::string fence = "```python\n";
  const std::size_t begin = page.find(fence);
  ASSERT_NE(begin, std::string::npos);
  const std::string rest = page.substr(begin + fence.size());
  const TemporaryFolder folder;
  testing::write_text(folder / "example.py", rest.substr(0, rest.find("```")));
  write_results(folder / "results.h5", sample_results());
  const auto run = run_tool({BBPROMPT_H5PY_PYTHON, folder / "example.py", folder / "results.h5"});
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_THAT(run.output, HasSubstr("run sample digest "));
  EXPECT_THAT(run.output, HasSubstr("  test 0.75 right 3 of 4\n"));
  EXPECT_THAT(run.output, HasSubstr("  after 1280 queries: incumbent 0.0625\n"));
}

TEST(Layout, GivesEqualRecordsEqualBytes) {
  const TemporaryFolder folder;
  write_results(folder / "a.h5", sample_results());
  write_results(folder / "b.h5", sample_results());
  EXPECT_EQ(testing::read_text(folder / "a.h5"), testing::read_text(folder / "b.h5"));
}

}  // namespace
}  // namespace bbprompt
