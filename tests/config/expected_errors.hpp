#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "bbprompt/base/error.hpp"
#include "bbprompt/config/config_document.hpp"
#include "bbprompt/config/experiment_yaml.hpp"
#include "tests/config/config_samples.hpp"

namespace bbprompt::testing {

// What reading the text as "c.yaml" throws; empty if it does not.
inline std::string error_of(const std::string& text) {
  try {
    (void)parse_experiment(parse_config(text, "", "c.yaml").root);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

// A change to kSmallConfig: `from` replaced by `to`, or `to` put behind where `from` is empty.
struct BadConfig {
  std::string_view from;
  std::string_view to;
  std::string_view error;
};

inline void expect_errors(std::initializer_list<BadConfig> cases) {
  for (const auto& [from, to, error] : cases) {
    std::string text = kSmallConfig;
    const std::size_t at = from.empty() ? text.size() : text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    EXPECT_EQ(error_of(text.replace(at, from.size(), to)), error);
  }
}

// A value, and how an error message describes it or what the whole message is.
struct BadValue {
  std::string_view value;
  std::string_view found;
};

}  // namespace bbprompt::testing
