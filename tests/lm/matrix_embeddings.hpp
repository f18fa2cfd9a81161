#pragma once

#include <utility>

#include "bbprompt/lm/word_embeddings.hpp"

namespace bbprompt::testing {

// Word embeddings of a matrix in memory, shown in blocks of `num_rows`.
class MatrixEmbeddings final : public WordEmbeddings {
 public:
  explicit MatrixEmbeddings(RowMatrixXf matrix, Eigen::Index num_rows = 2 * kBlockUnit)
      : matrix_(std::move(matrix)), num_rows_(num_rows) {}

  [[nodiscard]] Eigen::Index num_words() const override { return matrix_.rows(); }
  [[nodiscard]] Eigen::Index size() const override { return matrix_.cols(); }
  [[nodiscard]] double deviation() const override { return deviation_of(*this); }
  [[nodiscard]] RowMatrixXf rows(std::span<const TokenId> ids) const override {
    RowMatrixXf found(static_cast<Eigen::Index>(ids.size()), size());
    for (std::size_t i = 0; i < ids.size(); ++i)
      found.row(static_cast<Eigen::Index>(i)) = matrix_.row(ids[i]);
    return found;
  }
  void visit(const BlockVisitor& visitor) const override {
    Eigen::Index count = 0;
    for (Eigen::Index first = 0; first < num_words(); first += count) {
      const Eigen::Index left = num_words() - first;
      count = left < num_rows_ + kBlockUnit ? left : num_rows_;
      visitor(first, Block(matrix_.row(first).data(), count, size()));
    }
  }

 private:
  RowMatrixXf matrix_;
  Eigen::Index num_rows_;
};

}  // namespace bbprompt::testing
