#include "bbprompt/data/check.hpp"

#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <set>
#include <utility>

#include "bbprompt/task/dataset.hpp"
#include "data/input_length.hpp"

namespace bbprompt {
namespace {

using Contents = std::set<std::pair<std::string, std::string>>;

// Case folded, white space at the ends dropped and each run of it one blank.
std::string normalised(const std::string& text) {
  icu::UnicodeString folded = icu::UnicodeString::fromUTF8(text);
  folded.foldCase();
  icu::UnicodeString result;
  bool is_blank_due = false;
  for (std::int32_t i = 0; i < folded.length(); i = folded.moveIndex32(i, 1)) {
    const UChar32 c = folded.char32At(i);
    if (u_isUWhiteSpace(c)) {
      is_blank_due = !result.isEmpty();
      continue;
    }
    if (is_blank_due) result.append(static_cast<UChar32>(' '));
    is_blank_due = false;
    result.append(c);
  }
  std::string utf8;
  result.toUTF8String(utf8);
  return utf8;
}

struct CheckedSplit {
  SplitCheck check;
  Dataset data;
  Contents exact;
  Contents normal;
};

LengthStats measure(const Dataset& data, const InputLength& input_length) {
  LengthStats stats;
  std::vector<std::int64_t> lengths;
  for (const Example& example : data.examples) {
    const MeasuredInput input = input_length.measure(example);
    lengths.push_back(input.num_tokens);
    stats.num_field_cut += input.is_field_cut ? 1 : 0;
    stats.num_too_long += input.is_too_long ? 1 : 0;
  }
  std::sort(lengths.begin(), lengths.end());
  // The ceil(n * percent / 100)-th.
  const auto rank = [&](std::size_t percent) {
    return lengths[(lengths.size() * percent + 99) / 100 - 1];
  };
  stats.min = lengths.front();
  stats.median = rank(50);
  stats.p95 = rank(95);
  stats.max = lengths.back();
  return stats;
}

CheckedSplit read_split(const std::string& name, const std::filesystem::path& file,
                        const TaskOptions& task) {
  CheckedSplit split;
  split.data = read_dataset(file, task);  // GCC 12 miscompiles a throw within aggregate braces
  split.check.name = name;
  split.check.file = file;
  split.check.num_rows = static_cast<std::int64_t>(split.data.examples.size());
  split.check.label_counts.assign(task.labels.size(), 0);
  for (const Example& example : split.data.examples) {
    ++split.check.label_counts.at(static_cast<std::size_t>(example.label));
    if (!split.exact.emplace(example.text_a, example.text_b).second) ++split.check.num_repeated;
    split.normal.emplace(normalised(example.text_a), normalised(example.text_b));
  }
  return split;
}

SplitOverlap overlap(const CheckedSplit& first, const CheckedSplit& second) {
  SplitOverlap result{.first = first.check.name, .second = second.check.name};
  for (const Example& example : second.data.examples) {
    result.num_exact += first.exact.contains({example.text_a, example.text_b}) ? 1 : 0;
    result.num_normalised +=
        first.normal.contains({normalised(example.text_a), normalised(example.text_b)}) ? 1 : 0;
  }
  return result;
}

}  // namespace

DataCheck check_data(const TaskOptions& task, const LengthOptions& lengths) {
  std::vector<CheckedSplit> splits;
  splits.push_back(read_split("train", task.train, task));
  if (!task.dev.empty()) splits.push_back(read_split("dev", task.dev, task));
  splits.push_back(read_split("test", task.test, task));
  DataCheck result;
  for (std::size_t i = 0; i < splits.size(); ++i) {
    for (std::size_t j = i + 1; j < splits.size(); ++j) {
      result.overlaps.push_back(overlap(splits[i], splits[j]));
    }
  }
  for (CheckedSplit& split : splits) {
    if (lengths.tokenizer != nullptr) {
      split.check.lengths = measure(split.data, InputLength(task, lengths));
    }
    result.splits.push_back(std::move(split.check));
  }
  return result;
}

}  // namespace bbprompt
