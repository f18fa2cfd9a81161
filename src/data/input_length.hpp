#pragma once

#include <cstdint>

#include "bbprompt/data/check.hpp"
#include "bbprompt/task/prompt_template.hpp"

namespace bbprompt {

struct MeasuredInput {
  std::int64_t num_tokens = 0;  // uncut
  bool is_field_cut = false;
  bool is_too_long = false;
};

// Tokens of an example as the model gets it: the template with the prompt, for masked models with
// begin token and separator.
class InputLength {
 public:
  InputLength(const TaskOptions& task, const LengthOptions& options);

  [[nodiscard]] MeasuredInput measure(const Example& example) const;

 private:
  // Adds the tokens of a text; returns how many of them are cut with its fields.
  [[nodiscard]] std::int64_t add_text(const TextSegment& text, MeasuredInput& input) const;

  PromptTemplate template_;
  PromptTokens prompt_;
  LengthOptions options_;
};

}  // namespace bbprompt
