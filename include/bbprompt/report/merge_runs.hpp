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

// The trials of several runs as one, in the order they are given; a trial that several runs have
// (same id and digest) counts once. RunInfo: the single run's, or the first one's with the names of
// all joined by " + " and no configuration. Throws StoreError, naming both runs, for two different
// records of one id.
[[nodiscard]] Results merge_runs(std::vector<NamedResults> runs);

}  // namespace bbprompt
