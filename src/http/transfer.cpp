#include "http/transfer.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstring>
#include <limits>
#include <utility>

#include "bbprompt/base/error.hpp"
#include "bbprompt/base/wording.hpp"
#include "http/fault_text.hpp"
#include "http/proxy.hpp"

namespace bbprompt {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string address_text(const curl_sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  std::uint16_t port = 0;
  if (address.family == AF_INET) {
    sockaddr_in ipv4{};
    std::memcpy(&ipv4, &address.addr, sizeof ipv4);
    inet_ntop(AF_INET, &ipv4.sin_addr, text.data(), text.size());
    port = ntohs(ipv4.sin_port);
  } else if (address.family == AF_INET6) {
    // libcurl's own structure is longer than the part of it that has a name.
    sockaddr_in6 ipv6{};
    std::memcpy(&ipv6, static_cast<const void*>(&address.addr), sizeof ipv6);
    inet_ntop(AF_INET6, &ipv6.sin6_addr, text.data(), text.size());
    port = ntohs(ipv6.sin6_port);
  }
  return std::string(text.data()) + " port " + std::to_string(port);
}

}  // namespace

Transfer::Transfer(const HttpOptions& options, curl_slist* headers)
    : options_(options), handle_(curl_easy_init()) {
  if (!handle_) throw Error("libcurl gives no handle for a request");
  set_lasting_options(headers);
}

void Transfer::set_lasting_options(curl_slist* headers) {
  CURL* curl = handle();
  curl_easy_setopt(curl, CURLOPT_PRIVATE, this);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error_.data());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "bbprompt");
  curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");  // all that libcurl can decode
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, static_cast<long>(options_.max_idle_seconds));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                   std::max(1L, static_cast<long>(options_.times.connect * 1e3)));
  curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE,
                   static_cast<curl_off_t>(options_.max_body_bytes));
  curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
  if (!options_.ca_file.empty()) {
    curl_easy_setopt(curl, CURLOPT_CAINFO, options_.ca_file.c_str());
    curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
  }
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, &Transfer::on_ready);
  curl_easy_setopt(curl, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_socket);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, this);
}

void Transfer::begin(HttpRequest request, double now) {
  answer_ = {.id = request.id};
  tried_.clear();
  num_header_bytes_ = num_bytes_ = window_bytes_ = 0;
  num_sent_ = 0;
  is_header_whole_ = is_too_large_ = false;
  begun_ = now;
  sent_.reset();
  window_start_.reset();
  error_[0] = '\0';
  proxy_ = proxy_of(request.url, environment_variable);
  sent_body_ = std::move(request.body);

  CURL* curl = handle();
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROXY,
                   proxy_.c_str());  // empty: none, whatever libcurl would find
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "");
  curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT,
                   request.connection == ConnectionUse::kFresh ? 1L : 0L);
  if (sent_body_.empty()) {
    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
  } else {
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(sent_body_.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, sent_body_.data());
  }
}

std::optional<HttpFault> Transfer::overdue(double now) {
  const HttpTimes& times = options_.times;
  if (now - begun_ >= times.total) return HttpFault::kTooSlow;
  if (num_sent_ == 0) return std::nullopt;  // libcurl watches over connecting
  if (!sent_) sent_ = now;
  if (!answer_.has_begun) {
    if (now - *sent_ >= times.first_byte) return HttpFault::kNoFirstByte;
    return std::nullopt;
  }
  if (!window_start_ || now - *window_start_ >= times.stall) {
    if (window_start_ && static_cast<double>(num_bytes_ - window_bytes_) < times.stall) {
      return HttpFault::kStalled;
    }
    window_start_ = now;
    window_bytes_ = num_bytes_;
  }
  return std::nullopt;
}

double Transfer::next_check() const {
  const HttpTimes& times = options_.times;
  double next = begun_ + times.total;
  if (sent_ && !answer_.has_begun) next = std::min(next, *sent_ + times.first_byte);
  if (window_start_) next = std::min(next, *window_start_ + times.stall);
  return next;
}

HttpAnswer Transfer::finished(CURLcode code) {
  long num_connections = 0;
  curl_easy_getinfo(handle(), CURLINFO_NUM_CONNECTS, &num_connections);
  answer_.is_connection_reused = num_sent_ > 1 || (num_sent_ == 1 && num_connections == 0);
  if (code == CURLE_OK && is_header_whole_) return std::move(answer_);
  const HttpFault fault = fault_of(code);
  if (fault == HttpFault::kProxy) {
    long status = 0;
    curl_easy_getinfo(handle(), CURLINFO_HTTP_CONNECTCODE, &status);
    answer_.status = static_cast<int>(status);
  }
  return with_fault(fault, error_text(code));
}

