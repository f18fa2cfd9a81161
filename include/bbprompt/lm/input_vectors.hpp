#pragma once

#include <Eigen/Core>

namespace bbprompt {

// A vector that stands in the place of a token's word embedding, or is added to it, before
// position and type embeddings.
enum class VectorUse { kReplace, kAdd };
struct InputVector {
  Eigen::Index token = 0;         // index into the batch
  const float* values = nullptr;  // hidden size of them; borrowed
  VectorUse use = VectorUse::kReplace;
};

// A vector added to a token's hidden state before layer `layer`, from 1.
struct LayerVector {
  int layer = 1;
  Eigen::Index token = 0;
  const float* values = nullptr;  // hidden size of them; borrowed
};

}  // namespace bbprompt
