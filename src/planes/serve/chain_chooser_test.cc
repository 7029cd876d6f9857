#include "planes/serve/chain_chooser.h"

#include <gtest/gtest.h>

namespace weir::serve {
namespace {

class ChainChooserTest : public ::testing::Test {
 protected:
  // The name of the chain that is chosen.
  std::string chosen() const {
    const auto place = ChainChooser(chains).choose(connection, first);
    return place ? chains[*place].name : "none";
  }
  void chain(std::string name, config::FilterChainMatch match, bool is_default = false) {
    chains.push_back(
        {.name = std::move(name), .match = std::move(match), .is_default = is_default});
  }
  void client_says(std::string server_name, std::vector<std::string> offered = {}) {
    first = {.kind = FirstBytes::Kind::Tls,
             .hello = {.server_name = std::move(server_name), .offered = std::move(offered)}};
  }

  std::vector<config::FilterChain> chains;
  ConnectionInfo connection{.remote_address = "192.0.2.7:5000",
                            .remote_port = 5000,
                            .local_address = "10.1.2.3:443",
                            .local_port = 443};
  FirstBytes first{.kind = FirstBytes::Kind::Other};
};

TEST_F(ChainChooserTest, OneChainIsForAll) {
  chain("only", {});
  EXPECT_EQ(chosen(), "only");
  EXPECT_FALSE(ChainChooser(chains).needs_first_bytes());
}

TEST_F(ChainChooserTest, TheMostExactNameWins) {
  chain("any", {});
  chain("wild", {.server_names = {"*.test"}});
  chain("deeper", {.server_names = {"*.a.test"}});
  chain("exact", {.server_names = {"x.a.test"}});
  EXPECT_TRUE(ChainChooser(chains).needs_first_bytes());
  for (const auto& [name, expected] : {std::pair("x.a.test", "exact"),
                                       {"y.a.test", "deeper"},
                                       {"y.z.a.test", "deeper"},
                                       {"a.test", "wild"},
                                       {"test", "any"},
                                       {"other", "any"},
                                       {"", "any"}}) {
    client_says(name);
    EXPECT_EQ(chosen(), expected) << name;
  }
}

TEST_F(ChainChooserTest, NamesGoBeforeProtocols) {
  chain("named", {.server_names = {"a.test"}, .application_protocols = {"h2"}});
  chain("h1", {.application_protocols = {"http/1.1"}});
  client_says("a.test", {"h2"});
  EXPECT_EQ(chosen(), "named");
  // There is no way back to the chain that has no name.
  client_says("a.test", {"http/1.1"});
  EXPECT_EQ(chosen(), "none");
  client_says("b.test", {"spdy", "http/1.1"});
  EXPECT_EQ(chosen(), "h1");
}

TEST_F(ChainChooserTest, TransportsAreTold) {
  chain("plain", {.transport_protocol = "raw_buffer"});
  chain("tls", {.transport_protocol = "tls"});
  EXPECT_EQ(chosen(), "plain");
  client_says("");
  EXPECT_EQ(chosen(), "tls");
}

TEST_F(ChainChooserTest, TheLongestPrefixWins) {
  chain("all", {.sources = {{"0.0.0.0", 0}}});
  chain("near", {.sources = {{"192.0.0.0", 16}, {"192.0.2.0", 24}}});
  chain("host", {.sources = {{"192.0.2.7", 32}}});
  EXPECT_EQ(chosen(), "host");
  connection.remote_address = "192.0.2.8:1";
  EXPECT_EQ(chosen(), "near");
  connection.remote_address = "[::ffff:192.0.2.7]:1";
  EXPECT_EQ(chosen(), "host");
  connection.remote_address = "[2001:db8::1]:1";
  EXPECT_EQ(chosen(), "none");
}

TEST_F(ChainChooserTest, DestinationsGoBeforeSources) {
  chain("source", {.sources = {{"192.0.2.7", 32}}});
  chain("destination", {.destinations = {{"10.0.0.0", 8}}});
  chain("port", {.destination_port = 443});
  EXPECT_EQ(chosen(), "port");
  connection.local_port = 80;
  EXPECT_EQ(chosen(), "destination");
  connection.local_address = "172.16.0.1:80";
  EXPECT_EQ(chosen(), "source");
}

TEST_F(ChainChooserTest, SourcePorts) {
  chain("one", {.source_ports = {4999, 5000}});
  EXPECT_EQ(chosen(), "one");
  connection.remote_port = 1;
  EXPECT_EQ(chosen(), "none");
}

TEST_F(ChainChooserTest, TheDefaultIsForTheRest) {
  chain("tls", {.transport_protocol = "tls"});
  chain("rest", {}, true);
  EXPECT_EQ(chosen(), "rest");
}

}  // namespace
}  // namespace weir::serve
