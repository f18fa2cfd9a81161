#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "bbprompt/base/bytes.hpp"

namespace bbprompt {

// What queries cost. A new counter is a member here and a line in kUsageCounters: messages, files,
// logs, reports and sums go by the table.
struct Usage {
  std::int64_t num_queries = 0;
  std::int64_t num_tokens = 0;     // sent to the model, special tokens included
  std::int64_t num_truncated = 0;  // queries that lost tokens to the model's length
  std::int64_t num_calls = 0;      // requests to the model, each of one or more queries
  std::int64_t num_bounded = 0;    // scores that are known as upper bounds only
  // Of a model behind HTTP, in its own numbers: they count what was asked twice, too.
  std::int64_t num_requests = 0;           // sent
  std::int64_t num_prompt_tokens = 0;      // that the server read
  std::int64_t num_completion_tokens = 0;  // that it wrote
  std::int64_t num_cut_answers = 0;        // lost on the way, and maybe charged for

  Usage& operator+=(const Usage& other);
  friend bool operator==(const Usage&, const Usage&) = default;

  void append_to(ByteWriter& writer) const;
  // Throws CommError for cut bytes and negative numbers.
  [[nodiscard]] static Usage deserialize(ByteReader& reader);
};

struct UsageCounter {
  std::string_view name;  // in reports and logs; in files "num_" and this
  std::string_view one;   // of one of it: "1 query"
  std::string_view many;  // and of all other numbers
  std::int64_t Usage::*value;
  bool is_later =
      false;  // came after files had been written: those read as 0, and keep their digest
  bool is_charge = false;  // of a server: may differ between equal runs, so no digest has it
};

// In the order of files and reports.
inline constexpr std::array kUsageCounters{
    UsageCounter{"queries", "query", "queries", &Usage::num_queries},
    UsageCounter{"calls", "call", "calls", &Usage::num_calls},
    UsageCounter{"tokens", "token", "tokens", &Usage::num_tokens},
    UsageCounter{"truncated", "truncated query", "truncated queries", &Usage::num_truncated},
    UsageCounter{"bounded", "bounded score", "bounded scores", &Usage::num_bounded, true},
    UsageCounter{"requests", "request", "requests", &Usage::num_requests, true, true},
    UsageCounter{"prompt_tokens", "prompt token", "prompt tokens", &Usage::num_prompt_tokens, true,
                 true},
    UsageCounter{"completion_tokens", "completion token", "completion tokens",
                 &Usage::num_completion_tokens, true, true},
    UsageCounter{"cut_answers", "cut answer", "cut answers", &Usage::num_cut_answers, true, true},
};

// "num_queries": the counter's name in HDF5 files.
[[nodiscard]] std::string file_name(const UsageCounter& counter);

// For people: "1,280 queries, 80 calls and 1 truncated query". Counters at 0 are left out, but for
// the queries.
[[nodiscard]] std::string describe(const Usage& usage);

}  // namespace bbprompt
