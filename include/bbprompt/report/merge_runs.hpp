#pragma once

#include <string>
#include <vector>

#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// Results with the place they were read from, for messages.
struct NamedResults {
  std::string name;
  Results results;
};

// Results of several runs, and which one each trial is from: the first that has it.
struct MergedRuns {
  Results results;
  std::vector<std::string> run_of_trial;  // NamedResults::name
};

// The trials of several runs as one, in the order they are given; a trial that several runs have
// (same id and digest) counts once. RunInfo: the single run's, or the first one's with the names of
// all joined by " + " and no configuration. Throws StoreError, naming both runs, for two different
// records of one id.
[[nodiscard]] MergedRuns merge_runs(std::vector<NamedResults> runs);

// Puts the trials in the order of `ids`, and gives the run the RunInfo of the whole whose parts the
// runs are. False, and nothing happens, where the trials are not exactly these.
[[nodiscard]] bool order_trials(MergedRuns& merged, const std::vector<std::string>& ids,
                                const RunInfo& whole);

}  // namespace bbprompt
