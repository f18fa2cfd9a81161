#include "bbprompt/predict/prompt_labeler.hpp"

#include <utility>

#include "bbprompt/base/error.hpp"

namespace bbprompt {

PromptLabeler::PromptLabeler(std::span<const TrialRecord> records, const PathRoots& roots,
                             ModelPool& models, const ServerOptions& server) {
  if (records.empty()) throw Error("expected a trial to predict with, found none");
  for (const TrialRecord& record : records) {
    if (record.labels != records.front().labels) {
      throw Error("trials " + records.front().id + " and " + record.id +
                  ": expected the same labels, found others; name one task");
    }
    Member member{.trial = open_trial(record, roots, models, server)};
    const TrialProblem& problem = *member.trial.problem;
    member.model = &models.get(problem.spec().model);
    member.prompt = problem.prompt_space().decode(record.best.prompt.point);
    member.offsets = Eigen::VectorXd::Zero(problem.verbalizer().num_labels());
    if (problem.is_calibrated()) {
      member.offsets =
          label_means(member.trial.evaluator->evaluate(member.prompt, Split::kTrain).label_scores);
    }
    members_.push_back(std::move(member));
  }
}

std::int64_t PromptLabeler::shard_size() const {
  return members_.front().trial.problem->spec().shard_size;
}

RowMatrixXd PromptLabeler::ask(const Member& member, std::span<const Example> examples) {
  const TrialProblem& problem = *member.trial.problem;
  const Verbalizer& verbalizer = problem.verbalizer();
  const Evaluation evaluation = evaluation_of(
      member.model->score(problem.queries(member.prompt, examples), verbalizer.answers()),
      verbalizer, examples);
  if (!evaluation.is_complete()) throw Error(evaluation.describe_missing());
  return evaluation.label_scores.rowwise() - member.offsets.transpose();
}

RowMatrixXd PromptLabeler::scores(std::span<const Example> examples) {
  RowMatrixXd sum = ask(members_.front(), examples);
  for (std::size_t i = 1; i < members_.size(); ++i) sum += ask(members_[i], examples);
  return sum / static_cast<double>(members_.size());
}

RowMatrixXd probabilities(const RowMatrixXd& scores) {
  RowMatrixXd shifted = scores.colwise() - scores.rowwise().maxCoeff();
  shifted = shifted.array().exp().matrix();
  const Eigen::VectorXd sums = shifted.rowwise().sum();
  return sums.cwiseInverse().asDiagonal() * shifted;
}

}  // namespace bbprompt
