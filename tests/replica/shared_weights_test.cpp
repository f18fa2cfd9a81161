#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <Eigen/Core>
#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/log.hpp"
#include "bbprompt/replica/replica_view.hpp"
#include "bbprompt/replica/weights.hpp"
#include "replica/widened_tensors.hpp"
#include "tests/bench/random_model.hpp"
#include "tests/replica/child_process.hpp"
#include "tests/replica/model_folder.hpp"

namespace bbprompt {
namespace {

using testing::ChildProcess;
using testing::SafetensorsParts;
using testing::ScopedVariable;
using testing::TemporaryFolder;

constexpr std::size_t kNumWords = 300'000;

// Halves -0.5, -0.499..., of F16; their values by Eigen.
std::vector<Eigen::half> halves(float shift) {
  std::vector<Eigen::half> numbers(kNumWords);
  for (std::size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = Eigen::half(static_cast<float>(i % 1000) / 1000.0F - 0.5F + shift);
  return numbers;
}

bool is_wide(const float* found, const std::vector<Eigen::half>& expected) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (found[i] != static_cast<float>(expected[i])) return false;
  }
  return true;
}

// Messages of the project's logger while it lives.
class Listener {
 public:
  Listener() : sink_(std::make_shared<spdlog::sinks::ostream_sink_st>(text_)) {
    logger()->sinks().push_back(sink_);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { logger()->sinks().pop_back(); }
  [[nodiscard]] std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::shared_ptr<spdlog::sinks::sink> sink_;
};

class WidenedTensorsTest : public ::testing::Test {
 protected:
  TemporaryFolder scratch_;
  ScopedVariable variable_{"BBPROMPT_SCRATCH", scratch_.path().string()};
  std::vector<Eigen::half> first_ = halves(0);
  std::vector<Eigen::half> second_ = halves(1);
};

struct TwoTensors {
  TwoTensors(const std::vector<Eigen::half>& first, const std::vector<Eigen::half>& second,
             const std::string& key)
      : tensors(2 * kNumWords, 2),
        one(tensors.add(FloatType::kF16, std::as_bytes(std::span(first)))),
        two(tensors.add(FloatType::kF16, std::as_bytes(std::span(second)))) {
    tensors.fill(key);
  }
  WidenedTensors tensors;
  const float* one;
  const float* two;
};

TEST_F(WidenedTensorsTest, AreReadInOnePlaceByAllThatHaveTheSameKey) {
  const TwoTensors writer(first_, second_, "key");
  EXPECT_TRUE(writer.tensors.is_shared());
  EXPECT_TRUE(is_wide(writer.one, first_) && is_wide(writer.two, second_));
  // Other halves under the same key: what is read comes from the first.
  const TwoTensors reader(second_, first_, "key");
  EXPECT_TRUE(is_wide(reader.one, first_) && is_wide(reader.two, second_));
  const TwoTensors other(second_, first_, "other key");
  EXPECT_TRUE(is_wide(other.one, second_) && is_wide(other.two, first_));
}

TEST_F(WidenedTensorsTest, StartOnCacheLines) {
  WidenedTensors tensors(6, 2);
  const std::vector<Eigen::half> three(3, Eigen::half(1.0F));
  const auto* one = tensors.add(FloatType::kF16, std::as_bytes(std::span(three)));
  const auto* two = tensors.add(FloatType::kF16, std::as_bytes(std::span(three)));
  tensors.fill("little");
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(one) % 64, 0U);
  EXPECT_EQ(two - one, 16);
  EXPECT_EQ(two[2], 1.0F);
  EXPECT_FALSE(tensors.is_shared()) << "little ones are not worth it";
  EXPECT_THROW(tensors.add(FloatType::kF16, std::as_bytes(std::span(first_))), Error);
}

TEST_F(WidenedTensorsTest, AreOfThisProcessAloneWhereTheyCannotBeShared) {
  const ScopedVariable absent("BBPROMPT_SCRATCH", (scratch_ / "absent").string());
  const Listener listener;
  const TwoTensors own(first_, second_, "key");
  EXPECT_FALSE(own.tensors.is_shared());
  EXPECT_TRUE(is_wide(own.one, first_) && is_wide(own.two, second_));
  EXPECT_NE(listener.text().find("2 MB for this rank alone"), std::string::npos) << listener.text();
  EXPECT_NE(listener.text().find("absent"), std::string::npos) << listener.text();
}

// The model of the folder with its F32 numbers as `dtype`, rounded to nearest by Eigen.
template <typename Half>
void narrow(const std::filesystem::path& folder, const char* dtype) {
  const auto wide = SafetensorsParts::read(folder / "model.safetensors");
  SafetensorsParts halved;
  for (const auto& name : wide.names()) {
    const std::string bytes = wide.tensor(name);
    std::string narrowed(bytes.size() / 2, '\0');
    for (std::size_t i = 0; i < bytes.size() / 4; ++i) {
      float number = 0;
      std::memcpy(&number, bytes.data() + 4 * i, 4);
      const Half half(number);
      std::memcpy(narrowed.data() + 2 * i, &half, 2);
    }
    halved.add(name, dtype, wide.header.at(name)["shape"], narrowed);
  }
  testing::write_text(folder / "model.safetensors", halved.bytes());
}

// Narrows the model of the folder, unless it shall stay F32.
void narrow_to(const std::string& dtype, const std::filesystem::path& folder) {
  if (dtype == "F16") narrow<Eigen::half>(folder, "F16");
  if (dtype == "BF16") narrow<Eigen::bfloat16>(folder, "BF16");
}

void write_random_model(const std::filesystem::path& folder) {
  testing::RandomModelWriter({.vocab_size = 20'000,
                              .hidden_size = 512,
                              .num_layers = 3,
                              .num_heads = 8,
                              .intermediate_size = 1536,
                              .num_positions = 130})
      .write(folder);
}

// Reads every number of the matrices, as a model does that is used.
float read_all(const Weights& weights) {
  float sum = weights.embeddings().words.map().sum() + weights.head().transform.weight.map().sum();
  for (const LayerWeights& layer : weights.layers()) {
    for (const LinearWeights& linear : {layer.query, layer.key, layer.value, layer.attention_output,
                                        layer.intermediate, layer.output})
      sum += linear.weight.map().sum();
  }
  return sum;
}

// Kilobytes.
long proportional_set_size(pid_t pid) {
  std::ifstream rollup("/proc/" + std::to_string(pid) + "/smaps_rollup");
  for (std::string line; std::getline(rollup, line);) {
    if (line.starts_with("Pss:")) return std::stol(line.substr(4));
  }
  return 0;
}

// What `work` adds to the memory of a process that goes on living. A child has its parent's memory
// too, which counts less the more children there are.
class GrowingProcess {
 public:
  explicit GrowingProcess(const std::function<std::string()>& work)
      : child_([&work](ChildProcess& self) {
          self.say(std::to_string(proportional_set_size(::getpid())));
          const std::string outcome = work();
          self.say(outcome);
          self.wait_for_release();
        }),
        before_(std::stol(child_.heard())) {}
  [[nodiscard]] std::string outcome() const { return child_.heard(); }
  [[nodiscard]] long growth() const { return proportional_set_size(child_.pid()) - before_; }