HttpAnswer Transfer::given_up(HttpFault limit) { return with_fault(limit, limit_text(limit)); }

HttpAnswer Transfer::with_fault(HttpFault fault, std::string why) {
  answer_.fault = fault;
  answer_.why = std::move(why);
  if (!proxy_.empty()) answer_.why += through_proxy_text(shown_proxy(proxy_));
  answer_.body.clear();
  return std::move(answer_);
}

HttpFault Transfer::fault_of(CURLcode code) const {
  if (is_too_large_) return HttpFault::kTooLarge;
  if (num_sent_ > 1) return HttpFault::kLostUnused;
  const FaultContext context{.error = error_.data(),
                             .is_sent = num_sent_ > 0,
                             .is_proxy_used = !proxy_.empty(),
                             .has_begun = answer_.has_begun,
                             .is_reused = answer_.is_connection_reused};
  return fault_kind(code, context);
}

std::string Transfer::error_text(CURLcode code) const {
  const HttpFault fault = fault_of(code);
  switch (fault) {
    case HttpFault::kTooLarge:
      return "the answer is larger than allowed: over " +
             std::to_string(options_.max_body_bytes >> 20) + " MiB of body or " +
             std::to_string(options_.max_header_bytes >> 10) + " KiB of header";
    case HttpFault::kNoConnection: {
      long reason = 0;
      curl_easy_getinfo(handle(), CURLINFO_OS_ERRNO, &reason);
      const std::string words =
          code == CURLE_OPERATION_TIMEDOUT
              ? "no connection within " + short_number(options_.times.connect) + " s"
              : no_connection_text(code, error_.data(), static_cast<int>(reason));
      return words + tried_text(tried_);
    }
    case HttpFault::kTls: {
      long verdict = 0;
      curl_easy_getinfo(handle(), CURLINFO_SSL_VERIFYRESULT, &verdict);
      return tls_text(error_.data(), verdict, options_.ca_file);
    }
    default:
      return fault_words(fault, code, error_.data());
  }
}

std::string Transfer::limit_text(HttpFault limit) const {
  const HttpTimes& times = options_.times;
  switch (limit) {
    case HttpFault::kNoFirstByte:
      return "no byte of an answer within " + short_number(times.first_byte) + " s";
    case HttpFault::kStalled:
      return "the answer began, and then stalled for " + short_number(times.stall) + " s";
    default:
      return "no whole answer within " + short_number(times.total) + " s";
  }
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<Transfer*>(self)->take_header({data, size * count}) ? size * count : 0;
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<Transfer*>(self)->take_body({data, size * count}) ? size * count : 0;
}

// libcurl sends a request again by itself when a kept connection turns out to be closed. The caller
// shall count what is sent, so that is left to it.
int Transfer::on_ready(void* self, char*, char*, int, int) {
  return ++static_cast<Transfer*>(self)->num_sent_ > 1 ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

curl_socket_t Transfer::on_socket(void* self, curlsocktype, curl_sockaddr* address) {
  static_cast<Transfer*>(self)->tried_.push_back(address_text(*address));
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

bool Transfer::take_header(std::string_view line) {
  num_header_bytes_ += line.size();
  if (num_header_bytes_ > options_.max_header_bytes) {
    is_too_large_ = true;
    return false;
  }
  num_bytes_ += line.size();
  if (line.starts_with("HTTP/")) {
    answer_.status = 0;
    const std::string_view rest = trimmed(line.substr(std::min(line.find(' '), line.size())));
    std::from_chars(rest.data(), rest.data() + rest.size(), answer_.status);
    answer_.headers.clear();
    answer_.has_begun = answer_.status >= 200;  // 1xx: the answer is yet to come
    return true;
  }
  if (is_header_whole_) return true;  // a trailer
  const std::string_view text = trimmed(line);
  if (text.empty()) {
    is_header_whole_ = answer_.status >= 200;
    return true;
  }
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return true;
  std::string name(trimmed(text.substr(0, colon)));
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  answer_.headers.emplace_back(std::move(name), trimmed(text.substr(colon + 1)));
  return true;
}

bool Transfer::take_body(std::string_view bytes) {
  if (answer_.body.size() + bytes.size() > options_.max_body_bytes) {
    is_too_large_ = true;
    return false;
  }
  num_bytes_ += bytes.size();
  answer_.body.append(bytes);
  return true;
}

}  // namespace bbprompt
