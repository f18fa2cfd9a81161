#include "bbprompt/sweep/sweep_plan.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/sha256.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/config/data_path.hpp"
#include "bbprompt/config/experiment_yaml.hpp"
#include "bbprompt/config/sweep_spec.hpp"
#include "sweep/condition_use.hpp"
#include "sweep/sampling.hpp"
#include "sweep/trial_id.hpp"

namespace bbprompt {
namespace {

std::string kind_name(PromptKind kind) {
  switch (kind) {
    case PromptKind::kSoft:
      return "soft";
    case PromptKind::kManual:
      return "manual";
    case PromptKind::kDemonstrations:
      return "demonstrations";
    case PromptKind::kDiscrete:
      break;
  }
  return "discrete";
}

constexpr std::size_t kMostKnownPlaces = 64;  // compared with each configuration

using AxisValues = std::vector<std::pair<std::string, std::string>>;

bool is_same_or_inside(std::string_view key, std::string_view section) {
  return key.starts_with(section) && (key.size() == section.size() || key[section.size()] == '.');
}

std::string hash_line(const TrialSpec& trial) { return trial.id + ' ' + trial.config_hash + '\n'; }

// Walks the grid in plan order and collects its trials.
class Expansion {
 public:
  explicit Expansion(const SweepDocument& parsed)
      : document_(parsed.document),
        sweep_(parsed.sweep),
        roots_{.folder = document_.folder, .data = find_data_folder(sweep_.data_folder)},
        base_(document_.root) {
    if (const auto* node = base_.find("sweep")) at_ = node->position;
    std::erase_if(base_.entries, [](const ConfigEntry& entry) { return entry.key == "sweep"; });
    for (const auto& variation : sweep_.variations) {
      varied_.emplace_back();
      if (variation.when) varied_.back().emplace(*variation.when);
    }
    for (const auto& rule : sweep_.overrides) overrides_.emplace_back(rule.when);
    for (const auto& condition : sweep_.exclude) exclude_.emplace_back(condition);
    for (const auto& condition : sweep_.include) include_.emplace_back(condition);
  }

  SweepPlan run() {
    if (sweep_.prompts_from.is_given()) {
      throw Error("sweep.prompts_from: its prompts must be read before the sweep is expanded");
    }
    gather_axes();
    check_size();
    if (sweep_.variants.empty()) add_grid(base_, "");
    for (const auto& variant : sweep_.variants) {
      ConfigNode root = base_;
      put_settings(root, variant.settings);
      add_grid(root, variant.name);
    }
    check_rules();
    const bool has_server = std::any_of(trials_.begin(), trials_.end(), [](const TrialSpec& trial) {
      return trial.spec.model.kind == ModelKind::kServer;
    });
    std::string resolved = resolved_yaml(document_);
    return {.name = sweep_.name,
            .output = sweep_.output,
            .failures = sweep_.failures,
            .folder = std::filesystem::current_path() / roots_.folder,
            .data_folder = roots_.data,
            .trials = std::move(trials_),
            .config_given = document_.given,
            .config_resolved = has_server ? text_of_results(resolved) : resolved,
            .config_asked = has_server ? resolved : std::string(),
            .config_hash = hash_.hex_digest()};
  }

 private:
  // A point of an axis, and what the trials' axis_values say of it.
  struct Point {
    SweepPoint settings;
    AxisValues values;
  };

  static void put_settings(ConfigNode& root, const SweepPoint& point) {
    for (const auto& [key, position, value] : point) set_config_value(root, key, value, position);
  }

  void add_axis(std::vector<SweepPoint> points) {
    std::vector<Point> axis;
    for (SweepPoint& point : points) {
      AxisValues values;
      for (const auto& setting : point) {
        values.emplace_back(setting.key, config_value_text(setting.key, setting.value));
      }
      axis.push_back({.settings = std::move(point), .values = std::move(values)});
    }
    axes_.push_back(std::move(axis));
  }

  void gather_axes() {
    for (auto& axis : sweep_.axes) add_axis(std::move(axis.points));
    if (!sweep_.random.space.empty()) add_axis(random_points(sweep_.random));
    if (!sweep_.quasi_random.space.empty()) add_axis(quasi_random_points(sweep_.quasi_random));
  }

