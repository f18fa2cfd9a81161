#pragma once

#include <functional>
#include <string>

namespace bbprompt {

// What is known of a request before its body is read.
struct HttpHead {
  std::string method;
  std::string path;
  std::string content_type{};
  std::string authorization{};
  bool is_surplus = false;  // came over one connection too many
};

struct ServiceRequest {
  HttpHead head;
  std::string body;
  std::function<bool()> is_wanted;  // false once the client has gone
};

struct ServiceAnswer {
  int status = 200;
  std::string body{};
  std::string content_type = "application/json";
  std::string allow{};  // methods, for 405
  int retry_after = 0;  // seconds; 0: not told
};

}  // namespace bbprompt
