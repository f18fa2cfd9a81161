#pragma once

#include <concepts>
#include <type_traits>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// The schema of results/README.md, stated once. `describe(archive, value)` walks a value and tells
// the archive the name and place of every field; RecordWriter, RecordReader and RecordHasher are
// the archives. An archive has
//
//   attribute(name, value)      scalar: string, int64, uint64, double
//   word(name, value)           the name of an enum's value (enum_names.hpp), a string attribute
//   later_attribute(name, value) the same, string or int64; files that were written before it came
//                               lack it, and the digest knows it only where it is not 0
//   charge_attribute(name, value) the same for int64, and no digest knows it
//   text(name, string)          long string
//   later_text(name, string)    the same, in untracked groups alone; left out where it is empty
//   texts(name, vector<string>)
//   numbers(name, vector<T>)    one dimension; also Eigen::VectorXd
//   matrix(name, matrix)        two dimensions, row by row
//   extra_matrix(name, matrix)  the same; left out where it is empty, and no digest knows it
//   group(name, walk)           walk(archive of the subgroup)
//   optional(name, count, walk) the same; left out where the count is 0
//   untracked(name, walk)       the same for what is not part of the digest
//   details(walk)               walk(this archive), for fields that no table of a report shows
//   num_rows(rows, name)        the table `rows` has as many rows as column `name`
//   column(name, rows, member)  one member of each row, or what a function gives of the row
//   entries(name, map, walk)    subgroup with one group per key: walk(archive, value)
//   arrays(name, map)           subgroup with one numbers() or matrix() per key
//   scalars(name, map)          subgroup with one scalar dataset per key

template <typename T, typename Record>
concept OneOf = std::same_as<std::remove_const_t<T>, Record>;

template <typename Archive, OneOf<UsageRecord> Record>
void describe(Archive& archive, Record& usage) {
  archive.attribute("num_evaluations", usage.num_evaluations);
  for (const UsageCounter& counter : kUsageCounters) {
    auto& count = usage.usage.*counter.value;
    if (counter.is_charge) {
      archive.charge_attribute(file_name(counter), count);
    } else if (counter.is_later) {
      archive.later_attribute(file_name(counter), count);
    } else {
      archive.attribute(file_name(counter), count);
    }
  }
  archive.attribute("num_cached", usage.num_cached);
  archive.attribute("num_failed", usage.num_failed);
}

template <typename Archive, typename Generations>
void describe_generations(Archive& archive, Generations& rows) {
  archive.num_rows(rows, "generation");
  archive.column("generation", rows, &GenerationRecord::generation);
  archive.column("num_evaluations", rows, &GenerationRecord::num_evaluations);
  archive.column("num_queries", rows, &GenerationRecord::num_queries);
  archive.details(
      [&](auto& all) { all.column("best_fitness", rows, &GenerationRecord::best_fitness); });
  archive.column("median_fitness", rows, &GenerationRecord::median_fitness);
  archive.details(
      [&](auto& all) { all.column("worst_fitness", rows, &GenerationRecord::worst_fitness); });
  archive.column("incumbent_fitness", rows, &GenerationRecord::incumbent_fitness);
  archive.details([&](auto& all) {
    all.column("sigma", rows, &GenerationRecord::sigma);
    all.column("axis_ratio", rows, &GenerationRecord::axis_ratio);
  });
  archive.column("dev_metric", rows, &GenerationRecord::dev_metric);
  archive.column("dev_loss", rows, &GenerationRecord::dev_loss);
}

template <typename Archive, OneOf<PromptRecord> Prompt>
void describe(Archive& archive, Prompt& prompt) {
  archive.word("kind", prompt.kind);
  archive.text("text", prompt.text);
  archive.details([&](auto& all) {
    all.numbers("ids", prompt.ids);
    all.texts("tokens", prompt.tokens);
    all.numbers("point", prompt.point);
    all.matrix("vectors", prompt.vectors);
    all.numbers("base_ids", prompt.base_ids);
  });
  archive.attribute("num_layers", prompt.num_layers);
}

template <typename Archive, OneOf<SplitEvaluation> Evaluation>
void describe(Archive& archive, Evaluation& evaluation) {
  archive.attribute("metric", evaluation.metric);
  archive.attribute("accuracy", evaluation.accuracy);
  archive.attribute("loss", evaluation.loss);
  archive.numbers("predicted", evaluation.predicted);
  archive.details([&](auto& all) { all.extra_matrix("label_scores", evaluation.label_scores); });
}

template <typename Archive, OneOf<ScoredPrompt> Scored>
void describe(Archive& archive, Scored& scored) {
  archive.attribute("generation", scored.generation);
  archive.attribute("fitness", scored.fitness);
  archive.group("prompt", [&](auto& group) { describe(group, scored.prompt); });
  archive.entries("splits", scored.splits,
                  [](auto& group, auto& split) { describe(group, split); });
}

