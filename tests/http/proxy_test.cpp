#include "http/proxy.hpp"

#include <gmock/gmock.h>

#include <map>

namespace bbprompt {
namespace {

ReadVariable variables(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) {
    const auto found = values.find(name);
    return found == values.end() ? std::string() : found->second;
  };
}

TEST(Proxy, ComesFromTheVariableOfTheScheme) {
  const auto both = variables({{"http_proxy", "p1"}, {"HTTPS_PROXY", "p2"}});
  EXPECT_EQ(proxy_of("http://host/x", both), "p1");
  EXPECT_EQ(proxy_of("https://host/x", both), "p2");
  EXPECT_EQ(proxy_of("https://host", variables({{"all_proxy", "p3"}})), "p3");
  EXPECT_EQ(proxy_of("http://host", variables({})), "");
}

TEST(Proxy, IsNotForListedHosts) {
  const auto proxy = [](const std::string& url, const std::string& list) {
    return proxy_of(url, variables({{"http_proxy", "p"}, {"no_proxy", list}}));
  };
  EXPECT_EQ(proxy("http://localhost:80/", "localhost,127.0.0.1"), "");
  EXPECT_EQ(proxy("http://127.0.0.1:80/", "localhost, 127.0.0.1"), "");
  EXPECT_EQ(proxy("http://a.site.org", ".site.org"), "");
  EXPECT_EQ(proxy("http://A.Site.org", "site.org"), "");
  EXPECT_EQ(proxy("http://a.othersite.org", "site.org"), "p");
  EXPECT_EQ(proxy("http://10.1.2.3:8000", "10.0.0.0/8"), "");
  EXPECT_EQ(proxy("http://11.1.2.3:8000", "10.0.0.0/8"), "p");
  EXPECT_EQ(proxy("http://[::1]:8000", "::1"), "");
  EXPECT_EQ(proxy("http://any", "*"), "");
}

TEST(Proxy, IsShownWithoutPassword) {
  EXPECT_EQ(shown_proxy("http://user:pass@proxy:3128/"), "proxy:3128");
  EXPECT_EQ(shown_proxy("proxy:3128"), "proxy:3128");
}

}  // namespace
}  // namespace bbprompt
