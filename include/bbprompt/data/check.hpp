#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "bbprompt/lm/model_view.hpp"
#include "bbprompt/task/task_options.hpp"
#include "bbprompt/text/tokenizer.hpp"

namespace bbprompt {

// The model that lengths are measured for.
struct LengthOptions {
  const Tokenizer* tokenizer = nullptr;  // none: lengths are not measured
  int max_tokens = 0;                    // longest input of the model, special tokens included
  ModelFamily family = ModelFamily::kMasked;
  int num_prompt_tokens = 0;  // length of the prompt that will be learned
};

// Tokens of whole inputs (special tokens, prompt, pattern, texts) before anything is cut. Quantiles
// are nearest ranks: of n sorted lengths the ceil(q n)-th.
struct LengthStats {
  std::int64_t min = 0;
  std::int64_t median = 0;
  std::int64_t p95 = 0;
  std::int64_t max = 0;
  std::int64_t num_field_cut = 0;  // rows with a text above max_field_tokens
  std::int64_t num_too_long = 0;   // rows that are longer than the model after that
};

struct SplitCheck {
  std::string name;  // "train", "dev", "test"
  std::filesystem::path file;
  std::int64_t num_rows = 0;
  std::vector<std::int64_t> label_counts;  // in the order of TaskOptions::labels
  std::int64_t num_repeated = 0;           // rows whose content a row before them has
  std::optional<LengthStats> lengths;
};

// Rows of `second` whose content is in `first` too.
struct SplitOverlap {
  std::string first;
  std::string second;
  std::int64_t num_exact = 0;
  std::int64_t num_normalised = 0;  // letters case-folded, white space runs as one blank; >= exact
};

struct DataCheck {
  std::vector<SplitCheck> splits;  // dev only where the task names a file for it
  std::vector<SplitOverlap> overlaps;
};

// Looks at a task's files as they are, before anything is drawn from them. Content is the text, or
// the pair of texts; labels do not matter to it. Throws DataError as read_dataset does.
[[nodiscard]] DataCheck check_data(const TaskOptions& task, const LengthOptions& lengths);

}  // namespace bbprompt
