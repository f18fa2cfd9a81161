#include "tests/store/sample_records.hpp"

#include <limits>

namespace bbprompt::testing {
namespace {

using RowMatrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

SplitEvaluation sample_split(double metric, std::vector<std::int32_t> predicted) {
  return {.metric = metric,
          .accuracy = metric + 0.125,
          .loss = 2.0 - metric,
          .predicted = std::move(predicted)};
}

ScoredPrompt sample_manual() {
  ScoredPrompt manual;
  manual.prompt.kind = PromptRecord::Kind::kManual;
  manual.prompt.text = "What is asked for \xE2\x80\x94 a place?";
  manual.fitness = 1.5;
  manual.splits["test"] = sample_split(0.25, {0, 0, 1, 2});
  return manual;
}

ScoredPrompt sample_best() {
  ScoredPrompt best;
  best.prompt.kind = PromptRecord::Kind::kSoft;
  best.prompt.text = "nearest words";
  best.prompt.ids = {1015, 7};
  best.prompt.tokens = {"\xC4\xA0nearest", "words"};
  best.prompt.point = {0.1, -0.0, 1e-310};
  best.prompt.vectors = RowMatrix(2, 3);
  best.prompt.vectors << 1.F, 2.F, 3.F, 4.F, 5.F, 0.1F;
  best.prompt.base_ids = {11};
  best.prompt.num_layers = 2;
  best.generation = 3;
  best.fitness = 0.0625;
  best.splits["dev"] = sample_split(0.5, {});
  best.splits["test"] = sample_split(0.75, {0, 1, 2, 2});
  best.splits["test"].label_scores = RowMatrix(4, 3);
  best.splits["test"].label_scores << 1.F, 0.F, -1.F, 0.5F, 2.F, 0.25F, 0.F, 0.1F, 3.F, -1.F, 0.F,
      7.F;
  return best;
}

std::vector<GenerationRecord> sample_generations() {
  std::vector<GenerationRecord> rows(2);
  rows[0] = {.generation = 0,
             .num_evaluations = 20,
             .num_queries = 640,
             .best_fitness = 1.25,
             .median_fitness = 1.5,
             .worst_fitness = 2.0,
             .incumbent_fitness = 1.25,
             .sigma = 1.0,
             .axis_ratio = 1.0,
             .dev_metric = kNan,
             .dev_loss = kNan,
             .seconds = 3.5};
  rows[1] = {.generation = 3,
             .num_evaluations = 40,
             .num_queries = 1280,
             .best_fitness = 0.0625,
             .median_fitness = 1.0,
             .worst_fitness = 1.75,
             .incumbent_fitness = 0.0625,
             .sigma = 0.1,
             .axis_ratio = 1.5,
             .dev_metric = 0.5,
             .dev_loss = 0.875,
             .seconds = 7.25};
  return rows;
}

std::map<std::string, UsageRecord> sample_usage() {
  std::map<std::string, UsageRecord> usage;
  usage["search"] = {
      .num_evaluations = 40,
      .usage = {.num_queries = 1280, .num_tokens = 99000, .num_truncated = 3, .num_calls = 80},
      .num_cached = 5,
      .num_failed = 1};
  usage["dev"] = {.num_evaluations = 2,
                  .usage = {.num_queries = 6, .num_tokens = 400, .num_calls = 4},
                  .num_cached = 1};
  usage["test"] = {
      .num_evaluations = 2,
      .usage = {.num_queries = 8, .num_tokens = 500, .num_truncated = 1, .num_calls = 3}};
  return usage;
}

}  // namespace

RunInfo sample_run() {
  RunInfo run;
  run.version = "0.1.0";
  run.name = "sample";
  run.config_given = "name: sample  # as given\n";
  run.config_resolved = "name: sample\nseed: 1\n";
  run.config_hash = "c0ffee";
  run.build = "GCC 12.2.0, OpenBLAS";
  run.config_folder = "/home/someone/configs";
  run.num_ranks = 4;
  return run;
}

TrialRecord sample_trial(const std::string& id) {
  TrialRecord trial;
  trial.id = id;
  trial.task = "trec";
  trial.method = "soft";
  trial.seed = std::numeric_limits<std::uint64_t>::max();
  trial.config = "task: trec\n";
  trial.config_hash = "beef";
  trial.model = "roberta-tiny";
  trial.model_fingerprint = "f00d";
  trial.metric = "accuracy";
  trial.objective = "cross_entropy";
  trial.labels = {"LOC", "NUM",
                  "gr\xC3\xB6\xC3\x9F"
                  "er"};
  trial.gold = {{"dev", {2, 1, 0}}, {"test", {0, 1, 2, 0}}};
  trial.state = TrialState::kDone;
  trial.stop_reason = "budget";
  trial.generations = sample_generations();
  trial.manual = sample_manual();
  trial.best = sample_best();
  trial.settings = {"task=trec", "prompt.length=2"};
  trial.option_texts = {"which", " gr\xC3\xBC\xC3\x9F e", "place"};
  trial.position_shares = Eigen::MatrixXd(2, 3);
  trial.position_shares << 0.25, 0.5, 0.25, 0.0, 1.0 / 3.0, 2.0 / 3.0;
  trial.usage = sample_usage();
  trial.notes = {"answer word \"n\xC3\xBC\" has 2 tokens", "3 texts were cut"};
  trial.host = "node-7";
  trial.started_at = "2024-05-06T07:08:09Z";
  trial.seconds = 12.5;
  return trial;
}

Results sample_results() {
  Results results{.run = sample_run(), .trials = {sample_trial()}};
  TrialRecord failed = sample_trial("a-failed");
  failed.seed = 2;
  failed.state = TrialState::kFailed;
  failed.failure = std::string("server said \xFF\0 and hung up", 26);
  failed.stop_reason = "";
  failed.best = {};
  TrialRecord empty;
  empty.id = "empty \xE2\x88\x85";
  empty.state = TrialState::kDone;
  results.trials.push_back(failed);
  results.trials.push_back(empty);
  return results;
}

Checkpoint sample_checkpoint() {
  Checkpoint checkpoint;
  checkpoint.record = sample_trial();
  checkpoint.record.state = TrialState::kRunning;
  checkpoint.record.stop_reason = "";
  checkpoint.optimizer.kind = "cma_es";
  Eigen::MatrixXd covariance(2, 3);
  covariance << 1.0, 2.0, 3.0, 4.0, 5.0, 6.0;
  checkpoint.optimizer.arrays = {{"covariance", covariance},
                                 {"mean", Eigen::Vector2d(0.5, -0.5)},
                                 {"no_columns", Eigen::MatrixXd(2, 0)},
                                 {"nothing", Eigen::MatrixXd(0, 0)}};
  checkpoint.optimizer.integers = {{"generation", 4}, {"num_drawn", -9007199254740993}};
  checkpoint.selection_points = covariance.leftCols(2);
  checkpoint.selection_fitness = {0.25, 0.5};
  checkpoint.selection_generation = {2, 3};
  checkpoint.selection_label_means = Eigen::MatrixXd(2, 2);
  checkpoint.selection_label_means << 0.5, kNan, -0.25, kNan;
  checkpoint.dev_prompts = {"1015 7", "3 1015"};
  checkpoint.cache_prompts = {"1015 7", "7 7", "3 1015"};
  checkpoint.cache_losses = {0.5, 0.0625, 2.0};
  checkpoint.cache_label_means = Eigen::MatrixXd(3, 2);
  checkpoint.cache_label_means << -1.0, -2.0, -3.0, -4.0, -5.0, -0.1;
  checkpoint.incumbent = Eigen::Vector2d(0.75, 1.0 / 3.0);
  checkpoint.incumbent_label_means = Eigen::Vector2d(-3.0, -4.0);
  checkpoint.incumbent_fitness = 0.0625;
  checkpoint.version = "0.1.0";
  checkpoint.open = {
      .fingerprint = "0pen",
      .results =
          {{.member = 0,
            .begin = 16,
            .num_scores = 2,
            .usage = {.num_queries = 1, .num_tokens = 21, .num_truncated = 4, .num_calls = 3}},
           {.member = 5,
            .begin = 0,
            .num_scores = 1,
            .usage = {.num_queries = 6, .num_tokens = 8, .num_truncated = 9, .num_calls = 7}}},
      .scores = {-0.5, -1.5, 0.25}};
  return checkpoint;
}

}  // namespace bbprompt::testing
