#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bbprompt/base/types.hpp"
#include "tests/safetensors_parts.hpp"

namespace bbprompt::testing {

// GPT-2, one sequence at a time in float64, written straight from the formulas (Radford et al.,
// 2019) with loops and a reader of its own.
class NaiveGpt2 {
 public:
  using Matrix = Eigen::MatrixXd;

  explicit NaiveGpt2(const std::filesystem::path& folder)
      : config_(nlohmann::json::parse(read_text(folder / "config.json"))),
        file_(SafetensorsParts::read(folder / "model.safetensors")) {}

  // Word embeddings of the ids, one row each.
  [[nodiscard]] Matrix words(const std::vector<TokenId>& ids) const {
    const Matrix all = matrix("wte.weight");
    Matrix some(static_cast<Eigen::Index>(ids.size()), all.cols());
    for (std::size_t i = 0; i < ids.size(); ++i)
      some.row(static_cast<Eigen::Index>(i)) = all.row(ids[i]);
    return some;
  }

  // Row t: log-probabilities of the whole vocabulary after tokens 0 to t.
  [[nodiscard]] Matrix log_probabilities(const Matrix& word_rows) const {
    Matrix x = word_rows + matrix("wpe.weight").topRows(word_rows.rows());
    for (int l = 0; l < config_["n_layer"].get<int>(); ++l)
      add_layer("h." + std::to_string(l) + ".", x);
    const Matrix& head = has("lm_head.weight") ? matrix("lm_head.weight") : matrix("wte.weight");
    Matrix logits = norm("ln_f", x) * head.transpose();
    for (Eigen::Index i = 0; i < logits.rows(); ++i)
      logits.row(i).array() -= std::log(logits.row(i).array().exp().sum());
    return logits;
  }

  // Log-probability of a word after a text, its tokens one after another.
  [[nodiscard]] double score(std::vector<TokenId> text, const std::vector<TokenId>& word) const {
    double sum = 0;
    for (const TokenId id : word) {
      const Matrix all = log_probabilities(words(text));
      sum += all(all.rows() - 1, id);
      text.push_back(id);
    }
    return sum;
  }

 private:
  [[nodiscard]] bool has(const std::string& name) const { return file_.header.contains(name); }

  // Row-major, as it lies in the file; a vector is a row.
  [[nodiscard]] Matrix matrix(const std::string& name) const {
    const std::string full = has(name) ? name : "transformer." + name;
    const auto shape = file_.header.at(full)["shape"].get<std::vector<Eigen::Index>>();
    const std::string bytes = file_.tensor(full);
    Matrix values(shape.size() == 1 ? 1 : shape.front(), shape.back());
    for (Eigen::Index i = 0; i < values.size(); ++i) {
      float value = 0;
      std::memcpy(&value, bytes.data() + 4 * i, sizeof value);
      values(i / values.cols(), i % values.cols()) = static_cast<double>(value);
    }
    return values;
  }

  [[nodiscard]] Matrix conv1d(const std::string& name, const Matrix& x) const {
    return (x * matrix(name + ".weight")).rowwise() + matrix(name + ".bias").row(0);
  }

  [[nodiscard]] Matrix norm(const std::string& name, Matrix x) const {
    const Matrix scale = matrix(name + ".weight");
    const Matrix shift = matrix(name + ".bias");
    for (Eigen::Index i = 0; i < x.rows(); ++i) {
      const double mean = x.row(i).mean();
      const double variance =
          (x.row(i).array() - mean).square().sum() / static_cast<double>(x.cols());
      const double eps = config_["layer_norm_epsilon"].get<double>();
      x.row(i) = (x.row(i).array() - mean) / std::sqrt(variance + eps) * scale.row(0).array() +
                 shift.row(0).array();
    }
    return x;
  }

  static double gelu_tanh(double x) {
    return 0.5 * x * (1.0 + std::tanh(std::sqrt(2.0 / M_PI) * (x + 0.044715 * x * x * x)));
  }

  [[nodiscard]] Matrix attention(const Matrix& qkv) const {
    const Eigen::Index hidden = qkv.cols() / 3;
    const Eigen::Index size = hidden / config_["n_head"].get<Eigen::Index>();
    Matrix context = Matrix::Zero(qkv.rows(), hidden);
    for (Eigen::Index first = 0; first < hidden; first += size) {
      for (Eigen::Index i = 0; i < qkv.rows(); ++i) {
        double sum = 0;
        for (Eigen::Index j = 0; j <= i; ++j) {
          double product = 0;
          for (Eigen::Index d = first; d < first + size; ++d)
            product += qkv(i, d) * qkv(j, hidden + d);
          const double weight = std::exp(product / std::sqrt(static_cast<double>(size)));
          sum += weight;
          for (Eigen::Index d = first; d < first + size; ++d)
            context(i, d) += weight * qkv(j, 2 * hidden + d);
        }
        context.row(i).segment(first, size) /= sum;
      }
    }
    return context;
  }

  void add_layer(const std::string& name, Matrix& x) const {
    const Matrix qkv = conv1d(name + "attn.c_attn", norm(name + "ln_1", x));
    x += conv1d(name + "attn.c_proj", attention(qkv));
    const Matrix inner = conv1d(name + "mlp.c_fc", norm(name + "ln_2", x)).unaryExpr(&gelu_tanh);
    x += conv1d(name + "mlp.c_proj", inner);
  }

  nlohmann::json config_;
  SafetensorsParts file_;
};

}  // namespace bbprompt::testing
