#include "bbprompt/prompt/discrete_prompt_space.hpp"

#include <gtest/gtest.h>

#include <set>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"

namespace bbprompt {
namespace {

DiscretePromptSpaceInputs inputs(int num_candidates) {
  DiscretePromptSpaceInputs parts{
      .length = 4, .candidate_ids = {}, .candidate_embeddings = {}, .seed = 2};
  RandomStream random({.seed = 5, .purpose = "test_embeddings"});
  parts.candidate_embeddings.resize(num_candidates, 32);
  for (int i = 0; i < num_candidates; ++i) {
    parts.candidate_ids.push_back(1000 + i);
    for (int j = 0; j < 32; ++j) {
      parts.candidate_embeddings(i, j) = static_cast<float>(random.normal());
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
                         ::testing::Values(Relaxation::kEmbedding, Relaxation::kLogits));

TEST_P(EachRelaxation, ReachesEveryCandidateAtEveryPosition) {
  const DiscretePromptSpace space({.relaxation = GetParam()}, inputs(20));
  std::vector<std::set<TokenId>> seen(4);
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const auto prompt = space.decode(normal_point(space.dimension(), i));
    const auto& ids = std::get<PromptTokens>(prompt).ids;
    ASSERT_EQ(ids.size(), 4U);
    for (std::size_t position = 0; position < 4; ++position) seen[position].insert(ids[position]);
  }
  for (const auto& tokens : seen) EXPECT_EQ(tokens.size(), 20U);
}

TEST_P(EachRelaxation, ReadsTheDirectionOfThePointOnly) {
  const DiscretePromptSpace space({.relaxation = GetParam()}, inputs(20));
  auto point = normal_point(space.dimension(), 7);
  const auto prompt = space.decode(point);
  for (double& value : point) value *= 1e-3;
  EXPECT_EQ(std::get<PromptTokens>(prompt).ids, std::get<PromptTokens>(space.decode(point)).ids);
}

TEST_P(EachRelaxation, RefusesPointsOfAnotherSize) {
  const DiscretePromptSpace space({.relaxation = GetParam()}, inputs(20));
  EXPECT_THROW((void)space.decode(std::vector<double>(3, 0.0)), Error);
}

TEST(DiscretePromptSpace, EmbeddingPicksTheCandidateThePointLooksAt) {
  // Four candidates on the corners of a square in the only plane where they vary: principal axes
  // keep their geometry, so the point that decodes to a corner's neighbourhood moves corner by
  // corner.
  DiscretePromptSpaceInputs parts{.length = 1,
                                  .candidate_ids = {1, 2, 3, 4},
                                  .candidate_embeddings = RowMatrixXf(4, 3),
                                  .seed = 0};
  parts.candidate_embeddings << 3, 0, 5, 0, 1, 5, -3, 0, 5, 0, -1, 5;
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

TEST(DiscretePromptSpace, RefusesTooFewCandidates) {
  EXPECT_THROW(DiscretePromptSpace({.relaxation = Relaxation::kLogits}, inputs(1)), Error);
}

}  // namespace
}  // namespace bbprompt
