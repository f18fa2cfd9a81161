#pragma once

#include <Eigen/Core>
#include <functional>
#include <span>

#include "bbprompt/base/types.hpp"
#include "bbprompt/lm/query.hpp"

namespace bbprompt {

// The input embeddings of a model's vocabulary, a matrix of num_words() x size(). It may lie in a
// file, or in a narrower type than float32, so it is read by rows or by blocks, never as a whole:
// who only looks at it needs no memory for it.
class WordEmbeddings {
 public:
  // Some rows of the matrix, from row `first` on. Valid during the call only.
  using Block = Eigen::Map<const RowMatrixXf>;
  using BlockVisitor = std::function<void(Eigen::Index first, const Block& rows)>;

  virtual ~WordEmbeddings() = default;

  [[nodiscard]] virtual Eigen::Index num_words() const = 0;
  [[nodiscard]] virtual Eigen::Index size() const = 0;  // of one word's vector

  // Standard deviation of all entries (over n, not n - 1).
  [[nodiscard]] virtual double deviation() const = 0;

  // Row i: the vector of ids[i]. Throws Error for an id outside the vocabulary.
  [[nodiscard]] virtual RowMatrixXf rows(std::span<const TokenId> ids) const = 0;

  // Shows all rows in their order. Every block but the last has a multiple of kBlockUnit rows, and
  // the last at least as many where there are as many. Eigen's products go through rows in groups
  // of 8, and have another way with a single row: so a product of the blocks has the bits of a
  // product of the whole.
  virtual void visit(const BlockVisitor& visitor) const = 0;
  static constexpr Eigen::Index kBlockUnit = 8;
};

// WordEmbeddings::deviation() by its other functions, in double, rows in order.
[[nodiscard]] double deviation_of(const WordEmbeddings& embeddings);

}  // namespace bbprompt
