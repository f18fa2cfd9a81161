#include "bbprompt/run/trial_evaluator.hpp"

#include <algorithm>
#include <string>

#include "bbprompt/base/error.hpp"

namespace bbprompt {

std::span<const Example> TrialEvaluator::shard(const WorkItem& item) const {
  const auto all = problem_.examples(item.split);
  if (item.begin < 0 || item.end > static_cast<std::int64_t>(all.size()) ||
      item.begin >= item.end) {
    throw Error("work item outside its split: the ranks read different data");
  }
  return all.subspan(static_cast<std::size_t>(item.begin),
                     static_cast<std::size_t>(item.end - item.begin));
}

std::vector<Query> TrialEvaluator::queries(const WorkItem& item) const {
  const auto examples = shard(item);
  if (item.is_manual)
    return problem_.queries(PromptText{problem_.spec().task.manual_prompt}, examples);
  if (problem_.needs_layer_scales())
    throw Error("a deep prompt cannot be asked before its layers are scaled");
  return problem_.queries(problem_.prompt_space().decode(item.point), examples);
}

const std::vector<TokenId>& TrialEvaluator::answers() const {
  return problem_.verbalizer().answers();
}

WorkResult TrialEvaluator::result(const WorkItem& item, const AnswerScores& answers) const {
  WorkResult result;
  result.id = item.id;
  const Evaluation evaluation = evaluation_of(answers, problem_.verbalizer(), shard(item));
  result.num_queries = evaluation.usage.num_queries;
  result.num_calls = evaluation.usage.num_calls;
  result.num_tokens = evaluation.usage.num_tokens;
  result.num_truncated = evaluation.usage.num_truncated;
  if (!evaluation.is_complete()) {
    result.is_retryable = true;
    result.error = evaluation.describe_missing();
    return result;
  }
  const RowMatrixXd& scores = evaluation.label_scores;
  result.label_scores.assign(scores.data(), scores.data() + scores.size());
  return result;
}

WorkResult TrialEvaluator::run(const WorkItem& item) {
  try {
    return result(item, model_.score(queries(item), answers()));
  } catch (...) {
    return failed_result(item, std::current_exception());
  }
}

Evaluation TrialEvaluator::evaluate(const Prompt& prompt, Split split) {
  const auto all = problem_.examples(split);
  const auto size = static_cast<std::size_t>(problem_.spec().shard_size);
  Evaluation whole;
  whole.label_scores.resize(static_cast<Eigen::Index>(all.size()),
                            problem_.verbalizer().num_labels());
  for (std::size_t begin = 0; begin < all.size(); begin += size) {
    const auto shard = all.subspan(begin, std::min(size, all.size() - begin));
    const Evaluation part = evaluation_of(model_.score(problem_.queries(prompt, shard), answers()),
                                          problem_.verbalizer(), shard);
    if (!part.is_complete()) throw Error(part.describe_missing());
    whole.label_scores.middleRows(static_cast<Eigen::Index>(begin), part.label_scores.rows()) =
        part.label_scores;
    whole.num_bounded += part.num_bounded;
    whole.usage += part.usage;
  }
  return whole;
}

LayerDeviations TrialEvaluator::measure_layers() {
  HiddenStates* states = model_.hidden_states();
  if (states == nullptr)
    throw ModelError(problem_.model_info().name, "does not show the hidden states of its layers");
  return states->layer_deviations(problem_.layer_queries());
}

WorkResult failed_result(const WorkItem& item, const std::exception_ptr& error) {
  WorkResult result;
  result.id = item.id;
  try {
    std::rethrow_exception(error);
  } catch (const ModelError& refused) {
    result.error = refused.what();  // what the model cannot take here it can take nowhere
  } catch (const std::exception& failed) {
    result.is_retryable = true;
    result.error = failed.what();
  } catch (...) {
    result.is_retryable = true;
  }
  if (result.error.empty()) result.error = "unknown error";
  return result;
}

void complete_layer_scales(TrialProblem& problem, LanguageModel& model) {
  if (!problem.needs_layer_scales()) return;
  problem.set_layer_scales(TrialEvaluator(problem, model).measure_layers().deviations);
}

}  // namespace bbprompt
