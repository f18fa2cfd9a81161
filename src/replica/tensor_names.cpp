#include "replica/tensor_names.hpp"

namespace bbprompt {

std::vector<std::string> TensorNames::encoder(std::string_view name) const {
  return {std::string(is_roberta() ? "roberta." : "bert.").append(name), std::string(name)};
}

std::vector<std::string> TensorNames::encoder_norm(std::string_view path, std::string_view member,
                                                   std::string_view older) const {
  std::vector<std::string> names;
  for (const std::string_view end : {member, older}) {
    for (auto& name : encoder(std::string(path).append(".").append(end)))
      names.push_back(std::move(name));
  }
  return names;
}

std::vector<std::string> TensorNames::head_transform(std::string_view member) const {
  const std::string path = is_roberta() ? "lm_head.dense." : "cls.predictions.transform.dense.";
  return {path + std::string(member)};
}

std::vector<std::string> TensorNames::head_norm(std::string_view member,
                                                std::string_view older) const {
  const std::string path =
      is_roberta() ? "lm_head.layer_norm." : "cls.predictions.transform.LayerNorm.";
  return {path + std::string(member), path + std::string(older)};
}

std::vector<std::string> TensorNames::decoder_weight() const {
  return {is_roberta() ? "lm_head.decoder.weight" : "cls.predictions.decoder.weight"};
}

std::vector<std::vector<std::string>> TensorNames::decoder_biases() const {
  const std::string path = is_roberta() ? "lm_head." : "cls.predictions.";
  return {{path + "bias"}, {path + "decoder.bias"}};
}

}  // namespace bbprompt
