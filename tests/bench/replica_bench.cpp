// Speed of a replica beside the bare matrix products of the same shapes.
//
//   cmake --preset release && cmake --build --preset release --target replica_bench
//   taskset -c 0 build/release/tests/bench/replica_bench
//   taskset -c 0 build/release/tests/bench/replica_bench --model FOLDER --no-base
//
// For each model: random token ids in sequences of 64 to 128 tokens (shorter where the model's
// limit is) fill one batch; the batch is scored by encoder and head, in turns with the bare
// products that scoring it takes (on the model's own weights), and the medians are printed, in
// processor time for one thread. GFLOP count 2mnk of each product really computed (last layer and
// head at the answer tokens only), and nothing else.

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <exception>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "bbprompt/replica/encoder.hpp"
#include "bbprompt/replica/masked_lm_head.hpp"
#include "replica/gemm.hpp"
#include "tests/bench/random_model.hpp"
#include "tests/support.hpp"

namespace bbprompt {
namespace {

constexpr const char* kUsage =
    "usage: replica_bench [--model FOLDER] [--no-base] [--threads N] [--batch-tokens N] [--runs "
    "N]\n"
    "  --model         a BERT or RoBERTa folder (default: the quickstart model)\n"
    "  --no-base       leave out RoBERTa-base with random weights (writes 0.5 GB to TMPDIR)\n"
    "  --threads       threads of a matrix product (default 1; pin with taskset)\n"
    "  --batch-tokens  tokens of the batch (default 1024)\n"
    "  --runs          turns of which the median is taken (default 7)\n";

struct Options {
  std::filesystem::path model;
  bool has_base = true;
  int threads = 1;
  int batch_tokens = 1024;
  int runs = 7;
};

Options parse(int argc, char** argv) {
  Options options;
  const std::filesystem::path quickstart =
      testing::source_folder() / "configs/quickstart/tiny-roberta";
  options.model = std::filesystem::exists(quickstart)
                      ? quickstart
                      : testing::shared_folder() / "models/tiny-roberta";
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--no-base") {
      options.has_base = false;
      continue;
    }
    if (i + 1 == argc) throw UsageError("expected a value behind " + name);
    const std::string value = argv[++i];
    if (name == "--model") {
      options.model = value;
    } else if (name == "--threads") {
      options.threads = std::stoi(value);
    } else if (name == "--batch-tokens") {
      options.batch_tokens = std::stoi(value);
    } else if (name == "--runs") {
      options.runs = std::stoi(value);
    } else {
      throw UsageError("unknown option " + name);
    }
  }
  return options;
}

TokenBatch random_batch(const ModelConfig& config, int batch_tokens) {
  RandomStream random({.seed = 1, .purpose = "replica_bench"});
  TokenBatch batch;
  const int longest = std::min(128, config.max_tokens());
  const int shortest = longest / 2;
  while (true) {
    const auto span = static_cast<std::uint64_t>(longest - shortest) + 1;
    const auto length = shortest + static_cast<int>(random.below(span));
    if (!batch.ids.empty() && batch.num_tokens() + length > batch_tokens) break;
    std::vector<TokenId> ids;
    ids.reserve(static_cast<std::size_t>(length));
    for (int i = 0; i < length; ++i) {
      ids.push_back(config.pad_token_id + 1 +
                    static_cast<TokenId>(random.below(
                        static_cast<std::uint64_t>(config.vocab_size - config.pad_token_id - 1))));
    }
    const auto positions = position_rows(config, ids);
    batch.answers.push_back(batch.num_tokens() + length - 2);
    batch.ids.insert(batch.ids.end(), ids.begin(), ids.end());
    batch.positions.insert(batch.positions.end(), positions.begin(), positions.end());
    batch.types.resize(batch.ids.size(), 0);
    batch.begins.push_back(batch.num_tokens());
  }
  return batch;
}

// The products of Encoder::encode_answers and MaskedLmHead::score, without anything between.
class BareProducts {
 public:
  BareProducts(const Weights& weights, const TokenBatch& batch, Eigen::Index num_answers)
      : weights_(weights), batch_(batch), num_answers_(num_answers) {
    const auto& config = weights.config();
    const Eigen::Index num_tokens = batch.num_tokens();
    hidden_ = RowMatrixXf::Random(num_tokens, config.hidden_size);
    intermediate_ = RowMatrixXf::Random(num_tokens, config.intermediate_size);
    for (auto* matrix : {&query_, &key_, &value_}) *matrix = hidden_;
    scores_.resize(config.max_tokens(), config.max_tokens());
    decoder_ = RowMatrixXf::Random(num_answers, config.hidden_size);
  }

  // Returns the number of floating-point operations.
  double run() {
    flops_ = 0;
    const auto& layers = weights_.layers();
    for (std::size_t i = 0; i < layers.size(); ++i) run_layer(layers[i], i + 1 == layers.size());
    const auto num_asked = static_cast<Eigen::Index>(batch_.num_sequences());
    product(hidden_.topRows(num_asked), weights_.head().transform.weight.map(),
            query_.topRows(num_asked));
    product(query_.topRows(num_asked), decoder_, scores_.topLeftCorner(num_asked, num_answers_));
    return flops_;
  }