  void check_size() const {
    const bool is_filtered = !exclude_.empty() || !include_.empty();
    const std::int64_t limit = is_filtered ? kMaxCombinations : kMaxTrials;
    std::int64_t count = 1;
    const auto multiply = [&](std::size_t factor) {
      if (static_cast<std::int64_t>(factor) > limit / count) {
        fail_config(at_, "sweep",
                    "expected at most " + std::to_string(limit) +
                        (is_filtered ? " combinations before exclude and include" : " trials") +
                        ", found more; sweep fewer values or seeds");
      }
      count *= static_cast<std::int64_t>(factor);
    };
    multiply(std::max<std::size_t>(1, sweep_.variants.size()));
    for (const auto& axis : axes_) multiply(axis.size());
    std::size_t num_varied = 0;
    for (const auto& variation : sweep_.variations) num_varied += variation.settings.size();
    if (is_filtered) multiply(1 + num_varied);  // else add_trial counts those that are kept
    multiply(sweep_.seeds.size());
  }

  // Every combination of axis values, the last axis fastest.
  void add_grid(const ConfigNode& root, const std::string& method) {
    std::vector<std::size_t> chosen(axes_.size(), 0);
    for (bool is_done = false; !is_done;) {
      add_point(root, method, chosen);
      is_done = true;
      for (std::size_t i = chosen.size(); i-- > 0;) {
        if (++chosen[i] < axes_[i].size()) {
          is_done = false;
          break;
        }
        chosen[i] = 0;
      }
    }
  }

  // A point of the grid, and its variations.
  void add_point(ConfigNode root, const std::string& method,
                 const std::vector<std::size_t>& chosen) {
    AxisValues values;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const Point& point = axes_[i][chosen[i]];
      put_settings(root, point.settings);
      values.insert(values.end(), point.values.begin(), point.values.end());
    }
    const ExperimentSpec own = add_configuration(root, method, values, sweep_.seeds);
    for (std::size_t i = 0; i < sweep_.variations.size(); ++i) {
      const std::vector<std::uint64_t> seeds = varied_seeds(i, own, method);
      if (seeds.empty()) continue;
      for (const SweepSetting& setting : sweep_.variations[i].settings) {
        const std::string value = config_value_text(setting.key, setting.value);
        if (value == setting_text(own, setting.key)) continue;
        ConfigNode varied = root;
        put_settings(varied, {setting});
        AxisValues varied_values = values;
        varied_values.emplace_back(setting.key, value);
        (void)add_configuration(std::move(varied), method, std::move(varied_values), seeds);
      }
    }
  }

  // The seeds for which a variation's condition holds.
  std::vector<std::uint64_t> varied_seeds(std::size_t variation, ExperimentSpec spec,
                                          const std::string& method) {
    auto& condition = varied_[variation];
    if (!condition) return sweep_.seeds;
    std::vector<std::uint64_t> seeds;
    for (const auto seed : sweep_.seeds) {
      spec.seed = seed;
      if (condition->holds({.variant = method, .spec = spec})) seeds.push_back(seed);
    }
    return seeds;
  }

  // Trials that differ in their seed alone. Returns their specification.
  ExperimentSpec add_configuration(ConfigNode root, const std::string& method, AxisValues values,
                                   const std::vector<std::uint64_t>& all_seeds) {
    TrialSpec trial;
    trial.spec = read_experiment(root);
    if (override_settings(root, {.variant = method, .spec = trial.spec})) {
      trial.spec = read_experiment(root);
    }
    share(trial.spec.places);
    share(trial.spec.task.places);
    const std::vector<std::uint64_t> seeds = kept_seeds(trial.spec, method, all_seeds);
    if (seeds.empty()) return std::move(trial.spec);
    check_experiment(root, trial.spec);
    trial.method = method.empty() ? kind_name(trial.spec.prompt.kind) : method;
    for (auto& [key, text] : values) {
      if (key == "task") text = trial.spec.task.name;
    }
    trial.axis_values = std::move(values);
    const TrialText text(trial.spec);
    for (const auto seed : seeds) add_trial(trial, text, seed);
    refuse_namesake(trial);
    return std::move(trial.spec);
  }

  // Many configurations of a sweep have their keys in the same lines; they share the places.
  void share(std::shared_ptr<const KeyPlaces>& places) {
    const auto known = std::find_if(known_places_.rbegin(), known_places_.rend(),
                                    [&](const auto& other) { return *other == *places; });
    if (known != known_places_.rend()) {
      places = *known;
    } else if (known_places_.size() < kMostKnownPlaces) {
      known_places_.push_back(places);
    }
  }

  // Reports put trials together by these: two tasks of one name would be taken for one.
  void refuse_namesake(const TrialSpec& trial) {
    std::string name = trial.spec.task.name + ' ' + trial.method;
    for (const auto& [key, value] : trial.axis_values)
      name.append(" ").append(key).append("=").append(value);
    if (configurations_.insert(name).second) return;
    fail_config(at_, "sweep",
                "two different configurations are both called \"" + name +
                    "\"; give tasks with different settings different names");
  }

