// What a causal model gains by computing the shared beginning of a call's queries once.
//
//   cmake --preset release && cmake --build --preset release --target prefix_bench
//   taskset -c 0 build/release/tests/bench/prefix_bench
//
// A GPT-2 with random weights (the sizes of GPT-2 small, or --little) scores calls of 32 queries:
// a beginning of P tokens that all share (a prompt, demonstrations), then 40 tokens of their own;
// two answers of one token and one of three. Printed for each P: milliseconds of processor time a
// call with and without sharing, in turns, medians; the gain; and the largest difference of scores.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <string>
#include <vector>

#include "bbprompt/replica/causal_replica.hpp"
#include "tests/small_gpt2.hpp"

namespace bbprompt {
namespace {

constexpr int kNumQueries = 32;
constexpr int kOwnTokens = 40;
constexpr int kRuns = 3;

std::vector<Query> queries_with(int num_shared, int vocab_size) {
  std::vector<Query> queries;
  for (int q = 0; q < kNumQueries; ++q) {
    std::vector<TokenId> ids;
    for (int i = 0; i < num_shared; ++i) ids.push_back(i * 31 % vocab_size);
    for (int i = 0; i < kOwnTokens; ++i) ids.push_back((q * 7919 + i * 17 + 1) % vocab_size);
    queries.push_back({{PromptTokens{std::move(ids)}, AnswerSlot{}}});
  }
  return queries;
}

double now_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// One call: its scores, and the time it took.
struct Timed {
  Eigen::MatrixXd scores;
  std::vector<double> seconds{};

  void run(CausalReplica& replica, const std::vector<Query>& queries) {
    const std::vector<Answer> answers = {5, 6, Answer({7, 8, 9})};
    const double start = now_seconds();
    scores = replica.score(queries, answers).scores;
    seconds.push_back(now_seconds() - start);
  }
  [[nodiscard]] double median() {
    std::sort(seconds.begin(), seconds.end());
    return seconds[seconds.size() / 2];
  }
};

void measure(const testing::SmallGpt2Shape& shape) {
  const testing::TemporaryFolder folder;
  const testing::SmallGpt2 model(true, shape);
  model.write(folder.path());
  const auto shared = load_causal_replica({.folder = folder.path()});
  const auto apart = load_causal_replica({.folder = folder.path(), .prefix = PrefixReuse::kNone});
  std::printf("hidden %d, %d layers, %d queries of P shared and %d own tokens\n", shape.hidden,
              shape.layers, kNumQueries, kOwnTokens);
  std::printf("%6s %14s %14s %8s %14s\n", "P", "shared, ms", "apart, ms", "gain", "difference");
  for (const int num_shared : {5, 20, 50, 200, 500}) {
    const auto queries = queries_with(num_shared, model.vocab_size());
    Timed once;
    Timed always;
    for (int run = 0; run < kRuns; ++run) {
      once.run(*shared, queries);
      always.run(*apart, queries);
    }
    const double difference = (once.scores - always.scores).cwiseAbs().maxCoeff();
    const double with = once.median();
    const double without = always.median();
    std::printf("%6d %14.1f %14.1f %8.2f %14.1e\n", num_shared, 1e3 * with, 1e3 * without,
                without / with, difference);
  }
}

}  // namespace
}  // namespace bbprompt

int main(int argc, char** argv) {
  try {
    const bool is_little = argc > 1 && std::string(argv[1]) == "--little";
    if (argc > (is_little ? 2 : 1)) {
      std::fprintf(stderr, "usage: prefix_bench [--little]\n");
      return 2;
    }
    bbprompt::testing::SmallGpt2Shape shape{.hidden = 768,
                                            .inner = 3072,
                                            .positions = 1024,
                                            .layers = 12,
                                            .heads = 12,
                                            .num_more_words = 50000,
                                            .scale = 0.02};
    if (is_little)
      shape = {.hidden = 192,
               .inner = 768,
               .positions = 1024,
               .layers = 4,
               .heads = 4,
               .num_more_words = 5000,
               .scale = 0.05};
    bbprompt::measure(shape);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "prefix_bench: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
