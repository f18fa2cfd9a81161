#pragma once

#include <cstdint>
#include <string>

#include "bbprompt/config/experiment_spec.hpp"
#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// What a generation will cost the search. Evaluations count every candidate; the others only what
// is really asked: a prompt that the cache answers costs no query, call or token.
struct SearchCost {
  std::int64_t evaluations = 0;
  std::int64_t queries = 0;
  std::int64_t calls = 0;
  std::int64_t tokens = 0;
};

// Whether `cost` on top of what was used keeps every limit.
[[nodiscard]] bool is_within(const BudgetOptions& budget, const UsageRecord& used,
                             const SearchCost& cost);

// "20 evaluations of 640 queries, 20 calls and 33400 tokens": for messages.
[[nodiscard]] std::string to_string(const SearchCost& cost);

}  // namespace bbprompt
