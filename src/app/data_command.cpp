#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <iostream>
#include <optional>
#include <set>

#include "app/command.hpp"
#include "app/terminal.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/config/config_document.hpp"
#include "bbprompt/config/data_path.hpp"
#include "bbprompt/config/setting_place.hpp"
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

std::string data_help() {
  const std::size_t width = text_columns();
  constexpr std::size_t kIndent = 11;
  return "Usage: bbprompt data import TASK FILES... [--out FOLDER]\n"
         "       bbprompt data check CONFIG_OR_TASK.yaml [--model FOLDER]\n\n"
         "  import   " +
         wrapped("read a data set in its publisher's format and write it as configs/tasks expects",
                 width, kIndent) +
         "  check    " +
         wrapped("look for leakage between splits, label balance and inputs too long for the model",
                 width, kIndent) +
         "\n" +
         wrapped(
             "\"bbprompt help data import\" and \"bbprompt help data check\" explain each, "
             "with an example.",
             width);
}

CommandOptions import_options() {
  CommandOptions options;
  std::string names;
  for (const KnownTask& task : known_tasks()) names += (names.empty() ? "" : ", ") + task.name;
  options.help = {
      .name = "bbprompt data import",
      .usage = "bbprompt data import TASK FILES... [--out FOLDER] [--strict] [--overwrite]",
      .about =
          "Reads a data set in its publisher's format, which it recognises by content, and writes "
          "FOLDER/TASK/train.jsonl, dev.jsonl and test.jsonl for the task files of configs/tasks. "
          "The split is inferred from the file name; give --train, --dev or --test where the name "
          "does not say. Compares the number of rows with the published one.\nTasks: " +
          names + ".",
      .example =
          "  bbprompt data import rte glue/RTE/train.tsv glue/RTE/dev.tsv --out data\n"
          "  bbprompt data import mrpc msr_paraphrase_train.txt msr_paraphrase_test.txt "
          "dev_ids.tsv\n"
          "  bbprompt data import hp --train articles.xml --train ground-truth.xml --strict\n"};
  const auto files = [] {
    return po::value<std::vector<std::string>>()->composing()->value_name("FILE");
  };
  options.named.add_options()("train", files(),
                              "read FILE as part of the train split; repeat it for more files");
  options.named.add_options()("dev", files(), "the same for the dev split");
  options.named.add_options()("test", files(), "the same for the test split");
  options.named.add_options()(
      "out", po::value<std::string>()->value_name("FOLDER"),
      "data folder to write into (default: the environment variable BBPROMPT_DATA, else data)");
  options.named.add_options()(
      "strict", "fail, and write nothing, where the number of rows is not the published one");
  options.named.add_options()("overwrite", "replace files in FOLDER/TASK that hold other rows");
  options.hidden.add_options()("task", po::value<std::string>()->required(),
                               "a task and its files: bbprompt data import TASK FILES...");
  options.hidden.add_options()("files", po::value<std::vector<std::string>>(), "files");
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
    std::cerr << "bbprompt: warning: the counts differ from the published ones: " << line << '\n';
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
      .name = "bbprompt data check",
      .usage = "bbprompt data check CONFIG_OR_TASK.yaml [--model FOLDER] [--data FOLDER]",
      .about =
          "Looks for problems in the data of a configuration's tasks, or of one task file. Shows "
          "for each file its rows, labels and repeated rows; for each pair of files the rows they "
          "share, exactly and ignoring case and white space; and with a model the length of whole "
          "inputs in tokens, the texts that max_field_tokens cuts, and the inputs that are still "
          "longer than the model takes.",
      .example =
          "  bbprompt data check configs/tasks/rte.yaml --model models/roberta-base\n"
          "  bbprompt data check configs/quickstart/quickstart.yaml\n"};
  options.named.add_options()("model", po::value<std::string>()->value_name("FOLDER"),
                              "measure lengths for this model (default: the configuration's)");
  options.named.add_options()("data", po::value<std::string>()->value_name("FOLDER"),
                              "data folder (default: data_folder of the configuration, else the "
                              "environment variable BBPROMPT_DATA, else data)");
  options.hidden.add_options()(
      "file", po::value<std::string>()->required(),
      "a configuration or a task file: bbprompt data check CONFIG_OR_TASK.yaml");
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
             other.task.causal_template == spec.task.causal_template &&
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

