#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bbprompt/lm/language_model.hpp"
#include "bbprompt/query/server_findings.hpp"
#include "bbprompt/query/server_options.hpp"
#include "bbprompt/query/server_view.hpp"

namespace bbprompt {

class CallQueue;
class ScoringRoute;
struct FinishedCall;
struct RouteCall;

// A model behind HTTP. Scores are logarithms of probabilities (for a masked model logits), and
// states say which are only bounds. A query that fails for good has unknown scores; the others of
// its request stand. Not for several threads.
class ServerModel final : public LanguageModel {
 public:
  // `options`: of the view's model, with this worker's share of the limits. `rank` spreads workers
  // over the servers. Throws Error for a key that cannot be read, and where `findings` name no
  // route.
  ServerModel(std::shared_ptr<const ServerView> view, const ServerOptions& options,
              ServerFindings findings, int rank);
  ~ServerModel() override;

  [[nodiscard]] const ModelView& view() const override { return *view_; }
  [[nodiscard]] AnswerScores score(std::span<const Query> queries,
                                   std::span<const Answer> answers) override;
  [[nodiscard]] int slots() const override { return slots_of(view_->options()); }
  void start(ScoreRequest request) override;
  [[nodiscard]] std::vector<FinishedScore> finish(double timeout_seconds) override;

  // Work items that a worker holds at once, so that its requests never run out.
  [[nodiscard]] static int slots_of(const ServerOptions& options);

 private:
  struct OpenRequest;
  struct OpenCall;

  [[nodiscard]] std::vector<RouteCall> calls_of(const ScoreRequest& request, OpenRequest& open);
  void take(FinishedCall finished);
  [[nodiscard]] FinishedScore close(std::uint64_t id, OpenRequest& open) const;

  std::shared_ptr<const ServerView> view_;
  ServerFindings findings_;
  std::unique_ptr<const ScoringRoute> route_;  // null: mask scores
  std::unique_ptr<CallQueue> queue_;
  std::map<std::uint64_t, OpenRequest> requests_;  // by the caller's number
  std::map<std::uint64_t, OpenCall> calls_;        // by the queue's number
  std::vector<FinishedScore> failed_;              // of requests that could not begin
  std::uint64_t num_calls_ = 0;
};

}  // namespace bbprompt
