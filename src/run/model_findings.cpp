#include "bbprompt/run/model_findings.hpp"

#include <nlohmann/json.hpp>

#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/json.hpp"
#include "bbprompt/base/log.hpp"
#include "bbprompt/base/regular_file.hpp"
#include "bbprompt/base/sha256.hpp"
#include "bbprompt/config/setting_place.hpp"
#include "bbprompt/task/objective.hpp"

namespace bbprompt {
namespace {

constexpr auto kFile = "models.json";

// Findings by the fingerprint of the model's view.
std::map<std::string, std::string> read_known(const std::filesystem::path& file) {
  std::map<std::string, std::string> known;
  if (!std::filesystem::exists(file)) return known;
  try {
    const nlohmann::json all = parse_json(read_regular_file(file));
    for (const auto& [fingerprint, findings] : all.items()) known[fingerprint] = findings.dump();
  } catch (const std::exception& problem) {
    throw StoreError(file.string(),
                     std::string("expected what is known of the run's models: ") + problem.what());
  }
  return known;
}

void write_known(const std::filesystem::path& file,
                 const std::map<std::string, std::string>& known) {
  nlohmann::json all = nlohmann::json::object();
  for (const auto& [fingerprint, findings] : known)
    all[fingerprint] = nlohmann::json::parse(findings);
  replace_file(file, all.dump(2) + "\n");
}

// Empty for a model that needs no probe.
std::string find_out(const ModelOptions& model, ModelPool& models,
                     std::map<std::string, std::string>& known, const std::filesystem::path& file) {
  const LanguageModelInfo& info = models.view(model)->info();
  const auto found = known.find(info.fingerprint);
  if (found != known.end()) return found->second;
  const ModelProbe probe = models.probe(model);
  if (probe.findings.empty()) return {};
  for (const std::string& line : probe.lines) logger()->info("model {}: {}", info.name, line);
  known[info.fingerprint] = probe.findings;
  write_known(file, known);
  return probe.findings;
}

}  // namespace

ModelFindings::ModelFindings(const SweepPlan& plan, ModelPool& models,
                             const std::filesystem::path& folder)
    : folder_(std::filesystem::absolute(folder)) {
  const std::filesystem::path file = folder / kFile;
  std::map<std::string, std::string> known = read_known(file);
  for (const TrialSpec& trial : plan.trials) {
    const ModelOptions& model = trial.spec.model;
    const auto [entry, is_new] = findings_.try_emplace(ModelIdentity(model));
    if (is_new) entry->second = find_out(model, models, known, file);
    check_objective(trial.spec, entry->second);
  }
}

void check_objective(const ExperimentSpec& spec, const std::string& findings) {
  if (gives_scores(findings) || spec.objective.kind == ObjectiveKind::kErrorRate) return;
  throw ConfigError(place_of(spec, "objective.kind"),
                    "expected error_rate, as this server gives the generated word alone and no "
                    "scores, found " +
                        to_string(spec.objective.kind));
}

std::string ModelFindings::of(const ModelOptions& model) const {
  const auto found = findings_.find(ModelIdentity(model));
  return found == findings_.end() ? std::string() : found->second;
}

std::string ModelFindings::journal(const ModelOptions& model) const {
  if (of(model).empty()) return {};
  return (folder_ / "requests" / sha256_hex(of(model)).substr(0, 12)).string();
}

}  // namespace bbprompt
