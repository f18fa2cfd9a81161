#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "bbprompt/lm/query.hpp"
#include "bbprompt/text/tokenizer.hpp"

namespace bbprompt {

// Inputs that are too long lose tokens of their example fields alone, the last ones of a field
// first: each field is cut to its own max_tokens; then, while the input is longer than the model
// takes, the field with the most tokens left loses one, the later of equals. Every model cuts so.

inline constexpr int kNoField = -1;

// For each token of the encoded text, the number of the field (an index into `text.fields`) that it
// lies wholly in, or kNoField. A token without bytes at a field's border is the pattern's.
[[nodiscard]] std::vector<int> fields_of_tokens(const TextSegment& text, const Encoding& encoding);

// Longest input of a model.
struct InputLimit {
  std::size_t max_tokens = 0;
  std::string model;  // for messages
};

struct FieldFit {
  std::vector<int> kept;      // tokens that each field keeps, its first ones
  bool is_truncated = false;  // lost tokens to the model's length, not only to the fields' own
};

// `fields`: the field of each token of the whole input, or kNoField; `max_tokens`: of each field, 0
// for no limit of its own. Throws ModelError for an input that is too long without any field.
[[nodiscard]] FieldFit fit_fields(std::span<const int> fields, std::span<const int> max_tokens,
                                  const InputLimit& limit);

// The tokens that stay, as ascending indices: the first `kept[f]` of each field f, and all that
// belong to none.
[[nodiscard]] std::vector<std::size_t> kept_tokens(std::span<const int> fields,
                                                   std::span<const int> kept);

}  // namespace bbprompt
