#pragma once

#include <memory>

#include "bbprompt/lm/word_embeddings.hpp"
#include "replica/weights_source.hpp"

namespace bbprompt {

// The word embeddings of a model folder, read from the file's map when they are asked for: in place
// where they are F32 there, widened row by row where not. Pages are released afterwards.
class MappedEmbeddings final : public WordEmbeddings {
 public:
  explicit MappedEmbeddings(std::shared_ptr<const WeightsSource> source);

  [[nodiscard]] Eigen::Index num_words() const override { return num_words_; }
  [[nodiscard]] Eigen::Index size() const override { return size_; }
  [[nodiscard]] double deviation() const override { return deviation_; }
  [[nodiscard]] RowMatrixXf rows(std::span<const TokenId> ids) const override;
  void visit(const BlockVisitor& visitor) const override;

 private:
  [[nodiscard]] std::span<const std::byte> bytes_of(Eigen::Index first, Eigen::Index count) const;

  std::shared_ptr<const WeightsSource> source_;
  const StoredTensor& tensor_;
  Eigen::Index num_words_;
  Eigen::Index size_;
  double deviation_ = 0;
};

}  // namespace bbprompt