 private:
  ChildProcess child_;
  long before_;
};

long memory_of(int num_processes, const std::filesystem::path& model) {
  std::vector<std::unique_ptr<GrowingProcess>> children;
  children.reserve(static_cast<std::size_t>(num_processes));
  // The work must be over when what it made is measured, so it makes what stays.
  for (int i = 0; i < num_processes; ++i) {
    children.push_back(std::make_unique<GrowingProcess>([&model] {
      static const auto weights = Weights::load(model);
      return std::isfinite(read_all(*weights)) ? "loaded" : "not finite";
    }));
  }
  long sum = 0;
  for (const auto& child : children) EXPECT_EQ(child->outcome(), "loaded");
  for (const auto& child : children) sum += child->growth();
  return sum;
}

class SharedWeights : public ::testing::TestWithParam<const char*> {};

// 72 MB as F32. A bound with room for what each process needs beside the weights, some MB.
TEST_P(SharedWeights, TakeLittleMoreMemoryForEightProcessesThanForOne) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer's own memory is not shared";
#endif
  if (proportional_set_size(::getpid()) == 0) GTEST_SKIP() << "no /proc/PID/smaps_rollup";
  const TemporaryFolder scratch;
  const ScopedVariable variable("BBPROMPT_SCRATCH", scratch.path().string());
  const TemporaryFolder model;
  write_random_model(model.path());
  narrow_to(GetParam(), model.path());
  const long one = memory_of(1, model.path());
  const long eight = memory_of(8, model.path());
  EXPECT_GT(one, 65'000);
  EXPECT_LT(static_cast<double>(eight), 1.4 * static_cast<double>(one));
  RecordProperty("one_kB", std::to_string(one));
  RecordProperty("eight_kB", std::to_string(eight));
}

// The bound is for the tokenizer: less than half of what the weights take. The process looks at
// everything a view has.
TEST_P(SharedWeights, AViewOfTheModelTakesNoMemoryForThem) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizer's own memory";
#endif
  if (proportional_set_size(::getpid()) == 0) GTEST_SKIP() << "no /proc/PID/smaps_rollup";
  const TemporaryFolder model;
  std::filesystem::copy(testing::source_folder() / "configs/quickstart/tiny-roberta", model.path(),
                        std::filesystem::copy_options::recursive);
  write_random_model(model.path());
  narrow_to(GetParam(), model.path());
  const GrowingProcess child([&model] {
    static const ReplicaView view({.folder = model.path()});
    float sum = 0;
    view.embeddings()->visit(
        [&](Eigen::Index /*first*/, const WordEmbeddings::Block& rows) { sum += rows.sum(); });
    const bool is_good = std::isfinite(sum) && view.embeddings()->deviation() > 0;
    return is_good ? "looked" : "expected finite embeddings";
  });
  EXPECT_EQ(child.outcome(), "looked");
  const long taken = child.growth();
  EXPECT_GT(taken, 0);
  EXPECT_LT(taken, 30'000);
  RecordProperty("view_kB", std::to_string(taken));
}

INSTANTIATE_TEST_SUITE_P(Types, SharedWeights, ::testing::Values("F32", "F16", "BF16"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace bbprompt
