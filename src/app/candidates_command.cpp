#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <iostream>
#include <set>

#include "app/configuration_arguments.hpp"
#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/config/setting_place.hpp"
#include "bbprompt/model/model_factory.hpp"
#include "bbprompt/prompt/option_vocabulary.hpp"
#include "bbprompt/report/text_table.hpp"
#include "bbprompt/task/task_data.hpp"

namespace bbprompt {
namespace {

namespace po = boost::program_options;

constexpr std::size_t kNumShown = 50;

CommandOptions candidates_options() {
  CommandOptions options = configuration_options(
      {.name = "bbprompt candidates",
       .usage = "bbprompt candidates FILE.yaml [--set KEY=VALUE ...] [--method NAME] "
                "[--all | --out FILE]",
       .about =
           "Shows the words and phrases that a discrete prompt may choose from, for each task and "
           "method, in the order of prompt.discrete.candidates. Use it to judge a candidate "
           "source before a run, or to write a list and edit it.\n"
           "Columns: rank, count in the text, pointwise mutual information (PMI) of the phrase's "
           "weakest pair of words, text, token ids. Where the text is the few-shot split, it is "
           "the split of the first seed. Reads the data and the tokenizer, not the weights.",
       .example = "  bbprompt candidates configs/quickstart/quickstart.yaml --method discrete "
                  "--set prompt.discrete.candidates.source=pmi_phrases\n"});
  options.named.add_options()("method", po::value<std::string>()->value_name("NAME"),
                              "show only this method of the sweep");
  options.named.add_options()("all", "show all candidates, not only the first 50");
  options.named.add_options()(
      "out", po::value<std::string>()->value_name("FILE"),
      "write the candidates to FILE, one per line, for prompt.discrete.candidates.file, and show "
      "no table. For several tasks or methods, each list gets its own file: -TASK-METHOD is "
      "added before the extension");
  return options;
}

// The first trial of each task and method that has a discrete prompt.
std::vector<const TrialSpec*> chosen_trials(const SweepPlan& plan,
                                            const po::variables_map& values) {
  const std::string method =
      values.count("method") > 0 ? values["method"].as<std::string>() : std::string{};
  std::vector<const TrialSpec*> chosen;
  std::set<std::pair<std::string, std::string>> seen;
  for (const TrialSpec& trial : plan.trials) {
    if (trial.spec.prompt.kind != PromptKind::kDiscrete) continue;
    if (!method.empty() && trial.method != method) continue;
    if (seen.emplace(trial.spec.task.name, trial.method).second) chosen.push_back(&trial);
  }
  if (chosen.empty()) {
    throw UsageError("expected a trial with prompt.kind: discrete" +
                     (method.empty() ? "" : " of method \"" + method + "\"") +
                     ", found none; \"bbprompt plan\" lists the trials");
  }
  return chosen;
}

OptionVocabulary vocabulary_of(const ExperimentSpec& spec) {
  const auto tokenizer = load_vocabulary(spec.model).tokenizer;
  if (tokenizer == nullptr) {
    throw ModelError(spec.model.path.string(),
                     "this model takes text only: there are no tokens to choose from");
  }
  const TaskData data = load_task_data(spec.task, spec.few_shot, spec.seed);
  return with_place(spec, "prompt.discrete", [&] {
    return make_option_vocabulary(spec.prompt.discrete, *tokenizer,
                                  corpus_texts(data, spec.prompt.discrete.candidates.text));
  });
}

std::string table_of(const OptionVocabulary& vocabulary, std::size_t most) {
  TextTable table;
  table.add_column("rank", Align::kRight);
  table.add_column("count", Align::kRight);
  table.add_column("PMI", Align::kRight);
  table.add_column("text", Align::kLeft);
  table.add_column("token ids", Align::kLeft);
  for (std::size_t i = 0; i < std::min(most, vocabulary.options.size()); ++i) {
    const PromptOption& candidate = vocabulary.options[i];
    table.add_row({std::to_string(i + 1),
                   candidate.count > 0 ? std::to_string(candidate.count) : "-",
                   std::isnan(candidate.pmi) ? "-" : fmt::format("{:.2f}", candidate.pmi),
                   printable(candidate.text), fmt::format("{}", fmt::join(candidate.ids, " "))});
  }
  return table.to_string();
}

std::filesystem::path file_for(const std::filesystem::path& out, const TrialSpec& trial,
                               std::size_t num_tables) {
  if (num_tables == 1) return out;
  std::filesystem::path file = out;
  file.replace_filename(out.stem().string() + "-" + trial.spec.task.name + "-" + trial.method +
                        out.extension().string());
  return file;
}

std::string count_text(const OptionVocabulary& vocabulary) {
  return plural(static_cast<std::int64_t>(vocabulary.options.size()), "candidate");
}

void write_list(const std::filesystem::path& file, const OptionVocabulary& vocabulary) {
  std::string lines;
  for (const PromptOption& candidate : vocabulary.options) lines += candidate.text + "\n";
  replace_file(file, lines);
  std::cout << fmt::format("{}: {}\n", file.string(), count_text(vocabulary));
}

}  // namespace

int candidates_command(const Arguments& arguments) {
  po::variables_map values;
  if (!parse_arguments(arguments, candidates_options(), values)) return kExitDone;
  const SweepPlan plan = load_plan(values);
  const auto trials = chosen_trials(plan, values);
  const std::size_t most = values.count("all") > 0 ? std::string::npos : kNumShown;
  for (const TrialSpec* trial : trials) {
    const OptionVocabulary vocabulary = vocabulary_of(trial->spec);
    if (values.count("out") > 0) {
      write_list(file_for(values["out"].as<std::string>(), *trial, trials.size()), vocabulary);
    } else {
      std::cout << fmt::format("{} {}, {}\n{}", trial->spec.task.name, trial->method,
                               count_text(vocabulary), table_of(vocabulary, most));
      if (vocabulary.options.size() > most) {
        std::cout << fmt::format("... and {} more; --all shows them\n",
                                 vocabulary.options.size() - most);
      }
    }
    for (const std::string& note : vocabulary.notes) std::cout << "note: " << note << '\n';
    if (values.count("out") == 0) std::cout << '\n';
  }
  return kExitDone;
}

}  // namespace bbprompt
