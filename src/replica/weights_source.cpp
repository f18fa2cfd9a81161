#include "replica/weights_source.hpp"

#include <algorithm>

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/mapped_file.hpp"
#include "bbprompt/base/sha256.hpp"
#include "replica/gpt2_reader.hpp"
#include "replica/weights_reader.hpp"

namespace bbprompt {
namespace {

constexpr std::size_t kHashedAtOnce = std::size_t{1} << 22;  // bytes

std::string fingerprint_of(const ModelConfig& config, const WeightFiles& files) {
  Sha256 hash;
  hash.update(sha256_hex(read_file(config.file)));
  for (const auto& file : files.files()) {
    const auto bytes = file.bytes();
    for (std::size_t begin = 0; begin < bytes.size(); begin += kHashedAtOnce) {
      const auto block = bytes.subspan(begin, std::min(kHashedAtOnce, bytes.size() - begin));
      hash.update(block);
      release_pages(block);
    }
  }
  return hash.hex_digest();
}

template <typename Reader>
const StoredTensor& checked_embeddings(const WeightFiles& files, const ModelConfig& config,
                                       TensorFinder& finder) {
  Reader reader(finder, config);
  (void)reader.read(files);
  return finder.stored(reader.word_embedding_names());
}

}  // namespace

WeightsSource::WeightsSource(const std::filesystem::path& model_folder,
                             const std::optional<std::filesystem::path>& weights_file)
    : config_(load_model_config(model_folder)), files_(model_folder, weights_file) {
  // Addresses for what would be widened; nothing is put there.
  const auto widened = room_for_widened(files_);
  TensorFinder finder(files_, config_, *widened);
  word_embeddings_ = config_.is_causal()
                         ? &checked_embeddings<Gpt2Reader>(files_, config_, finder)
                         : &checked_embeddings<WeightsReader>(files_, config_, finder);
  fingerprint_ = fingerprint_of(config_, files_);
}

}  // namespace bbprompt
