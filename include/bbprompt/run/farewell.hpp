#pragma once

#include "bbprompt/comm/channel.hpp"

namespace bbprompt {

// The master's way out: tells the workers to stop and returns `code` when all have said farewell.
// One that does not answer within 0.7 s, because it is in a long evaluation, hangs or was killed,
// would be waited for in MPI_Finalize for ever: then this process is left at once and the launcher
// ends the others and returns `code`.
[[nodiscard]] int say_farewell(Channel& channel, int code);

}  // namespace bbprompt
