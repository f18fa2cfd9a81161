#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>

#include "app/command.hpp"
#include "app/run_roots.hpp"
#include "app/safe_output.hpp"
#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/base/here_and_now.hpp"
#include "bbprompt/base/sha256.hpp"
#include "bbprompt/base/wording.hpp"
#include "bbprompt/comm/communicator.hpp"
#include "bbprompt/comm/launch.hpp"
#include "bbprompt/comm/mpi_channel.hpp"
#include "bbprompt/comm/mpi_environment.hpp"
#include "bbprompt/predict/choose_prompts.hpp"
#include "bbprompt/predict/prediction_writer.hpp"
#include "bbprompt/predict/shared_labeling.hpp"
#include "bbprompt/report/text_table.hpp"
#include "bbprompt/store/run_files.hpp"
#include "bbprompt/task/input_rows.hpp"
#include "bbprompt/task/metric.hpp"

namespace bbprompt {
namespace {

namespace po = boost::program_options;
namespace fs = std::filesystem;

CommandOptions predict_options() {
  CommandOptions options;
  options.help = {
      .name = "bbprompt predict",
      .usage = "[mpirun -n RANKS] bbprompt predict RUN FILE [--out OUT] [OPTIONS]",
      .about =
          "Labels new texts with a learned prompt: for each row of FILE the label, the probability "
          "of every label, and the text. FILE is a .csv, .tsv or .jsonl with the task's text "
          "columns, or - for standard input. Where it has labels too, the metric and the confusion "
          "matrix follow on standard error.\n"
          "The prompt is the one that is best on dev, unless --trial names another. The command "
          "runs in one process or under mpirun, with the same output. With --out a run that was "
          "killed goes on where it was: run the same command again.",
      .example =
          "  bbprompt predict out/quickstart new.csv --task reviews --out labelled.csv\n"
          "  bbprompt predict out/quickstart - --task reviews < new.jsonl\n"};
  const auto add_text = [&](const char* name, const char* value, const char* meaning) {
    options.named.add_options()(name, po::value<std::string>()->value_name(value), meaning);
  };
  add_text("task", "TASK", "the task whose prompt to use, where the run has several");
  add_text("method", "METHOD", "the best prompt of this method");
  add_text("trial", "ID", "the prompt of this trial; the beginning of its id is enough");
  options.named.add_options()("ensemble", po::value<int>()->default_value(1)->value_name("K"),
                              "use the K prompts that are best on dev together: the mean of their "
                              "label scores");
  add_text("out", "OUT", "write here instead of standard output");
  add_text("format", "FORMAT", "csv or jsonl (default: by the ending of OUT, else csv)");
  add_text("input-format", "FORMAT",
           "csv, tsv or jsonl, for standard input and for files of other names");
  options.named.add_options()("overwrite", "replace OUT where there is such a file");
  add_root_options(options.named);
  options.hidden.add_options()("run", po::value<std::string>()->required(),
                               "the folder of a run and a file: bbprompt predict RUN FILE");
  options.hidden.add_options()("input", po::value<std::string>()->required(),
                               "a file to label: bbprompt predict RUN FILE");
  options.positional.add("run", 1).add("input", 1);
  return options;
}

// ---- input and output

std::string ending_of(const po::variables_map& values, const std::string& input) {
  const std::string given = text_of(values, "input-format");
  if (given.empty() && input == "-")
    throw UsageError(
        "--input-format: expected csv, tsv or jsonl for standard input, found nothing");
  if (given.empty()) return fs::path(input).extension().string();
  if (given == "csv" || given == "tsv" || given == "jsonl") return "." + given;
  throw UsageError("--input-format: expected csv, tsv or jsonl, found \"" + given + "\"");
}

InputText read_input(const po::variables_map& values) {
  const std::string input = values["input"].as<std::string>();
  InputText text{.name = input == "-" ? "standard input" : input,
                 .contents = {},
                 .ending = ending_of(values, input)};
  if (input == "-") {
    text.contents.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else {
    text.contents = read_file(input);
  }
  return text;
}

PredictionFormat format_of(const po::variables_map& values) {
  std::string format = text_of(values, "format");
  if (format.empty()) {
    const fs::path out = text_of(values, "out");
    format = out.extension() == ".jsonl" ? "jsonl" : "csv";
  }
  if (format == "csv") return PredictionFormat::kCsv;
  if (format == "jsonl") return PredictionFormat::kJsonl;
  throw UsageError("--format: expected csv or jsonl, found \"" + format + "\"");
}

std::string identity_of(const std::vector<TrialRecord>& trials, const InputText& input,
                        PredictionFormat format) {
  std::string text = std::string("bbprompt ") + BBPROMPT_VERSION + "\ninput " +
                     sha256_hex(input.contents) +
                     (format == PredictionFormat::kCsv ? "\nformat csv\n" : "\nformat jsonl\n");
  for (const TrialRecord& trial : trials)
    text += "trial " + trial.id + ' ' + trial.config_hash + '\n';
  return text;
}

// ---- the rows

// Where labelled rows go, and what is counted about them.
class Output {
 public:
  Output(PredictionLayout layout, std::unique_ptr<PredictionFile> file)
      : layout_(std::move(layout)), file_(std::move(file)) {
    if (!file_) std::cout << header_of(layout_);
  }

  [[nodiscard]] std::size_t num_earlier() const { return file_ ? file_->earlier().size() : 0; }

  // A row that an earlier start wrote.
  void count_earlier(const Example& example, std::size_t index) {
    count(example, file_->earlier()[index]);
  }

  // Rows before `num_earlier()` are in the file already.
  void add(const std::vector<Example>& examples, const RowMatrixXd& scores) {
    const RowMatrixXd shares = probabilities(scores);
    std::string lines;
    for (std::size_t i = 0; i < examples.size(); ++i) {
      if (num_rows_ < num_earlier()) {
        count_earlier(examples[i], num_rows_);
        continue;
      }
      const auto row = shares.row(static_cast<Eigen::Index>(i));
      Eigen::Index best = 0;
      row.maxCoeff(&best);
      lines += line_of(layout_, {.example = examples[i],
                                 .predicted = static_cast<int>(best),
                                 .probabilities = {row.begin(), row.end()}});
      count(examples[i], static_cast<int>(best));
    }
    if (file_) {
      file_->add(lines);
    } else {
      std::cout << lines;
    }
    show_progress();
  }

  void finish(MetricKind metric) {
    if (file_) file_->finish();
    error_output() << "bbprompt: " << plural(static_cast<std::int64_t>(num_rows_), "row")
                   << " labelled\n";
    if (!gold_.empty()) print_metrics(metric);
  }

 private:
  void count(const Example& example, int predicted) {
    ++num_rows_;
    if (example.label < 0) return;
    gold_.push_back(example.label);
    predicted_.push_back(predicted);
  }

  void show_progress() {
    constexpr double kEverySeconds = 5.0;
    if (seconds_since(last_shown_) < kEverySeconds) return;
    last_shown_ = std::chrono::steady_clock::now();
    const double rate =
        static_cast<double>(num_rows_ - num_earlier()) / std::max(seconds_since(begun_), 1e-3);
    error_output() << fmt::format("bbprompt: {} labelled, {:.0f}/s\n",
                                  plural(static_cast<std::int64_t>(num_rows_), "row"), rate);
  }

  void print_metrics(MetricKind metric) {
    const auto num_labels = static_cast<int>(layout_.labels.size());
    const ConfusionMatrix confusion = count_confusion(gold_, predicted_, num_labels);
    error_output() << fmt::format("accuracy {:.4f}",
                                  metric_value(MetricKind::kAccuracy, confusion));
    if (metric != MetricKind::kAccuracy)
      error_output() << fmt::format(", {} {:.4f}", to_string(metric),
                                    metric_value(metric, confusion));
    error_output() << " on " << plural(static_cast<std::int64_t>(gold_.size()), "labelled row")
                   << '\n';
    TextTable table;
    table.add_column("label \\ predicted", Align::kLeft);
    for (const std::string& label : layout_.labels) table.add_column(label, Align::kRight);
    for (int gold = 0; gold < num_labels; ++gold) {
      std::vector<std::string> cells{layout_.labels[static_cast<std::size_t>(gold)]};
      for (int other = 0; other < num_labels; ++other)
        cells.push_back(std::to_string(confusion.counts()(gold, other)));
      table.add_row(cells);
    }
    error_output() << table.to_string();
  }

  PredictionLayout layout_;
  std::unique_ptr<PredictionFile> file_;
  std::size_t num_rows_ = 0;
  std::vector<int> gold_;
  std::vector<int> predicted_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_shown_ = begun_;
};

// What every rank knows of the command.
struct Request {
  const po::variables_map& values;
  Results results;
  std::vector<TrialRecord> trials;
  PathRoots roots;
  ModelPool models;

  explicit Request(const po::variables_map& given)
      : values(given),
        results(read_run(given["run"].as<std::string>())),
        trials(choose_prompts(results,
                              {.task = text_of(given, "task"),
                               .method = text_of(given, "method"),
                               .id = text_of(given, "trial")},
                              given["ensemble"].as<int>())),
        roots(roots_of(results, given)) {}

  [[nodiscard]] MakeLabeler labeler() {
    return [this] {
      return std::make_unique<PromptLabeler>(trials, roots, models,
                                             server_of_document(results.run.config_asked));
    };
  }
};

// Stretches begin at multiples of the shard size, as those of a run do, so that the same rows get
// the same bits. Whole ones that an earlier start wrote are not asked again.
void label_rows(const InputText& input, const ExperimentSpec& spec, SharedLabeling& labeling,
                Output& output) {
  const auto size = static_cast<std::size_t>(spec.shard_size);
  const std::size_t num_kept = output.num_earlier() / size * size;
  std::vector<Example> stretch;
  std::size_t index = 0;
  read_input_rows(input, spec.task, [&](Example&& example) {
    if (index < num_kept) {
      output.count_earlier(example, index++);
      return;
    }
    ++index;
    stretch.push_back(std::move(example));
    if (stretch.size() == size) labeling.add(std::exchange(stretch, {}));
  });
  labeling.add(std::move(stretch));
  labeling.finish();
}

int predict_on_master(Request& what, Channel* channel) {
  const TrialRecord& first = what.trials.front();
  const ExperimentSpec spec = experiment_from_yaml(first.config, what.roots);
  const InputText input = read_input(what.values);
  const PredictionLayout layout{.format = format_of(what.values),
                                .labels = first.labels,
                                .text_a = spec.task.text_a,
                                .text_b = spec.task.text_b};
  for (const TrialRecord& trial : what.trials)
    error_output() << "bbprompt: prompt of trial " << trial.id << ": " << trial.best.prompt.text
                   << '\n';
  std::unique_ptr<PredictionFile> file;
  if (const std::string out = text_of(what.values, "out"); !out.empty()) {
    file = std::make_unique<PredictionFile>(out, layout,
                                            identity_of(what.trials, input, layout.format),
                                            what.values.count("overwrite") > 0);
  }
  Output output(layout, std::move(file));
  SharedLabeling labeling(channel, what.labeler(), static_cast<int>(first.labels.size()),
                          [&](const std::vector<Example>& examples, const RowMatrixXd& scores) {
                            output.add(examples, scores);
                          });
  try {
    label_rows(input, spec, labeling, output);
  } catch (...) {
    labeling.end_workers();
    throw;
  }
  labeling.end_workers();
  output.finish(spec.task.metric);
  return kExitDone;
}

int predict_in_world(const po::variables_map& values) {
  const MpiEnvironment environment;
  const Communicator communicator(environment);
  MpiChannel channel(communicator);
  if (communicator.rank() > 0) {
    std::optional<Request> what;
    label_for_master(channel, [&] {
      what.emplace(values);
      return what->labeler()();
    });
    return kExitDone;
  }
  Channel* workers = communicator.size() > 1 ? &channel : nullptr;
  try {
    Request what(values);
    return predict_on_master(what, workers);
  } catch (const std::exception& error) {
    const bool is_usage = dynamic_cast<const UsageError*>(&error) != nullptr ||
                          dynamic_cast<const ConfigError*>(&error) != nullptr;
    error_output() << "bbprompt: " << error.what() << std::endl;
    MpiEnvironment::abort(is_usage ? kExitUsage : kExitFailed);
  }
}

}  // namespace

int predict_command(const Arguments& arguments) {
  po::variables_map values;
  if (!parse_arguments(arguments, predict_options(), values)) return kExitDone;
  if (is_started_by_mpi_launcher()) return predict_in_world(values);
  check_launch(detect_launch([](const char* name) { return std::getenv(name); }), 0);
  Request what(values);
  return predict_on_master(what, nullptr);
}

}  // namespace bbprompt
