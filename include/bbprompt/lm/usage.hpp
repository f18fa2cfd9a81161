#pragma once

#include <cstdint>

namespace bbprompt {

// What a query cost.
struct Usage {
  std::int64_t num_queries = 0;
  std::int64_t num_tokens = 0;     // sent to the model, special tokens included
  std::int64_t num_truncated = 0;  // queries that lost tokens to the model's length
  std::int64_t num_calls = 0;      // requests to the model, each of one or more queries

  Usage& operator+=(const Usage& other);
  friend bool operator==(const Usage&, const Usage&) = default;
};

}  // namespace bbprompt
