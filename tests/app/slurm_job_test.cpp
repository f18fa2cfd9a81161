#include "src/app/slurm_job.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bbprompt {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsSupersetOf;
using ::testing::Not;

JobRequest request() {
  return {.name = "big",
          .config = "/home/me/my sweeps/big.yaml",
          .overrides = {"seeds=[1,2]"},
          .out = "/scratch/me/50%/big",
          .profile = "/home/me/my.profile",
          .num_nodes = 2,
          .ranks_per_node = 32,
          .time_limit = 4 * 3600,
          .options = {"--account=a b"}};
}

TEST(SlurmJob, WritesTimesAsSlurmReadsThem) {
  EXPECT_EQ(slurm_time(59), "00:00:59");
  EXPECT_EQ(slurm_time(4 * 3600 + 5 * 60), "04:05:00");
  EXPECT_EQ(slurm_time(36 * 3600), "1-12:00:00");
}

TEST(SlurmJob, QuotesWhatAShellWouldTakeApart) {
  EXPECT_EQ(shell_line({"sbatch", "--nodes=2", "/a b/c", "it's", "", "$HOME", "x*"}),
            R"(sbatch --nodes=2 '/a b/c' 'it'\''s' '' '$HOME' 'x*')");
}

TEST(SlurmJob, KeepsEveryPathOneWord) {
  EXPECT_THAT(
      sweep_job(request()),
      ElementsAre("sbatch", "--parsable", "--job-name=big", "--nodes=2", "--ntasks-per-node=32",
                  "--time=04:00:00", "--output=/scratch/me/50%%/big/job/sweep-%j.log",
                  "--account=a b", "/scratch/me/50%/big/job/sweep.sh", "--profile",
                  "/home/me/my.profile", "--max-requeues", "20", "/home/me/my sweeps/big.yaml",
                  "--out", "/scratch/me/50%/big", "--set", "seeds=[1,2]"));
}

TEST(SlurmJob, AnArrayHasALogForEachPartAndAReportOfAllParts) {
  JobRequest parts = request();
  parts.num_parts = 3;
  EXPECT_THAT(sweep_job(parts),
              IsSupersetOf({"--array=1-3", "--output=/scratch/me/50%%/big/job/sweep-%A_%a.log",
                            "--parts", "3"}));
  const auto report = report_job(parts, "17");
  EXPECT_THAT(report,
              IsSupersetOf({"--dependency=afterok:17", "--kill-on-invalid-dep=yes",
                            "/scratch/me/50%/big/part-1-of-3", "/scratch/me/50%/big/part-3-of-3"}));
  EXPECT_THAT(report, Not(Contains("/scratch/me/50%/big")));
  EXPECT_THAT(report_job(request(), "17"), Contains("/scratch/me/50%/big"));
}

TEST(SlurmJob, CountsHowOftenALimitCutsARun) {
  struct Case {
    double seconds;
    std::int64_t time_limit;
    std::int64_t num_requeues;
  };
  // A limit of 1180 s leaves 1000 s to work in.
  for (const Case& is : std::vector<Case>{
           {0, 1180, 0}, {1000, 1180, 0}, {1000.1, 1180, 1}, {2500, 1180, 2}, {1000, 100, 999}})
    EXPECT_EQ(num_requeues(is.seconds, is.time_limit), is.num_requeues) << is.seconds;
}

}  // namespace
}  // namespace bbprompt