 private:
  void product(const ConstRows& a, const ConstRows& b, Rows c) {
    multiply_transposed(a, b, c);
    count(a.rows(), b.rows(), a.cols());
  }
  void count(Eigen::Index m, Eigen::Index n, Eigen::Index k) {
    flops_ += 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  }

  void run_layer(const LayerWeights& layer, bool is_last) {
    const auto num_sequences = static_cast<Eigen::Index>(batch_.num_sequences());
    const Eigen::Index num_asked = is_last ? num_sequences : batch_.num_tokens();
    product(hidden_, layer.key.weight.map(), key_);
    product(hidden_, layer.value.weight.map(), value_);
    product(hidden_.topRows(num_asked), layer.query.weight.map(), query_.topRows(num_asked));
    for (std::size_t i = 0; i < batch_.num_sequences(); ++i) attend(i, is_last);
    product(query_.topRows(num_asked), layer.attention_output.weight.map(),
            hidden_.topRows(num_asked));
    product(hidden_.topRows(num_asked), layer.intermediate.weight.map(),
            intermediate_.topRows(num_asked));
    product(intermediate_.topRows(num_asked), layer.output.weight.map(),
            hidden_.topRows(num_asked));
  }

  void attend(std::size_t sequence, bool is_last) {
    const Eigen::Index begin = batch_.begins[sequence];
    const Eigen::Index length = batch_.begins[sequence + 1] - begin;
    const Eigen::Index num_asked = is_last ? 1 : length;
    const Eigen::Index size = weights_.config().head_size();
    for (Eigen::Index head = 0; head < weights_.config().num_heads; ++head) {
      auto scores = scores_.topLeftCorner(num_asked, length);
      product(query_.block(begin, head * size, num_asked, size),
              key_.block(begin, head * size, length, size), scores);
      multiply(scores, value_.block(begin, head * size, length, size),
               hidden_.block(begin, head * size, num_asked, size));
      count(num_asked, size, length);
    }
  }

  const Weights& weights_;
  const TokenBatch& batch_;
  Eigen::Index num_answers_;
  RowMatrixXf hidden_, intermediate_, query_, key_, value_, scores_, decoder_;
  double flops_ = 0;
};

// One thread: processor time, so that a busy machine does not blur it; else wall time.
double now_seconds(int threads) {
  timespec time{};
  ::clock_gettime(threads == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double seconds_of(int threads, const std::function<void()>& work) {
  const double start = now_seconds(threads);
  work();
  return now_seconds(threads) - start;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void print_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS") || line.starts_with("RssAnon") || line.starts_with("RssFile"))
      std::printf("  %s\n", line.c_str());
  }
}

void measure(const std::filesystem::path& folder, const Options& options) {
  std::shared_ptr<const Weights> weights;
  const double load_seconds = seconds_of(options.threads, [&] { weights = Weights::load(folder); });
  const TokenBatch batch = random_batch(weights->config(), options.batch_tokens);
  const std::vector<TokenId> answers = {5, 6};
  Encoder encoder(weights);
  const MaskedLmHead head(weights);
  BareProducts bare(*weights, batch, static_cast<Eigen::Index>(answers.size()));
  const double flops = bare.run();
  float checksum = head.score(encoder.encode_answers(batch), answers).sum();
  std::vector<double> replica_seconds;
  std::vector<double> bare_seconds;
  for (int run = 0; run < options.runs; ++run) {
    replica_seconds.push_back(seconds_of(options.threads, [&] {
      checksum += head.score(encoder.encode_answers(batch), answers).sum();
    }));
    bare_seconds.push_back(seconds_of(options.threads, [&] { (void)bare.run(); }));
  }
  const double replica = median(replica_seconds);
  const double products = median(bare_seconds);
  const auto num_queries = static_cast<double>(batch.num_sequences());
  std::printf("%s\n  loaded in %.2f s; batch of %zu queries, %ld tokens, %.2f GFLOP\n",
              folder.c_str(), load_seconds, batch.num_sequences(),
              static_cast<long>(batch.num_tokens()), flops * 1e-9);
  std::printf("  replica        %8.2f queries/s  %7.1f GFLOP/s  (checksum %g)\n",
              num_queries / replica, flops / replica * 1e-9, static_cast<double>(checksum));
  std::printf("  bare products  %8.2f queries/s  %7.1f GFLOP/s\n", num_queries / products,
              flops / products * 1e-9);
  std::printf("  replica / bare products: %.3f\n", products / replica);
  print_memory();
}

void run(const Options& options) {
  set_gemm_threads(options.threads);
  measure(options.model, options);
  if (!options.has_base) return;
  const testing::TemporaryFolder folder;
  testing::RandomModelWriter({}).write(folder.path());
  measure(folder.path(), options);
}

}  // namespace
}  // namespace bbprompt

int main(int argc, char** argv) {
  try {
    bbprompt::run(bbprompt::parse(argc, argv));
  } catch (const bbprompt::UsageError& error) {
    std::fprintf(stderr, "replica_bench: %s\n%s", error.what(), bbprompt::kUsage);
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "replica_bench: %s\n", error.what());
    return 1;
  }
}
