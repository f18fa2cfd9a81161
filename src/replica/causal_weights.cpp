#include "bbprompt/replica/causal_weights.hpp"

#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/mapped_file.hpp"
#include "replica/gpt2_reader.hpp"
#include "replica/weights_source.hpp"

namespace bbprompt {

struct CausalWeights::Storage {
  std::shared_ptr<const WeightsSource> source;  // null where every tensor was widened
  std::unique_ptr<WidenedTensors> widened;
};

CausalWeights::CausalWeights(ModelConfig config)
    : config_(std::move(config)), storage_(std::make_unique<Storage>()) {}

CausalWeights::~CausalWeights() = default;

std::shared_ptr<const CausalWeights> CausalWeights::load(
    const std::filesystem::path& model_folder,
    const std::optional<std::filesystem::path>& weights_file) {
  return load(std::make_shared<const WeightsSource>(model_folder, weights_file));
}

std::shared_ptr<const CausalWeights> CausalWeights::load(
    const std::shared_ptr<const WeightsSource>& source) {
  if (!source->config().is_causal()) {
    throw ModelError(source->config().file.string(),
                     "model_type: expected a causal language model (gpt2), found a masked one");
  }
  std::shared_ptr<CausalWeights> weights(new CausalWeights(source->config()));
  Storage& storage = *weights->storage_;
  const WeightFiles& files = source->files();
  storage.widened = room_for_widened(files);
  TensorFinder finder(files, weights->config_, *storage.widened);
  finder.set_check(NumberCheck::kNone);
  FoundCausalWeights found = Gpt2Reader(finder, weights->config_).read(files);
  weights->words_ = found.words;
  weights->positions_ = found.positions;
  weights->layers_ = std::move(found.layers);
  weights->final_norm_ = found.final_norm;
  weights->head_ = found.head;
  storage.widened->fill(source->fingerprint());
  for (const auto& file : files.files()) release_pages(file.bytes());  // what widening read
  if (finder.uses_map()) storage.source = source;
  return weights;
}

}  // namespace bbprompt
