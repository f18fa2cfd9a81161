#include "http/fault_text.hpp"

#include <system_error>

#include "bbprompt/base/utf8.hpp"

namespace bbprompt {
namespace {

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

HttpFault lost(const FaultContext& context) {
  if (context.has_begun) return HttpFault::kCut;
  if (!context.is_sent) return HttpFault::kNoConnection;
  return context.is_reused ? HttpFault::kLostUnused : HttpFault::kLost;
}

// A handshake also fails because the connection is lost, which may pass.
HttpFault failed_handshake(const FaultContext& context) {
  const bool is_about_tls =
      has(context.error, "SSL routines") && !has(context.error, "unexpected eof");
  return is_about_tls ? HttpFault::kTls : HttpFault::kNoConnection;
}

// libcurl's words, or its name for the error where it says nothing more.
std::string libcurl_words(CURLcode code, std::string_view error) {
  return printable(error.empty() ? curl_easy_strerror(code) : error, 200);
}

}  // namespace

HttpFault fault_kind(CURLcode code, const FaultContext& context) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
      return HttpFault::kNoConnection;
    case CURLE_SSL_CONNECT_ERROR:
      return failed_handshake(context);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
      return HttpFault::kTls;
    case CURLE_OK:  // closed in the middle of the header
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      // libcurl's own limit, below ours in some versions.
      if (has(context.error, "Too large response headers")) return HttpFault::kTooLarge;
      if (context.is_proxy_used && !context.is_sent) return HttpFault::kProxy;
      return lost(context);
    case CURLE_PROXY:
      return HttpFault::kProxy;
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WRITE_ERROR:
      return HttpFault::kWrongEncoding;
    case CURLE_FILESIZE_EXCEEDED:
      return HttpFault::kTooLarge;
    case CURLE_OUT_OF_MEMORY:  // a header line over libcurl's own limit
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE:
#endif
      return context.is_sent ? HttpFault::kTooLarge : HttpFault::kOther;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return context.is_sent ? HttpFault::kNotHttp : HttpFault::kOther;
    default:
      return HttpFault::kOther;
  }
}

std::string fault_words(HttpFault fault, CURLcode code, std::string_view error) {
  switch (fault) {
    case HttpFault::kLostUnused:
      return "the server closed a kept connection instead of answering";
    case HttpFault::kLost:
      return "the connection was lost before a byte of the answer came";
    case HttpFault::kCut:
      return "the connection was lost in the middle of the answer";
    case HttpFault::kWrongEncoding:
      return "the body is not what its Content-Encoding says";
    case HttpFault::kNotHttp:
      return "what came back is not HTTP (does the server speak https://?)";
    case HttpFault::kProxy:
      return "the proxy does not let the request through: " + libcurl_words(code, error);
    default:
      return libcurl_words(code, error);
  }
}

std::string no_connection_text(CURLcode code, std::string_view error, int system_error) {
  if (code == CURLE_COULDNT_CONNECT && system_error != 0) {
    return "no connection: " + std::generic_category().message(system_error);
  }
  return "no connection: " + libcurl_words(code, error);
}

std::string tls_text(std::string_view error, long verdict, const std::filesystem::path& ca_file) {
  if (has(error, "wrong version number") || has(error, "packet length too long")) {
    return "the server does not speak TLS there (is it http:// instead of https://?)";
  }
  if (has(error, "alternative certificate subject name") || has(error, "does not match")) {
    return "the server's certificate is for another host name: " + printable(error, 200);
  }
  const std::string advice =
      ca_file.empty() ? "; if it is the server's own, name the certificate in model.ca_file"
                      : "; model.ca_file is " + ca_file.string();
  switch (verdict) {
    case 9:
      return "the server's certificate is not valid yet (is this machine's clock right?)";
    case 10:
      return "the server's certificate has expired (or this machine's clock is wrong)";
    case 18:
    case 19:
      return "the server's certificate is self-signed" + advice;
    case 20:
    case 21:
      return "the issuer of the server's certificate is unknown here" + advice;
    default:
      return "no trusted connection: " + printable(error, 200) + advice;
  }
}

std::string tried_text(const std::vector<std::string>& addresses) {
  std::string text;
  for (const std::string& address : addresses) text += (text.empty() ? "" : ", ") + address;
  return text.empty() ? text : " (tried " + text + ")";
}

std::string through_proxy_text(const std::string& proxy) {
  return "; asked through the proxy " + proxy +
         " that the environment names (no_proxy lists the hosts to reach without it)";
}

}  // namespace bbprompt
