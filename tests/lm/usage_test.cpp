#include <gtest/gtest.h>

#include "bbprompt/lm/language_model.hpp"

namespace bbprompt {
namespace {

TEST(Usage, AddsEachCount) {
  Usage usage{.num_queries = 1, .num_tokens = 20, .num_truncated = 0};
  usage += Usage{.num_queries = 2, .num_tokens = 300, .num_truncated = 1, .num_calls = 1};
  usage += Usage{};
  EXPECT_EQ(usage,
            (Usage{.num_queries = 3, .num_tokens = 320, .num_truncated = 1, .num_calls = 1}));
}

}  // namespace
}  // namespace bbprompt
