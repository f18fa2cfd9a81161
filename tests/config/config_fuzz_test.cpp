#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "bbprompt/config/experiment_yaml.hpp"
#include "bbprompt/config/sweep_spec.hpp"
#include "tests/config/config_samples.hpp"

namespace bbprompt {
namespace {

using testing::kLargeConfig;

// Whether the text loads. Anything but a ConfigError goes on and fails the test.
bool loads(const std::string& text) {
  try {
    const ConfigDocument document = parse_config(text, "", "c.yaml");
    (void)parse_sweep(document);
    (void)resolved_yaml(document);
    const ExperimentSpec spec = parse_experiment(document.root);
    const std::string yaml = to_yaml(spec);
    EXPECT_EQ(to_yaml(parse_experiment(parse_yaml(yaml, "resolved"))), yaml) << text;
    return true;
  } catch (const ConfigError&) {
    return false;
  }
}

TEST(ConfigFuzz, EveryPrefixLoadsOrIsRefused) {
  int num_loaded = 0;
  for (std::size_t size = 0; size <= kLargeConfig.size(); ++size) {
    if (loads(kLargeConfig.substr(0, size))) ++num_loaded;
  }
  EXPECT_GT(num_loaded, 0);
}

TEST(ConfigFuzz, EveryMissingByteLoadsOrIsRefused) {
  int num_loaded = 0;
  for (std::size_t at = 0; at < kLargeConfig.size(); ++at) {
    std::string text = kLargeConfig;
    if (loads(text.erase(at, 1))) ++num_loaded;
  }
  EXPECT_GT(num_loaded, 0);
}

// Eight characters of YAML's syntax at each place, others at the next one.
TEST(ConfigFuzz, EveryByteReplacedBySyntaxLoadsOrIsRefused) {
  const std::string syntax = std::string(" \n\t:-[]{},&*!|>'\"%@`#?0\xff\x80", 26) + '\0';
  int num_loaded = 0;
  for (std::size_t at = 0; at < kLargeConfig.size(); ++at) {
    for (std::size_t i = 0; i < 8; ++i) {
      std::string text = kLargeConfig;
      text[at] = syntax[(8 * at + i) % syntax.size()];
      if (loads(text)) ++num_loaded;
    }
  }
  EXPECT_GT(num_loaded, 0);
}

TEST(ConfigFuzz, FlippedBitsAndSplicedPiecesLoadOrAreRefused) {
  RandomStream random({.seed = 7, .trial = 0, .generation = 0, .purpose = "config_fuzz"});
  for (int round = 0; round < 4000; ++round) {
    std::string text = kLargeConfig;
    for (std::uint64_t change = random.below(4) + 1; change > 0; --change) {
      const std::size_t at = random.below(text.size());
      const std::size_t from = random.below(text.size());
      const std::string piece = text.substr(from, random.below(40));
      if (random.below(2) == 0) {
        text[at] = static_cast<char>(text[at] ^ (1 << random.below(8)));
      } else {
        text.insert(at, piece);
      }
    }
    (void)loads(text);
  }
}

}  // namespace
}  // namespace bbprompt
