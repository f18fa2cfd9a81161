#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/explain/explanation.hpp"
#include "bbprompt/task/metric.hpp"
#include "bbprompt/task/split_score.hpp"
#include "explain/prompt_parts.hpp"

namespace bbprompt {
namespace {

// A prompt on the split.
struct Scored {
  RowMatrixXd label_scores;  // before calibration
  PromptScore score;
  std::vector<std::int32_t> predicted;
};

class Explainer {
 public:
  Explainer(const TrialRecord& record, TrialEvaluator& evaluator, const ExplainOptions& options)
      : record_(record),
        evaluator_(evaluator),
        problem_(evaluator.problem()),
        options_(options),
        parts_(record.best.prompt, evaluator.problem().prompt_space()),
        gold_(evaluator.problem().gold(options.split)) {
    if (record.position_shares.size() > 0 &&
        (record.position_shares.rows() != static_cast<Eigen::Index>(parts_.parts().size()) ||
         record.position_shares.cols() !=
             static_cast<Eigen::Index>(parts_.option_texts().size()))) {
      throw Error("trial " + record.id +
                  ": expected shares of candidates for each position of its prompt, found others");
    }
  }

  Explanation run() {
    describe();
    plan();
    whole_ = score(parts_.whole());
    result_.whole = whole_.score;
    const auto stored = record_.best.splits.find(result_.split);
    if (stored != record_.best.splits.end()) {
      result_.num_unlike_record = count_differences(stored->second.predicted);
    }
    add_baseline();
    for (std::size_t i = 0; i < parts_.parts().size(); ++i) add_part(i);
    return std::move(result_);
  }

 private:
  void describe() {
    result_.trial = record_.id;
    result_.task = record_.task;
    result_.method = record_.method;
    result_.seed = record_.seed;
    result_.kind = record_.best.prompt.kind;
    result_.prompt = record_.best.prompt.text;
    result_.split = to_string(options_.split);
    result_.metric = record_.metric;
    result_.objective = record_.objective;
    result_.labels = record_.labels;
    result_.is_calibrated = problem_.is_calibrated();
    result_.num_examples = static_cast<std::int64_t>(gold_.size());
  }

  // Which candidates replace each part, and how many prompts that makes.
  void plan() {
    num_prompts_ = 1 + parts_.parts().size() + (manual() == nullptr ? 1 : 0);
    for (std::size_t i = 0; i < parts_.parts().size(); ++i) {
      replacements_.push_back(choose_replacements(i));
      num_prompts_ += replacements_.back().size();
    }
  }

  [[nodiscard]] const SplitEvaluation* manual() const {
    const auto found = record_.manual.splits.find(to_string(options_.split));
    return found == record_.manual.splits.end() ? nullptr : &found->second;
  }

  [[nodiscard]] double share(std::size_t part, int candidate) const {
    if (record_.position_shares.size() == 0 || candidate < 0) {
      return std::numeric_limits<double>::quiet_NaN();
    }
    return record_.position_shares(static_cast<Eigen::Index>(part), candidate);
  }

  [[nodiscard]] PartAlternative alternative(std::size_t part, int candidate) const {
    return {parts_.option_texts().at(static_cast<std::size_t>(candidate)), share(part, candidate)};
  }

  // Candidates of the search's last distribution at the position but the part's own, most frequent
  // first, equal ones in the order of the list.
  [[nodiscard]] std::vector<int> frequent_candidates(std::size_t part) const {
    std::vector<int> found;
    if (record_.position_shares.size() == 0) return found;
    for (int c = 0; c < static_cast<int>(parts_.option_texts().size()); ++c) {
      if (c != parts_.parts()[part].choice && share(part, c) > 0.0) found.push_back(c);
    }
    std::stable_sort(found.begin(), found.end(),
                     [&](int a, int b) { return share(part, a) > share(part, b); });
    return found;
  }

  [[nodiscard]] std::vector<int> choose_replacements(std::size_t part) const {
    const auto num_wanted = static_cast<std::size_t>(std::max(0, options_.num_replacements));
    std::vector<int> chosen = frequent_candidates(part);
    if (chosen.size() > num_wanted) chosen.resize(num_wanted);
    std::vector<int> rest;
    for (int c = 0; c < static_cast<int>(parts_.option_texts().size()); ++c) {
      const bool is_taken = std::find(chosen.begin(), chosen.end(), c) != chosen.end();
      if (!is_taken && c != parts_.parts()[part].choice) rest.push_back(c);
    }
    const std::size_t num_more = std::min(num_wanted - chosen.size(), rest.size());
    for (std::size_t i = 0; i < num_more; ++i) chosen.push_back(rest[i * rest.size() / num_more]);
    return chosen;
  }

