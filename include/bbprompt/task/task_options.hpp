#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bbprompt/base/source_place.hpp"

namespace bbprompt {

enum class MetricKind { kAccuracy, kMacroF1, kBinaryF1, kMatthews };
enum class ObjectiveKind { kCrossEntropy, kHinge, kErrorRate, kReleasedHinge };
enum class Calibration { kNone, kFewShot };

// One class: its name in the data and its answer words, in the order of label indices.
struct LabelOptions {
  std::string name;
  std::vector<std::string> words;  // at least one; several: the label's score is their mean
};

// The classification problem, as a task file states it.
// What quotes mean in a CSV or TSV file; kAuto: dataset.hpp.
enum class FileQuoting { kAuto, kQuoted, kNone };

struct TaskOptions {
  std::string name;
  std::filesystem::path train;  // pool of the few-shot train split
  std::filesystem::path dev;    // pool of the few-shot dev split; empty: drawn from train too
  std::filesystem::path test;
  std::string text_a = "text_a";  // column names
  std::string text_b;             // empty: single texts
  std::string label = "label";
  FileQuoting quoting = FileQuoting::kAuto;
  bool has_header = true;       // of CSV and TSV files; without one columns are named "1", "2", ...
  std::string template_text;    // "{prompt} {text_a} It was {mask}."
  std::string causal_template;  // for models that answer after the text; empty: template_text
  std::string manual_prompt;    // stands at {prompt} for the manual baseline; may be empty
  std::vector<LabelOptions> labels;
  MetricKind metric = MetricKind::kAccuracy;
  int max_field_tokens = 0;  // each text is first cut to this many tokens; 0: no limit
  // Not part of the file, for messages: where its paths written "data:..." were looked up, and
  // where its keys ("task.template") were written; null where nobody knows.
  std::filesystem::path data_folder;
  std::shared_ptr<const KeyPlaces> places;
};

struct FewShotOptions {
  int train_per_class = 16;
  int dev_per_class = 16;
  std::int64_t max_test = 0;  // rows of the test file, spread evenly over it; 0: all
};

// How label scores are used, the same in search, selection and test.
struct ScoringOptions {
  Calibration calibration = Calibration::kNone;
};

struct ObjectiveOptions {
  ObjectiveKind kind = ObjectiveKind::kCrossEntropy;
  double margin = 2.0;  // hinge (BBT uses 2 for every task)
};

}  // namespace bbprompt
