#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "app/command.hpp"
#include "app/run_roots.hpp"
#include "app/terminal.hpp"
#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/config/data_path.hpp"
#include "bbprompt/explain/choose_trials.hpp"
#include "bbprompt/explain/explanation.hpp"
#include "bbprompt/explain/explanation_text.hpp"
#include "bbprompt/explain/open_trial.hpp"
#include "bbprompt/report/prompt_effects.hpp"
#include "bbprompt/store/run_files.hpp"

namespace bbprompt {
namespace {

namespace po = boost::program_options;

constexpr std::size_t kDefaultColumns = 100;
constexpr std::size_t kFewestColumns = 60;

CommandOptions explain_options() {
  CommandOptions options;
  options.help = {
      .name = "bbprompt explain",
      .usage = "bbprompt explain RUN [--trial ID | --task TASK --method METHOD] [--split SPLIT]",
      .about =
          "Shows why a learned prompt works, by asking the model again. For each token: the score "
          "without it and with other tokens in its place, what it adds to the score of every "
          "label, and what else the search put there. Then the examples whose prediction the "
          "prompt changes, compared with the hand-written prompt. For soft prompts it does the "
          "same with each vector, and names the nearest token.\n"
          "For a whole run, you get a short explanation of each task's best learned prompt (best "
          "on dev). --trial, or a choice that leaves one trial, gives a full one.",
      .example =
          "  bbprompt explain out/quickstart\n"
          "  bbprompt explain out/quickstart --task reviews --method discrete --split "
          "test\n"};
  const auto add_text = [&](const char* name, const char* value, const char* meaning) {
    options.named.add_options()(name, po::value<std::string>()->value_name(value), meaning);
  };
  add_text("task", "TASK", "explain the best trial of each method on this task");
  add_text("method", "METHOD", "explain the best trial of this method on each task");
  add_text("trial", "ID", "explain this trial; the beginning of its id is enough");
  options.named.add_options()("split",
                              po::value<std::string>()->default_value("dev")->value_name("SPLIT"),
                              "examples to ask: train, dev or test. test is the honest one; dev "
                              "is faster and chose the prompt");
  options.named.add_options()("max-examples", po::value<int>()->default_value(10)->value_name("N"),
                              "list at most N examples that become right, and N that become wrong; "
                              "--json has them all");
  options.named.add_options()(
      "replacements", po::value<int>()->value_name("K"),
      "try K other candidates at each position (default: 5; 0 in short explanations)");
  options.named.add_options()("json", "print everything as JSON, for programs");
  options.named.add_options()(
      "save",
      "also write everything to RUN/explanations.json; \"bbprompt report --html\" shows it with "
      "the prompts");
  add_root_options(options.named);
  options.hidden.add_options()("run", po::value<std::string>()->required(),
                               "the folder of a run: bbprompt explain RUN");
  options.positional.add("run", 1);
  return options;
}

Split split_of(const po::variables_map& values) {
  const auto name = values["split"].as<std::string>();
  for (const Split split : {Split::kTrain, Split::kDev, Split::kTest}) {
    if (to_string(split) == name) return split;
  }
  throw UsageError("--split: expected train, dev or test, found \"" + name + "\"");
}

int count_of(const po::variables_map& values, const char* name) {
  const int count = values[name].as<int>();
  if (count < 0) {
    throw UsageError(std::string("--") + name + ": expected 0 or more, found " +
                     std::to_string(count));
  }
  return count;
}

// A line that is drawn over, where standard error is a terminal.
class Counter {
 public:
  explicit Counter(std::string name) : name_(std::move(name)) {}
  ~Counter() {
    if (is_shown_) std::cerr << "\r\x1b[K" << std::flush;
  }
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

  void show(std::size_t num_done, std::size_t num_prompts) {
    if (!is_terminal_) return;
    std::cerr << "\r\x1b[K" << name_ << ": prompt " << num_done << '/' << num_prompts << std::flush;
    is_shown_ = true;
  }

 private:
  std::string name_;
  bool is_terminal_ = ::isatty(STDERR_FILENO) == 1;
  bool is_shown_ = false;
};

void save(const std::vector<Explanation>& explanations, const std::filesystem::path& run) {
  const auto folder = std::filesystem::is_directory(run) ? run : run.parent_path();
  const auto file = folder / kExplanationsFile;
  EffectsByTrial before;
  if (std::filesystem::exists(file)) read_effects(file, before);  // refuses what is not bbprompt's
  replace_file(file, to_json(explanations));
}

}  // namespace

int explain_command(const Arguments& arguments) {
  po::variables_map values;
  const auto options = explain_options();
  if (!parse_arguments(arguments, options, values)) return kExitDone;
  ExplainOptions wanted{.split = split_of(values)};
  ExplanationStyle style{
      .width = std::max(kFewestColumns, terminal_columns(STDOUT_FILENO, kDefaultColumns)),
      .max_examples = static_cast<std::size_t>(count_of(values, "max-examples"))};
  const Results results = read_run(values["run"].as<std::string>());
  const auto chosen = choose_trials(results, {.task = text_of(values, "task"),
                                              .method = text_of(values, "method"),
                                              .id = text_of(values, "trial")});
  const bool is_json = values.count("json") > 0;
  style.is_short = chosen.size() > 1;
  if (style.is_short && !is_json) wanted.num_replacements = 0;
  if (values.count("replacements") > 0) wanted.num_replacements = count_of(values, "replacements");
  const PathRoots roots = roots_of(results, values);
  const ServerOptions server = server_of_document(results.run.config_asked);

  ModelPool models;
  std::vector<Explanation> explanations;
  for (const std::size_t index : chosen) {
    const TrialRecord& record = results.trials[index];
    {
      Counter counter(record.id);
      wanted.on_progress = [&](std::size_t done, std::size_t all) { counter.show(done, all); };
      const OpenedTrial trial = open_trial(record, roots, models, server);
      explanations.push_back(explain(record, *trial.evaluator, wanted));
    }
    if (is_json) continue;
    std::cout << (explanations.size() > 1 ? "\n" : "") << to_text(explanations.back(), style)
              << std::flush;
  }
  if (is_json) std::cout << to_json(explanations);
  if (values.count("save") > 0) save(explanations, values["run"].as<std::string>());
  if (style.is_short && !is_json) {
    std::cout << "\nfor a full explanation: bbprompt explain " << values["run"].as<std::string>()
              << " --trial ID\n";
  }
  return kExitDone;
}

}  // namespace bbprompt
