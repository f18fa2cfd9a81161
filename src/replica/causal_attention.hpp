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

// Numbers of scratch that attend_causal needs: each row of scores begins at a border of vectorised
// loops, so that a row's bits do not depend on the rows before it.
[[nodiscard]] constexpr Eigen::Index scores_stride(Eigen::Index num_keys) {
  return (num_keys + 15) / 16 * 16;
}
[[nodiscard]] constexpr Eigen::Index scores_size(Eigen::Index num_queries, Eigen::Index num_keys) {
  return num_queries * scores_stride(num_keys);
}

// Scaled dot-product attention, head by head. `scores` is scratch for at least scores_size()
// numbers, allocated by Eigen; `context` has the shape of the query, and may be the same memory.
void attend_causal(const CausalAttentionInput& input, int num_heads, std::span<float> scores,
                   Rows context);

}  // namespace bbprompt
