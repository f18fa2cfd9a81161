#pragma once

namespace bbprompt {

// From now on SIGTERM, SIGINT, SIGUSR1 and, unless it is ignored, SIGHUP ask the run to stop
// instead of ending the process. A second SIGINT ends it at once, a second SIGTERM within a second.
// A file that is cut while it is mapped ends the process with a line that says so.
void catch_stop_signals();

// Number of the signal that came, or 0.
[[nodiscard]] int stop_signal();

}  // namespace bbprompt
