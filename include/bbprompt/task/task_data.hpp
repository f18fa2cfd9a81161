#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bbprompt/prompt/prompt_options.hpp"
#include "bbprompt/task/dataset.hpp"
#include "bbprompt/task/task_options.hpp"

namespace bbprompt {

// The three splits of one trial. None is empty.
struct TaskData {
  std::vector<Example> train;
  std::vector<Example> dev;
  std::vector<Example> test;  // in file order

  // The file that train was drawn from, shared by all draws from it; null where it was not read.
  std::shared_ptr<const Dataset> train_file;

  // Identifies data and draw: SHA-256 over the digests of the files read and the rows drawn.
  std::string fingerprint;

  // Drawn examples whose text is also a text of `test`, as some public datasets have them.
  std::int64_t num_train_in_test = 0;
  std::int64_t num_dev_in_test = 0;
  // The two counts in words where they are not 0, and how files were read, for the results.
  std::vector<std::string> notes;
};

// The texts that candidates of a discrete prompt are counted in, as views into `data`: of the drawn
// train examples, or every text of the train file in file order.
[[nodiscard]] std::vector<std::string_view> corpus_texts(const TaskData& data, CandidateText text);

// Indices of `max_rows` of the examples, ascending; all where `max_rows` is 0 or not below their
// number. Takes equally spaced ones of the order (label, row): no seed, the classes keep their
// shares, and neither a file sorted by class nor one that alternates skews them.
[[nodiscard]] std::vector<std::int64_t> thin_out(const std::vector<Example>& examples,
                                                 std::int64_t max_rows);

// A task's files, read; no `dev`: drawn from train too.
struct TaskFiles {
  std::shared_ptr<const Dataset> train;
  std::shared_ptr<const Dataset> dev;
  std::shared_ptr<const Dataset> test;
};

// Reads the task's files and draws the split of `seed` (few_shot_split.hpp); test is the whole
// file or thin_out(.., few_shot.max_test). Throws DataError, and SettingError for options that
// contradict themselves.
[[nodiscard]] TaskData load_task_data(const TaskOptions& task, const FewShotOptions& few_shot,
                                      std::uint64_t seed);

// The same from files at hand.
[[nodiscard]] TaskData draw_task_data(const TaskFiles& files, const TaskOptions& task,
                                      const FewShotOptions& few_shot, std::uint64_t seed);

}  // namespace bbprompt
