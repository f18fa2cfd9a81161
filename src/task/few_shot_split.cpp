#include "bbprompt/task/few_shot_split.hpp"

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/random_stream.hpp"
#include "bbprompt/base/source_place.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

using Content = std::pair<std::string_view, std::string_view>;
using ClassRows = std::vector<std::vector<std::int64_t>>;  // per label: indices of examples

// Per label, the first example of each content that has one label only and is not `excluded`.
ClassRows distinct_examples(const Dataset& pool, std::size_t num_labels,
                            const std::set<Content>& excluded) {
  constexpr int kContradictory = -1;
  std::map<Content, int> label_of;
  for (const Example& example : pool.examples) {
    int& label = label_of.try_emplace(content_of(example), example.label).first->second;
    if (label != example.label) label = kContradictory;
  }
  ClassRows rows(num_labels);
  for (std::size_t i = 0; i < pool.examples.size(); ++i) {
    const Content content = content_of(pool.examples[i]);
    const auto found = label_of.find(content);
    if (found == label_of.end()) continue;  // seen before
    if (found->second != kContradictory && !excluded.contains(content)) {
      rows.at(static_cast<std::size_t>(found->second)).push_back(static_cast<std::int64_t>(i));
    }
    label_of.erase(found);
  }
  return rows;
}

void shuffle_classes(ClassRows& rows, RandomStream& stream) {
  for (auto& class_rows : rows) stream.shuffle(std::span(class_rows));
}

// What is asked of each class of a pool.
struct Demand {
  std::size_t skip = 0;  // drawn before
  std::size_t take = 0;
  std::string asked;  // for the message
};

std::vector<std::int64_t> take_round_robin(const ClassRows& rows, const Demand& demand,
                                           const Dataset& pool,
                                           const std::vector<LabelOptions>& labels) {
  for (std::size_t c = 0; c < rows.size(); ++c) {
    if (rows[c].size() >= demand.skip + demand.take) continue;
    throw DataError(pool.path.string(), 0,
                    "label \"" + printable(labels[c].name) + "\": expected " + demand.asked +
                        ", found " + std::to_string(rows[c].size()) +
                        " different texts that can be drawn; lower few_shot.train_per_class or"
                        " few_shot.dev_per_class, or give a larger file");
  }
  std::vector<std::int64_t> taken;
  for (std::size_t i = 0; i < demand.take; ++i) {
    for (const auto& class_rows : rows) taken.push_back(class_rows[demand.skip + i]);
  }
  return taken;
}

}  // namespace

FewShotSplit draw_few_shot_split(const FewShotPools& pools, const std::vector<LabelOptions>& labels,
                                 const FewShotOptions& options, std::uint64_t seed) {
  if (options.train_per_class < 1 || options.dev_per_class < 1) {
    throw SettingError("few_shot",
                       "expected at least 1 example per class for train and dev, found " +
                           std::to_string(options.train_per_class) + " and " +
                           std::to_string(options.dev_per_class));
  }
  const auto num_train = static_cast<std::size_t>(options.train_per_class);
  const auto num_dev = static_cast<std::size_t>(options.dev_per_class);
  const std::string for_train = std::to_string(num_train) + " for train";
  const std::string for_dev = std::to_string(num_dev) + " for dev";

  RandomStream stream({.seed = seed, .trial = 0, .generation = 0, .purpose = "few_shot_split"});
  ClassRows rows = distinct_examples(pools.train, labels.size(), {});
  shuffle_classes(rows, stream);
  FewShotSplit split;
  if (pools.dev == nullptr) {
    const std::string asked = for_train + " and " + for_dev;
    split.dev = take_round_robin(rows, {num_train, num_dev, asked}, pools.train, labels);
    split.train = take_round_robin(rows, {0, num_train, asked}, pools.train, labels);
    return split;
  }
  split.train = take_round_robin(rows, {0, num_train, for_train}, pools.train, labels);
  std::set<Content> drawn;
  for (const std::int64_t i : split.train) {
    drawn.insert(content_of(pools.train.examples[static_cast<std::size_t>(i)]));
  }
  rows = distinct_examples(*pools.dev, labels.size(), drawn);
  shuffle_classes(rows, stream);
  split.dev = take_round_robin(rows, {0, num_dev, for_dev}, *pools.dev, labels);
  return split;
}

}  // namespace bbprompt