  RowMatrixXd ask(const Prompt& prompt, Split split) {
    Evaluation evaluation = evaluator_.evaluate(prompt, split);
    result_.usage += evaluation.usage;
    return std::move(evaluation.label_scores);
  }

  Scored score(const Prompt& prompt) {
    Scored scored;
    scored.label_scores = ask(prompt, options_.split);
    Eigen::VectorXd offsets = Eigen::VectorXd::Zero(scored.label_scores.cols());
    if (problem_.is_calibrated()) {
      offsets = label_means(options_.split == Split::kTrain ? scored.label_scores
                                                            : ask(prompt, Split::kTrain));
    }
    SplitScore split = score_split(scored.label_scores, gold_, problem_.objective(), offsets);
    scored.predicted = std::move(split.predicted);
    scored.score = {.loss = split.loss, .metric = metric_of(scored.predicted)};
    ++num_done_;
    if (options_.on_progress) options_.on_progress(num_done_, num_prompts_);
    return scored;
  }

  [[nodiscard]] double metric_of(const std::vector<std::int32_t>& predicted) const {
    const auto confusion =
        count_confusion(gold_, predicted, static_cast<int>(record_.labels.size()));
    return metric_value(problem_.spec().task.metric, confusion);
  }

  [[nodiscard]] std::int64_t count_differences(const std::vector<std::int32_t>& predicted) const {
    std::int64_t count = 0;
    for (std::size_t i = 0; i < whole_.predicted.size(); ++i) {
      if (i >= predicted.size() || predicted[i] != whole_.predicted[i]) ++count;
    }
    return count;
  }

  void add_baseline() {
    if (const SplitEvaluation* stored = manual()) {
      result_.baseline = Baseline::kManual;
      result_.baseline_score = {.loss = stored->loss, .metric = stored->metric};
      add_turned(stored->predicted);
      return;
    }
    const Scored scored = score(PromptText{});
    result_.baseline = Baseline::kNoPrompt;
    result_.baseline_score = scored.score;
    add_turned(scored.predicted);
  }

  void add_turned(const std::vector<std::int32_t>& before) {
    const auto examples = problem_.examples(options_.split);
    for (std::size_t i = 0; i < examples.size(); ++i) {
      const bool was_right = before.at(i) == gold_[i];
      const bool is_right = whole_.predicted[i] == gold_[i];
      if (was_right == is_right) continue;
      auto& turned = is_right ? result_.turned_right : result_.turned_wrong;
      turned.push_back({.row = examples[i].row,
                        .text_a = examples[i].text_a,
                        .text_b = examples[i].text_b,
                        .gold = gold_[i],
                        .before = before[i],
                        .after = whole_.predicted[i]});
    }
  }

  void add_part(std::size_t index) {
    const PromptPart& part = parts_.parts()[index];
    PartExplanation explanation;
    explanation.text = part.text;
    explanation.share = share(index, part.choice);
    const Scored without = score(part.without);
    explanation.without = without.score;
    explanation.label_shift = label_means(whole_.label_scores) - label_means(without.label_scores);
    for (const int candidate : replacements_[index]) {
      explanation.replacements.push_back({.candidate = alternative(index, candidate),
                                          .score = score(parts_.replaced(index, candidate)).score});
    }
    std::vector<int> frequent = frequent_candidates(index);
    const auto num_listed = static_cast<std::size_t>(std::max(0, options_.num_alternatives));
    if (frequent.size() > num_listed) frequent.resize(num_listed);
    for (const int c : frequent) explanation.alternatives.push_back(alternative(index, c));
    result_.parts.push_back(std::move(explanation));
  }

  const TrialRecord& record_;
  TrialEvaluator& evaluator_;
  const TrialProblem& problem_;
  const ExplainOptions& options_;
  PromptParts parts_;
  std::vector<std::int32_t> gold_;
  std::vector<std::vector<int>> replacements_;  // per part
  std::size_t num_prompts_ = 0;
  std::size_t num_done_ = 0;
  Scored whole_;
  Explanation result_;
};

}  // namespace

Explanation explain(const TrialRecord& record, TrialEvaluator& evaluator,
                    const ExplainOptions& options) {
  if (record.best.prompt.point.empty()) {
    throw Error("trial " + record.id + " has no prompt to explain (it is " +
                to_string(record.state) + ")");
  }
  return Explainer(record, evaluator, options).run();
}

}  // namespace bbprompt
