#include "bbprompt/base/log.hpp"

namespace bbprompt {

const std::shared_ptr<spdlog::logger>& logger() {
  static const auto instance = std::make_shared<spdlog::logger>("bbprompt");
  return instance;
}

}  // namespace bbprompt
