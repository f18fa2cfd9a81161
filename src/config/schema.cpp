#include "config/schema.hpp"

#include <map>
#include <type_traits>

namespace bbprompt {
namespace {

constexpr auto kRequired = Presence::kRequired;
constexpr double kMany = 1e9;
constexpr double kLargest = 1e300;

constexpr SchemaRow kFirstRows[] = {
    {.key = "name",
     .field = [](ConfigFields& f) -> FieldRef {
       return TextField{&f.spec.name, TextField::Rule::kName};
     },
     .presence = kRequired,
     .meaning = "name of the experiment"},
    {.key = "profile",
     .field = [](ConfigFields& f) -> FieldRef { return TextField{&f.profile}; },
     .meaning = "which of `profiles` to use; empty: none"},
    {.key = "profiles",
     .field = [](ConfigFields&) -> FieldRef { return SweepField{kNamedSettings}; },
     .meaning = "named settings, such as budgets, that replace those of the file"},

};

constexpr SchemaRow kRowsBeforePrompt[] = {
    {.key = "task.name",
     .field = [](ConfigFields& f) -> FieldRef {
       return TextField{&f.spec.task.name, TextField::Rule::kName};
     },
     .presence = kRequired,
     .meaning = "name of the task, part of the trial's id"},
    {.key = "task.train",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.task.train; },
     .presence = kRequired,
     .meaning = "file the few-shot train split is drawn from"},
    {.key = "task.dev",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.task.dev; },
     .meaning = "file the few-shot dev split is drawn from; empty: `task.train`, the rest of it"},
    {.key = "task.test",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.task.test; },
     .presence = kRequired,
     .meaning = "file the prompts are tested on"},
    {.key = "task.columns.text_a",
     .field = [](ConfigFields& f) -> FieldRef {
       return TextField{&f.spec.task.text_a, TextField::Rule::kFilled};
     },
     .meaning = "column of the text"},
    {.key = "task.columns.text_b",
     .field = [](ConfigFields& f) -> FieldRef { return TextField{&f.spec.task.text_b}; },
     .meaning = "column of the second text; empty: single texts"},
    {.key = "task.columns.label",
     .field = [](ConfigFields& f) -> FieldRef {
       return TextField{&f.spec.task.label, TextField::Rule::kFilled};
     },
     .meaning = "column of the label"},
    {.key = "task.header",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.task.has_header; },
     .meaning = "whether .csv and .tsv files begin with a line of column names; without one the "
                "columns are called 1, 2, ..."},
    {.key = "task.quoting",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.task.quoting; },
     .choices = {"auto", "quoted", "none"},
     .meaning = "quotes in .csv and .tsv files: around fields, ordinary characters, or (auto) as "
                "the file looks"},
    {.key = "task.template",
     .field = [](ConfigFields& f) -> FieldRef {
       return TemplateField{&f.spec.task.template_text, &f.spec.task.causal_template};
     },
     .presence = kRequired,
     .meaning =
         "pattern around the texts, such as `\"{prompt} {text_a} It was {mask}.\"`; `masked` "
         "and `causal`: one for models that fill a mask and one, with `{mask}` at its end, "
         "for models that continue the text"},
    {.key = "task.manual_prompt",
     .field = [](ConfigFields& f) -> FieldRef { return TextField{&f.spec.task.manual_prompt}; },
     .meaning = "text put at `{prompt}` for the manual baseline"},
    {.key = "task.labels",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.task.labels; },
     .presence = kRequired,
     .meaning = "label names of the data in the order of their indices, each with a word or a list "
                "of words; the score of several words is their mean"},
    {.key = "task.metric",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.task.metric; },
     .choices = {"accuracy", "macro_f1", "binary_f1", "matthews"},
     .meaning = "what dev selection and the tables report; `binary_f1`: of the second label"},
    {.key = "task.max_field_tokens",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.task.max_field_tokens; },
     .limits = {0, kMany},
     .meaning = "each text is first cut to this many tokens; 0: not cut"},

    {.key = "few_shot.train_per_class",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.few_shot.train_per_class; },
     .limits = {1, 1e6},
     .meaning = "train examples per label"},
    {.key = "few_shot.dev_per_class",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.few_shot.dev_per_class; },
     .limits = {1, 1e6},
     .meaning = "dev examples per label"},
    {.key = "few_shot.max_test",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.few_shot.max_test; },
     .limits = {0, kMany},
     .meaning = "number of rows of the test file to use, spread evenly over it; 0: all"},
};

