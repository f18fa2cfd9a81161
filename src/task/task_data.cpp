#include "bbprompt/task/task_data.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/sha256.hpp"
#include "bbprompt/base/source_place.hpp"
#include "bbprompt/task/few_shot_split.hpp"

namespace bbprompt {
namespace {

std::vector<Example> pick(const Dataset& dataset, std::span<const std::int64_t> indices) {
  std::vector<Example> picked;
  picked.reserve(indices.size());
  for (const std::int64_t i : indices) {
    picked.push_back(dataset.examples.at(static_cast<std::size_t>(i)));
  }
  return picked;
}

void update_digest(Sha256& digest, const Dataset& source, std::span<const Example> split) {
  std::string lines = source.sha256 + "\n";
  for (const Example& example : split) lines += std::to_string(example.row) + "\n";
  digest.update(lines);
}

std::int64_t count_in_test(const std::vector<Example>& split, const std::vector<Example>& test) {
  std::set<std::pair<std::string_view, std::string_view>> texts;
  for (const Example& example : split) texts.insert(content_of(example));
  std::set<std::pair<std::string_view, std::string_view>> found;
  for (const Example& example : test) {
    if (const auto text = texts.find(content_of(example)); text != texts.end()) found.insert(*text);
  }
  return static_cast<std::int64_t>(found.size());
}

void note_overlap(TaskData& data, std::string_view name, std::int64_t num_in_test) {
  if (num_in_test == 0) return;
  const std::size_t num_drawn = name == "train" ? data.train.size() : data.dev.size();
  data.notes.push_back(std::to_string(num_in_test) + " of the " + std::to_string(num_drawn) +
                       " drawn " + std::string(name) +
                       " examples also occur in the test split, word for word");
}

// The files' own notes, and where one is read in another way than the others.
void note_reading(TaskData& data, const TaskFiles& files) {
  std::map<std::string, std::string> by_quoting;
  for (const auto& file : {files.train, files.dev, files.test}) {
    if (!file) continue;
    for (const std::string& note : file->notes) {
      if (std::find(data.notes.begin(), data.notes.end(), note) == data.notes.end())
        data.notes.push_back(note);
    }
    if (!file->quoting.empty()) by_quoting.emplace(file->quoting, file->path.string());
  }
  if (by_quoting.size() < 2) return;
  data.notes.push_back("quotes are read in two ways: " + by_quoting.at("quoted") + " is quoted, " +
                       by_quoting.at("raw") +
                       " is raw; task.quoting: quoted (or none) reads all files alike");
}

}  // namespace

std::vector<std::string_view> corpus_texts(const TaskData& data, CandidateText text) {
  std::vector<std::string_view> texts;
  const bool is_whole_file = text == CandidateText::kTrainFile && data.train_file != nullptr;
  for (const Example& example : is_whole_file ? data.train_file->examples : data.train) {
    texts.emplace_back(example.text_a);
    if (!example.text_b.empty()) texts.emplace_back(example.text_b);
  }
  return texts;
}

std::vector<std::int64_t> thin_out(const std::vector<Example>& examples, std::int64_t max_rows) {
  if (max_rows < 0) {
    throw SettingError("few_shot.max_test", "expected a number of rows, or 0 for all, found " +
                                                std::to_string(max_rows));
  }
  const auto num_rows = static_cast<std::int64_t>(examples.size());
  std::vector<std::int64_t> order(examples.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  if (max_rows == 0 || max_rows >= num_rows) return order;
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return examples[static_cast<std::size_t>(a)].label <
           examples[static_cast<std::size_t>(b)].label;
  });
  std::vector<std::int64_t> kept;
  for (std::int64_t i = 0; i < max_rows; ++i) {
    kept.push_back(order[static_cast<std::size_t>((2 * i + 1) * num_rows / (2 * max_rows))]);
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

TaskData load_task_data(const TaskOptions& task, const FewShotOptions& few_shot,
                        std::uint64_t seed) {
  const auto read = [&](const std::filesystem::path& path) {
    return std::make_shared<const Dataset>(read_dataset(path, task));
  };
  TaskFiles files{.train = read(task.train), .dev = nullptr, .test = nullptr};
  if (!task.dev.empty()) files.dev = read(task.dev);
  files.test = read(task.test);
  return draw_task_data(files, task, few_shot, seed);
}

TaskData draw_task_data(const TaskFiles& files, const TaskOptions& task,
                        const FewShotOptions& few_shot, std::uint64_t seed) {
  const Dataset& train = *files.train;
  const Dataset& dev_source = files.dev ? *files.dev : train;
  const Dataset& test = *files.test;
  const FewShotSplit split =
      draw_few_shot_split({.train = train, .dev = files.dev.get()}, task.labels, few_shot, seed);

  TaskData data;
  data.train = pick(train, split.train);
  data.dev = pick(dev_source, split.dev);
  data.test = pick(test, thin_out(test.examples, few_shot.max_test));
  data.num_train_in_test = count_in_test(data.train, data.test);
  data.num_dev_in_test = count_in_test(data.dev, data.test);
  note_reading(data, files);
  note_overlap(data, "train", data.num_train_in_test);
  note_overlap(data, "dev", data.num_dev_in_test);

  Sha256 digest;
  update_digest(digest, train, data.train);
  update_digest(digest, dev_source, data.dev);
  update_digest(digest, test, data.test);
  data.fingerprint = digest.hex_digest();
  data.train_file = files.train;
  return data;
}

}  // namespace bbprompt
