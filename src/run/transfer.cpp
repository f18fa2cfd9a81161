#include "bbprompt/run/transfer.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/report/summary.hpp"
#include "bbprompt/store/plan_file.hpp"
#include "bbprompt/store/run_files.hpp"

namespace bbprompt {
namespace fs = std::filesystem;
namespace {

// The trials of one task and method.
struct Source {
  std::string task;
  std::string method;
  const TrialRecord* best = nullptr;  // null: none is done
};

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Methods by what their trials say: a failed trial may have no prompt to tell by.
std::vector<std::string> discrete_methods(const Results& results) {
  std::vector<std::string> names;
  for (const TrialRecord& trial : results.trials) {
    if (trial.best.prompt.kind == PromptRecord::Kind::kDiscrete && !contains(names, trial.method)) {
      names.push_back(trial.method);
    }
  }
  return names;
}

std::vector<Source> sources_of(const Results& results, const std::vector<std::string>& methods) {
  std::vector<Source> sources;
  for (const TrialRecord& trial : results.trials) {
    if (!contains(methods, trial.method)) continue;
    auto found = std::find_if(sources.begin(), sources.end(), [&](const Source& source) {
      return source.task == trial.task && source.method == trial.method;
    });
    if (found == sources.end()) {
      found = sources.insert(sources.end(), {.task = trial.task, .method = trial.method});
    }
    if (trial.state != TrialState::kDone || trial.best.prompt.kind != PromptRecord::Kind::kDiscrete)
      continue;
    if (found->best == nullptr || is_better_on_dev(trial, *found->best)) found->best = &trial;
  }
  return sources;
}

Results read_finished(const fs::path& run) {
  if (!fs::exists(run))
    throw Error("expected the folder of a finished run, found nothing at " + run.string());
  if (fs::is_directory(run) && !fs::exists(results_path(run))) {
    throw Error("expected a finished run, but " + run.string() + " has no " +
                results_path(run).filename().string() + "; run it to its end first");
  }
  return read_run(run);
}

template <typename Read>
ConfigDocument with_prompts_of(const SweepDocument& document, const Read& read) {
  const ConfigNode& root = document.document.root;
  std::vector<PromptVariant> variants;
  try {
    variants = transferred_prompts(read(), document.sweep.prompts_from.methods);
  } catch (const Error& error) {
    const ConfigNode* sweep = root.find("sweep");
    const ConfigNode* node = sweep == nullptr ? nullptr : sweep->find("prompts_from");
    fail_config(node == nullptr ? root.position : node->position, "sweep.prompts_from",
                error.what());
  }
  return with_prompt_variants(document.document, variants);
}

// The records of the plan's trials, if each is done there with the same settings.
std::optional<Results> all_done(const SweepPlan& plan, const fs::path& folder) {
  const auto stored = read_plan(folder);
  if (!stored || !has_finished_trials(folder)) return std::nullopt;
  std::map<std::string_view, std::string_view> hashes;
  for (const PlannedTrial& trial : stored->trials) hashes.emplace(trial.id, trial.config_hash);
  Results results = read_run(folder);
  std::map<std::string_view, TrialRecord*> records;
  for (TrialRecord& trial : results.trials) records.emplace(trial.id, &trial);
  Results done{.run = std::move(results.run), .trials = {}};
  for (const TrialSpec& trial : plan.trials) {
    const auto hash = hashes.find(trial.id);
    const auto record = records.find(trial.id);
    if (hash == hashes.end() || hash->second != trial.config_hash || record == records.end() ||
        record->second->state != TrialState::kDone) {
      return std::nullopt;
    }
    done.trials.push_back(std::move(*record->second));
  }
  return done;
}

}  // namespace

std::vector<PromptVariant> transferred_prompts(const Results& results,
                                               const std::vector<std::string>& methods) {
  const auto known = discrete_methods(results);
  if (known.empty()) throw Error("expected learned discrete prompts in the run, found none");
  for (const std::string& method : methods) {
    if (contains(known, method)) continue;
    std::string names;
    for (const auto& name : known) names.append(names.empty() ? "" : ", ").append(name);
    std::string problem = "expected a method with discrete prompts, found \"";
    throw Error(problem.append(method).append("\"; the run has: ").append(names));
  }
  const auto& chosen = methods.empty() ? known : methods;
  std::vector<PromptVariant> variants;
  for (const Source& source : sources_of(results, chosen)) {
    if (source.best == nullptr) {
      throw Error("expected a finished trial of task " + source.task + " and method " +
                  source.method + " in that run, found none; choose other methods");
    }
    const PromptRecord& prompt = source.best->best.prompt;
    variants.push_back(
        {.name = "from-" + source.task + (chosen.size() > 1 ? "-" + source.method : std::string()),
         .text = prompt.text,
         .tokens = prompt.tokens});
  }
  return variants;
}

ConfigDocument with_transferred_prompts(const SweepDocument& document) {
  const PromptSource& source = document.sweep.prompts_from;
  if (source.own_run) return with_prompt_variants(document.document, {});
  if (source.run.empty()) return document.document;
  return with_prompts_of(document, [&] { return read_finished(source.run); });
}

SweepPlan first_plan(const SweepDocument& document) {
  const PromptSource& source = document.sweep.prompts_from;
  if (!source.is_given()) return expand(document);
  SweepPlan plan = expand(with_transferred_prompts(document));
  if (source.own_run) plan.config_resolved = resolved_yaml(document.document);
  return plan;
}

SweepPlan load_plan(const fs::path& path, std::span<const std::string> overrides) {
  return first_plan(SweepDocument(load_config(path, overrides)));
}

std::optional<SweepPlan> plan_with_own_prompts(const SweepDocument& document,
                                               const SweepPlan& first, const fs::path& folder) {
  if (!document.sweep.prompts_from.own_run) return std::nullopt;
  auto learned = all_done(first, folder);
  if (!learned) return std::nullopt;
  return expand(with_prompts_of(document, [&] { return std::move(*learned); }));
}

}  // namespace bbprompt
