#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bbprompt/base/bytes.hpp"

namespace bbprompt {

enum class Split : std::uint8_t { kTrain = 0, kDev = 1, kTest = 2 };
[[nodiscard]] std::string to_string(Split split);

// Unit of scheduling: score one candidate of one trial on one shard of a split.
struct WorkItem {
  std::uint64_t id = 0;        // unique in a run; given by the master
  std::int32_t trial = 0;      // index in the sweep plan
  std::int64_t group = 0;      // what the master is collecting: generation, or an evaluation
  std::int32_t candidate = 0;  // index in the group
  Split split = Split::kTrain;
  std::int64_t begin = 0;  // example range of the split
  std::int64_t end = 0;
  bool is_manual = false;     // the manual prompt instead of `point`
  std::vector<double> point;  // candidate as the optimizer sees it
  std::int32_t attempt = 0;   // how often it was given to a worker, this time included

  [[nodiscard]] Bytes serialize() const;
  void append_to(ByteWriter& writer) const;  // the same bytes, behind what is there
  // Throws CommError for cut bytes, an unknown split, negative indices, and begin > end. Numbers of
  // the point are taken as they are: judging them is the evaluator's part.
  [[nodiscard]] static WorkItem deserialize(ByteReader& reader);
};

// What came of it. Failure is data: `error` is empty exactly when the evaluation succeeded.
struct WorkResult {
  std::uint64_t id = 0;
  std::vector<double> label_scores;  // examples x labels, example by example
  std::int64_t num_queries = 0;
  std::int64_t num_calls = 0;
  std::int64_t num_tokens = 0;
  std::int64_t num_truncated = 0;
  double seconds = 0.0;  // for progress only
  std::string error;
  bool is_retryable = false;
  std::int32_t attempt = 0;  // the item's; 0: the one the worker has

  [[nodiscard]] bool ok() const { return error.empty(); }
  [[nodiscard]] Bytes serialize() const;
  void append_to(ByteWriter& writer) const;
  // Throws CommError for cut bytes and negative counts. Scores that are not finite pass: judging
  // them is the master's part.
  [[nodiscard]] static WorkResult deserialize(ByteReader& reader);
};

}  // namespace bbprompt
