#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "app/plan_report.hpp"
#include "app/progress_view.hpp"
#include "app/terminal.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/report/text_table.hpp"

namespace bbprompt {
namespace {

std::string bytes_text(std::int64_t bytes) {
  constexpr std::array kUnits{"B", "kB", "MB", "GB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1000.0 && unit + 1 < kUnits.size()) {
    value /= 1000.0;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", value, unit == 0 || value >= 100.0 ? 0 : 1, kUnits[unit]);
}

std::string duration_text(double seconds) {
  return seconds < 60.0 ? fmt::format("{:.1f} s", seconds) : format_duration(seconds);
}

double idle_workers(const SimulatedRun& run) {
  return static_cast<double>(run.num_workers) * (1.0 - run.busy_share());
}

double core_hours(const RanksRun& planned, const PlannedTime& time) {
  return planned.run.wall_seconds / 3600.0 * planned.num_ranks * time.threads;
}

std::string trials_text(const PlanReport& report, std::size_t max_trials) {
  TextTable table;
  table.add_column("trial", Align::kLeft);
  for (const auto* title : {"train", "dev", "test", "dim", "gen", "queries", "tokens"})
    table.add_column(title, Align::kRight);
  const std::size_t count = std::min(report.trials.size(), max_trials);
  for (std::size_t i = 0; i < count; ++i) {
    const SurveyedTrial& trial = report.trials[i];
    table.add_row({report.plan.trials[i].id, std::to_string(trial.shape.num_train),
                   std::to_string(trial.shape.num_dev), std::to_string(trial.shape.num_test),
                   std::to_string(trial.dimension), std::to_string(trial.shape.num_generations),
                   std::to_string(trial.shape.num_queries()),
                   std::to_string(report.num_tokens(i))});
  }
  std::string text = table.to_string();
  if (count < report.trials.size()) {
    text += fmt::format("... and {} more; --all shows every one\n", report.trials.size() - count);
  }
  return text;
}

std::string totals_text(const PlanReport& report) {
  std::int64_t num_queries = 0;
  std::int64_t num_tokens = 0;
  for (std::size_t i = 0; i < report.trials.size(); ++i) {
    num_queries += report.trials[i].shape.num_queries();
    num_tokens += report.num_tokens(i);
  }
  std::string text = fmt::format(
      "{}, at most about {} with {}. What a cache or an early stop saves is not known "
      "before the run.",
      plural(static_cast<std::int64_t>(report.trials.size()), "trial"),
      plural(num_queries, "query"), plural(num_tokens, "token"));
  if (const auto price = report.price()) {
    text += fmt::format(
        " At model.prices that is about {:.2f}, with one request and one token of answer for each "
        "query; some routes take a request for each answer word.",
        *price);
  }
  return wrapped(text, text_columns());
}

std::string memory_text(const RankMemory& memory) {
  return wrapped(
      fmt::format("Estimated memory: {} of weights once per node, and {} per rank (scratch {}, "
                  "prompts {}, texts {}), in addition to what any MPI program takes.",
                  bytes_text(memory.weights), bytes_text(memory.private_bytes()),
                  bytes_text(memory.scratch), bytes_text(memory.prompts), bytes_text(memory.data)),
      text_columns());
}

std::string recommendation_text(const PlannedTime& time) {
  if (!time.recommended) {
    return fmt::format("With none of these numbers are ranks idle at most {:.0f} % of the time.\n",
                       100.0 * kMaxIdle);
  }
  return fmt::format("Recommended: {}, the largest {} with at most {:.0f} % idle time.\n",
                     plural(*time.recommended, "rank"),
                     time.is_searched ? "number" : "of these numbers", 100.0 * kMaxIdle);
}

std::string time_text(const PlannedTime& time) {
  std::string text = fmt::format(
      "\nSimulated with the scheduler of a run: {} s per query ({}), spread {:.0f} %\n",
      time.shortest == time.longest ? fmt::format("{:.4g}", time.shortest)
                                    : fmt::format("{:.4g} to {:.4g}", time.shortest, time.longest),
      time.source, 100.0 * time.spread);
  TextTable table;
  for (const auto* title : {"ranks", "wall time", "speed-up", "busy", "idle ranks", "core-hours"})
    table.add_column(title, Align::kRight);
  for (const RanksRun& planned : time.runs) {
    const SimulatedRun& run = planned.run;
    table.add_row({std::to_string(planned.num_ranks), duration_text(run.wall_seconds),
                   fmt::format("{:.2f}", time.wall_of_one / run.wall_seconds),
                   fmt::format("{:.1f} %", 100.0 * run.busy_share()),
                   fmt::format("{:.1f}", idle_workers(run)),
                   fmt::format("{:.3g}", core_hours(planned, time))});
  }
  return text + table.to_string() + recommendation_text(time);
}

nlohmann::ordered_json time_json(const PlannedTime& time) {
  nlohmann::ordered_json json{{"seconds_per_query", {time.shortest, time.longest}},
                              {"source", time.source},
                              {"spread", time.spread},
                              {"overhead", time.overhead}};
  json["runs"] = nlohmann::ordered_json::array();
  for (const RanksRun& planned : time.runs) {
    const SimulatedRun& run = planned.run;
    json["runs"].push_back({{"ranks", planned.num_ranks},
                            {"wall_seconds", run.wall_seconds},
                            {"speed_up", time.wall_of_one / run.wall_seconds},
                            {"busy", run.busy_share()},
                            {"idle_ranks", idle_workers(run)},
                            {"unused_ranks", run.num_unused},
                            {"core_hours", core_hours(planned, time)},
                            {"work_items", run.num_items}});
  }
  json["max_idle"] = kMaxIdle;
  json["recommended_ranks"] = nullptr;
  if (time.recommended) json["recommended_ranks"] = *time.recommended;
  return json;
}

}  // namespace

std::optional<double> PlanReport::price() const {
  std::optional<double> price;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const TokenPrices& prices = plan.trials[i].spec.model.server.prices;
    if (!prices.is_known()) continue;
    price = price.value_or(0.0) + prices.money(static_cast<double>(num_tokens(i)),
                                               static_cast<double>(trials[i].shape.num_queries()));
  }
  return price;
}

std::int64_t PlanReport::num_tokens(std::size_t trial) const {
  const TrialShape& shape = trials[trial].shape;
  const SettingFigures& setting = settings[trials[trial].setting];
  const auto tokens_on = [&](Split split, double mean) {
    return static_cast<double>(shape.num_queries(split)) * mean;
  };
  return std::llround(tokens_on(Split::kTrain, setting.train_tokens) +
                      tokens_on(Split::kDev, setting.dev_tokens) +
                      tokens_on(Split::kTest, setting.test_tokens));
}

std::string plan_text(const PlanReport& report, std::size_t max_trials) {
  std::string text = trials_text(report, max_trials) + totals_text(report);
  text += memory_text(report.memory);
  if (report.time) text += time_text(*report.time);
  return text;
}

std::string plan_json(const PlanReport& report) {
  nlohmann::ordered_json json{{"name", report.plan.name}};
  std::int64_t num_queries = 0;
  std::int64_t num_tokens = 0;
  json["trials"] = nlohmann::ordered_json::array();
  for (std::size_t i = 0; i < report.trials.size(); ++i) {
    const SurveyedTrial& trial = report.trials[i];
    json["trials"].push_back({{"id", report.plan.trials[i].id},
                              {"method", report.plan.trials[i].method},
                              {"train", trial.shape.num_train},
                              {"dev", trial.shape.num_dev},
                              {"test", trial.shape.num_test},
                              {"dimension", trial.dimension},
                              {"generations", trial.shape.num_generations},
                              {"queries", trial.shape.num_queries()},
                              {"tokens", report.num_tokens(i)}});
    num_queries += trial.shape.num_queries();
    num_tokens += report.num_tokens(i);
  }
  json["queries"] = num_queries;
  json["tokens"] = num_tokens;
  if (const auto price = report.price()) json["price"] = *price;
  json["more_trials_follow"] = report.more_follow;
  json["memory_bytes"] = {{"is_estimate", true},
                          {"weights_once_a_node", report.memory.weights},
                          {"scratch_each_rank", report.memory.scratch},
                          {"prompts_each_rank", report.memory.prompts},
                          {"texts_each_rank", report.memory.data}};
  if (report.time) json["time"] = time_json(*report.time);
  return json.dump(2) + '\n';
}

}  // namespace bbprompt