constexpr SchemaRow kRowsAfterPrompt[] = {
    {.key = "objective.kind",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.objective.kind; },
     .choices = {"cross_entropy", "hinge", "error_rate", "released_hinge"},
     .meaning = "the fitness of a candidate on the train split; `released_hinge`: with the wrong "
                "sign of BDPL's released code, to show it"},
    {.key = "objective.margin",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.objective.margin; },
     .limits = {0, 1e6, true},
     .meaning = "margin of `hinge` and `released_hinge`"},
    {.key = "scoring.calibration",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.scoring.calibration; },
     .choices = {"none", "few_shot"},
     .meaning =
         "`few_shot`: the mean score of each label on the few-shot train split is subtracted "
         "from its scores, per prompt, in search, selection and test"},

    {.key = "optimizer.kind",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.optimizer.kind; },
     .choices = {"cma_es", "random_search", "policy_gradient", "cat_cma"},
     .meaning = "which of the sections below is used; the last two search prompts whose "
                "coordinates are all categories"},
    {.key = "optimizer.cma_es.covariance",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.optimizer.cma_es.covariance; },
     .choices = {"full", "separable"},
     .meaning = "`separable`: the diagonal only"},
    {.key = "optimizer.cma_es.population_size",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.optimizer.cma_es.population_size; },
     .limits = {0, 1e5},
     .meaning = "candidates per generation, at least 2; 0: floor(4 + 3 ln N)"},
    {.key = "optimizer.cma_es.sigma",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.optimizer.cma_es.sigma; },
     .limits = {0, 1e6, true},
     .meaning = "initial step size; in quarters of the number of categories "
                "where a coordinate is one of them"},
    {.key = "optimizer.cma_es.active",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.optimizer.cma_es.is_active; },
     .meaning = "learn from bad candidates too (negative weights)"},
    {.key = "optimizer.cma_es.tol_fun",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.optimizer.cma_es.tol_fun; },
     .limits = {0, kLargest},
     .meaning = "stop: spread of recent fitness below this; 0 switches this rule off, as it does "
                "the next ones"},
    {.key = "optimizer.cma_es.tol_fun_hist",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.optimizer.cma_es.tol_fun_hist; },
     .limits = {0, kLargest},
     .meaning = "stop: spread of the best fitness of recent generations below this"},
    {.key = "optimizer.cma_es.tol_x",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.optimizer.cma_es.tol_x; },
     .limits = {0, kLargest},
     .meaning = "stop: steps in every coordinate below this"},
    {.key = "optimizer.cma_es.tol_fac_up_x",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.optimizer.cma_es.tol_fac_up_x; },
     .limits = {0, kLargest},
     .meaning = "stop: a step grew by more than this factor"},
    {.key = "optimizer.cma_es.tol_up_sigma",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.optimizer.cma_es.tol_up_sigma; },
     .limits = {0, kLargest},
     .meaning = "stop: step size grew by more than this over the longest axis"},
    {.key = "optimizer.cma_es.tol_condition_cov",
     .field = [](ConfigFields& f) -> FieldRef {
       return &f.spec.optimizer.cma_es.tol_condition_cov;
     },
     .limits = {0, kLargest},
     .meaning = "stop: condition number of the covariance matrix above this"},
    {.key = "optimizer.cma_es.tol_flat_fitness",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.optimizer.cma_es.tol_flat_fitness; },
     .limits = {0, kMany},
     .meaning = "stop: this many generations in a row with equal fitness; 0: never"},
    {.key = "optimizer.cma_es.stagnation_stop",
     .field = [](ConfigFields& f) -> FieldRef {
       return &f.spec.optimizer.cma_es.is_stagnation_stop;
     },
     .meaning = "stop: medians of the fitness no longer fall"},
    {.key = "optimizer.cma_es.max_iterations",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.optimizer.cma_es.max_iterations; },
     .limits = {0, 1e12},
     .meaning = "stop: generations; 0: 100 + 150 (N + 3)^2 / sqrt(population)"},
    {.key = "optimizer.cma_es.target",
     .field = [](ConfigFields& f) -> FieldRef {
       return OptionalReal{&f.spec.optimizer.cma_es.target, &f.spec.optimizer.cma_es.has_target};
     },
     .limits = {-kLargest, kLargest},
     .meaning = "stop: fitness at or below this"},
    {.key = "optimizer.cma_es.restarts",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.optimizer.cma_es.restarts; },
     .choices = {"none", "ipop", "bipop"},
     .meaning = "when a stop rule holds, start anew: `ipop` with twice the population; `bipop` in "
                "turns that or with a small population and step size"},
    {.key = "optimizer.cma_es.max_restarts",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.optimizer.cma_es.max_restarts; },
     .limits = {0, 1000},
     .meaning = "restarts with twice the population, at most"},
    {.key = "optimizer.cma_es.per_block",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.optimizer.cma_es.is_per_block; },
     .meaning = "one CMA-ES for each block of a prompt that has several (one per layer), in turns; "
                "`false`: one over all of them"},
    {.key = "optimizer.random_search.population_size",
     .field = [](ConfigFields& f) -> FieldRef {
       return &f.spec.optimizer.random_search.population_size;
     },
     .limits = {2, 1e5},
     .meaning = "candidates per generation"},
    {.key = "optimizer.random_search.sigma",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.optimizer.random_search.sigma; },
     .limits = {0, 1e6, true},
     .meaning = "standard deviation of candidates around the start"},
    {.key = "optimizer.policy_gradient.variant",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.optimizer.policy_gradient.variant; },
     .choices = {"corrected", "released"},
     .meaning = "`released`: as the published program of the method, with its defects"},
    {.key = "optimizer.policy_gradient.population_size",
     .field = [](ConfigFields& f) -> FieldRef {
       return &f.spec.optimizer.policy_gradient.population_size;
     },
     .limits = {2, 1e5},
     .meaning = "candidates per generation"},
    {.key = "optimizer.policy_gradient.rule",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.optimizer.policy_gradient.rule; },
     .choices = {"adamw", "sgd"},
     .meaning = "how a gradient becomes a step"},
    {.key = "optimizer.policy_gradient.learning_rate",
     .field = [](ConfigFields& f) -> FieldRef {
       return &f.spec.optimizer.policy_gradient.learning_rate;
     },
     .limits = {0, 1e6},
     .meaning = "0: `corrected` 0.01 with `adamw`, 0.003 with `sgd`; `released` 0.0001"},
    {.key = "optimizer.policy_gradient.weight_decay",
     .field = [](ConfigFields& f) -> FieldRef {
       return &f.spec.optimizer.policy_gradient.weight_decay;
     },
     .limits = {0, 1e6},
     .meaning = "share of the probabilities taken off per step, times the learning rate"},
    {.key = "optimizer.policy_gradient.clip",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.optimizer.policy_gradient.clip; },
     .limits = {0, kLargest},
     .meaning = "largest norm of the gradient; 0: any"},
    {.key = "optimizer.policy_gradient.min_probability",
     .field = [](ConfigFields& f) -> FieldRef {
       return &f.spec.optimizer.policy_gradient.min_probability;
     },
     .limits = {0, 1, true},
     .meaning = "`corrected`: least probability of a category, relative to a uniform one"},
    {.key = "optimizer.cat_cma.population_size",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.optimizer.cat_cma.population_size; },
     .limits = {0, 1e5},
     .meaning = "candidates per generation, at least 2; 0: 4 + floor(3 ln n)"},

    {.key = "budget.evaluations",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.budget.evaluations; },
     .limits = {0, 1e15},
     .meaning = "limit of the search: candidates, those answered from the cache included; 0: no "
                "such limit. One of the four limits must be set; all hold"},
    {.key = "budget.queries",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.budget.queries; },
     .limits = {0, 1e15},
     .meaning = "limit of the search: one example with one prompt each"},
    {.key = "budget.calls",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.budget.calls; },
     .limits = {0, 1e15},
     .meaning = "limit of the search: requests to the model, one per work item"},
    {.key = "budget.tokens",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.budget.tokens; },
     .limits = {0, 1e15},
     .meaning = "limit of the search: tokens sent to the model"},

    {.key = "selection.rule",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.selection.rule; },
     .choices = {"dev_best", "dev_loss", "last", "train_dev_loss", "train_loss"},
     .meaning =
         "which prompt is tested. `dev_best`: the best dev metric, then the lowest dev loss, "
         "then the earliest; `dev_loss`: the lowest dev loss, then the best dev metric, then the "
         "earliest; `last`: the optimizer's last favourite, as BDPL's released code does; "
         "`train_dev_loss`: the lowest sum of train and dev loss; `train_loss`: the lowest train "
         "loss"},
    {.key = "selection.every",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.selection.every; },
     .limits = {1, kMany},
     .meaning = "generations between dev evaluations of the best candidate so far"},
    {.key = "manual_baseline",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.is_manual_scored; },
     .meaning = "score the manual prompt at the end of every trial too"},
    {.key = "shard_size",
     .field = [](ConfigFields& f) -> FieldRef { return &f.spec.shard_size; },
     .limits = {1, 1e6},
     .meaning = "examples per work item; sums run over shards, so it is part of the trial's id"},
    {.key = "seeds",
     .field = [](ConfigFields& f) -> FieldRef { return &f.seeds; },
     .meaning = "one trial of each configuration per seed"},
    {.key = "data_folder",
     .field = [](ConfigFields& f) -> FieldRef { return &f.data_folder; },
     .meaning =
         "folder that paths written `data:...` lie below, relative to the working directory; "
         "empty: the environment variable `BBPROMPT_DATA`, else `data`"},

    {.key = "output.folder",
     .field = [](ConfigFields& f) -> FieldRef { return &f.output.folder; },
     .meaning = "run folder, relative to the working directory; empty: `out/NAME`"},
    {.key = "output.checkpoint_every",
     .field = [](ConfigFields& f) -> FieldRef { return &f.output.checkpoint_every; },
     .limits = {1, kMany},
     .meaning = "generations between checkpoints of a trial"},

    {.key = "failures.policy",
     .field = [](ConfigFields& f) -> FieldRef { return &f.failures.policy; },
     .choices = {"worst_fitness", "fail_trial"},
     .meaning = "what an evaluation that failed at every attempt does: make its candidate the "
                "worst of its generation, or end its trial as failed. A failed final evaluation "
                "always fails the trial"},
    {.key = "failures.max_attempts",
     .field = [](ConfigFields& f) -> FieldRef { return &f.failures.max_attempts; },
     .limits = {1, 100},
     .meaning = "attempts per work item, each on another worker where there is one; like "
                "`failures.policy` not part of the trial's id"},
};

