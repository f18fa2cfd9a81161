#pragma once

#include <filesystem>
#include <string>

#include "bbprompt/explain/open_trial.hpp"

namespace bbprompt {

// A learned prompt for use elsewhere.
struct ExportedPrompt {
  // Everything but vectors, for programs: the prompt's text, tokens and ids; how the model's input
  // is made of a row (segments: texts with the task's fields, ids, the answer slot); answer words
  // and their ids; what calibration subtracts; two rows with their probabilities, to check a copy
  // by. results/README.md lists the keys.
  std::string json;
  // A soft prompt's vectors as a safetensors file: "vectors" (tokens x hidden size), and for a deep
  // prompt "layers.1", "layers.2", ... of the same shape. Empty for other prompts.
  std::string safetensors;
};

// Opens the trial as open_trial() does, asks the model about two rows of its train split (and all
// of it where the trial is calibrated), and throws as that does.
[[nodiscard]] ExportedPrompt export_prompt(const TrialRecord& record, const PathRoots& roots,
                                           ModelPool& models, const ServerOptions& server);

// The name of the vectors' file beside the JSON, and of both and the script in a folder.
inline constexpr const char* kPromptJson = "prompt.json";
inline constexpr const char* kPromptVectors = "vectors.safetensors";
inline constexpr const char* kPromptScript = "predict_hf.py";

// A Python script for Hugging Face transformers that labels rows with the exported prompt, and
// compares itself with the JSON's checked rows (--check).
[[nodiscard]] std::string transformers_script();

}  // namespace bbprompt
