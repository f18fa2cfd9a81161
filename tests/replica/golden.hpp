#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bbprompt/replica/encoder.hpp"
#include "tests/support.hpp"

namespace bbprompt::testing {

// Expected outputs by Hugging Face's own code in float64; tolerances as their README gives them.
inline constexpr double kLogitTolerance = 2e-5;
inline constexpr double kNormTolerance = 2e-6;  // relative

inline nlohmann::json read_golden(const std::filesystem::path& file) {
  std::ifstream in(file);
  return nlohmann::json::parse(in);
}

// A case's rows as one batch, padding included.
class GoldenBatch {
 public:
  GoldenBatch(const ModelConfig& config, const nlohmann::json& golden_case) {
    if (golden_case.contains("embedding_vectors")) read_vectors(golden_case);
    const auto& rows = golden_case["input_ids"];
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const auto ids = rows[row].get<std::vector<TokenId>>();
      append(batch.ids, ids);
      append(batch.positions, position_rows(config, ids));
      append(batch.types, golden_case.contains("token_type_ids")
                              ? golden_case["token_type_ids"][row].get<std::vector<int>>()
                              : std::vector<int>(ids.size(), 0));
      if (golden_case.contains("attention_mask")) {
        append(batch.attended, golden_case["attention_mask"][row].get<std::vector<std::uint8_t>>());
      }
      batch.begins.push_back(batch.num_tokens());
    }
  }
  GoldenBatch(const GoldenBatch&) = delete;
  GoldenBatch& operator=(const GoldenBatch&) = delete;

  TokenBatch batch;

 private:
  template <typename T>
  static void append(std::vector<T>& all, const std::vector<T>& more) {
    all.insert(all.end(), more.begin(), more.end());
  }
  void read_vectors(const nlohmann::json& golden_case) {
    vectors_ = golden_case["embedding_vectors"].get<std::vector<std::vector<float>>>();
    const auto positions = golden_case["embedding_positions"].get<std::vector<Eigen::Index>>();
    for (std::size_t i = 0; i < positions.size(); ++i)
      batch.vectors.push_back({.token = positions[i], .values = vectors_[i].data()});
  }

  std::vector<std::vector<float>> vectors_;
};

}  // namespace bbprompt::testing
