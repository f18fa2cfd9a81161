#include "bbprompt/replica/weights.hpp"

#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/mapped_file.hpp"
#include "replica/weights_reader.hpp"
#include "replica/weights_source.hpp"

namespace bbprompt {

struct Weights::Storage {
  std::shared_ptr<const WeightsSource> source;  // null where every tensor was widened
  std::unique_ptr<WidenedTensors> widened;
};

Weights::Weights(ModelConfig config)
    : config_(std::move(config)), storage_(std::make_unique<Storage>()) {}

Weights::~Weights() = default;

std::shared_ptr<const Weights> Weights::load(
    const std::filesystem::path& model_folder,
    const std::optional<std::filesystem::path>& weights_file) {
  return load(std::make_shared<const WeightsSource>(model_folder, weights_file));
}

std::shared_ptr<const Weights> Weights::load(const std::shared_ptr<const WeightsSource>& source) {
  if (source->config().is_causal()) {
    throw ModelError(source->config().file.string(),
                     "model_type: expected a masked language model (bert, roberta), found a causal "
                     "one");
  }
  std::shared_ptr<Weights> weights(new Weights(source->config()));
  Storage& storage = *weights->storage_;
  const WeightFiles& files = source->files();
  storage.widened = room_for_widened(files);
  TensorFinder finder(files, weights->config_, *storage.widened);
  finder.set_check(NumberCheck::kNone);
  FoundWeights found = WeightsReader(finder, weights->config_).read(files);
  weights->embeddings_ = found.embeddings;
  weights->layers_ = std::move(found.layers);
  weights->head_ = found.head;
  weights->fingerprint_ = source->fingerprint();
  storage.widened->fill(weights->fingerprint_);
  for (const auto& file : files.files()) release_pages(file.bytes());  // what widening read
  if (finder.uses_map()) storage.source = source;
  return weights;
}

}  // namespace bbprompt
