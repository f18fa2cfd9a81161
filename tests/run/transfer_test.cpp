#include "bbprompt/run/transfer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bbprompt/base/error.hpp"
#include "bbprompt/prompt/prompt_space.hpp"
#include "bbprompt/run/trial_run.hpp"
#include "bbprompt/store/plan_file.hpp"
#include "bbprompt/store/results_file.hpp"
#include "bbprompt/store/run_files.hpp"
#include "tests/run/small_experiment.hpp"
#include "tests/run/trial_parts.hpp"

namespace bbprompt {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using Kind = PromptRecord::Kind;

struct Trial {
  std::string task;
  std::string method;
  std::string text;
  double dev_metric = 0.0;
  double dev_loss = 0.0;
  Kind kind = Kind::kDiscrete;
  TrialState state = TrialState::kDone;
};

Results results_of(const std::vector<Trial>& trials) {
  Results results;
  results.run.name = "source";
  for (const Trial& trial : trials) {
    TrialRecord record;
    record.id = "trial-" + std::to_string(results.trials.size());
    record.task = trial.task;
    record.method = trial.method;
    record.state = trial.state;
    record.best.prompt.kind = trial.kind;
    record.best.prompt.text = " " + trial.text;
    record.best.prompt.tokens = {"\xC4\xA0" + trial.text};
    record.best.prompt.ids = {1};
    record.best.prompt.point = {0.0};
    record.best.splits["dev"] = {.metric = trial.dev_metric, .loss = trial.dev_loss};
    results.trials.push_back(std::move(record));
  }
  return results;
}

std::vector<std::string> names_of(const std::vector<PromptVariant>& variants) {
  std::vector<std::string> names;
  names.reserve(variants.size());
  for (const auto& variant : variants) names.push_back(variant.name + ":" + variant.text);
  return names;
}

std::string error_of(const std::vector<Trial>& trials, const std::vector<std::string>& methods) {
  try {
    (void)transferred_prompts(results_of(trials), methods);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(TransferredPrompts, AreTheBestOnDevByMetricThenLossThenFirst) {
  const auto results = results_of({{"a", "d", "low", 0.5, 0.1},
                                   {"a", "d", "lossy", 0.7, 0.4},
                                   {"a", "d", "first", 0.7, 0.3},
                                   {"a", "d", "second", 0.7, 0.3},
                                   {"b", "d", "only", 0.2, 0.9},
                                   {"b", "s", "vectors", 0.9, 0.1, Kind::kSoft}});
  EXPECT_THAT(names_of(transferred_prompts(results, {})),
              ElementsAre("from-a: first", "from-b: only"));
}

TEST(TransferredPrompts, OfSeveralMethodsAreNamedAfterThem) {
  const std::vector<Trial> trials = {{"a", "d", "one"}, {"a", "e", "two"}, {"b", "d", "three"}};
  EXPECT_THAT(names_of(transferred_prompts(results_of(trials), {})),
              ElementsAre("from-a-d: one", "from-a-e: two", "from-b-d: three"));
  EXPECT_THAT(names_of(transferred_prompts(results_of(trials), {"e"})), ElementsAre("from-a: two"));
}

TEST(TransferredPrompts, WhatCannotBeTakenIsRefused) {
  EXPECT_THAT(error_of({{"a", "s", "x", 0, 0, Kind::kSoft}}, {}),
              HasSubstr("expected learned discrete"));
  EXPECT_THAT(error_of({{"a", "d", "x"}, {"a", "s", "x", 0, 0, Kind::kSoft}}, {"s"}),
              HasSubstr("the run has: d"));
  EXPECT_THAT(
      error_of({{"a", "d", "x"}, {"b", "d", "x", 0, 0, Kind::kNone, TrialState::kFailed}}, {}),
      HasSubstr("expected a finished trial of task b and method d"));
}

// A configuration beside the folder of a source run.
class TransferTest : public ::testing::Test {
 protected:
  void write_source(const std::vector<Trial>& trials) {
    std::filesystem::create_directories(folder_ / "source");
    write_results(results_path(folder_ / "source"), results_of(trials));
  }

  SweepPlan plan(const std::string& sweep, const std::vector<std::string>& overrides = {}) {
    testing::write_text(folder_ / "c.yaml",
                        "name: target\n"
                        "model: {path: model}\n"
                        "task:\n"
                        "  name: t\n"
                        "  train: train.jsonl\n"
                        "  test: test.jsonl\n"
                        "  template: \"{prompt} {text_a} {mask}\"\n"
                        "  labels: {no: no, 'yes': 'yes'}\n"
                        "sweep:\n" +
                            sweep);
    return load_plan(folder_ / "c.yaml", overrides);
  }

  std::string error_of(const std::string& sweep, const std::vector<std::string>& overrides = {}) {
    try {
      (void)plan(sweep, overrides);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  }

  testing::TemporaryFolder folder_;
};

TEST_F(TransferTest, PromptsBecomeVariantsBesideTheFilesOwn) {
  write_source({{"a", "d", "one"}, {"b", "d", "two"}});
  const SweepPlan found = plan(
      "  prompts_from: {run: source}\n"
      "  variants:\n    manual: {prompt.kind: manual}\n");
  ASSERT_EQ(found.trials.size(), 3U);
  EXPECT_EQ(found.trials[0].method, "manual");
  EXPECT_EQ(found.trials[1].method, "from-a");
  EXPECT_EQ(found.trials[2].method, "from-b");
  const PromptOptions& prompt = found.trials[2].spec.prompt;
  EXPECT_EQ(prompt.kind, PromptKind::kManual);
  EXPECT_EQ(prompt.manual.text, " two");
  EXPECT_THAT(prompt.manual.tokens, ElementsAre("\xC4\xA0two"));
}

TEST_F(TransferTest, TheResolvedConfigurationNoLongerNeedsTheRun) {
  write_source({{"a", "d", "one"}});
  const SweepPlan found = plan("  prompts_from: {run: source}\n");
  std::filesystem::remove_all(folder_ / "source");
  const SweepPlan again = expand(with_transferred_prompts(
      SweepDocument(parse_config(found.config_resolved, folder_.path(), "resolved.yaml"))));
  EXPECT_EQ(again.config_hash, found.config_hash);
  EXPECT_EQ(again.trials.front().id, found.trials.front().id);
}

TEST_F(TransferTest, AnUnfinishedOrAbsentRunIsRefusedAtItsKey) {
  EXPECT_THAT(error_of("  prompts_from: {run: source}\n"),
              ::testing::AllOf(HasSubstr("c.yaml:10"), HasSubstr("sweep.prompts_from"),
                               HasSubstr("found nothing at")));
  std::filesystem::create_directories(folder_ / "source/trials");
  EXPECT_THAT(error_of("  prompts_from: {run: source}\n"), HasSubstr("expected a finished run"));
}

TEST_F(TransferTest, WhatWouldBeHiddenIsRefused) {
  write_source({{"a", "d", "one"}});
  const std::string sweep = "  prompts_from: {run: source}\n";
  EXPECT_THAT(error_of(sweep + "  variants:\n    from-a: {prompt.kind: manual}\n"),
              HasSubstr("makes a variant \"from-a\""));
  EXPECT_THAT(error_of(sweep + "  axes:\n    prompt.kind: [soft, discrete]\n"),
              HasSubstr("axis prompt.kind"));
  EXPECT_THAT(error_of(sweep, {"prompt.kind=soft"}), HasSubstr("would win"));
  EXPECT_THAT(error_of("  prompts_from: {run: source, methods: [x]}\n"),
              HasSubstr("the run has: d"));
}

// Prompts of the run itself: sources are records with the ids of the plan's own trials.
class OwnPromptsTest : public TransferTest {
 protected:
  static constexpr const char* kSweep =
      "  prompts_from: {own_run: true, methods: [learned]}\n"
      "  variants:\n    learned: {prompt.kind: discrete}\n    manual: {prompt.kind: manual}\n";

  void SetUp() override {
    first_ = plan(kSweep);
    document_ = load_config(folder_ / "c.yaml", {});
  }

  // The folder as the first plan's trials leave it, with the state of the last one.
  void write_run(TrialState state, const std::string& hash_end = "") {
    PlanFile file{.name = first_.name, .config_hash = first_.config_hash, .trials = {}};
    Results results =
        results_of({{"t", "learned", "one"}, {"t", "manual", "", 0, 0, Kind::kManual}});
    for (std::size_t i = 0; i < first_.trials.size(); ++i) {
      file.trials.push_back({first_.trials[i].id, first_.trials[i].config_hash + hash_end});
      results.trials[i].id = first_.trials[i].id;
    }
    results.trials.back().state = state;
    std::filesystem::create_directories(folder_ / "out");
    write_plan(folder_ / "out", file);
    write_results(results_path(folder_ / "out"), results);
  }

  [[nodiscard]] std::optional<SweepPlan> whole() const {
    return plan_with_own_prompts(SweepDocument(document_), first_, folder_ / "out");
  }

  SweepPlan first_;
  ConfigDocument document_;
};

TEST_F(OwnPromptsTest, TheFirstPlanHasTheTrialsThatLearn) {
  ASSERT_EQ(first_.trials.size(), 2U);
  EXPECT_EQ(first_.trials[0].method, "learned");
  EXPECT_THAT(first_.config_resolved, HasSubstr("own_run: true"));
  EXPECT_FALSE(whole().has_value()) << "no folder yet";
}

TEST_F(OwnPromptsTest, TheWholePlanAddsTrialsAndKeepsTheFirstOnes) {
  write_run(TrialState::kDone);
  const auto found = whole();
  ASSERT_TRUE(found);
  ASSERT_EQ(found->trials.size(), 3U);
  EXPECT_EQ(found->trials[0].id, first_.trials[0].id);
  EXPECT_EQ(found->trials[1].config_hash, first_.trials[1].config_hash);
  EXPECT_EQ(found->trials[2].method, "from-t");
  EXPECT_EQ(found->trials[2].spec.prompt.manual.text, " one");
  EXPECT_THAT(found->config_resolved, Not(HasSubstr("own_run")));
}

TEST_F(OwnPromptsTest, NothingIsTakenWhileATrialFailsOrIsAnotherOne) {
  write_run(TrialState::kFailed);
  EXPECT_FALSE(whole().has_value());
  write_run(TrialState::kDone, "0");
  EXPECT_FALSE(whole().has_value());
}

TEST_F(OwnPromptsTest, OneSourceAndVariantsAreAskedFor) {
  EXPECT_THAT(error_of("  prompts_from: {own_run: true, run: x}\n"), HasSubstr("found both"));
  EXPECT_THAT(error_of("  prompts_from: {own_run: true}\n"), HasSubstr("in sweep.variants"));
  EXPECT_THAT(error_of(kSweep, {"prompt.kind=soft"}), HasSubstr("would win"));
}

TEST_F(TransferTest, TheRunMayBeSetFromTheCommandLine) {
  write_source({{"a", "d", "one"}});
  EXPECT_EQ(plan("  variants:\n    m: {prompt.kind: manual}\n",
                 {"sweep.prompts_from.run=source", "sweep.prompts_from.methods=[d]"})
                .trials.size(),
            2U);
}

// A discrete prompt, moved as a manual one to the model that it was learned on.
TEST(TransferredTokens, ScoreTheSameBitsOnTheSameModel) {
  ModelPool models;
  ExperimentSpec spec = testing::small_experiment();
  spec.prompt.kind = PromptKind::kDiscrete;
  const TrialProblem learned(spec, models.view(spec.model));
  const std::vector<double> point(static_cast<std::size_t>(learned.prompt_space().dimension()),
                                  0.25);
  const PromptRecord prompt = learned.describe(point);
  spec.prompt.kind = PromptKind::kManual;
  spec.prompt.manual = {.text = prompt.text, .tokens = prompt.tokens};
  testing::TrialParts moved_parts(spec, models);
  const TrialProblem& moved = moved_parts.problem;
  const Eigen::VectorXd start = moved.prompt_space().fixed_points().front();
  const PromptRecord again = moved.describe({start.data(), start.data() + start.size()});
  EXPECT_EQ(again.kind, PromptRecord::Kind::kManual);
  EXPECT_EQ(again.ids, prompt.ids);
  EXPECT_EQ(again.text, prompt.text);
  testing::TrialParts searched(testing::small_experiment(), models);
  const auto scores =
      searched.evaluator.evaluate(PromptTokens{prompt.ids}, Split::kTest).label_scores;
  const auto found =
      moved_parts.evaluator.run({.split = Split::kTest, .begin = 0, .end = 5, .point = {start[0]}})
          .label_scores;
  ASSERT_EQ(found.size(), 10U);
  for (Eigen::Index i = 0; i < 10; ++i) {
    EXPECT_EQ(found[static_cast<std::size_t>(i)], scores.data()[i]);
  }
}

TEST(TransferredTokens, OfAnotherVocabularyGiveWayToTheText) {
  ModelPool models;
  ExperimentSpec spec = testing::small_experiment();
  spec.prompt.kind = PromptKind::kManual;
  spec.prompt.manual = {.text = "a good film", .tokens = {"no such token", "\xC4\xA0good"}};
  const TrialProblem context(spec, models.view(spec.model));
  const Eigen::VectorXd start = context.prompt_space().fixed_points().front();
  EXPECT_EQ(context.describe({start[0]}).text, "a good film");
  EXPECT_TRUE(std::holds_alternative<PromptText>(
      context.prompt_space().decode(std::vector<double>{start[0]})));
  EXPECT_THAT(context.notes(), ::testing::Contains(HasSubstr("prompt.manual.tokens")));
}

}  // namespace
}  // namespace bbprompt
