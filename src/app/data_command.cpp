#include <spdlog/fmt/fmt.h>

#include <iostream>
#include <optional>
#include <set>

#include "app/command.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/config/config_document.hpp"
#include "bbprompt/config/data_path.hpp"
#include "bbprompt/data/check.hpp"
#include "bbprompt/data/import.hpp"
#include "bbprompt/data/known_task.hpp"
#include "bbprompt/model/model_factory.hpp"
#include "bbprompt/model/model_identity.hpp"
#include "bbprompt/report/text_table.hpp"
#include "bbprompt/sweep/sweep_plan.hpp"

namespace bbprompt {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;

constexpr const char* kUsage =
    R"(Usage: bbprompt data import TASK FILES... [--out FOLDER]
       bbprompt data check CONFIG_OR_TASK.yaml [--model FOLDER]

  import   read a data set in the form its publisher gives it, and write it for configs/tasks
  check    leakage between splits, label balance, lengths in tokens

bbprompt data import --help and bbprompt data check --help explain each, with an example.
)";

CommandOptions import_options() {
  CommandOptions options;
  std::string names;
  for (const KnownTask& task : known_tasks()) names += (names.empty() ? "" : ", ") + task.name;
  options.help = {
      .usage = "bbprompt data import TASK FILES... [--out FOLDER] [--strict] [--overwrite]",
      .about =
          "Reads a data set in the form its publisher gives it, recognised by content, and "
          "writes FOLDER/TASK/train.jsonl, dev.jsonl and test.jsonl for the task files of "
          "configs/tasks. A file's split is told by its name, or by --train, --dev, --test. "
          "Counts are compared with the published ones.\nTasks: " +
          names + ".",
      .example =
          "  bbprompt data import rte glue/RTE/train.tsv glue/RTE/dev.tsv --out data\n"
          "  bbprompt data import mrpc msr_paraphrase_train.txt msr_paraphrase_test.txt "
          "dev_ids.tsv\n"
          "  bbprompt data import hp --train articles.xml --train ground-truth.xml --strict\n"};
  const auto files = [] {
    return po::value<std::vector<std::string>>()->composing()->value_name("FILE");
  };
  options.named.add_options()("train", files(), "a file of the train split; repeatable");
  options.named.add_options()("dev", files(), "the same of dev");
  options.named.add_options()("test", files(), "the same of test");
  options.named.add_options()(
      "out", po::value<std::string>()->value_name("FOLDER"),
      "data folder; default: the environment variable BBPROMPT_DATA, else data");
  options.named.add_options()("strict", "counts that are not the published ones are an error");
  options.named.add_options()("overwrite", "replace files that are there with other rows");
  options.hidden.add_options()("task", po::value<std::string>()->required());
  options.hidden.add_options()("files", po::value<std::vector<std::string>>());
  options.positional.add("task", 1).add("files", -1);
  return options;
}

std::vector<fs::path> paths_of(const po::variables_map& values, const char* name) {
  if (values.count(name) == 0) return {};
  const auto& texts = values[name].as<std::vector<std::string>>();
  return {texts.begin(), texts.end()};
}

void print_report(const ImportReport& report, const KnownTask& task) {
  TextTable table;
  table.add_column("file", Align::kLeft);
  table.add_column("rows", Align::kRight);
  for (const std::string& label : task.labels) table.add_column(label, Align::kRight);
  for (const ImportedSplit& split : report.splits) {
    std::vector<std::string> cells = {printable(split.file.string(), 200),
                                      std::to_string(split.num_rows)};
    for (const auto count : split.label_counts) cells.push_back(std::to_string(count));
    table.add_row(std::move(cells));
  }
  std::cout << table.to_string();
  for (const ImportedSplit& split : report.splits) {
    std::cout << split.name << " from " << split.from << '\n';
  }
  for (const std::string& note : report.notes) std::cout << "note: " << note << '\n';
  for (const std::string& line : report.differences) {
    std::cerr << "bbprompt: warning: not the published counts: " << line << '\n';
  }
}

