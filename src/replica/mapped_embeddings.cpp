#include "replica/mapped_embeddings.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/mapped_file.hpp"
#include "replica/tensor_finder.hpp"

namespace bbprompt {
namespace {

constexpr Eigen::Index kNumbersAtOnce = Eigen::Index{1} << 20;

}  // namespace

MappedEmbeddings::MappedEmbeddings(std::shared_ptr<const WeightsSource> source)
    : source_(std::move(source)),
      tensor_(source_->word_embeddings()),
      num_words_(source_->config().vocab_size),
      size_(source_->config().hidden_size),
      deviation_(deviation_of(*this)) {}

std::span<const std::byte> MappedEmbeddings::bytes_of(Eigen::Index first,
                                                      Eigen::Index count) const {
  const std::size_t row = tensor_.bytes.size() / static_cast<std::size_t>(num_words_);
  return tensor_.bytes.subspan(static_cast<std::size_t>(first) * row,
                               static_cast<std::size_t>(count) * row);
}

RowMatrixXf MappedEmbeddings::rows(std::span<const TokenId> ids) const {
  RowMatrixXf rows(static_cast<Eigen::Index>(ids.size()), size_);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] < 0 || ids[i] >= num_words_) {
      throw Error("word embeddings: expected a token id below " + std::to_string(num_words_) +
                  ", found " + std::to_string(ids[i]));
    }
    const auto bytes = bytes_of(ids[i], 1);
    auto row = rows.row(static_cast<Eigen::Index>(i));
    widen(float_type(tensor_), bytes, {row.data(), static_cast<std::size_t>(size_)});
    release_pages(bytes);
  }
  return rows;
}

void MappedEmbeddings::visit(const BlockVisitor& visitor) const {
  const bool is_in_place = is_readable_in_map(tensor_);
  const Eigen::Index num_rows =
      std::max<Eigen::Index>(kNumbersAtOnce / size_ / kBlockUnit, 1) * kBlockUnit;
  RowMatrixXf wide(is_in_place ? 0 : num_rows + kBlockUnit, size_);
  Eigen::Index count = 0;
  for (Eigen::Index first = 0; first < num_words_; first += count) {
    const Eigen::Index left = num_words_ - first;
    count = left < num_rows + kBlockUnit ? left : num_rows;
    const auto bytes = bytes_of(first, count);
    if (!is_in_place) {
      widen(float_type(tensor_), bytes, {wide.data(), static_cast<std::size_t>(count * size_)});
    }
    const auto* numbers = is_in_place ? reinterpret_cast<const float*>(bytes.data()) : wide.data();
    visitor(first, Block(numbers, count, size_));
    release_pages(bytes);
  }
}

}  // namespace bbprompt
