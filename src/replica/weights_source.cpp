#include "replica/weights_source.hpp"

#include <algorithm>

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/mapped_file.hpp"
#include "bbprompt/base/sha256.hpp"
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

}  // namespace

WeightsSource::WeightsSource(const std::filesystem::path& model_folder,
                             const std::optional<std::filesystem::path>& weights_file)
    : config_(load_model_config(model_folder)), files_(model_folder, weights_file) {
  // Addresses for what would be widened; nothing is put there.
  const auto widened = room_for_widened(files_);
  TensorFinder finder(files_, config_, *widened);
  WeightsReader reader(finder, config_);
  (void)reader.read(files_);
  word_embeddings_ = &finder.stored(reader.word_embedding_names());
  fingerprint_ = fingerprint_of(config_, files_);
}

}  // namespace bbprompt
