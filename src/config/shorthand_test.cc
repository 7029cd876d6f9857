#include <gtest/gtest.h>

#include "config/bootstrap.h"
#include "config/socket_address.h"

namespace weir::config {
namespace {

std::string error_of(const Shorthand& shorthand) {
  auto settings = make_settings(shorthand);
  return settings.ok() ? "no error" : settings.error().message;
}

std::string url_error(const std::string& url) { return error_of({.upstream = url}); }

TEST(ShorthandTest, SaysWhatAFileWould) {
  auto made = make_settings({.plugin = "dir/auth.wasm",
                             .configuration = R"({"a":1})",
                             .engine = "v8",
                             .upstream = "http://127.0.0.1:9000",
                             .listen = "[::]:8080",
                             .clusters = {{"authz", "h2c://authz.local:9001/"}}});
  ASSERT_TRUE(made.ok()) << made.error().message;
  const ServeSettings& settings = made.value();

  ASSERT_EQ(settings.listeners.size(), 1u);
  const Listener& listener = settings.listeners[0];
  EXPECT_EQ(listener.address, (SocketAddress{"::", 8080}));
  EXPECT_EQ(listener.chains[0].codec, FilterChain::Codec::Auto);
  ASSERT_EQ(listener.chains[0].routes.virtual_hosts.size(), 1u);
  EXPECT_EQ(listener.chains[0].routes.virtual_hosts[0].domains, std::vector<std::string>{"*"});
  ASSERT_EQ(listener.chains[0].routes.virtual_hosts[0].routes.size(), 1u);
  EXPECT_EQ(listener.chains[0].routes.virtual_hosts[0].routes[0].match.path.text, "/");
  const auto& action =
      std::get<Forward>(listener.chains[0].routes.virtual_hosts[0].routes[0].action);
  EXPECT_EQ(action.clusters[0].name, "upstream");

  ASSERT_EQ(listener.chains[0].plugins.size(), 1u);
  const PluginSettings& plugin = listener.chains[0].plugins[0];
  EXPECT_EQ(plugin.name, "auth");
  EXPECT_EQ(plugin.configuration, R"({"a":1})");
  EXPECT_EQ(plugin.vm.runtime, "v8");
  EXPECT_EQ(plugin.vm.code, CodeSource(LocalFile{"dir/auth.wasm"}));

  const Cluster* upstream = settings.find_cluster("upstream");
  ASSERT_NE(upstream, nullptr);
  EXPECT_EQ(upstream->discovery, Cluster::Discovery::Static);
  EXPECT_EQ(upstream->endpoints, (std::vector<SocketAddress>{{"127.0.0.1", 9000}}));
  EXPECT_FALSE(upstream->http2);
  const Cluster* authz = settings.find_cluster("authz");
  ASSERT_NE(authz, nullptr);
  EXPECT_EQ(authz->discovery, Cluster::Discovery::StrictDns);
  EXPECT_TRUE(authz->http2);
}

TEST(ShorthandTest, TakesANativePluginByName) {
  auto made = make_settings({.plugin = "auth", .engine = "null", .upstream = "http://127.0.0.1"});
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made.value().listeners[0].chains[0].plugins[0].vm.code,
            CodeSource(InlineBytes{"auth"}));
}

TEST(ShorthandTest, ServesWithoutAPlugin) {
  auto made = make_settings({.upstream = "http://127.0.0.1"});
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_TRUE(made.value().listeners[0].chains[0].plugins.empty());
  EXPECT_EQ(made.value().find_cluster("upstream")->endpoints[0].port, 80);
}

TEST(ShorthandTest, NamesWhatIsNoUrl) {
  const std::string expected = "expected http://host:port, or h2c://host:port for HTTP/2";
  EXPECT_EQ(url_error(""), "upstream: '': " + expected);
  EXPECT_EQ(url_error("localhost:80"), "upstream: 'localhost:80': " + expected);
  EXPECT_EQ(url_error("https://a"), "upstream: 'https://a': " + expected);
  EXPECT_EQ(url_error("http://u:p@a:1"),
            "upstream: 'http://u:p@a:1': the user's name before '@' has to go: Weir sends no "
            "credentials");
  EXPECT_EQ(url_error("http://a:x"), "upstream: 'http://a:x': 'x' is not a port");
  EXPECT_EQ(url_error("http://a:"), "upstream: 'http://a:': '' is not a port");
  EXPECT_EQ(url_error("http://a:0"), "upstream: 'http://a:0': '0' is not a port");
  EXPECT_EQ(url_error("http://a:65536"), "upstream: 'http://a:65536': '65536' is not a port");
  EXPECT_EQ(url_error("http://a/b"),
            "upstream: 'http://a/b': '/b' has to go: requests keep their own path");
  for (const char* url : {"http://", "http://:80", "http://::1", "http://[::1", "http://[a]",
                          "http://[::1]80", "http://a b"}) {
    EXPECT_EQ(url_error(url), "upstream: '" + std::string(url) +
                                  "': expected a name, an IPv4 address or an IPv6 address in "
                                  "brackets after 'http://'");
  }
}

TEST(ShorthandTest, NamesWhatIsNoPlaceToListen) {
  auto listen_error = [](const std::string& listen) {
    return error_of({.upstream = "http://a", .listen = listen});
  };
  const std::string expected = "expected host:port, as 127.0.0.1:8080 or [::1]:8080";
  EXPECT_EQ(listen_error("8080"), "listen '8080': " + expected);
  EXPECT_EQ(listen_error(":8080"), "listen ':8080': " + expected);
  EXPECT_EQ(listen_error("::1:8080"), "listen '::1:8080': " + expected);
  EXPECT_EQ(listen_error("127.0.0.1:http"), "listen '127.0.0.1:http': 'http' is not a port");
  EXPECT_EQ(listen_error("localhost:80"),
            "listen 'localhost:80': 'localhost' is not an IP address");
}

TEST(ShorthandTest, NamesTheClusterThatIsWrong) {
  EXPECT_EQ(error_of({.upstream = "http://a", .clusters = {{"b", "ftp://c"}}}),
            "cluster 'b': 'ftp://c': expected http://host:port, or h2c://host:port for HTTP/2");
  EXPECT_EQ(error_of({.upstream = "http://a", .clusters = {{"upstream", "http://c"}}}),
            "cluster 'upstream' is where requests go; take another name");
  EXPECT_EQ(error_of({.upstream = "http://a", .clusters = {{"", "http://c"}}}),
            "cluster 'http://c' has no name");
}

TEST(SocketAddressTest, WritesWhatItReads) {
  for (const char* text : {"127.0.0.1:80", "[::1]:0", "a-b.example_1.com:65535"}) {
    auto address = parse_socket_address(text);
    ASSERT_TRUE(address.ok()) << address.error().message;
    EXPECT_EQ(to_string(address.value()), text);
  }
}

}  // namespace
}  // namespace weir::config
