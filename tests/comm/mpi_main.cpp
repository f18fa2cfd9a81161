// Main function of the tests that run under mpirun. Every rank runs the same tests in the same
// order. A failure on any rank ends all of them at once with a non-zero code, so that the others
// do not wait for it.
#include <gtest/gtest.h>

#include <cstdio>

#include "bbprompt/comm/communicator.hpp"
#include "tests/comm/mpi_support.hpp"

namespace {

const bbprompt::MpiEnvironment* started = nullptr;

class EndAllOnFailure : public testing::EmptyTestEventListener {
 public:
  explicit EndAllOnFailure(int rank) : rank_(rank) {}

 private:
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed()) return;
    std::fprintf(stderr, "rank %d: %s:%d: %s\n", rank_, result.file_name(), result.line_number(),
                 result.message());
  }
  void OnTestEnd(const testing::TestInfo& info) override {
    if (info.result()->Failed()) bbprompt::MpiEnvironment::abort(1);
  }

  int rank_;
};

}  // namespace

const bbprompt::MpiEnvironment& bbprompt::testing::mpi_environment() { return *started; }

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const bbprompt::MpiEnvironment environment;
  started = &environment;
  const int rank = bbprompt::Communicator(environment).rank();
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  if (rank != 0) delete listeners.Release(listeners.default_result_printer());
  listeners.Append(new EndAllOnFailure(rank));
  const int code = RUN_ALL_TESTS();
  if (testing::UnitTest::GetInstance()->test_to_run_count() == 0) {
    std::fprintf(stderr, "no test ran\n");
    return 1;
  }
  return code;
}
