#pragma once

#include <string>
#include <vector>

namespace bbprompt {

enum class PromptKind { kDiscrete, kSoft };

// How a point of R^d picks one candidate token per position.
enum class Relaxation {
  kEmbedding,  // position i: the candidate whose (projected) word embedding points most along z_i
  kLogits,     // all scores at once: argmax per position of a fixed random projection of z
};

struct DiscretePromptOptions {
  Relaxation relaxation = Relaxation::kEmbedding;
  int dimension_per_token = 8;     // kEmbedding: d = length * this
  int dimension = 60;              // kLogits
  int num_candidates = 200;        // most frequent words of the training text
  std::vector<std::string> words;  // this list of candidate words instead, if not empty
};

struct SoftPromptOptions {
  int dimension = 60;  // d of the search space; 0: no projection, every coordinate is searched
  double alpha = 1.0;  // scale of the projection (BBT)
  std::string init;    // text whose tokens stand under the vectors; empty: drawn from the seed
};

struct PromptOptions {
  PromptKind kind = PromptKind::kSoft;
  int length = 5;  // tokens
  DiscretePromptOptions discrete;
  SoftPromptOptions soft;
};

}  // namespace bbprompt
