#include "bbprompt/replica/model_config.hpp"

#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/text/tokenizer.hpp"

namespace bbprompt {
namespace {

// Typed access to the object; every complaint names the file and the key.
class ConfigReader {
 public:
  explicit ConfigReader(std::filesystem::path file)
      : file_(std::move(file)), json_(parse_json_file(file_)) {
    if (!json_.is_object())
      throw ModelError(file_.string(), "expected an object, found " + json_kind(json_));
  }

  [[noreturn]] void refuse(const std::string& key, const std::string& message) const {
    throw ModelError(file_.string(), key + ": " + message);
  }
  [[nodiscard]] std::string text(const std::string& key,
                                 const std::optional<std::string>& fallback = {}) const {
    const auto* value = find(key, fallback.has_value());
    if (value == nullptr) return *fallback;
    if (!value->is_string()) refuse(key, "expected a string, found " + shown(*value));
    return value->get<std::string>();
  }
  [[nodiscard]] int count(const std::string& key, std::optional<int> fallback = {},
                          int smallest = 1) const {
    const auto* value = find(key, fallback.has_value());
    if (value == nullptr) return *fallback;
    constexpr int kLargest = std::numeric_limits<int>::max();
    const bool is_in_range = value->is_number_unsigned() &&
                             value->get<std::uint64_t>() >= static_cast<std::uint64_t>(smallest) &&
                             value->get<std::uint64_t>() <= kLargest;
    if (!is_in_range) {
      refuse(key, "expected an integer from " + std::to_string(smallest) + " to " +
                      std::to_string(kLargest) + ", found " + shown(*value));
    }
    return value->get<int>();
  }
  [[nodiscard]] float positive_fraction(const std::string& key, float fallback) const {
    const auto* value = find(key, true);
    if (value == nullptr) return fallback;
    const double number = value->is_number() ? value->get<double>() : -1.0;
    if (!(number >= std::numeric_limits<float>::min() && number < 1.0))
      refuse(key, "expected a number above 0 and below 1, found " + shown(*value));
    return static_cast<float>(number);
  }
  // An integer, or null or nothing for the fallback.
  [[nodiscard]] int count_or_null(const std::string& key, int fallback) const {
    const auto* value = find(key, true);
    return value == nullptr || value->is_null() ? fallback : count(key);
  }
  [[nodiscard]] bool flag(const std::string& key, const bool fallback) const {
    const auto* value = find(key, true);
    if (value == nullptr) return fallback;
    if (!value->is_boolean()) refuse(key, "expected true or false, found " + shown(*value));
    return value->get<bool>();
  }

 private:
  [[nodiscard]] const nlohmann::json* find(const std::string& key, const bool is_optional) const {
    const auto entry = json_.find(key);
    if (entry != json_.end()) return &*entry;
    if (!is_optional) refuse(key, "expected this key, found none");
    return nullptr;
  }
  static std::string shown(const nlohmann::json& value) {
    return json_kind(value) + (value.is_structured() ? "" : " (" + printable(value.dump()) + ")");
  }

  std::filesystem::path file_;
  nlohmann::json json_;
};

Architecture read_architecture(const ConfigReader& reader) {
  const std::string type = reader.text("model_type");
  if (type == "bert") return Architecture::kBert;
  if (type == "roberta") return Architecture::kRoberta;
  if (type == "gpt2") return Architecture::kGpt2;
  reader.refuse("model_type", R"(expected "bert", "roberta" or "gpt2", found ")" + printable(type) +
                                  "\": model.kind: replica runs language models of these "
                                  "families");
}

Activation read_activation(const ConfigReader& reader, const std::string& key,
                           const std::string& fallback) {
  static const std::map<std::string, Activation> kNames = {
      {"gelu", Activation::kGelu},
      {"gelu_new", Activation::kGeluTanh},
      {"gelu_pytorch_tanh", Activation::kGeluTanh},
      {"relu", Activation::kRelu},
      {"silu", Activation::kSilu},
      {"swish", Activation::kSilu}};
  const std::string name = reader.text(key, fallback);
  const auto entry = kNames.find(name);
  if (entry == kNames.end()) {
    reader.refuse(key, "expected gelu, gelu_new, gelu_pytorch_tanh, relu, silu or swish, found \"" +
                           printable(name) + "\"");
  }
  return entry->second;
}

void refuse_what_is_not_computed(const ConfigReader& reader) {
  const std::string positions = reader.text("position_embedding_type", "absolute");
  if (positions != "absolute") {
    reader.refuse("position_embedding_type",
                  R"(expected "absolute", found ")" + printable(positions) + "\"");
  }
  for (const char* key : {"is_decoder", "add_cross_attention"}) {
    if (reader.flag(key, false)) reader.refuse(key, "expected false (an encoder), found true");
  }
}

// Keys whose values must go together, by their names in the family's files.
struct SizeKeys {
  std::string heads, hidden, positions;
};

