#pragma once

#include <spdlog/logger.h>

#include <memory>

namespace bbprompt {

// The project's logger. Silent until the application gives it sinks; libraries log through it and
// never print. Not for results: nothing may depend on what was logged.
const std::shared_ptr<spdlog::logger>& logger();

}  // namespace bbprompt
