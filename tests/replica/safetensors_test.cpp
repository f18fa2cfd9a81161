#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/replica/model_folder.hpp"

namespace bbprompt {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using testing::load_outcome;
using testing::ModelFolder;
using testing::SafetensorsParts;
using ::testing::StartsWith;

constexpr const char* kBase = "models/corrupt/base-bert";
constexpr const char* kQuery = "bert.encoder.layer.0.attention.self.query.weight";

std::filesystem::path base_folder() { return testing::shared_folder() / kBase; }
SafetensorsParts base_weights() {
  return SafetensorsParts::read(base_folder() / "model.safetensors");
}

TEST(BrokenModelFiles, AreEachRefusedNamingTheFile) {
  const auto folder = testing::shared_folder() / "models/corrupt";
  BBPROMPT_REQUIRE_SHARED("models/corrupt/cases.json");
  const auto cases = nlohmann::json::parse(testing::read_text(folder / "cases.json"));
  int num_cases = 0;
  for (const auto& broken : cases) {
    const auto replaced = broken["replaces"].get<std::string>();
    if (replaced != "model.safetensors" && replaced != "config.json") continue;
    ++num_cases;
    const ModelFolder model(folder / broken["base"].get<std::string>());
    model.write(replaced, testing::read_text(folder / broken["file"].get<std::string>()));
    const std::string outcome = load_outcome(model.path());
    EXPECT_THAT(outcome, HasSubstr((model.path() / replaced).string())) << broken["wrong"];
    EXPECT_THAT(outcome, AnyOf(HasSubstr("expected"), HasSubstr("not valid"), HasSubstr("nested"),
                               HasSubstr("twice")))
        << broken["wrong"];
  }
  EXPECT_EQ(num_cases, 51);
}

TEST(BrokenModelFiles, HaveBaseFoldersThatLoad) {
  BBPROMPT_REQUIRE_SHARED("models/corrupt");
  for (const char* base : {"base-bert", "base-roberta"})
    EXPECT_EQ(load_outcome(testing::shared_folder() / "models/corrupt" / base), "loaded");
}

TEST(Safetensors, NamesTheTensorAndElementThatIsNotFinite) {
  BBPROMPT_REQUIRE_SHARED(kBase);
  auto weights = base_weights();
  const auto begin = weights.header[kQuery]["data_offsets"][0].get<std::size_t>();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(weights.data.data() + begin + 5 * sizeof nan, &nan, sizeof nan);
  const ModelFolder model(base_folder());
  model.write("model.safetensors", weights.bytes());
  EXPECT_THAT(load_outcome(model.path()),
              AllOf(HasSubstr("model.safetensors"), HasSubstr(kQuery), HasSubstr("element 5")));
}

TEST(Safetensors, ReadsTensorsOffTheirAlignmentToTheSameNumbers) {
  BBPROMPT_REQUIRE_SHARED(kBase);
  const ModelFolder model(base_folder());
  model.write("model.safetensors", base_weights().bytes(1));
  const auto shifted = Weights::load(model.path());
  const auto original = Weights::load(base_folder());
  EXPECT_EQ(shifted->embeddings().words.map(), original->embeddings().words.map());
  EXPECT_EQ(shifted->layers()[0].output.weight.map(), original->layers()[0].output.weight.map());
}

TEST(Safetensors, SurvivesBitFlipsAndCutsOfTheHeaderAtManyPlaces) {
  BBPROMPT_REQUIRE_SHARED(kBase);
  const ModelFolder model(base_folder());
  const std::string bytes = base_weights().bytes();
  const std::size_t header_end = bytes.size() - base_weights().data.size();
  int num_loaded = 0;
  for (std::size_t at = 0; at < header_end; at += 3) {
    std::string broken = bytes;
    broken[at] = static_cast<char>(broken[at] ^ (1 << (at % 8)));
    model.write("model.safetensors", broken);
    const std::string outcome = load_outcome(model.path());
    num_loaded += outcome == "loaded" ? 1 : 0;
    EXPECT_THAT(outcome, AnyOf("loaded", StartsWith(model.path().string()))) << at;
  }
  // Only what carries no meaning (metadata, padding) may change unnoticed.
  EXPECT_LT(num_loaded, 15);
  for (std::size_t size = 0; size < bytes.size(); size += 7) {
    model.write("model.safetensors", bytes.substr(0, size));
    EXPECT_THAT(load_outcome(model.path()), HasSubstr("model.safetensors: ")) << size;
  }
}

// --- shards ---------------------------------------------------------------------------------

class Shards : public ::testing::Test {
 protected:
  void SetUp() override {
    BBPROMPT_REQUIRE_SHARED(kBase);
    model_.emplace(base_folder());
    model_->remove("model.safetensors");
    const auto weights = base_weights();
    std::size_t total = 0;
    for (std::size_t shard = 0; shard < 3; ++shard) {
      std::vector<std::string> some;
      const auto names = weights.names();
      for (std::size_t i = shard; i < names.size(); i += 3) some.push_back(names[i]);
      const auto part = weights.part(some);
      total += part.data.size();
      model_->write(shard_name(shard), part.bytes());
      for (const auto& name : some) index_["weight_map"][name] = shard_name(shard);
    }
    index_["metadata"]["total_size"] = total;
  }
  static std::string shard_name(std::size_t shard) {
    return "model-0000" + std::to_string(shard + 1) + "-of-00003.safetensors";
  }
  std::string outcome_with(const nlohmann::json& index) {
    model_->write("model.safetensors.index.json", index.dump());
    return load_outcome(model_->path());
  }