template <typename Archive, OneOf<TrialRecord> Trial>
void describe(Archive& archive, Trial& trial) {
  archive.attribute("id", trial.id);
  archive.attribute("task", trial.task);
  archive.attribute("method", trial.method);
  archive.attribute("seed", trial.seed);
  archive.attribute("config_hash", trial.config_hash);
  archive.attribute("model", trial.model);
  archive.attribute("model_fingerprint", trial.model_fingerprint);
  archive.attribute("metric", trial.metric);
  archive.attribute("objective", trial.objective);
  archive.word("state", trial.state);
  archive.attribute("stop_reason", trial.stop_reason);
  archive.text("failure", trial.failure);
  archive.text("config", trial.config);
  archive.texts("labels", trial.labels);
  archive.details([&](auto& all) { all.texts("notes", trial.notes); });
  archive.texts("settings", trial.settings);
  archive.details([&](auto& all) {
    all.texts("candidate_texts", trial.option_texts);
    all.matrix("position_shares", trial.position_shares);
  });
  archive.arrays("gold", trial.gold);
  archive.group("generations",
                [&](auto& group) { describe_generations(group, trial.generations); });
  archive.group("manual", [&](auto& group) { describe(group, trial.manual); });
  archive.group("best", [&](auto& group) { describe(group, trial.best); });
  archive.entries("usage", trial.usage, [](auto& group, auto& usage) { describe(group, usage); });
  archive.untracked("timings", [&](auto& group) {
    group.attribute("host", trial.host);
    group.attribute("started_at", trial.started_at);
    group.attribute("seconds", trial.seconds);
    group.details([&](auto& all) {
      all.column("generation_seconds", trial.generations, &GenerationRecord::seconds);
    });
  });
}

template <typename Archive, OneOf<RunInfo> Run>
void describe(Archive& archive, Run& run) {
  archive.attribute("version", run.version);
  archive.attribute("name", run.name);
  archive.attribute("config_hash", run.config_hash);
  archive.text("config_given", run.config_given);
  archive.text("config_resolved", run.config_resolved);
  archive.untracked("timings", [&](auto& group) {
    group.attribute("build", run.build);
    group.text("config_folder", run.config_folder);
    group.attribute("num_ranks", run.num_ranks);
    group.later_text("config_asked", run.config_asked);
  });
}

template <typename Archive, OneOf<OptimizerState> State>
void describe(Archive& archive, State& state) {
  archive.attribute("kind", state.kind);
  archive.arrays("arrays", state.arrays);
  archive.scalars("integers", state.integers);
}

template <typename Archive, OneOf<OpenGroup> Open>
void describe(Archive& archive, Open& open) {
  archive.attribute("fingerprint", open.fingerprint);
  archive.num_rows(open.results, "member");
  archive.column("member", open.results, &OpenResult::member);
  archive.column("begin", open.results, &OpenResult::begin);
  archive.column("num_scores", open.results, &OpenResult::num_scores);
  for (const UsageCounter& counter : kUsageCounters) {
    const auto count = [&](auto& result) -> auto& { return result.usage.*counter.value; };
    archive.column(file_name(counter), open.results, count);
  }
  archive.numbers("scores", open.scores);
}

// What a checkpoint has besides its record.
template <typename Archive, OneOf<Checkpoint> Saved>
void describe(Archive& archive, Saved& checkpoint) {
  archive.group("optimizer", [&](auto& group) { describe(group, checkpoint.optimizer); });
  archive.group("selection", [&](auto& group) {
    group.matrix("points", checkpoint.selection_points);
    group.numbers("fitness", checkpoint.selection_fitness);
    group.numbers("generation", checkpoint.selection_generation);
    group.matrix("label_means", checkpoint.selection_label_means);
    group.texts("scored", checkpoint.dev_prompts);
  });
  archive.group("cache", [&](auto& group) {
    group.texts("prompts", checkpoint.cache_prompts);
    group.numbers("losses", checkpoint.cache_losses);
    group.matrix("label_means", checkpoint.cache_label_means);
  });
  archive.numbers("incumbent", checkpoint.incumbent);
  archive.numbers("incumbent_label_means", checkpoint.incumbent_label_means);
  archive.attribute("incumbent_fitness", checkpoint.incumbent_fitness);
  archive.optional("open", checkpoint.open.results.size(),
                   [&](auto& group) { describe(group, checkpoint.open); });
  archive.optional("deep_prompt", checkpoint.layer_scales.size(),
                   [&](auto& group) { group.numbers("layer_scales", checkpoint.layer_scales); });
  archive.later_attribute("version", checkpoint.version);
}

}  // namespace bbprompt
