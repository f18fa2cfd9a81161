#include "bbprompt/replica/causal_replica.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/lm/input_layout.hpp"
#include "replica/gemm.hpp"
#include "replica/replica_options.hpp"
#include "replica/shared_prefix.hpp"

namespace bbprompt {
namespace {

// Tokens `begin` to `end` of a query as a piece of the batch.
void append(const LaidOutQuery& query, std::size_t begin, std::size_t end, CausalBatch& batch) {
  const Eigen::Index first = batch.num_tokens();
  for (std::size_t i = begin; i < end; ++i) {
    batch.ids.push_back(query.ids[i]);
    batch.positions.push_back(static_cast<int>(i));
  }
  for (InputVector vector : query.vectors) {
    const auto token = static_cast<std::size_t>(vector.token);
    if (token < begin || token >= end) continue;
    vector.token += first - static_cast<Eigen::Index>(begin);
    batch.vectors.push_back(vector);
  }
  batch.pieces.push_back({.begin = first, .end = batch.num_tokens()});
}

// The best by logits in float32; their values and order in float64. A few more are looked at, as
// the order of near ones can differ.
template <typename Exact>
std::vector<TokenScore> best_tokens(std::span<const float> logits, int num_best,
                                    const Exact& exact) {
  constexpr std::size_t kMore = 4;
  const std::size_t wanted = std::min(static_cast<std::size_t>(num_best), logits.size());
  std::vector<TokenId> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  if (wanted + kMore < ids.size()) {
    std::nth_element(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(wanted + kMore),
                     ids.end(), [&](TokenId a, TokenId b) {
                       return std::pair(-logits[static_cast<std::size_t>(a)], a) <
                              std::pair(-logits[static_cast<std::size_t>(b)], b);
                     });
    ids.resize(wanted + kMore);
  }
  std::vector<TokenScore> best;
  best.reserve(ids.size());
  for (const TokenId id : ids) best.push_back({.id = id, .log_probability = exact(id)});
  std::sort(best.begin(), best.end(), [](const TokenScore& a, const TokenScore& b) {
    return std::pair(-a.log_probability, a.id) < std::pair(-b.log_probability, b.id);
  });
  best.resize(wanted);
  return best;
}

}  // namespace

// Some queries of a call, and what is asked of each.
struct CausalReplica::Work {
  std::span<const Answer> answers;
  CausalBatch batch{};
  Eigen::Index num_queries = 0;
  Eigen::Index num_asked = 0;

  // One for each token of each answer of each query, in that order; rows count asked tokens.
  std::vector<CausalHead::Asked> asked{};