void check_consistency(const ConfigReader& reader, const ModelConfig& config,
                       const SizeKeys& keys) {
  if (config.hidden_size % config.num_heads != 0) {
    reader.refuse(keys.heads, "expected a divisor of " + keys.hidden + " " +
                                  std::to_string(config.hidden_size) + ", found " +
                                  std::to_string(config.num_heads));
  }
  if (config.pad_token_id >= config.vocab_size) {
    reader.refuse("pad_token_id", "expected an id below vocab_size " +
                                      std::to_string(config.vocab_size) + ", found " +
                                      std::to_string(config.pad_token_id));
  }
  if (config.max_tokens() < 3) {
    reader.refuse(keys.positions, "expected room for 3 tokens from position " +
                                      std::to_string(config.first_position()) + ", found " +
                                      std::to_string(config.num_positions) + " positions");
  }
}

void read_masked(const ConfigReader& reader, ModelConfig& config) {
  const bool is_roberta = config.architecture == Architecture::kRoberta;
  config.hidden_size = reader.count("hidden_size");
  config.num_layers = reader.count("num_hidden_layers");
  config.num_heads = reader.count("num_attention_heads");
  config.intermediate_size = reader.count("intermediate_size");
  config.num_positions = reader.count("max_position_embeddings");
  config.num_types = reader.count("type_vocab_size", 2);
  config.pad_token_id = reader.count("pad_token_id", is_roberta ? 1 : 0, 0);
  config.layer_norm_eps = reader.positive_fraction("layer_norm_eps", 1e-12F);
  config.activation = read_activation(reader, "hidden_act", "gelu");
  config.head_activation = is_roberta ? Activation::kGelu : config.activation;
  refuse_what_is_not_computed(reader);
  check_consistency(reader, config,
                    {.heads = "num_attention_heads",
                     .hidden = "hidden_size",
                     .positions = "max_position_embeddings"});
}

void read_gpt2(const ConfigReader& reader, ModelConfig& config) {
  config.hidden_size = reader.count("n_embd");
  config.num_layers = reader.count("n_layer");
  config.num_heads = reader.count("n_head");
  if (config.hidden_size > std::numeric_limits<int>::max() / 4)
    reader.refuse("n_embd", "expected less, found " + std::to_string(config.hidden_size));
  config.intermediate_size = reader.count_or_null("n_inner", 4 * config.hidden_size);
  config.num_positions = reader.count("n_positions");
  config.layer_norm_eps = reader.positive_fraction("layer_norm_epsilon", 1e-5F);
  config.activation = read_activation(reader, "activation_function", "gelu_new");
  if (!reader.flag("scale_attn_weights", true))
    reader.refuse("scale_attn_weights", "expected true, found false");
  for (const char* key : {"scale_attn_by_inverse_layer_idx", "add_cross_attention"}) {
    if (reader.flag(key, false)) reader.refuse(key, "expected false, found true");
  }
  check_consistency(reader, config,
                    {.heads = "n_head", .hidden = "n_embd", .positions = "n_positions"});
}

}  // namespace

InputRules ModelConfig::input_rules() const {
  return {.model = file.parent_path().string(),
          .family = is_causal() ? ModelFamily::kCausal : ModelFamily::kMasked,
          .max_tokens = max_tokens(),
          .vocabulary_size = vocab_size,
          .hidden_size = hidden_size,
          .num_layers = is_causal() ? 0 : num_layers,
          .has_second_type = architecture == Architecture::kBert && num_types > 1};
}

ModelConfig load_model_config(const std::filesystem::path& model_folder) {
  require_model_folder(model_folder);
  const ConfigReader reader(model_folder / "config.json");
  ModelConfig config;
  config.file = model_folder / "config.json";
  config.architecture = read_architecture(reader);
  config.vocab_size = reader.count("vocab_size");
  config.has_tied_embeddings = reader.flag("tie_word_embeddings", true);
  if (config.is_causal()) {
    read_gpt2(reader, config);
  } else {
    read_masked(reader, config);
  }
  return config;
}

std::int64_t ModelConfig::num_parameters() const {
  const std::int64_t hidden = hidden_size;
  const std::int64_t inner = intermediate_size;
  const std::int64_t layer =
      4 * (hidden * hidden + hidden) + 2 * hidden * inner + inner + 5 * hidden;
  const std::int64_t embeddings = (vocab_size + num_positions + num_types + 2) * hidden;
  const std::int64_t decoder = has_tied_embeddings ? 0 : vocab_size * hidden;
  if (is_causal()) {  // no types and no norm after the embeddings, but one after the last layer
    return (vocab_size + num_positions) * hidden + num_layers * layer + 2 * hidden + decoder;
  }
  return embeddings + num_layers * layer + hidden * hidden + 3 * hidden + decoder + vocab_size;
}

}  // namespace bbprompt
