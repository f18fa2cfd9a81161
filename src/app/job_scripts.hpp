#pragma once

#include <string_view>

namespace bbprompt {

// jobs/slurm/sweep.sh and report.sh as they were when this program was built.
[[nodiscard]] std::string_view sweep_script();
[[nodiscard]] std::string_view report_script();

}  // namespace bbprompt