int import_command(const Arguments& arguments) {
  po::variables_map values;
  if (!parse_arguments(arguments, import_options(), values)) return kExitDone;
  const auto out = values.count("out") > 0 ? values["out"].as<std::string>() : "";
  const ImportRequest request{
      .task = values["task"].as<std::string>(),
      .files = paths_of(values, "files"),
      .train = paths_of(values, "train"),
      .dev = paths_of(values, "dev"),
      .test = paths_of(values, "test"),
      .folder = out.empty() ? find_data_folder("") : fs::path(out),
      .count_rule = values.count("strict") > 0 ? CountRule::kRequire : CountRule::kReport,
      .existing = values.count("overwrite") > 0 ? ExistingFiles::kReplace : ExistingFiles::kKeep};
  print_report(import_data(request), find_known_task(request.task));
  return kExitDone;
}

CommandOptions check_options() {
  CommandOptions options;
  options.help = {
      .usage = "bbprompt data check CONFIG_OR_TASK.yaml [--model FOLDER] [--data FOLDER]",
      .about =
          "For each task of a configuration, or for a task file alone: rows, labels and "
          "repeated rows of each file; rows that two files share, as they are and but for case "
          "and white space; lengths of whole inputs in tokens, rows with a text above "
          "max_field_tokens, and rows that are longer than the model after that.",
      .example =
          "  bbprompt data check configs/tasks/rte.yaml --model models/roberta-base\n"
          "  bbprompt data check configs/quickstart/quickstart.yaml\n"};
  options.named.add_options()("model", po::value<std::string>()->value_name("FOLDER"),
                              "model of the lengths; default: the configuration's");
  options.named.add_options()("data", po::value<std::string>()->value_name("FOLDER"),
                              "data folder, instead of data_folder and BBPROMPT_DATA");
  options.hidden.add_options()("file", po::value<std::string>()->required());
  options.positional.add("file", 1);
  return options;
}

// A task to check and what its lengths are measured for.
struct CheckedTask {
  TaskOptions task;
  std::optional<ModelOptions> model;  // none: lengths are not measured
  int num_prompt_tokens = 0;
};

// The tasks of a configuration, each once for a model, with its longest prompt.
std::vector<CheckedTask> tasks_of_plan(const SweepPlan& plan) {
  std::vector<CheckedTask> tasks;
  for (const TrialSpec& trial : plan.trials) {
    const ExperimentSpec& spec = trial.spec;
    const auto same = [&](const CheckedTask& other) {
      return other.task.name == spec.task.name && other.task.train == spec.task.train &&
             other.task.dev == spec.task.dev && other.task.test == spec.task.test &&
             other.task.template_text == spec.task.template_text &&
             ModelIdentity(*other.model) == ModelIdentity(spec.model);
    };
    auto found = std::find_if(tasks.begin(), tasks.end(), same);
    if (found == tasks.end()) {
      tasks.push_back({.task = spec.task, .model = spec.model});
      found = tasks.end() - 1;
    }
    found->num_prompt_tokens = std::max(found->num_prompt_tokens, spec.prompt.length);
  }
  return tasks;
}

std::vector<CheckedTask> tasks_to_check(const po::variables_map& values) {
  const fs::path file = values["file"].as<std::string>();
  const auto data = values.count("data") > 0 ? values["data"].as<std::string>() : "";
  std::vector<CheckedTask> tasks;
  if (is_task_file(file)) {
    tasks.emplace_back().task = load_task(file, find_data_folder(data));
  } else {
    ConfigDocument document = load_config(file);
    if (!data.empty()) {
      ConfigNode node;
      node.kind = ConfigNode::Kind::kScalar;
      node.text = data;
      node.is_text = true;
      set_config_value(document.root, "data_folder", node, {});
    }
    tasks = tasks_of_plan(expand(document));
  }
  if (values.count("model") > 0) {
    for (CheckedTask& task : tasks)
      task.model = ModelOptions{.path = values["model"].as<std::string>()};
  }
  return tasks;
}