std::string label_cell(const SplitCheck& split, std::size_t label) {
  const std::int64_t count = split.label_counts[label];
  return fmt::format("{} ({:.1f}%)", count,
                     100.0 * static_cast<double>(count) / static_cast<double>(split.num_rows));
}

enum class LabelColumns { kShown, kLeftOut };

// A row for each split.
TextTable rows_table(const DataCheck& check, const TaskOptions& task, LabelColumns labels) {
  TextTable table;
  table.add_column("split", Align::kLeft);
  table.add_column("rows", Align::kRight);
  table.add_column("repeated", Align::kRight);
  const std::size_t num_labels = labels == LabelColumns::kShown ? task.labels.size() : 0;
  for (std::size_t i = 0; i < num_labels; ++i)
    table.add_column(printable(task.labels[i].name), Align::kRight);
  for (const SplitCheck& split : check.splits) {
    std::vector<std::string> cells = {split.name, std::to_string(split.num_rows),
                                      std::to_string(split.num_repeated)};
    for (std::size_t i = 0; i < num_labels; ++i) cells.push_back(label_cell(split, i));
    table.add_row(std::move(cells));
  }
  return table;
}

// A row for each label, for tasks whose labels are too many for columns.
TextTable labels_table(const DataCheck& check, const TaskOptions& task) {
  TextTable table;
  table.add_column("label", Align::kLeft);
  for (const SplitCheck& split : check.splits) table.add_column(split.name, Align::kRight);
  for (std::size_t i = 0; i < task.labels.size(); ++i) {
    std::vector<std::string> cells = {printable(task.labels[i].name)};
    for (const SplitCheck& split : check.splits) cells.push_back(label_cell(split, i));
    table.add_row(std::move(cells));
  }
  return table;
}

void print_rows(const DataCheck& check, const TaskOptions& task) {
  const std::string whole = rows_table(check, task, LabelColumns::kShown).to_string();
  const std::size_t rule = whole.find('\n') + 1;  // as wide as the table
  if (whole.find('\n', rule) - rule <= terminal_columns(STDOUT_FILENO)) {
    std::cout << whole << '\n';
    return;
  }
  std::cout << rows_table(check, task, LabelColumns::kLeftOut).to_string() << '\n'
            << labels_table(check, task).to_string() << '\n';
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
  std::cout << table.to_string()
            << wrapped(
                   fmt::format("Whole inputs for {}, which takes {}, with a prompt of {}. text "
                               "cut: rows with a text that max_field_tokens cuts; too long: "
                               "rows that are still longer than the model takes.",
                               printable(model.string(), 200), plural(options.max_tokens, "token"),
                               plural(options.num_prompt_tokens, "token")),
                   text_columns())
            << '\n';
}

void check_one(const CheckedTask& checked) {
  ModelVocabulary vocabulary;
  LengthOptions lengths{.num_prompt_tokens = checked.num_prompt_tokens};
  if (checked.model) {
    vocabulary = load_vocabulary(*checked.model);
    lengths.tokenizer = vocabulary.tokenizer.get();
    lengths.max_tokens = vocabulary.max_tokens;
    lengths.family = vocabulary.family;
  }
  const DataCheck check =
      with_place(checked.task, "task", [&] { return check_data(checked.task, lengths); });
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
    std::cout << "lengths: not measured; name a model with --model FOLDER\n\n";
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
    std::cout << data_help();
    return kExitDone;
  }
  throw UsageError("data: expected import or check, found " +
                   (action.empty() ? "nothing" : "\"" + printable(action) + "\"") + "\n" +
                   data_help());
}

}  // namespace bbprompt
