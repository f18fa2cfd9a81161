#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "bbprompt/base/types.hpp"

namespace bbprompt {

// A stretch of text that belongs to the example, and so may be cut where the model's length ends;
// the written pattern around it is never cut.
struct ExampleField {
  std::size_t begin = 0;  // byte range in TextSegment::text
  std::size_t end = 0;
  int max_tokens = 0;  // cut to this many tokens first; 0: no limit
};

// Text as one piece: pattern and example fields are tokenized together.
struct TextSegment {
  std::string text;
  std::vector<ExampleField> fields;  // ascending, not overlapping
};

// Discrete prompt: vocabulary rows.
struct PromptTokens {
  std::vector<TokenId> ids;
};

// Soft prompt: row i is added to the word embedding of `base_ids[i]`, or stands alone where
// `base_ids` is empty. Deep prompts go on inside the model: row i of `layers[l - 1]` is added to
// the same token's hidden state before layer l; one matrix for each layer but the first, or none at
// all. Shared, as one prompt serves a whole shard.
using RowMatrixXf = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
struct PromptVectors {
  std::shared_ptr<const RowMatrixXf> vectors;                // tokens x hidden size
  std::vector<TokenId> base_ids;                             // empty, or one per row
  std::vector<std::shared_ptr<const RowMatrixXf>> layers{};  // tokens x hidden size each
};

// The place whose answer is asked: a mask for masked models, the end for causal ones. Exactly one.
struct AnswerSlot {};

// The model's separator token between two texts ("</s>", "[SEP]").
struct Separator {};

using Segment = std::variant<TextSegment, PromptTokens, PromptVectors, AnswerSlot, Separator>;

// One example with one prompt. The model adds its own begin and end tokens.
struct Query {
  std::vector<Segment> segments;
};

}  // namespace bbprompt