void print_rows(const DataCheck& check, const TaskOptions& task) {
  TextTable table;
  table.add_column("split", Align::kLeft);
  table.add_column("rows", Align::kRight);
  table.add_column("repeated", Align::kRight);
  for (const LabelOptions& label : task.labels) {
    table.add_column(printable(label.name), Align::kRight);
  }
  for (const SplitCheck& split : check.splits) {
    std::vector<std::string> cells = {split.name, std::to_string(split.num_rows),
                                      std::to_string(split.num_repeated)};
    for (const auto count : split.label_counts) {
      cells.push_back(
          fmt::format("{} ({:.1f}%)", count,
                      100.0 * static_cast<double>(count) / static_cast<double>(split.num_rows)));
    }
    table.add_row(std::move(cells));
  }
  std::cout << table.to_string() << '\n';
}

void print_overlaps(const DataCheck& check) {
  TextTable table;
  table.add_column("rows of", Align::kLeft);
  table.add_column("also in", Align::kLeft);
  table.add_column("exactly", Align::kRight);
  table.add_column("but for case and space", Align::kRight);
  for (const SplitOverlap& overlap : check.overlaps) {
    table.add_row({overlap.second, overlap.first, std::to_string(overlap.num_exact),
                   std::to_string(overlap.num_normalised)});
  }
  std::cout << table.to_string() << '\n';
}

void print_lengths(const DataCheck& check, const LengthOptions& options, const fs::path& model) {
  TextTable table;
  table.add_column("tokens", Align::kLeft);
  for (const char* title : {"min", "median", "p95", "max", "text cut", "too long"}) {
    table.add_column(title, Align::kRight);
  }
  for (const SplitCheck& split : check.splits) {
    const LengthStats& stats = split.lengths.value();
    table.add_row({split.name, std::to_string(stats.min), std::to_string(stats.median),
                   std::to_string(stats.p95), std::to_string(stats.max),
                   std::to_string(stats.num_field_cut), std::to_string(stats.num_too_long)});
  }
  std::cout
      << table.to_string()
      << fmt::format(
             "whole inputs for {}, which takes {} tokens, with a prompt of {}; text cut: rows "
             "with a text above max_field_tokens; too long: rows above the model's length "
             "after that\n\n",
             printable(model.string(), 200), options.max_tokens, options.num_prompt_tokens);
}

void check_one(const CheckedTask& checked) {
  ModelVocabulary vocabulary;
  LengthOptions lengths{.num_prompt_tokens = checked.num_prompt_tokens};
  if (checked.model) {
    vocabulary = load_vocabulary(*checked.model);
    lengths.tokenizer = vocabulary.tokenizer.get();
    lengths.max_tokens = vocabulary.max_tokens;
  }
  const DataCheck check = check_data(checked.task, lengths);
  std::cout << checked.task.name << '\n';
  for (const SplitCheck& split : check.splits) {
    std::cout << "  " << split.name << ' ' << printable(split.file.string(), 200) << '\n';
  }
  std::cout << '\n';
  print_rows(check, checked.task);
  print_overlaps(check);
  if (vocabulary.tokenizer) {
    print_lengths(check, lengths, checked.model->path);
  } else {
    std::cout << "lengths: not measured; give a model with --model FOLDER\n\n";
  }
}

int check_command(const Arguments& arguments) {
  po::variables_map values;
  if (!parse_arguments(arguments, check_options(), values)) return kExitDone;
  for (const CheckedTask& task : tasks_to_check(values)) check_one(task);
  return kExitDone;
}

}  // namespace

int data_command(const Arguments& arguments) {
  const std::string action = arguments.empty() ? "" : arguments.front();
  const Arguments rest(arguments.begin() + (arguments.empty() ? 0 : 1), arguments.end());
  if (action == "import") return import_command(rest);
  if (action == "check") return check_command(rest);
  if (action == "--help" || action == "-h") {
    std::cout << kUsage;
    return kExitDone;
  }
  throw UsageError("data: expected import or check, found " +
                   (action.empty() ? "nothing" : "\"" + printable(action) + "\"") + "\n" + kUsage);
}

}  // namespace bbprompt
