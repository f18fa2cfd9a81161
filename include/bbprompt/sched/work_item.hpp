#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bbprompt/base/bytes.hpp"
#include "bbprompt/lm/usage.hpp"

namespace bbprompt {

enum class Split : std::uint8_t { kTrain = 0, kDev = 1, kTest = 2 };
[[nodiscard]] std::string to_string(Split split);

// Unit of scheduling: score one candidate of one trial on one shard of a split.
struct WorkItem {
  enum class Kind : std::uint8_t {
    kPoint = 0,
    kManual = 1,       // the manual prompt instead of `point`
    kLayerScales = 2,  // measure the hidden states of the model's layers with the deep prompt's
                       // start on the whole train split; one number per layer is the answer
  };

  std::uint64_t id = 0;     // unique in a run; given by the master
  std::int32_t trial = 0;   // index in the sweep plan
  std::int64_t group = 0;   // what the master is collecting: generation, or an evaluation
  std::int32_t member = 0;  // index in the group
  Split split = Split::kTrain;
  std::int64_t begin = 0;  // example range of the split
  std::int64_t end = 0;
  Kind kind = Kind::kPoint;
  std::vector<double> point;         // candidate as the optimizer sees it
  std::vector<std::int32_t> only{};  // examples still to be asked, counted from `begin`, ascending;
                                     // empty: all of the range
  std::int32_t attempt = 0;          // how often it was given to a worker, this time included

  [[nodiscard]] std::int64_t num_asked() const;  // examples
  [[nodiscard]] Bytes serialize() const;
  void append_to(ByteWriter& writer) const;  // the same bytes, behind what is there
  // Throws CommError for cut bytes, an unknown split or kind, negative indices, begin > end, and
  // `only` that is not ascending or leaves the range. Numbers of the point are taken as they are:
  // judging them is the evaluator's part.
  [[nodiscard]] static WorkItem deserialize(ByteReader& reader);
};

// What came of it. Failure is data, and only what says so is a success.
struct WorkResult {
  enum class State : std::uint8_t {
    kScored = 0,
    kFailed = 1,
    kDeferred = 2,  // not now: try again in `retry_after_seconds`; uses up no attempt
  };

  std::uint64_t id = 0;
  State state = State::kFailed;
  // Asked examples x labels, example by example. Of a result that is not kScored, those of the
  // asked examples that are not `missing`; none where `missing` is empty.
  std::vector<double> label_scores{};
  // Asked examples whose scores are not known, counted from the item's `begin`, ascending. The
  // others are paid for and kept; only these are asked again.
  std::vector<std::int32_t> missing{};
  Usage usage{};
  double seconds = 0.0;  // for progress only
  std::string error{};   // why it is not kScored
  bool is_retryable = false;
  double retry_after_seconds = 0.0;  // kDeferred
  std::int32_t attempt = 0;          // the item's; 0: the one the worker has

  [[nodiscard]] bool ok() const { return state == State::kScored; }
  // Makes it a failure of which nothing is known; an empty reason becomes "unknown error".
  void fail(const std::string& reason);

  [[nodiscard]] Bytes serialize() const;
  void append_to(ByteWriter& writer) const;
  // Throws CommError for cut bytes, an unknown state, negative counts, `missing` that is not
  // ascending or belongs to a kScored result, scores of no example, and a time that is negative or
  // not finite. Scores that are not finite pass: judging them is the master's part, as are indices
  // beyond the item's.
  [[nodiscard]] static WorkResult deserialize(ByteReader& reader);
};

}  // namespace bbprompt
