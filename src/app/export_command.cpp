#include <filesystem>
#include <iostream>

#include "app/command.hpp"
#include "app/run_roots.hpp"
#include "bbprompt/base/atomic_file.hpp"
#include "bbprompt/base/error.hpp"
#include "bbprompt/predict/choose_prompts.hpp"
#include "bbprompt/predict/exported_prompt.hpp"
#include "bbprompt/store/run_files.hpp"

namespace bbprompt {
namespace {

namespace po = boost::program_options;
namespace fs = std::filesystem;

CommandOptions export_options() {
  CommandOptions options;
  options.help = {
      .name = "bbprompt export",
      .usage = "bbprompt export RUN [--trial ID | --task TASK --method METHOD] [--out FOLDER]",
      .about =
          "Writes a learned prompt for use elsewhere, as JSON: text and token ids, how the model's "
          "input is made of a text, answer words and their ids, calibration, and two texts with "
          "their probabilities to check a copy by. A folder also gets the vectors of a soft prompt "
          "as safetensors, and a script for Hugging Face transformers that gives the same "
          "probabilities.\n"
          "The prompt is the one that is best on dev, unless --trial names another.",
      .example =
          "  bbprompt export out/quickstart --task reviews --out my-prompt\n"
          "  python my-prompt/predict_hf.py models/roberta-large --check\n"};
  const auto add_text = [&](const char* name, const char* value, const char* meaning) {
    options.named.add_options()(name, po::value<std::string>()->value_name(value), meaning);
  };
  add_text("task", "TASK", "the task whose prompt to take, where the run has several");
  add_text("method", "METHOD", "the best prompt of this method");
  add_text("trial", "ID", "the prompt of this trial; the beginning of its id is enough");
  add_text("out", "FOLDER", "a new folder for the files; without it the JSON is printed");
  add_root_options(options.named);
  options.hidden.add_options()("run", po::value<std::string>()->required(),
                               "the folder of a run: bbprompt export RUN");
  options.positional.add("run", 1);
  return options;
}

void write_folder(const fs::path& folder, const ExportedPrompt& exported) {
  std::error_code status;
  if (fs::exists(folder, status) && !fs::is_empty(folder, status))
    throw UsageError("--out " + folder.string() + ": expected a new or an empty folder");
  fs::create_directories(folder, status);
  if (status) throw StoreError(folder.string(), "cannot create: " + status.message());
  if (!exported.safetensors.empty()) replace_file(folder / kPromptVectors, exported.safetensors);
  replace_file(folder / kPromptScript, transformers_script());
  replace_file(folder / kPromptJson, exported.json);
}

}  // namespace

int export_command(const Arguments& arguments) {
  po::variables_map values;
  if (!parse_arguments(arguments, export_options(), values)) return kExitDone;
  const Results results = read_run(values["run"].as<std::string>());
  const std::vector<TrialRecord> chosen = choose_prompts(results,
                                                         {.task = text_of(values, "task"),
                                                          .method = text_of(values, "method"),
                                                          .id = text_of(values, "trial")},
                                                         1);
  ModelPool models;
  const ExportedPrompt exported = export_prompt(chosen.front(), roots_of(results, values), models,
                                                server_of_document(results.run.config_asked));
  const std::string out = text_of(values, "out");
  if (out.empty()) {
    std::cout << exported.json;
    return kExitDone;
  }
  write_folder(out, exported);
  std::cout << "the prompt of trial " << chosen.front().id << " is in " << out << '\n';
  return kExitDone;
}

}  // namespace bbprompt
