#include "bbprompt/store/digest.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <set>

#include "bbprompt/base/sha256.hpp"
#include "store/record_hasher.hpp"
#include "tests/store/sample_records.hpp"

namespace bbprompt {
namespace {

using testing::sample_results;
using testing::sample_trial;

using Change = std::function<void(Results&)>;

TrialRecord& first(Results& results) { return results.trials.front(); }

// One change to every tracked field.
const Change kTrackedChanges[] = {
    [](auto& r) { r.run.version += "x"; },
    [](auto& r) { r.run.name += "x"; },
    [](auto& r) { r.run.config_given += "x"; },
    [](auto& r) { r.run.config_resolved += "x"; },
    [](auto& r) { r.run.config_hash += "x"; },
    [](auto& r) { std::swap(r.trials[0], r.trials[1]); },
    [](auto& r) { r.trials.pop_back(); },
    [](auto& r) { first(r).id += "x"; },
    [](auto& r) { first(r).task += "x"; },
    [](auto& r) { first(r).method += "x"; },
    [](auto& r) { first(r).seed = 7; },
    [](auto& r) { first(r).config += "x"; },
    [](auto& r) { first(r).config_hash += "x"; },
    [](auto& r) { first(r).model += "x"; },
    [](auto& r) { first(r).model_fingerprint += "x"; },
    [](auto& r) { first(r).metric += "x"; },
    [](auto& r) { first(r).objective += "x"; },
    [](auto& r) { first(r).labels[1] += "x"; },
    [](auto& r) { first(r).gold["dev"][0] = 0; },
    [](auto& r) { first(r).gold["train"] = {}; },
    [](auto& r) { first(r).state = TrialState::kFailed; },
    [](auto& r) { first(r).failure = "x"; },
    [](auto& r) { first(r).stop_reason = "tol_x"; },
    [](auto& r) { first(r).generations.pop_back(); },
    [](auto& r) { first(r).generations[0].generation = 1; },
    [](auto& r) { first(r).generations[0].num_evaluations = 1; },
    [](auto& r) { first(r).generations[0].num_queries = 1; },
    [](auto& r) { first(r).generations[0].best_fitness = 9; },
    [](auto& r) { first(r).generations[0].median_fitness = 9; },
    [](auto& r) { first(r).generations[0].worst_fitness = 9; },
    [](auto& r) { first(r).generations[0].incumbent_fitness = 9; },
    [](auto& r) { first(r).generations[0].sigma = 9; },
    [](auto& r) { first(r).generations[0].axis_ratio = 9; },
    [](auto& r) { first(r).generations[0].dev_metric = 9; },
    [](auto& r) { first(r).generations[0].dev_loss = 9; },
    [](auto& r) { first(r).manual.fitness = 9; },
    [](auto& r) { first(r).best.generation = 9; },
    [](auto& r) { first(r).best.prompt.kind = PromptRecord::Kind::kDiscrete; },
    [](auto& r) { first(r).best.prompt.text += "x"; },
    [](auto& r) { first(r).best.prompt.ids[0] = 9; },
    [](auto& r) { first(r).best.prompt.tokens[0] += "x"; },
    [](auto& r) { first(r).best.prompt.point[0] = std::nextafter(0.1, 1.0); },
    [](auto& r) { first(r).best.prompt.point[1] = 0.0; },  // was -0.0
    [](auto& r) { first(r).best.prompt.vectors(1, 2) = 9; },
    [](auto& r) { first(r).best.prompt.vectors.resize(3, 2); },
    [](auto& r) { first(r).best.prompt.base_ids[0] = 9; },
    [](auto& r) { first(r).best.prompt.num_layers = 1; },
    [](auto& r) { first(r).best.splits["dev"].metric = 9; },
    [](auto& r) { first(r).best.splits["dev"].accuracy = 9; },
    [](auto& r) { first(r).best.splits["dev"].loss = 9; },
    [](auto& r) { first(r).best.splits["test"].predicted[0] = 2; },
    [](auto& r) { first(r).usage["dev"].num_evaluations = 9; },
    [](auto& r) { first(r).usage["dev"].usage.num_queries = 9; },
    [](auto& r) { first(r).usage["dev"].usage.num_calls = 9; },
    [](auto& r) { first(r).usage["dev"].usage.num_tokens = 9; },
    [](auto& r) { first(r).usage["dev"].usage.num_truncated = 9; },
    [](auto& r) { first(r).usage["dev"].num_cached = 9; },
    [](auto& r) { first(r).usage["dev"].num_failed = 9; },
    [](auto& r) { first(r).settings[1] += "x"; },
    [](auto& r) { first(r).settings.pop_back(); },
    [](auto& r) { first(r).option_texts[0] += "x"; },
    [](auto& r) { first(r).position_shares(1, 0) = 0.125; },
    [](auto& r) { first(r).position_shares.resize(3, 2); },
    [](auto& r) { first(r).notes.pop_back(); },
};

TEST(Digest, ChangesWithEveryFieldThatIsAResult) {
  std::set<std::string> digests{digest(sample_results())};
  std::size_t index = 0;
  for (const Change& change : kTrackedChanges) {
    Results results = sample_results();
    change(results);
    EXPECT_TRUE(digests.insert(digest(results)).second) << "change " << index;
    ++index;
  }
}

TEST(Digest, IsBlindToMachinesAndTimes) {
  Results results = sample_results();
  results.run.build = "another compiler";
  results.run.num_ranks = 64;
  results.run.config_folder = "/elsewhere";
  for (TrialRecord& trial : results.trials) {
    for (auto& [name, split] : trial.best.splits) split.label_scores.resize(0, 0);  // absent before
    trial.host = "elsewhere";
    trial.started_at = "2030-01-01T00:00:00Z";
    trial.seconds = 1e9;
    for (GenerationRecord& row : trial.generations) row.seconds = 1e9;
  }
  EXPECT_EQ(digest(results), digest(sample_results()));
}

TEST(Digest, CountsEveryNanAsOne) {
  Results results = sample_results();
  first(results).generations[0].dev_metric = std::bit_cast<double>(0xFFF0000000000123);
  EXPECT_EQ(digest(results), digest(sample_results()));
}

TEST(Digest, LetsNothingSlideBetweenNeighbours) {
  TrialRecord a = sample_trial();
  TrialRecord b = a;
  a.task = "tre";
  a.method = "csoft";
  EXPECT_NE(digest(a), digest(b));
  a = b;
  a.notes = {"ab", "c"};
  b.notes = {"a", "bc"};
  EXPECT_NE(digest(a), digest(b));
  a = b = sample_trial();
  a.gold = {{"dev", {0, 1}}, {"test", {}}};
  b.gold = {{"dev", {}}, {"test", {0, 1}}};
  EXPECT_NE(digest(a), digest(b));
}

TEST(Digest, IsSha256InHexadecimal) {
  EXPECT_EQ(digest(sample_trial()).size(), sha256_hex("").size());
  EXPECT_EQ(digest(sample_trial()).find_first_not_of("0123456789abcdef"), std::string::npos);
}

// What these records had when the first files of this schema were written.
TEST(Digest, StaysThatOfEarlierFiles) {
  EXPECT_EQ(digest(sample_trial()),
            "e1b6ea3114aba6dc80534901e56973a7115e3829f00d9b3e4a5cfa71f4e611da");
  EXPECT_EQ(digest(sample_results()),
            "9fe62f940d70cb4b27018d8d480c09861b5f3e2f105ad89e84f8d6494a861ac7");
}

// Of a counter that came later than the files: they keep the digest that they had without it.
TEST(Digest, KnowsALaterCounterOnlyWhereItCounts) {
  const auto digest_with = [](std::int64_t count) {
    RecordHasher hasher;
    hasher.attribute("num_queries", std::int64_t{5});
    if (count >= 0) hasher.later_attribute("num_cents", count);
    return hasher.hex_digest();
  };
  EXPECT_EQ(digest_with(0), digest_with(-1));
  EXPECT_NE(digest_with(1), digest_with(0));
  EXPECT_NE(digest_with(2), digest_with(1));
}

}  // namespace
}  // namespace bbprompt
