#include "bbprompt/lm/word_embeddings.hpp"

#include <cmath>

namespace bbprompt {

double deviation_of(const WordEmbeddings& embeddings) {
  const auto count =
      static_cast<double>(embeddings.num_words()) * static_cast<double>(embeddings.size());
  double sum = 0;
  embeddings.visit([&](Eigen::Index /*first*/, const WordEmbeddings::Block& entries) {
    for (Eigen::Index row = 0; row < entries.rows(); ++row)
      sum += entries.row(row).cast<double>().sum();
  });
  const double mean = sum / count;
  double squares = 0;
  embeddings.visit([&](Eigen::Index /*first*/, const WordEmbeddings::Block& entries) {
    for (Eigen::Index row = 0; row < entries.rows(); ++row)
      squares += (entries.row(row).cast<double>().array() - mean).square().sum();
  });
  return std::sqrt(squares / count);
}

}  // namespace bbprompt
