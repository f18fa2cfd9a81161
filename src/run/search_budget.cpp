#include "run/search_budget.hpp"

namespace bbprompt {

bool is_within(const BudgetOptions& budget, const UsageRecord& used, const SearchCost& cost) {
  const auto keeps = [](std::int64_t limit, std::int64_t before, std::int64_t more) {
    return limit == 0 || (before <= limit && more <= limit - before);
  };
  return keeps(budget.evaluations, used.num_evaluations, cost.evaluations) &&
         keeps(budget.queries, used.usage.num_queries, cost.queries) &&
         keeps(budget.calls, used.usage.num_calls, cost.calls) &&
         keeps(budget.tokens, used.usage.num_tokens, cost.tokens);
}

std::string to_string(const SearchCost& cost) {
  std::string text = std::to_string(cost.evaluations) + " evaluations of " +
                     std::to_string(cost.queries) + " queries and " + std::to_string(cost.calls) +
                     " calls";
  if (cost.tokens > 0) text += " with " + std::to_string(cost.tokens) + " tokens";
  return text;
}

}  // namespace bbprompt
