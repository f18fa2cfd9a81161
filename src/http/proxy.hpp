#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace bbprompt {

// The value of an environment variable; empty if unset.
using ReadVariable = std::function<std::string(const std::string& name)>;

// The environment of this process.
[[nodiscard]] std::string environment_variable(const std::string& name);

// The proxy that the environment names for a URL; empty: none. Variables in lower case come first,
// then those in capitals: http_proxy or https_proxy, then all_proxy, unless no_proxy lists the host
// (names with all below them, addresses, networks like 10.0.0.0/8, or "*").
[[nodiscard]] std::string proxy_of(std::string_view url, const ReadVariable& read_variable);

// Host and port of a proxy, for messages: without user name and password.
[[nodiscard]] std::string shown_proxy(std::string_view proxy);

}  // namespace bbprompt
