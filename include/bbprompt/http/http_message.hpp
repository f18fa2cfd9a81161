#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bbprompt {

// How long a request may take, each limit in seconds.
struct HttpTimes {
  double connect = 10.0;      // name, connection, TLS
  double first_byte = 300.0;  // from the start of sending to the first byte of the answer
  double stall = 60.0;        // with less than a byte in a second, once an answer has begun
  double total = 600.0;
};

enum class ConnectionUse {
  kAny,    // a connection kept from an earlier request, where there is one
  kFresh,  // a new one
};

// A request with JSON in both directions.
struct HttpRequest {
  std::uint64_t id = 0;  // the caller's; the answer repeats it
  std::string url;
  std::string body;  // empty: a GET
  ConnectionUse connection = ConnectionUse::kAny;
};

// Why there is no whole answer.
enum class HttpFault {
  kNone,
  kNoConnection,   // unknown host, refused, unreachable, or not within HttpTimes::connect
  kTls,            // no trust, or no TLS on the other side
  kProxy,          // the proxy refuses, or does not answer
  kLostUnused,     // a kept connection was closed before a byte of the answer came
  kLost,           // a fresh connection was closed before a byte of the answer came
  kNoFirstByte,    // not within HttpTimes::first_byte
  kStalled,        // the answer began, and stopped
  kTooSlow,        // not whole within HttpTimes::total
  kCut,            // the connection was lost in the middle of the answer
  kTooLarge,       // header or body
  kWrongEncoding,  // the body is not what its Content-Encoding says
  kNotHttp,        // what came is not HTTP
  kOther,
};

// What came back. With a fault nothing but `status` may be used, and that may be 0.
struct HttpAnswer {
  std::uint64_t id = 0;
  int status = 0;                                            // 0: none came
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;                                          // decoded
  HttpFault fault = HttpFault::kNone;
  std::string why;  // of the fault, in words: what failed, what was tried
  bool is_connection_reused = false;
  bool has_begun = false;  // at least a byte of the answer came
};

// The first header of the name (in lower case), without blanks around it; nothing if absent.
[[nodiscard]] std::optional<std::string_view> find_header(const HttpAnswer& answer,
                                                          std::string_view name);

// Seconds since 1970 of a date in one of the three forms of RFC 9110; nothing if unreadable.
[[nodiscard]] std::optional<std::int64_t> parse_http_date(std::string_view text);

}  // namespace bbprompt
