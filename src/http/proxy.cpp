#include "http/proxy.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <optional>

namespace bbprompt {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

std::string first_set(std::initializer_list<std::string> names, const ReadVariable& read_variable) {
  for (const std::string& name : names) {
    if (std::string value = read_variable(name); !value.empty()) return value;
  }
  return {};
}

std::string_view host_of(std::string_view url) {
  if (const auto scheme = url.find("://"); scheme != std::string_view::npos) {
    url.remove_prefix(scheme + 3);
  }
  url = url.substr(0, url.find_first_of("/?#"));
  if (const auto at = url.rfind('@'); at != std::string_view::npos) url.remove_prefix(at + 1);
  if (url.starts_with('[')) return url.substr(1, url.find(']') - 1);
  return url.substr(0, url.find(':'));
}

struct Address {
  std::array<unsigned char, 16> bytes{};
  int num_bits = 0;
};

std::optional<Address> parse_address(const std::string& text) {
  Address address;
  if (inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) {
    address.num_bits = 32;
  } else if (inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) {
    address.num_bits = 128;
  } else {
    return std::nullopt;
  }
  return address;
}

bool is_in_network(const std::string& host, std::string_view network) {
  const auto slash = network.find('/');
  const auto address = parse_address(host);
  const auto base = parse_address(std::string(network.substr(0, slash)));
  if (!address || !base || address->num_bits != base->num_bits) return false;
  int num_bits = base->num_bits;
  if (slash != std::string_view::npos) {
    const std::string_view digits = network.substr(slash + 1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), num_bits);
    if (error != std::errc{} || num_bits < 0 || num_bits > base->num_bits) return false;
  }
  for (int bit = 0; bit < num_bits; ++bit) {
    const int mask = 0x80 >> (bit % 8);
    if (((address->bytes[bit / 8] ^ base->bytes[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

bool is_listed(const std::string& host, std::string_view list) {
  while (!list.empty()) {
    const auto end = list.find_first_of(", ");
    std::string entry = lower(list.substr(0, end));
    list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
    if (entry == "*") return true;
    if (entry.starts_with('[') && entry.ends_with(']')) entry = entry.substr(1, entry.size() - 2);
    if (entry.starts_with('.')) entry.erase(0, 1);
    if (entry.empty()) continue;
    if (host == entry || host.ends_with("." + entry) || is_in_network(host, entry)) return true;
  }
  return false;
}

}  // namespace

std::string environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? std::string() : std::string(value);
}

std::string proxy_of(std::string_view url, const ReadVariable& read_variable) {
  const bool is_https = lower(url.substr(0, 8)) == "https://";
  std::string proxy = is_https ? first_set({"https_proxy", "HTTPS_PROXY"}, read_variable)
                               : first_set({"http_proxy", "HTTP_PROXY"}, read_variable);
  if (proxy.empty()) proxy = first_set({"all_proxy", "ALL_PROXY"}, read_variable);
  if (proxy.empty()) return {};
  std::string host = lower(host_of(url));
  if (host.ends_with('.')) host.pop_back();
  return is_listed(host, first_set({"no_proxy", "NO_PROXY"}, read_variable)) ? std::string()
                                                                             : proxy;
}

std::string shown_proxy(std::string_view proxy) {
  if (const auto scheme = proxy.find("://"); scheme != std::string_view::npos) {
    proxy.remove_prefix(scheme + 3);
  }
  if (const auto at = proxy.rfind('@'); at != std::string_view::npos) proxy.remove_prefix(at + 1);
  return std::string(proxy.substr(0, proxy.find_first_of("/?#")));
}

}  // namespace bbprompt
