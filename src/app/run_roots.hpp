#pragma once

#include "app/command.hpp"
#include "bbprompt/config/experiment_yaml.hpp"
#include "bbprompt/store/trial_record.hpp"

namespace bbprompt {

// Options of commands that open the trials of a finished run: where its files are now.
void add_root_options(boost::program_options::options_description& options);

// Throws UsageError where the folder of the run's configuration is not there.
[[nodiscard]] PathRoots roots_of(const Results& results,
                                 const boost::program_options::variables_map& values);

}  // namespace bbprompt
