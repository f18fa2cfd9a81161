#include "bbprompt/replica/weights.hpp"

#include <cmath>
#include <utility>

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/sha256.hpp"
#include "replica/tensor_finder.hpp"
#include "replica/tensor_names.hpp"

namespace bbprompt {
namespace {

class WeightsReader {
 public:
  WeightsReader(TensorFinder& finder, const ModelConfig& config)
      : finder_(finder), config_(config), names_(config.architecture) {}

  EmbeddingWeights embeddings() {
    const std::string path = "embeddings.";
    const int hidden = config_.hidden_size;
    return {.words = finder_.matrix(names_.encoder(path + "word_embeddings.weight"),
                                    config_.vocab_size, hidden),
            .positions = finder_.matrix(names_.encoder(path + "position_embeddings.weight"),
                                        config_.num_positions, hidden),
            .types = finder_.matrix(names_.encoder(path + "token_type_embeddings.weight"),
                                    config_.num_types, hidden),
            .norm = encoder_norm(path + "LayerNorm")};
  }

  LayerWeights layer(int number) {
    const std::string path = layer_path(number);
    const int hidden = config_.hidden_size;
    const int inner = config_.intermediate_size;
    return {.query = encoder_linear(path + "attention.self.query", hidden, hidden),
            .key = encoder_linear(path + "attention.self.key", hidden, hidden),
            .value = encoder_linear(path + "attention.self.value", hidden, hidden),
            .attention_output = encoder_linear(path + "attention.output.dense", hidden, hidden),
            .attention_norm = encoder_norm(path + "attention.output.LayerNorm"),
            .intermediate = encoder_linear(path + "intermediate.dense", inner, hidden),
            .output = encoder_linear(path + "output.dense", hidden, inner),
            .output_norm = encoder_norm(path + "output.LayerNorm")};
  }

  HeadWeights head(const MatrixView& words) {
    const int hidden = config_.hidden_size;
    HeadWeights head;
    head.transform = {.weight = finder_.matrix(names_.head_transform("weight"), hidden, hidden),
                      .bias = finder_.vector(names_.head_transform("bias"), hidden)};
    head.norm = {.scale = finder_.vector(names_.head_norm("weight", "gamma"), hidden),
                 .shift = finder_.vector(names_.head_norm("bias", "beta"), hidden)};
    head.decoder.weight = config_.has_tied_embeddings
                              ? words
                              : finder_.matrix(names_.decoder_weight(), config_.vocab_size, hidden);
    for (const auto& names : names_.decoder_biases()) {
      if (head.decoder.bias.data == nullptr && finder_.is_present(names))
        head.decoder.bias = finder_.vector(names, config_.vocab_size);
    }
    if (head.decoder.bias.data == nullptr)
      head.decoder.bias = finder_.vector(names_.decoder_biases().front(), config_.vocab_size);
    return head;
  }

  // A file with more layers than the configuration belongs to another model.
  void refuse_more_layers(const WeightFiles& files) const {
    const auto names =
        names_.encoder(layer_path(config_.num_layers) + "attention.self.query.weight");
    if (!finder_.is_present(names)) return;
    throw ModelError(files.path().string(), "expected " + std::to_string(config_.num_layers) +
                                                " layers by " + config_.file.string() +
                                                ", found tensor " + names.front());
  }

 private:
  static std::string layer_path(int number) {
    return "encoder.layer." + std::to_string(number) + ".";
  }
  LinearWeights encoder_linear(const std::string& path, int num_outputs, int num_inputs) {
    return {.weight = finder_.matrix(names_.encoder(path + ".weight"), num_outputs, num_inputs),
            .bias = finder_.vector(names_.encoder(path + ".bias"), num_outputs)};
  }
  LayerNormWeights encoder_norm(const std::string& path) {
    const int hidden = config_.hidden_size;
    return {.scale = finder_.vector(names_.encoder_norm(path, "weight", "gamma"), hidden),
            .shift = finder_.vector(names_.encoder_norm(path, "bias", "beta"), hidden)};
  }

  TensorFinder& finder_;
  const ModelConfig& config_;
  TensorNames names_;
};

std::string fingerprint_of(const ModelConfig& config, const WeightFiles& files) {
  Sha256 hash;
  hash.update(sha256_hex(read_file(config.file)));
  for (const auto& file : files.files()) hash.update(file.bytes());
  return hash.hex_digest();
}

double deviation_of(const MatrixView& matrix) {
  const auto count = static_cast<double>(matrix.rows) * static_cast<double>(matrix.cols);
  const auto entries = matrix.map();
  double sum = 0;
  for (Eigen::Index row = 0; row < matrix.rows; ++row) sum += entries.row(row).cast<double>().sum();
  const double mean = sum / count;
  double squares = 0;
  for (Eigen::Index row = 0; row < matrix.rows; ++row)
    squares += (entries.row(row).cast<double>().array() - mean).square().sum();
  return std::sqrt(squares / count);
}

}  // namespace

struct Weights::Storage {
  std::optional<WeightFiles> files;  // nothing where every tensor was widened
  std::unique_ptr<WidenedTensors> widened;
};

Weights::Weights(ModelConfig config)
    : config_(std::move(config)), storage_(std::make_unique<Storage>()) {}

Weights::~Weights() = default;

std::shared_ptr<const Weights> Weights::load(
    const std::filesystem::path& model_folder,
    const std::optional<std::filesystem::path>& weights_file) {
  std::shared_ptr<Weights> weights(new Weights(load_model_config(model_folder)));
  Storage& storage = *weights->storage_;
  const WeightFiles& files = storage.files.emplace(model_folder, weights_file);
  storage.widened = room_for_widened(files);
  TensorFinder finder(files, weights->config_, *storage.widened);
  WeightsReader reader(finder, weights->config_);
  weights->embeddings_ = reader.embeddings();
  for (int number = 0; number < weights->config_.num_layers; ++number)
    weights->layers_.push_back(reader.layer(number));
  reader.refuse_more_layers(files);
  weights->head_ = reader.head(weights->embeddings_.words);
  weights->fingerprint_ = fingerprint_of(weights->config_, files);
  storage.widened->fill(weights->fingerprint_);
  weights->word_embedding_deviation_ = deviation_of(weights->embeddings_.words);
  if (!finder.uses_map()) storage.files.reset();
  return weights;
}

}  // namespace bbprompt