  [[nodiscard]] std::int64_t num_answer_tokens() const {
    std::int64_t count = 0;
    for (const Answer& answer : answers)
      count += static_cast<std::int64_t>(answer.ids().size()) - 1;
    return count;
  }
};

CausalReplica::CausalReplica(std::shared_ptr<const CausalView> view, const ReplicaOptions& options)
    : view_(std::move(view)),
      options_(checked(options)),
      weights_(view_->weights()),
      decoder_(weights_),
      head_(weights_) {}

void CausalReplica::check(std::span<const Answer> answers) const {
  for (const Answer& answer : answers) {
    if (num_reserved_for({&answer, 1}) >= weights_->config().max_tokens()) {
      throw ModelError(options_.folder.string(),
                       "expected answers of at most " +
                           std::to_string(weights_->config().max_tokens()) + " tokens, found " +
                           std::to_string(answer.ids().size()));
    }
    for (const TokenId id : answer.ids()) {
      if (id >= 0 && id < weights_->config().vocab_size) continue;
      throw ModelError(options_.folder.string(), "expected answer tokens below vocab_size " +
                                                     std::to_string(weights_->config().vocab_size) +
                                                     ", found " + std::to_string(id));
    }
  }
}

AnswerScores CausalReplica::score(std::span<const Query> queries, std::span<const Answer> answers) {
  set_gemm_threads(options_.threads);  // of the process, and models of one may differ in it
  check(answers);
  AnswerScores result;
  result.scores.resize(static_cast<Eigen::Index>(queries.size()),
                       static_cast<Eigen::Index>(answers.size()));
  Work work{.answers = answers};
  const std::int64_t num_answer_tokens = work.num_answer_tokens();
  std::vector<LaidOutQuery> inputs;
  for (const Query& query : queries) {
    inputs.push_back(view_->layout().lay_out(query, num_reserved_for(answers)));
    const auto num_tokens = static_cast<std::int64_t>(inputs.back().ids.size());
    result.usage += {.num_queries = 1,
                     .num_tokens = num_tokens + num_answer_tokens,
                     .num_truncated = inputs.back().is_truncated ? 1 : 0};
  }
  const std::size_t num_shared = this->num_shared(inputs);
  const KeyValues prefix = num_shared > 0 ? remember(inputs.front(), num_shared) : KeyValues{};
  Eigen::Index num_done = 0;
  const auto finish = [&] {
    compute(work, prefix, result.scores.middleRows(num_done, work.num_queries));
    num_done += std::exchange(work, {.answers = answers}).num_queries;
  };
  for (const LaidOutQuery& input : inputs) {
    const auto num_own = static_cast<std::int64_t>(input.ids.size() - num_shared);
    const std::int64_t num_tokens = work.batch.num_tokens() + num_own + num_answer_tokens;
    if (work.num_queries > 0 && num_tokens > options_.max_batch_tokens) finish();
    add_query(input, num_shared, work);
  }
  if (work.num_queries > 0) finish();
  if (!queries.empty()) result.usage.num_calls = 1;
  return result;
}

std::size_t CausalReplica::num_shared(std::span<const LaidOutQuery> inputs) const {
  if (options_.prefix != PrefixReuse::kShared) return 0;
  return shared_prefix(inputs, static_cast<std::size_t>(weights_->config().hidden_size));
}

KeyValues CausalReplica::remember(const LaidOutQuery& query, std::size_t num_tokens) {
  CausalBatch batch;
  append(query, 0, num_tokens, batch);
  return decoder_.remember(batch);
}

void CausalReplica::add_query(const LaidOutQuery& query, std::size_t num_shared, Work& work) const {
  CausalBatch& batch = work.batch;
  append(query, num_shared, query.ids.size(), batch);
  const std::size_t own = batch.pieces.size() - 1;
  batch.pieces[own].num_asked = 1;
  const Eigen::Index after_query = work.num_asked++;
  ++work.num_queries;
  for (const Answer& answer : work.answers) {
    const std::vector<TokenId>& ids = answer.ids();
    work.asked.push_back({.row = after_query, .id = ids.front()});
    if (answer.is_one_token()) continue;
    const Eigen::Index begin = batch.num_tokens();
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
      batch.ids.push_back(ids[i]);
      batch.positions.push_back(static_cast<int>(query.ids.size() + i));
      work.asked.push_back({.row = work.num_asked++, .id = ids[i + 1]});
    }
    batch.pieces.push_back({.begin = begin,
                            .end = batch.num_tokens(),
                            .parent = own,
                            .num_asked = batch.num_tokens() - begin});
  }
}

void CausalReplica::compute(const Work& work, const KeyValues& prefix,
                            Eigen::Ref<Eigen::MatrixXd> scores) {
  const Eigen::VectorXd found =
      head_.log_probabilities(decoder_.decode(work.batch, prefix), work.asked);
  Eigen::Index next = 0;
  for (Eigen::Index query = 0; query < scores.rows(); ++query) {
    for (Eigen::Index a = 0; a < scores.cols(); ++a) {
      const auto count =
          static_cast<Eigen::Index>(work.answers[static_cast<std::size_t>(a)].ids().size());
      double sum = 0.0;
      for (Eigen::Index i = 0; i < count; ++i) sum += found[next++];
      scores(query, a) = sum;
    }
  }
  if (!scores.allFinite()) {
    throw ModelError(options_.folder.string(),
                     "expected finite scores, found infinity or NaN: the input or the weights "
                     "overflow float32");
  }
}

