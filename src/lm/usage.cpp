#include "bbprompt/lm/language_model.hpp"

namespace bbprompt {

Usage& Usage::operator+=(const Usage& other) {
  num_queries += other.num_queries;
  num_tokens += other.num_tokens;
  num_truncated += other.num_truncated;
  num_calls += other.num_calls;
  return *this;
}

}  // namespace bbprompt
