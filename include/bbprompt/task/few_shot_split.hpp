#pragma once

#include <cstdint>
#include <vector>

#include "bbprompt/task/dataset.hpp"
#include "bbprompt/task/task_options.hpp"

namespace bbprompt {

// Files to draw from. Both must be of the same task.
struct FewShotPools {
  const Dataset& train;
  const Dataset* dev = nullptr;  // none: dev is drawn from `train` too
};

// k examples per class for train and for dev, as indices into the pools' `examples`. Round-robin
// over the classes: position i holds label i % num_labels, so equal stretches stay stratified.
struct FewShotSplit {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> dev;
};

// Draws the split of `seed`: for each label in order, its examples in file order are shuffled with
// RandomStream{seed, 0, 0, "few_shot_split"}; the first k are train, the next ones (or the first
// of the dev pool, shuffled after) are dev. So a larger k for train extends the smaller one's
// draw, and the result depends on the order of rows in the file.
//
// Texts are drawn at most once: of rows with the same content only the first counts, content that
// a pool labels in two ways is not drawn from it, and dev never holds content of train.
//
// Throws DataError (the pool's file) when a class has too few such texts, and SettingError when
// a k is below 1.
[[nodiscard]] FewShotSplit draw_few_shot_split(const FewShotPools& pools,
                                               const std::vector<LabelOptions>& labels,
                                               const FewShotOptions& options, std::uint64_t seed);

}  // namespace bbprompt
