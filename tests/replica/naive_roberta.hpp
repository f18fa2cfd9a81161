#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bbprompt/base/types.hpp"
#include "tests/replica/model_folder.hpp"

namespace bbprompt::testing {

// RoBERTa with its masked language model head, one sequence at a time in float64, written straight
// from the formulas (Vaswani et al., 2017; Devlin et al., 2019) with a reader of its own. A deep
// prompt is given as what is added to the states before each layer.
class NaiveRoberta {
 public:
  using Matrix = Eigen::MatrixXd;

  explicit NaiveRoberta(const std::filesystem::path& folder)
      : config_(nlohmann::json::parse(read_text(folder / "config.json"))),
        file_(SafetensorsParts::read(folder / "model.safetensors")) {}

  [[nodiscard]] int num_layers() const { return config_["num_hidden_layers"].get<int>(); }

  // Word embeddings of the ids, one row each.
  [[nodiscard]] Matrix words(const std::vector<TokenId>& ids) const {
    return rows("roberta.embeddings.word_embeddings.weight", ids);
  }

  // States before layer 0, 1, ..., and after the last. `word_rows`: words(), or what stands for
  // them. `added[l]`: added to the states before layer l; empty: nothing.
  [[nodiscard]] std::vector<Matrix> states(const Matrix& word_rows,
                                           const std::vector<Matrix>& added = {}) const {
    std::vector<TokenId> positions;
    for (Eigen::Index i = 0; i < word_rows.rows(); ++i)
      positions.push_back(config_["pad_token_id"].get<TokenId>() + 1 + static_cast<TokenId>(i));
    const std::vector<TokenId> types(positions.size(), 0);
    std::vector<Matrix> all;
    all.push_back(norm("roberta.embeddings.LayerNorm",
                       word_rows +
                           rows("roberta.embeddings.position_embeddings.weight", positions) +
                           rows("roberta.embeddings.token_type_embeddings.weight", types)));
    for (int l = 0; l < num_layers(); ++l) {
      Matrix x = all.back();
      if (!added.empty()) x += added[static_cast<std::size_t>(l)];
      all.push_back(layer("roberta.encoder.layer." + std::to_string(l) + ".", x));
    }
    return all;
  }

  // Scores of `answers` at one token.
  [[nodiscard]] Eigen::RowVectorXd scores(const Matrix& last_states, Eigen::Index token,
                                          const std::vector<TokenId>& answers) const {
    Matrix x = linear("lm_head.dense", last_states.row(token));
    x = norm("lm_head.layer_norm", x.unaryExpr(&gelu));
    Eigen::RowVectorXd result = (words(answers) * x.transpose()).transpose();
    const Matrix bias = matrix("lm_head.bias");
    for (std::size_t i = 0; i < answers.size(); ++i)
      result[static_cast<Eigen::Index>(i)] += bias(0, answers[i]);
    return result;
  }

 private:
  static double gelu(double x) { return 0.5 * x * (1.0 + std::erf(x / std::sqrt(2.0))); }

  static double single(const char* bytes) {
    float value = 0;
    std::memcpy(&value, bytes, sizeof value);
    return static_cast<double>(value);
  }
  // IEEE 754 binary16; finite.
  static double half(const char* bytes) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, bytes, sizeof bits);
    const int exponent = bits >> 10 & 0x1f;
    const int fraction = bits & 0x3ff;
    const double size =
        exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    return bits >> 15 != 0 ? -size : size;
  }

  [[nodiscard]] const Matrix& matrix(const std::string& name) const {
    const auto known = tensors_.find(name);
    if (known != tensors_.end()) return known->second;
    const auto shape = file_.header.at(name)["shape"].get<std::vector<Eigen::Index>>();
    const std::string bytes = file_.tensor(name);
    const Eigen::Index num_cols = shape.back();
    Matrix values(shape.size() == 1 ? 1 : shape.front(), num_cols);
    const bool is_half = file_.header.at(name)["dtype"] == "F16";
    for (Eigen::Index i = 0; i < values.size(); ++i)
      values(i / num_cols, i % num_cols) =
          is_half ? half(bytes.data() + 2 * i) : single(bytes.data() + 4 * i);
    return tensors_.emplace(name, std::move(values)).first->second;
  }
  [[nodiscard]] Matrix rows(const std::string& name, const std::vector<TokenId>& indices) const {
    const Matrix& all = matrix(name);
    Matrix some(static_cast<Eigen::Index>(indices.size()), all.cols());
    for (std::size_t i = 0; i < indices.size(); ++i)
      some.row(static_cast<Eigen::Index>(i)) = all.row(indices[i]);
    return some;
  }
  [[nodiscard]] Matrix linear(const std::string& name, const Matrix& x) const {
    return (x * matrix(name + ".weight").transpose()).rowwise() + matrix(name + ".bias").row(0);
  }
  [[nodiscard]] Matrix norm(const std::string& name, Matrix x) const {
    for (Eigen::Index i = 0; i < x.rows(); ++i) {
      const double mean = x.row(i).mean();
      const double variance =
          (x.row(i).array() - mean).square().sum() / static_cast<double>(x.cols());
      x.row(i) = ((x.row(i).array() - mean) /
                  std::sqrt(variance + config_["layer_norm_eps"].get<double>()) *
                  matrix(name + ".weight").row(0).array()) +
                 matrix(name + ".bias").row(0).array();
    }
    return x;
  }
  [[nodiscard]] Matrix layer(const std::string& name, const Matrix& x) const {
    const Matrix q = linear(name + "attention.self.query", x);
    const Matrix k = linear(name + "attention.self.key", x);
    const Matrix v = linear(name + "attention.self.value", x);
    const int num_heads = config_["num_attention_heads"].get<int>();
    const Eigen::Index size = x.cols() / num_heads;
    Matrix context(x.rows(), x.cols());
    for (int head = 0; head < num_heads; ++head) {
      const Eigen::Index begin = head * size;
      Matrix weights = (q.middleCols(begin, size) * k.middleCols(begin, size).transpose()) /
                       std::sqrt(static_cast<double>(size));
      weights = weights.array().exp();
      for (Eigen::Index i = 0; i < weights.rows(); ++i) weights.row(i) /= weights.row(i).sum();
      context.middleCols(begin, size) = weights * v.middleCols(begin, size);
    }
    const Matrix y = norm(name + "attention.output.LayerNorm",
                          linear(name + "attention.output.dense", context) + x);
    const Matrix inner = linear(name + "intermediate.dense", y).unaryExpr(&gelu);
    return norm(name + "output.LayerNorm", linear(name + "output.dense", inner) + y);
  }

  nlohmann::json config_;
  SafetensorsParts file_;
  mutable std::map<std::string, Matrix> tensors_;
};

}  // namespace bbprompt::testing
