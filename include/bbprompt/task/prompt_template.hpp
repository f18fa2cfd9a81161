#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bbprompt/lm/model_view.hpp"
#include "bbprompt/lm/query.hpp"
#include "bbprompt/prompt/prompt_space.hpp"
#include "bbprompt/task/dataset.hpp"
#include "bbprompt/task/task_options.hpp"

namespace bbprompt {

// Solved examples that stand before a query.
struct Demonstrations {
  std::vector<const Example*> examples;
  int max_field_tokens = 0;  // each text is cut to this many tokens; 0: as the task has it
};

// The written pattern around text, prompt and answer slot: "{prompt} {text_a} It was {mask}.".
//
//   {prompt}            where the prompt goes; exactly once
//   {mask}              the answer slot; exactly once
//   {text_a} {text_b}   the example's texts; each column the task has at least once
//   {sep}               the model's separator: a token, or a line break where it has none
//   {{ }}               a brace
//
// A causal model answers after the text, so its template ends with {mask}; white space after that
// is dropped.
class PromptTemplate {
 public:
  // Parses the task's template for models of the family. Throws SettingError naming the character
  // (from 1) for an unknown placeholder, a brace without partner, a second {prompt} or {mask}, or
  // {text_b} where the task has no such column; for a placeholder that is missing; and where
  // something stands after {mask} for a causal model, with what to write instead.
  explicit PromptTemplate(const TaskOptions& task, ModelFamily family = ModelFamily::kMasked);

  // One example with a learned prompt, which is a segment of its own; all text stands as written,
  // so the text after {prompt} keeps its leading space.
  [[nodiscard]] Query render(const Example& example, const PromptTokens& prompt) const;
  [[nodiscard]] Query render(const Example& example, const PromptVectors& prompt) const;

  // One example with a prompt written as text (the manual baseline). The text is part of the
  // pattern: it is never cut, and braces in it mean nothing. White space at its joins: a border is
  // the begin or end of the query, or a {sep}.
  //   1. The text loses its leading white space after a border or after white space of the
  //      pattern, and its trailing white space before a border or before white space of the
  //      pattern.
  //   2. If nothing is left of it, then after a border or white space the pattern after it loses
  //      its leading white space, and before a border the pattern before it its trailing one.
  // So an empty text makes "{prompt} {text_a}" "text", "{sep}{prompt} {text_b}" "</s>text", and
  // "It {prompt} was" "It was". Texts of examples are never changed.
  [[nodiscard]] Query render(const Example& example, std::string_view prompt_text) const;

  // One example after solved ones (in-context learning). Each demonstration is the pattern with its
  // own texts, its label's first answer word at {mask}, and `prompt_text` at {prompt} as in the
  // query; after it a separator (for a model without one a line break). All stand before the
  // query's pattern, whatever its first piece. The separator, not a space, parts them: models saw
  // it between the texts they were trained on, and it ends a text that has no end of its own.
  [[nodiscard]] Query render(const Example& example, std::string_view prompt_text,
                             const Demonstrations& demonstrations) const;

  // The demonstrations alone, as they stand there: a beginning without an answer slot.
  [[nodiscard]] Query render_demonstrations(std::string_view prompt_text,
                                            const Demonstrations& demonstrations) const;

 private:
  enum class Slot { kPrompt, kTextA, kTextB, kMask, kSeparator };
  using Piece = std::variant<std::string, Slot>;  // no string is empty or follows another

  class Parser;
  class Builder;

  [[nodiscard]] Query render_segment(const Example& example, const Segment& prompt) const;
  void add_demonstrations(const std::vector<Piece>& pieces, const Demonstrations& demonstrations,
                          Builder& builder) const;
  [[nodiscard]] std::vector<Piece> with_prompt_text(std::string_view prompt_text) const;

  std::vector<Piece> pieces_;
  std::vector<std::string> answers_;  // first answer word of each label
  int max_field_tokens_;
};

}  // namespace bbprompt