  std::optional<ModelFolder> model_;
  nlohmann::json index_;
};

TEST_F(Shards, LoadToTheSameNumbersAsTheWhole) {
  ASSERT_EQ(outcome_with(index_), "loaded");
  const auto sharded = Weights::load(model_->path());
  const auto whole = Weights::load(base_folder());
  EXPECT_EQ(sharded->embeddings().words.map(), whole->embeddings().words.map());
  EXPECT_EQ(sharded->layers()[0].query.weight.map(), whole->layers()[0].query.weight.map());
  EXPECT_EQ(sharded->head().decoder.bias.map(), whole->head().decoder.bias.map());
  EXPECT_NE(sharded->fingerprint(), whole->fingerprint());
}

TEST_F(Shards, MustLieInTheFolder) {
  const std::string outside = (model_->path().parent_path() / "outside.safetensors").string();
  for (const nlohmann::json& name :
       {nlohmann::json("../outside.safetensors"), nlohmann::json(outside), nlohmann::json(".."),
        nlohmann::json(""), nlohmann::json(std::string("a\0b", 3)), nlohmann::json(7)}) {
    auto index = index_;
    index["weight_map"][kQuery] = name;
    EXPECT_THAT(outcome_with(index),
                AllOf(HasSubstr("index.json"), HasSubstr("same folder"), HasSubstr(kQuery)));
  }
}

TEST_F(Shards, MustAgreeWithTheIndex) {
  auto index = index_;
  index["metadata"]["total_size"] = 1;
  EXPECT_THAT(outcome_with(index), HasSubstr("total_size"));
  index = index_;
  index["weight_map"].erase(kQuery);
  EXPECT_THAT(outcome_with(index), AllOf(HasSubstr(kQuery), HasSubstr("no entry")));
  index = index_;
  index["weight_map"]["ghost"] = shard_name(1);
  EXPECT_THAT(outcome_with(index), AllOf(HasSubstr(shard_name(1)), HasSubstr("ghost")));
  EXPECT_THAT(outcome_with({{"weight_map", nlohmann::json::object()}}), HasSubstr("weight_map"));
  EXPECT_THAT(outcome_with(nlohmann::json::array()), HasSubstr("weight_map"));
}

TEST_F(Shards, MustAllBeThere) {
  model_->remove(shard_name(2));
  EXPECT_THAT(outcome_with(index_), HasSubstr(shard_name(2) + ": cannot open"));
}

TEST_F(Shards, MustNotHoldATensorTwice) {
  const auto weights = base_weights();
  auto part = SafetensorsParts::read(model_->path() / shard_name(0));
  const std::string other = SafetensorsParts::read(model_->path() / shard_name(1)).names()[0];
  part.add(other, "F32", weights.header.at(other)["shape"], weights.tensor(other));
  model_->write(shard_name(0), part.bytes());
  EXPECT_THAT(outcome_with(index_), AllOf(HasSubstr("index.json"), HasSubstr(other)));
}

}  // namespace
}  // namespace bbprompt
