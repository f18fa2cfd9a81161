#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bbprompt/lm/language_model.hpp"
#include "bbprompt/query/server_findings.hpp"
#include "bbprompt/query/server_options.hpp"
#include "bbprompt/query/server_view.hpp"

namespace bbprompt {

class AnswerJournal;
class CallQueue;
class ScoringRoute;
struct FinishedCall;
struct RouteCall;
struct RouteReply;
struct ServerIdentity;

// A model behind HTTP. Scores are logarithms of probabilities (for a masked model logits), and
// states say which are only bounds. A query that fails for good has unknown scores; the others of
// its request stand. Not for several threads.
class ServerModel final : public LanguageModel {
 public:
  // `options`: of the view's model, with this worker's share of the limits. `rank` spreads workers
  // over the servers. `journal`: folder that keeps answers, for all ranks of a run; empty: none.
  // Throws Error for a key that cannot be read, and where `findings` name no
  // route.
  ServerModel(std::shared_ptr<const ServerView> view, const ServerOptions& options,
              ServerFindings findings, int rank, const std::filesystem::path& journal = {});
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
  void begin(OpenCall call);
  void take(FinishedCall finished);
  void check_identity(const ServerIdentity& now);
  void mark_bad(const OpenCall& call, const FinishedCall& finished);
  void use(const OpenCall& call, const RouteReply& reply);
  [[nodiscard]] FinishedScore close(std::uint64_t id, OpenRequest& open) const;

  std::shared_ptr<const ServerView> view_;
  ServerFindings findings_;
  std::unique_ptr<const ScoringRoute> route_;  // null: mask scores
  std::unique_ptr<CallQueue> queue_;
  std::unique_ptr<AnswerJournal> journal_;
  std::map<std::uint64_t, OpenRequest> requests_;  // by the caller's number
  std::map<std::uint64_t, OpenCall> calls_;        // by the queue's number
  std::vector<FinishedScore> failed_;              // of requests that could not begin
  std::uint64_t num_calls_ = 0;
  bool is_warned_ = false;
};

}  // namespace bbprompt