bool has_prefix(std::string_view key, std::string_view prefix) {
  return prefix.empty() || (key.size() > prefix.size() && key[prefix.size()] == '.' &&
                            key.substr(0, prefix.size()) == prefix);
}

// Row of every key; null for a section.
const std::map<std::string_view, const SchemaRow*>& index() {
  static const auto kIndex = [] {
    std::map<std::string_view, const SchemaRow*> rows{{"", nullptr}};
    for (const SchemaRow& row : schema()) {
      rows[row.key] = &row;
      for (auto dot = row.key.find('.'); dot != row.key.npos; dot = row.key.find('.', dot + 1)) {
        rows[row.key.substr(0, dot)] = nullptr;
      }
    }
    return rows;
  }();
  return kIndex;
}

}  // namespace

std::span<const SchemaRow> schema() {
  static const std::vector<SchemaRow> kRows = [] {
    const std::span<const SchemaRow> prompt = prompt_rows();
    const std::span<const SchemaRow> model = model_rows();
    std::vector<SchemaRow> rows(std::begin(kFirstRows), std::end(kFirstRows));
    rows.insert(rows.end(), model.begin(), model.end());
    rows.insert(rows.end(), std::begin(kRowsBeforePrompt), std::end(kRowsBeforePrompt));
    rows.insert(rows.end(), prompt.begin(), prompt.end());
    rows.insert(rows.end(), std::begin(kRowsAfterPrompt), std::end(kRowsAfterPrompt));
    const std::span<const SchemaRow> sweep = sweep_rows();
    rows.insert(rows.end(), sweep.begin(), sweep.end());
    return rows;
  }();
  return kRows;
}

