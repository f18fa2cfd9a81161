#include "bbprompt/run/trial_evaluator.hpp"

#include <algorithm>
#include <string>

#include "bbprompt/base/error.hpp"

namespace bbprompt {

namespace {

// An item of a lost model is not given out again before the run has stopped.
constexpr double kLostSeconds = 3600.0;

}  // namespace

std::span<const Example> TrialEvaluator::asked(const WorkItem& item,
                                               std::vector<Example>& picked) const {
  const auto all = problem_.examples(item.split);
  if (item.begin < 0 || item.end > static_cast<std::int64_t>(all.size()) ||
      item.begin >= item.end) {
    throw Error("work item outside its split: the ranks read different data");
  }
  const auto shard = all.subspan(static_cast<std::size_t>(item.begin),
                                 static_cast<std::size_t>(item.end - item.begin));
  if (item.only.empty()) return shard;
  for (const std::int32_t example : item.only)
    picked.push_back(shard[static_cast<std::size_t>(example)]);
  return picked;
}

std::vector<Query> TrialEvaluator::queries(const WorkItem& item) const {
  std::vector<Example> picked;
  const auto examples = asked(item, picked);
  if (item.kind == WorkItem::Kind::kManual)
    return problem_.queries(PromptText{problem_.spec().task.manual_prompt}, examples);
  if (problem_.needs_layer_scales())
    throw Error("a deep prompt cannot be asked before its layers are scaled");
  return problem_.queries(problem_.prompt_space().decode(item.point), examples);
}

const std::vector<Answer>& TrialEvaluator::answers() const {
  return problem_.verbalizer().answers();
}

WorkResult TrialEvaluator::result(const WorkItem& item, const AnswerScores& answers) const {
  std::vector<Example> picked;
  const Evaluation evaluation = evaluation_of(answers, problem_.verbalizer(), asked(item, picked));
  WorkResult result;
  result.id = item.id;
  result.usage = evaluation.usage;
  if (evaluation.is_complete()) {
    result.state = WorkResult::State::kScored;
  } else {
    result.fail(evaluation.describe_missing());
    result.is_retryable = evaluation.missing_are == UnknownScores::kFailed;
    if (evaluation.missing_are == UnknownScores::kNotYet) {
      result.state = WorkResult::State::kDeferred;
      result.retry_after_seconds = evaluation.retry_after_seconds;
    }
  }
  auto missing = evaluation.missing.begin();
  for (std::size_t i = 0; i < static_cast<std::size_t>(evaluation.label_scores.rows()); ++i) {
    const auto example = item.only.empty() ? static_cast<std::int32_t>(i) : item.only[i];
    if (missing != evaluation.missing.end() && missing->index == i) {
      result.missing.push_back(example);
      ++missing;
      continue;
    }
    const auto row = evaluation.label_scores.row(static_cast<Eigen::Index>(i));
    result.label_scores.insert(result.label_scores.end(), row.begin(), row.end());
  }
  return result;
}

WorkResult TrialEvaluator::layer_scales(const WorkItem& item) {
  const LayerDeviations measured = measure_layers();
  WorkResult result;
  result.id = item.id;
  result.state = WorkResult::State::kScored;
  result.usage = measured.usage;
  result.label_scores = measured.deviations;
  return result;
}

WorkResult TrialEvaluator::run(const WorkItem& item) {
  try {
    if (item.kind == WorkItem::Kind::kLayerScales) return layer_scales(item);
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
  } catch (const ModelLostError& lost) {
    // The item is whole for the run that goes on from the checkpoint.
    result.fail(lost.what());
    result.state = WorkResult::State::kDeferred;
    result.retry_after_seconds = kLostSeconds;
  } catch (const ModelError& refused) {
    result.fail(refused.what());  // what the model cannot take here it can take nowhere
  } catch (const std::exception& failed) {
    result.fail(failed.what());
    result.is_retryable = true;
  } catch (...) {
    result.fail("unknown error");
    result.is_retryable = true;
  }
  return result;
}

void complete_layer_scales(TrialProblem& problem, LanguageModel& model) {
  if (!problem.needs_layer_scales()) return;
  problem.set_layer_scales(TrialEvaluator(problem, model).measure_layers().deviations);
}

}  // namespace bbprompt
