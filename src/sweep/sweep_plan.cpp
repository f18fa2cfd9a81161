#include "bbprompt/sweep/sweep_plan.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/sha256.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/config/data_path.hpp"
#include "bbprompt/config/experiment_yaml.hpp"
#include "bbprompt/config/sweep_spec.hpp"
#include "sweep/trial_id.hpp"

namespace bbprompt {
namespace {

std::string kind_name(PromptKind kind) { return kind == PromptKind::kSoft ? "soft" : "discrete"; }

std::string hash_line(const TrialSpec& trial) { return trial.id + ' ' + trial.config_hash + '\n'; }

// Walks the grid in plan order and collects its trials.
class Expansion {
 public:
  explicit Expansion(const ConfigDocument& document)
      : document_(document),
        sweep_(parse_sweep(document)),
        roots_{.folder = document.folder, .data = find_data_folder(sweep_.data_folder)},
        base_(document.root) {
    if (const auto* node = document.root.find("sweep")) at_ = node->position;
    std::erase_if(base_.entries, [](const ConfigEntry& entry) { return entry.key == "sweep"; });
  }

  SweepPlan run() {
    if (!sweep_.prompts_from.run.empty()) {
      throw Error("sweep.prompts_from must be read before the sweep is expanded");
    }
    check_size();
    if (sweep_.variants.empty()) add_grid(base_, "");
    for (const auto& variant : sweep_.variants) {
      ConfigNode root = base_;
      for (const auto& [key, position, value] : variant.settings) {
        set_config_value(root, key, value, position);
      }
      add_grid(root, variant.name);
    }
    return {.name = sweep_.name,
            .output = sweep_.output,
            .failures = sweep_.failures,
            .folder = std::filesystem::current_path() / roots_.folder,
            .data_folder = roots_.data,
            .trials = std::move(trials_),
            .config_given = document_.given,
            .config_resolved = resolved_yaml(document_),
            .config_hash = hash_.hex_digest()};
  }

 private:
  void check_size() const {
    std::int64_t count = 1;
    const auto multiply = [&](std::size_t factor) {
      if (static_cast<std::int64_t>(factor) > kMaxTrials / count) {
        fail_config(at_, "sweep",
                    "expected at most " + std::to_string(kMaxTrials) + " trials, found more");
      }
      count *= static_cast<std::int64_t>(factor);
    };
    multiply(std::max<std::size_t>(1, sweep_.variants.size()));
    for (const auto& axis : sweep_.axes) multiply(axis.values.size());
    multiply(sweep_.seeds.size());
  }

  // Every combination of axis values, the last axis fastest.
  void add_grid(const ConfigNode& root, const std::string& method) {
    std::vector<std::size_t> chosen(sweep_.axes.size(), 0);
    for (bool is_done = false; !is_done;) {
      add_point(root, method, chosen);
      is_done = true;
      for (std::size_t i = chosen.size(); i-- > 0;) {
        if (++chosen[i] < sweep_.axes[i].values.size()) {
          is_done = false;
          break;
        }
        chosen[i] = 0;
      }
    }
  }

  void add_point(ConfigNode root, const std::string& method,
                 const std::vector<std::size_t>& chosen) {
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const auto& axis = sweep_.axes[i];
      set_config_value(root, axis.key, axis.values[chosen[i]], axis.position);
    }
    TrialSpec trial;
    trial.spec = parse_experiment(root);
    trial.method = method.empty() ? kind_name(trial.spec.prompt.kind) : method;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const auto& axis = sweep_.axes[i];
      trial.axis_values.emplace_back(
          axis.key, axis.key == "task" ? trial.spec.task.name
                                       : config_value_text(axis.key, axis.values[chosen[i]]));
    }
    for (const auto seed : sweep_.seeds) add_trial(trial, seed);
  }

  void add_trial(TrialSpec trial, std::uint64_t seed) {
    trial.seed = trial.spec.seed = seed;
    trial.config_hash = trial_hash(trial.spec);
    trial.id = trial_id(trial.spec, trial.method, trial.config_hash);
    if (!ids_.insert(trial.id).second) {
      fail_config(at_, "sweep",
                  "two trials are equal (" + trial.id +
                      "); every combination must differ in task, method, seed or a setting");
    }
    trial.resolved_yaml = to_yaml(trial.spec);
    trial.spec = with_real_paths(std::move(trial.spec), roots_);
    num_bytes_ += static_cast<std::int64_t>(trial.resolved_yaml.size());
    if (num_bytes_ > kMaxPlanBytes) {
      fail_config(at_, "sweep", "resolved configurations of all trials exceed 512 MiB");
    }
    hash_.update(hash_line(trial));
    trials_.push_back(std::move(trial));
  }

  const ConfigDocument& document_;
  SweepSpec sweep_;
  PathRoots roots_;
  ConfigNode base_;
  ConfigPosition at_;
  std::set<std::string> ids_;
  std::vector<TrialSpec> trials_;
  std::int64_t num_bytes_ = 0;
  Sha256 hash_;
};

}  // namespace

Shard parse_shard(std::string_view text) {
  const auto slash = text.find('/');
  const auto number = [](std::string_view part) {
    int value = 0;
    const auto read = std::from_chars(part.data(), part.data() + part.size(), value);
    const bool is_whole = read.ec == std::errc{} && read.ptr == part.data() + part.size();
    return is_whole ? value : 0;
  };
  const int index = slash == std::string_view::npos ? 0 : number(text.substr(0, slash));
  const int count = slash == std::string_view::npos ? 0 : number(text.substr(slash + 1));
  if (index < 1 || count < 1 || index > count) {
    throw UsageError("--shard: expected I/N with 1 <= I <= N, such as 2/4, found \"" +
                     printable(text, 40) + "\"");
  }
  return {.index = index - 1, .count = count};
}

SweepPlan take_shard(SweepPlan plan, const Shard& shard) {
  std::vector<TrialSpec> kept;
  Sha256 hash;
  for (std::size_t i = 0; i < plan.trials.size(); ++i) {
    if (i % static_cast<std::size_t>(shard.count) != static_cast<std::size_t>(shard.index))
      continue;
    hash.update(hash_line(plan.trials[i]));
    kept.push_back(std::move(plan.trials[i]));
  }
  plan.trials = std::move(kept);
  plan.config_hash = hash.hex_digest();
  return plan;
}

SweepPlan expand(const ConfigDocument& document) { return Expansion(document).run(); }

}  // namespace bbprompt
