#include "prompt/discrete_prompt_space.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"

namespace bbprompt {
namespace {

DiscretePromptSpaceInputs discrete_inputs(int num_candidates) {
  DiscretePromptSpaceInputs parts{.length = 4, .options = {}, .option_embeddings = {}, .seed = 2};
  RandomStream random({.seed = 5, .purpose = "test_embeddings"});
  parts.option_embeddings.resize(num_candidates, 32);
  for (int i = 0; i < num_candidates; ++i) {
    parts.options.push_back({.text = "c" + std::to_string(i), .ids = {1000 + i}});
    for (int j = 0; j < 32; ++j) {
      parts.option_embeddings(i, j) = static_cast<float>(random.normal());
    }
  }
  return parts;
}

std::vector<double> normal_point(Eigen::Index dimension, std::uint64_t number) {
  RandomStream random({.seed = number, .purpose = "test_point"});
  std::vector<double> point(static_cast<std::size_t>(dimension));
  for (double& value : point) value = random.normal();
  return point;
}

class EachRelaxation : public ::testing::TestWithParam<Relaxation> {};
INSTANTIATE_TEST_SUITE_P(Relaxations, EachRelaxation,
                         ::testing::Values(Relaxation::kEmbedding, Relaxation::kLogits,
                                           Relaxation::kNearest));

TEST_P(EachRelaxation, ReachesEveryCandidateAtEveryPosition) {
  const DiscretePromptSpace space({.relaxation = GetParam()}, discrete_inputs(20));
  std::vector<std::set<TokenId>> seen(4);
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const auto prompt = space.decode(normal_point(space.dimension(), i));
    const auto& ids = std::get<PromptTokens>(prompt).ids;
    ASSERT_EQ(ids.size(), 4U);
    for (std::size_t position = 0; position < 4; ++position) seen[position].insert(ids[position]);
  }
  for (const auto& tokens : seen) EXPECT_EQ(tokens.size(), 20U);
}

class EachDirection : public ::testing::TestWithParam<Relaxation> {};
INSTANTIATE_TEST_SUITE_P(Relaxations, EachDirection,
                         ::testing::Values(Relaxation::kEmbedding, Relaxation::kLogits));

TEST_P(EachDirection, ReadsTheDirectionOfThePointOnly) {
  const DiscretePromptSpace space({.relaxation = GetParam()}, discrete_inputs(20));
  auto point = normal_point(space.dimension(), 7);
  const auto prompt = space.decode(point);
  for (double& value : point) value *= 1e-3;
  EXPECT_EQ(std::get<PromptTokens>(prompt).ids, std::get<PromptTokens>(space.decode(point)).ids);
}

TEST_P(EachRelaxation, RefusesPointsOfAnotherSize) {
  const DiscretePromptSpace space({.relaxation = GetParam()}, discrete_inputs(20));
  EXPECT_THROW((void)space.decode(std::vector<double>(3, 0.0)), Error);
}

TEST(DiscretePromptSpace, EmbeddingPicksTheCandidateThePointLooksAt) {
  // Four candidates on the corners of a square in the only plane where they vary: principal axes
  // keep their geometry, so the point that decodes to a corner's neighbourhood moves corner by
  // corner.
  DiscretePromptSpaceInputs parts{.length = 1,
                                  .options = {{"a", {1}}, {"b", {2}}, {"c", {3}}, {"d", {4}}},
                                  .option_embeddings = RowMatrixXf(4, 3),
                                  .seed = 0};
  parts.option_embeddings << 3, 0, 5, 0, 1, 5, -3, 0, 5, 0, -1, 5;
  const DiscretePromptSpace space({.relaxation = Relaxation::kEmbedding, .dimension_per_token = 8},
                                  parts);
  ASSERT_EQ(space.dimension(), 2);  // rank of the centred embeddings
  const auto chosen = [&](double x, double y) {
    return std::get<PromptTokens>(space.decode(std::vector<double>{x, y})).ids[0];
  };
  std::set<TokenId> along = {chosen(1, 0), chosen(0, 1), chosen(-1, 0), chosen(0, -1)};
  EXPECT_EQ(along.size(), 4U);
  // Opposite directions choose opposite corners.
  EXPECT_EQ((chosen(1, 0) + 2 - 1) % 4 + 1, chosen(-1, 0));
  EXPECT_EQ((chosen(0, 1) + 2 - 1) % 4 + 1, chosen(0, -1));
  // A small turn keeps the choice.
  EXPECT_EQ(chosen(1, 0), chosen(1, 0.3));
}

TEST(DiscretePromptSpace, NearestPicksTheCandidateWhoseEmbeddingIsNearest) {
  // The corners of a rhombus; unit variance per axis makes it a square with corners at
  // (+-sqrt 2, 0) and (0, +-sqrt 2), and e at its centre.
  DiscretePromptSpaceInputs parts{
      .length = 2,
      .options = {{"a", {1}}, {"b", {2}}, {"c", {3}}, {"d", {4}}, {"e", {5}}},
      .option_embeddings = RowMatrixXf(5, 2),
      .seed = 0};
  parts.option_embeddings << 3, 0, 0, 1, -3, 0, 0, -1, 0, 0;
  const DiscretePromptSpace space({.relaxation = Relaxation::kNearest}, parts);
  ASSERT_EQ(space.dimension(), 4);
  const auto chosen = [&](double x, double y) { return space.choices(std::vector{x, y, 0., 0.}); };
  EXPECT_EQ(chosen(0.0, 0.0), (std::vector{4, 4}));
  // The length matters: far out a corner, near the centre e; halfway is sqrt(5 / 2) / 2.
  const double halfway = std::sqrt(2.5) / 2.0;
  std::set<int> corners;
  for (const auto& [x, y] :
       std::vector<std::pair<double, double>>{{1, 0}, {0, 1}, {-1, 0}, {0, -1}}) {
    EXPECT_EQ(chosen(0.99 * halfway * x, 0.99 * halfway * y)[0], 4);
    corners.insert(chosen(1.01 * halfway * x, 1.01 * halfway * y)[0]);
  }
  EXPECT_EQ(corners, (std::set<int>{0, 1, 2, 3}));
}

TEST(DiscretePromptSpace, IndexIsACategoryPerPosition) {
  const DiscretePromptSpace space({.relaxation = Relaxation::kIndex}, discrete_inputs(20));
  const SearchDomain domain = space.domain();
  EXPECT_EQ(domain.start, Eigen::VectorXd::Zero(4));
  EXPECT_EQ(domain.num_categories, std::vector<int>(4, 20));
  const std::vector<double> point = {3.0, 0.0, 19.0, 3.0};
  EXPECT_EQ(std::get<PromptTokens>(space.decode(point)).ids,
            (std::vector<TokenId>{1003, 1000, 1019, 1003}));
  EXPECT_EQ(space.choices(point), (std::vector<int>{3, 0, 19, 3}));
  for (const double wrong : {-1.0, 20.0, 0.5, std::nan("")}) {
    EXPECT_THROW((void)space.decode(std::vector<double>{0.0, wrong, 0.0, 0.0}), Error) << wrong;
  }
  EXPECT_THROW((void)space.decode(std::vector<double>{0.0, 0.0, 0.0}), Error);
}

TEST_P(EachRelaxation, DecodesToTheTokensOfItsChoices) {
  auto parts = discrete_inputs(20);
  for (std::size_t c = 0; c < 20; c += 3) parts.options[c].ids = {1, 2, 3};
  const DiscretePromptSpace space({.relaxation = GetParam()}, parts);
  for (std::uint64_t i = 0; i < 20; ++i) {
    const auto point = normal_point(space.dimension(), i);
    std::vector<TokenId> joined;
    for (const int choice : space.choices(point)) {
      const auto& ids = parts.options[static_cast<std::size_t>(choice)].ids;
      joined.insert(joined.end(), ids.begin(), ids.end());
    }
    EXPECT_EQ(std::get<PromptTokens>(space.decode(point)).ids, joined);
  }
  EXPECT_EQ(space.option_texts().at(7), "c7");
}

TEST(DiscretePromptSpace, RefusesTooFewCandidates) {
  EXPECT_THROW(DiscretePromptSpace({.relaxation = Relaxation::kLogits}, discrete_inputs(1)), Error);
}

}  // namespace
}  // namespace bbprompt
