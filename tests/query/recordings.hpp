#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tests/support.hpp"

namespace bbprompt::testing {

// A recorded exchange with a real llama.cpp server: "routes/forced_label_good".
inline nlohmann::json recording(const std::string& name) {
  return nlohmann::json::parse(read_text(shared_folder() / "servers/llama.cpp" / (name + ".json")));
}

inline nlohmann::json recorded_request(const std::string& name) {
  return nlohmann::json::parse(recording(name)["request"]["body"].get<std::string>());
}

inline nlohmann::json recorded_answer(const std::string& name) {
  return nlohmann::json::parse(recording(name)["response"]["body"].get<std::string>());
}

}  // namespace bbprompt::testing

#define BBPROMPT_REQUIRE_RECORDINGS() BBPROMPT_REQUIRE_SHARED("servers/llama.cpp/routes")