  // Whether some override holds; its settings are in `root` then.
  bool override_settings(ConfigNode& root, const Combination& combination) {
    std::vector<const SweepSetting*> done;
    for (std::size_t i = 0; i < overrides_.size(); ++i) {
      if (!overrides_[i].holds(combination)) continue;
      const SweepPoint& settings = sweep_.overrides[i].settings;
      for (const auto& setting : settings) refuse_second(done, setting);
      for (const auto& setting : settings) done.push_back(&setting);
      put_settings(root, settings);
    }
    return !done.empty();
  }

  static void refuse_second(const std::vector<const SweepSetting*>& done,
                            const SweepSetting& setting) {
    for (const auto* other : done) {
      if (!is_same_or_inside(setting.key, other->key) &&
          !is_same_or_inside(other->key, setting.key))
        continue;
      fail_config(setting.position, setting.key,
                  "two of sweep.overrides set it for one trial (" + other->key + " in line " +
                      std::to_string(other->position.line) +
                      "); change their conditions so that only one holds");
    }
  }

  std::vector<std::uint64_t> kept_seeds(ExperimentSpec spec, const std::string& method,
                                        const std::vector<std::uint64_t>& seeds) {
    if (exclude_.empty() && include_.empty()) return seeds;
    std::vector<std::uint64_t> kept;
    for (const auto seed : seeds) {
      spec.seed = seed;
      const Combination combination{.variant = method, .spec = spec};
      // Every condition is asked, so that it knows whether it is of use.
      bool is_kept = include_.empty();
      for (auto& condition : include_) is_kept = condition.holds(combination) || is_kept;
      for (auto& condition : exclude_) is_kept = !condition.holds(combination) && is_kept;
      if (is_kept) kept.push_back(seed);
    }
    return kept;
  }

  void add_trial(TrialSpec trial, const TrialText& text, std::uint64_t seed) {
    trial.seed = trial.spec.seed = seed;
    trial.config_hash = text.hash(seed);
    trial.id = trial_id(trial.spec, trial.method, trial.config_hash);
    if (!ids_.insert(trial.id).second) {
      const bool sets_threads =
          std::any_of(trial.axis_values.begin(), trial.axis_values.end(),
                      [](const auto& setting) { return setting.first == "model.threads"; });
      fail_config(at_, "sweep",
                  "two trials are equal (" + trial.id +
                      "); each must differ from the others in task, method, seed or a setting" +
                      (sets_threads ? " other than model.threads, which changes no result" : ""));
    }
    trial.resolved_yaml = text.yaml(seed);
    trial.spec = with_real_paths(std::move(trial.spec), roots_);
    num_bytes_ += static_cast<std::int64_t>(trial.resolved_yaml.size());
    if (static_cast<std::int64_t>(trials_.size()) == kMaxTrials) {
      fail_config(at_, "sweep",
                  "expected at most " + std::to_string(kMaxTrials) + " trials, found more");
    }
    if (num_bytes_ > kMaxPlanBytes) {
      fail_config(at_, "sweep",
                  "expected at most 512 MiB of resolved configurations of all trials, found more; "
                  "split the sweep into several configurations");
    }
    hash_.update(hash_line(trial));
    trials_.push_back(std::move(trial));
  }

  // A rule that never holds is most likely misspelt.
  void check_rules() const {
    for (const auto& rule : varied_) {
      if (rule) rule->require_used();
    }
    for (const auto* rules : {&overrides_, &exclude_, &include_}) {
      for (const auto& rule : *rules) rule.require_used();
    }
    if (trials_.empty()) {
      fail_config(at_, "sweep",
                  "expected at least one trial, found none: exclude and include leave all out");
    }
  }

  const ConfigDocument& document_;
  SweepSpec sweep_;
  PathRoots roots_;
  ConfigNode base_;
  ConfigPosition at_;
  std::vector<std::vector<Point>> axes_;
  std::vector<std::optional<ConditionUse>> varied_;  // as in sweep_; none: always
  std::vector<ConditionUse> overrides_;              // as in sweep_
  std::vector<ConditionUse> exclude_;
  std::vector<ConditionUse> include_;
  std::set<std::string> ids_;
  std::set<std::string> configurations_;  // what the reports call them
  std::vector<TrialSpec> trials_;
  std::int64_t num_bytes_ = 0;
  std::vector<std::shared_ptr<const KeyPlaces>> known_places_;
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

SweepPlan expand(const SweepDocument& document) { return Expansion(document).run(); }

SweepPlan expand(const ConfigDocument& document) { return expand(SweepDocument(document)); }

}  // namespace bbprompt