const SchemaRow* find_row(std::string_view key) {
  const auto found = index().find(key);
  return found == index().end() ? nullptr : found->second;
}

bool is_for(const SchemaRow& row, ModelKind kind) {
  return row.model_kind.empty() || row.model_kind == kModelKinds[static_cast<std::size_t>(kind)];
}

bool is_section(std::string_view prefix) {
  const auto found = index().find(prefix);
  return found != index().end() && found->second == nullptr;
}

Numbers numbers_of(const SchemaRow& row) {
  ConfigFields fields;
  return std::visit(
      [](auto field) {
        using Field = decltype(field);
        if (std::is_same_v<Field, int*> || std::is_same_v<Field, std::int64_t*>) {
          return Numbers::kWhole;
        }
        const bool is_real = std::is_same_v<Field, double*> || std::is_same_v<Field, OptionalReal>;
        return is_real ? Numbers::kAll : Numbers::kNone;
      },
      row.field(fields));
}

std::string join_key(std::string_view prefix, std::string_view key) {
  return prefix.empty() ? std::string(key) : std::string(prefix) + '.' + std::string(key);
}

bool overlaps(std::string_view a, std::string_view b) {
  return a == b || has_prefix(a, b) || has_prefix(b, a);
}

}  // namespace bbprompt
