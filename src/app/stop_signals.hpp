#pragma once

namespace bbprompt {

// From now on SIGTERM, SIGINT and SIGUSR1 ask the run to stop instead of ending the process; a
// second SIGINT ends it.
void catch_stop_signals();

// Number of the signal that came, or 0.
[[nodiscard]] int stop_signal();

}  // namespace bbprompt
