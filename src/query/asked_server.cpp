#include "query/asked_server.hpp"

#include <algorithm>
#include <limits>
#include <string_view>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/utf8.hpp"

namespace bbprompt {

std::string server_base(const std::string& url) {
  const auto refuse = [](const std::string& what) {
    // The URL itself stays out: it may hold a password.
    throw Error("expected the URL of a server like http://host:8000, found " + what);
  };
  std::string_view rest = url;
  if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else {
    refuse("one that begins with neither http:// nor https://");
  }
  if (rest.find('@') != std::string_view::npos) {
    refuse(
        "one with a user name or password; a key belongs in model.key_variable or "
        "model.key_file");
  }
  if (rest.find_first_of("?#") != std::string_view::npos) refuse("one with a query or fragment");
  if (std::ranges::any_of(rest, [](unsigned char c) { return c <= ' ' || c == 0x7f; })) {
    refuse("one with blanks: \"" + printable(url) + "\"");
  }
  if (rest.empty() || rest.starts_with('/') || rest.starts_with(':')) refuse("one without a host");
  std::string base = url;
  const auto drop_slashes = [&base] {
    while (base.ends_with('/')) base.pop_back();
  };
  drop_slashes();
  if (base.ends_with("/v1")) base.resize(base.size() - 3);
  drop_slashes();
  return base;
}

double AskedServer::available_at() const {
  if (!breaker_.is_open()) return hold_until_;
  if (breaker_.is_testing()) return std::numeric_limits<double>::infinity();
  return std::max(hold_until_, breaker_.next_test());
}

void AskedServer::hold_until(double time) { hold_until_ = std::max(hold_until_, time); }

}  // namespace bbprompt
