#pragma once

#include <cstdint>
#include <span>

#include "replica/gemm.hpp"

namespace bbprompt {

// One sequence's part of the projected tokens.
struct AttentionInput {
  ConstRows query;  // asked tokens x hidden
  ConstRows key;    // all tokens x hidden
  ConstRows value;
  std::span<const std::uint8_t> attended;  // one per token, 0: no one looks at it; empty: all 1
};

// Scaled dot-product attention (Vaswani et al., 2017, eq. 1), head by head. `scores` is scratch for
// at least (asked tokens) * (all tokens) numbers; `context` has the shape of the query, and may
// be the same memory.
void attend(const AttentionInput& input, int num_heads, std::span<float> scores, Rows context);

}  // namespace bbprompt