// Some inputs of a call, and whose place each asked row is.
struct CausalReplica::NextWork {
  const NextTokensAsked& asked;
  CausalBatch batch{};
  struct Row {
    std::size_t input = 0;
    std::size_t token = 0;  // after which the next one is asked
  };
  std::vector<Row> rows{};
  std::span<const LaidOutQuery> inputs{};
};

std::vector<LaidOutQuery> CausalReplica::lay_out(std::span<const std::vector<TokenId>> inputs,
                                                 Usage& usage) const {
  std::vector<LaidOutQuery> laid_out;
  for (const std::vector<TokenId>& ids : inputs) {
    if (ids.empty())
      throw ModelError(options_.folder.string(), "expected at least one token, found none");
    laid_out.push_back(view_->layout().lay_out({{PromptTokens{ids}, AnswerSlot{}}}));
    usage += {.num_queries = 1, .num_tokens = static_cast<std::int64_t>(ids.size())};
  }
  return laid_out;
}

// Batches are those of score(), so that both give the same bits.
NextTokensAnswer CausalReplica::next_tokens(std::span<const std::vector<TokenId>> inputs,
                                            const NextTokensAsked& asked) {
  set_gemm_threads(options_.threads);
  check(std::vector<Answer>(asked.named.begin(), asked.named.end()));
  NextTokensAnswer result;
  const std::vector<LaidOutQuery> laid_out = lay_out(inputs, result.usage);
  result.inputs.resize(inputs.size());
  const bool is_last = asked.places == Places::kLast;
  const std::size_t shared = is_last ? num_shared(laid_out) : 0;
  const KeyValues prefix = shared > 0 ? remember(laid_out.front(), shared) : KeyValues{};
  NextWork work{.asked = asked, .inputs = laid_out};
  const auto finish = [&] {
    compute(work, prefix, result.inputs);
    work.batch = {};
    work.rows.clear();
  };
  for (std::size_t i = 0; i < laid_out.size(); ++i) {
    const std::size_t size = laid_out[i].ids.size();
    const auto num_own = static_cast<std::int64_t>(size - shared);
    if (!work.rows.empty() && work.batch.num_tokens() + num_own > options_.max_batch_tokens)
      finish();
    append(laid_out[i], shared, size, work.batch);
    work.batch.pieces.back().num_asked = is_last ? 1 : num_own;
    for (std::size_t token = is_last ? size - 1 : 0; token < size; ++token)
      work.rows.push_back({.input = i, .token = token});
  }
  if (!work.rows.empty()) finish();
  if (!inputs.empty()) result.usage.num_calls = 1;
  return result;
}

void CausalReplica::compute(const NextWork& work, const KeyValues& prefix,
                            std::span<NextTokensOf> results) {
  const Eigen::Map<const RowMatrixXf> states = decoder_.decode(work.batch, prefix);
  head_.visit(states, [&](Eigen::Index row, const CausalHead::Distribution& next) {
    if (!std::isfinite(next.normaliser)) {
      throw ModelError(options_.folder.string(),
                       "expected finite scores, found infinity or NaN: the input or the weights "
                       "overflow float32");
    }
    const auto exact = [&](TokenId id) {
      return head_.log_probability(states.row(row), id, next.normaliser);
    };
    const auto [input, token] = work.rows[static_cast<std::size_t>(row)];
    const std::vector<TokenId>& ids = work.inputs[input].ids;
    NextTokensOf& result = results[input];
    result.best.push_back(best_tokens(next.logits, work.asked.num_best, exact));
    if (token + 1 < ids.size()) {
      result.own.push_back(exact(ids[token + 1]));
    } else {
      for (const TokenId id : work.asked.named) result.named.push_back(exact(id));
    }
  });
}

std::unique_ptr<CausalReplica> load_causal_replica(const ReplicaOptions& options) {
  return std::make_unique<CausalReplica>(std::make_shared<const CausalView>(options), options);
}

}  // namespace bbprompt
