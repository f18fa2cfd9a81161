#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bbprompt/lm/query.hpp"
#include "bbprompt/prompt/prompt_space.hpp"
#include "bbprompt/task/dataset.hpp"
#include "bbprompt/task/task_options.hpp"

namespace bbprompt {

// The written pattern around text, prompt and answer slot: "{prompt} {text_a} It was {mask}.".
//
//   {prompt}            where the prompt goes; exactly once
//   {mask}              the answer slot; exactly once
//   {text_a} {text_b}   the example's texts; each column the task has at least once
//   {sep}               the model's separator token
//   {{ }}               a brace
class PromptTemplate {
 public:
  // Parses `task.template_text`. Throws Error naming the character (from 1) for an unknown
  // placeholder, a brace without partner, a second {prompt} or {mask}, or {text_b} where the task
  // has no such column; and for a placeholder that is missing.
  explicit PromptTemplate(const TaskOptions& task);

  // One example with a learned prompt, which is a segment of its own; all text stands as written,
  // so the text after {prompt} keeps its leading space.
  [[nodiscard]] Query render(const Example& example, const Prompt& prompt) const;

  // One example with a prompt written as text (the manual baseline). The text is part of the
  // pattern: it is never cut, and braces in it mean nothing. White space at its joins: a border is
  // the begin or end of the query, or a {sep}.
  //   1. The text loses its leading white space behind a border or behind white space of the
  //      pattern, and its trailing white space before a border or before white space of the
  //      pattern.
  //   2. If nothing is left of it, then behind a border or white space the pattern after it loses
  //      its leading white space, and before a border the pattern before it its trailing one.
  // So an empty text makes "{prompt} {text_a}" "text", "{sep}{prompt} {text_b}" "</s>text", and
  // "It {prompt} was" "It was". Texts of examples are never changed.
  [[nodiscard]] Query render(const Example& example, std::string_view prompt_text) const;

 private:
  enum class Slot { kPrompt, kTextA, kTextB, kMask, kSeparator };
  using Piece = std::variant<std::string, Slot>;  // no string is empty or follows another

  class Parser;
  class Builder;

  [[nodiscard]] std::vector<Piece> with_prompt_text(std::string_view prompt_text) const;

  std::vector<Piece> pieces_;
  int max_field_tokens_;
};

}  // namespace bbprompt
