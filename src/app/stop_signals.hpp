#pragma once

namespace bbprompt {

// From now on SIGTERM, SIGINT, SIGUSR1 and SIGHUP (where it was not ignored, as under nohup) ask
// the run to stop instead of ending the process. A second SIGINT ends it, and so do a second
// SIGTERM or SIGHUP that come two seconds later. A file that is cut while it is mapped ends the
// process with a line that says so.
void catch_stop_signals();

// Number of the signal that came, or 0.
[[nodiscard]] int stop_signal();

}  // namespace bbprompt
