#pragma once

#include <span>

#include "replica/gemm.hpp"

namespace bbprompt {

// Asked tokens and what they may see. The last query sees all keys, the one before it all but the
// last, and so on: queries are the last tokens of a sequence whose keys begin with its first.
struct CausalAttentionInput {
  ConstRows query;  // asked tokens x hidden
  ConstRows key;    // tokens x hidden, at least as many as queries
  ConstRows value;
};

// Scaled dot-product attention, head by head. `scores` is scratch for at least (asked tokens) *
// (tokens) numbers; `context` has the shape of the query, and may be the same memory.
void attend_causal(const CausalAttentionInput& input, int num_heads, std::span<float> scores,
                   Rows context);

}  // namespace bbprompt
