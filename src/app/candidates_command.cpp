#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <iostream>
#include <set>

#include "app/configuration_arguments.hpp"
#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/model/model_factory.hpp"
#include "bbprompt/prompt/candidate_vocabulary.hpp"
#include "bbprompt/report/text_table.hpp"
#include "bbprompt/task/task_data.hpp"

namespace bbprompt {
namespace {

namespace po = boost::program_options;

constexpr std::size_t kNumShown = 50;

CommandOptions candidates_options() {
  CommandOptions options = configuration_options(
      {.usage = "bbprompt candidates FILE.yaml [--set KEY=VALUE ...] [--method NAME] "
                "[--all | --out FILE]",
       .about =
           "Shows what a discrete prompt of each task and method may choose from, in the order "
           "of prompt.discrete.candidates: rank, count in the text, pointwise mutual "
           "information of a phrase's weakest pair, text and token ids. Where the text is the "
           "few-shot split, it is the one of the first seed. Reads data and tokenizer, not "
           "the weights.",
       .example = "  bbprompt candidates configs/quickstart/quickstart.yaml --method discrete "
                  "--set prompt.discrete.candidates.source=pmi_phrases\n"});
  options.named.add_options()("method", po::value<std::string>()->value_name("NAME"),
                              "this method of the sweep only");
  options.named.add_options()("all", "all candidates, not the first 50 only");
  options.named.add_options()(
      "out", po::value<std::string>()->value_name("FILE"),
      "write them instead, one a line, for prompt.discrete.candidates.file; where there are "
      "several tables, to files with -TASK-METHOD before the extension");
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
                     ", found none; see bbprompt plan");
  }
  return chosen;
}

CandidateVocabulary vocabulary_of(const ExperimentSpec& spec) {
  const auto tokenizer = load_vocabulary(spec.model).tokenizer;
  if (tokenizer == nullptr) {
    throw ModelError(spec.model.path.string(),
                     "this model takes text only: there are no tokens to choose from");
  }
  const TaskData data = load_task_data(spec.task, spec.few_shot, spec.seed);
  return make_candidate_vocabulary(spec.prompt.discrete, *tokenizer,
                                   candidate_texts(data, spec.prompt.discrete.candidates.text));
}

std::string table_of(const CandidateVocabulary& vocabulary, std::size_t most) {
  TextTable table;
  table.add_column("rank", Align::kRight);
  table.add_column("count", Align::kRight);
  table.add_column("PMI", Align::kRight);
  table.add_column("text", Align::kLeft);
  table.add_column("token ids", Align::kLeft);
  for (std::size_t i = 0; i < std::min(most, vocabulary.candidates.size()); ++i) {
    const Candidate& candidate = vocabulary.candidates[i];
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

void write_list(const std::filesystem::path& file, const CandidateVocabulary& vocabulary) {
  std::string lines;
  for (const Candidate& candidate : vocabulary.candidates) lines += candidate.text + "\n";
  replace_file(file, lines);
  std::cout << fmt::format("{}: {} candidates\n", file.string(), vocabulary.candidates.size());
}

}  // namespace

int candidates_command(const Arguments& arguments) {
  po::variables_map values;
  if (!parse_arguments(arguments, candidates_options(), values)) return kExitDone;
  const SweepPlan plan = load_plan(values);
  const auto trials = chosen_trials(plan, values);
  const std::size_t most = values.count("all") > 0 ? std::string::npos : kNumShown;
  for (const TrialSpec* trial : trials) {
    const CandidateVocabulary vocabulary = vocabulary_of(trial->spec);
    if (values.count("out") > 0) {
      write_list(file_for(values["out"].as<std::string>(), *trial, trials.size()), vocabulary);
    } else {
      std::cout << fmt::format("{} {}, {} candidates\n{}", trial->spec.task.name, trial->method,
                               vocabulary.candidates.size(), table_of(vocabulary, most));
      if (vocabulary.candidates.size() > most) {
        std::cout << fmt::format("... and {} more (--all)\n", vocabulary.candidates.size() - most);
      }
    }
    for (const std::string& note : vocabulary.notes) std::cout << "note: " << note << '\n';
    if (values.count("out") == 0) std::cout << '\n';
  }
  return kExitDone;
}

}  // namespace bbprompt
