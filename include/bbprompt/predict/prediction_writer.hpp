#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "bbprompt/task/dataset.hpp"
#include "bbprompt/task/split_score.hpp"

namespace bbprompt {

enum class PredictionFormat { kCsv, kJsonl };

// What a file of predictions says in its names.
struct PredictionLayout {
  PredictionFormat format = PredictionFormat::kCsv;
  std::vector<std::string> labels;
  std::string text_a;
  std::string text_b;  // empty: single texts
};

// One row of predictions.
struct Prediction {
  const Example& example;  // label -1: none is known
  int predicted = 0;
  std::vector<double> probabilities;  // by label
};

// CSV: row, predicted, label (empty where none is known), p_LABEL for each label, then the texts,
// quoted as RFC 4180 has it. JSONL: the same as an object a line. Probabilities have every digit.
[[nodiscard]] std::string header_of(const PredictionLayout& layout);  // empty for JSONL
[[nodiscard]] std::string line_of(const PredictionLayout& layout, const Prediction& prediction);

// A file of predictions that grows row by row, and goes on where a killed process left it. Until it
// is whole its name is FILE.partial, and FILE.partial.of says of which prompt and input it is.
class PredictionFile {
 public:
  // `identity` tells one prompt and input from another. Throws StoreError where `path` exists and
  // may not be replaced, is no regular file, cannot be written, or holds a part of other
  // predictions, or one that another process is writing.
  PredictionFile(std::filesystem::path path, PredictionLayout layout, const std::string& identity,
                 bool may_replace);
  PredictionFile(const PredictionFile&) = delete;
  PredictionFile& operator=(const PredictionFile&) = delete;
  ~PredictionFile();

  // Of each row that an earlier start wrote, in order, the index of the predicted label.
  [[nodiscard]] const std::vector<int>& earlier() const { return earlier_; }

  void add(const std::string& lines);  // whole lines; on disk when it returns
  void finish();                       // gives the file its name

 private:
  void go_on();

  std::filesystem::path path_;
  std::filesystem::path partial_;
  std::filesystem::path identity_file_;
  PredictionLayout layout_;
  bool may_replace_;
  std::vector<int> earlier_;
  int descriptor_ = -1;
};

}  // namespace bbprompt
