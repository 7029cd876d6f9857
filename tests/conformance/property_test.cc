// Properties and their encodings, and foreign functions (ABI, proxy_get_property; the names are
// Envoy's).

#include "conformance/machine_test.h"

namespace weir::test {
namespace {

using namespace std::string_literals;
using runtime::Attribute;

// "a.b" as the ABI has it.
std::string path(std::string_view dotted) {
  std::string joined(dotted);
  std::ranges::replace(joined, '.', '\0');
  return joined;
}

class PropertyTest : public MachineTest {
 protected:
  // What the guest gets for a property.
  std::string property(std::string_view dotted) {
    start_over();
    script.on("proxy_on_request_headers").call("proxy_get_property", path(dotted), out_value());
    const auto lines = reports_of_request_headers();
    constexpr std::string_view kCall = "proxy_get_property: ";
    return lines.size() == 1 ? lines[0].substr(kCall.size()) : "no single answer";
  }
};

TEST_P(PropertyTest, ThePluginKnowsItself) {
  options.root_id = "root";
  options.vm.vm_id = "vm";
  EXPECT_EQ(property("plugin_name"), "Ok \"machine\"");
  EXPECT_EQ(property("plugin_root_id"), "Ok \"root\"");
  EXPECT_EQ(property("plugin_vm_id"), "Ok \"vm\"");
  options.root_id = "";
  EXPECT_EQ(property("plugin_root_id"), "Ok null");
}

TEST_P(PropertyTest, EachTypeHasItsEncoding) {
  stream.attributes = {
      {Attribute::RequestProtocol, "HTTP/2"s},
      {Attribute::ConnectionMtls, true},
      {Attribute::ResponseCode, int64_t{-2}},
      {Attribute::ConnectionId, uint64_t{1} << 32},
      {Attribute::RequestTime, runtime::Timestamp{256}},
      {Attribute::RequestDuration, runtime::Duration{1}},
      {Attribute::UpstreamLocality, 1.0},
      {Attribute::ConnectionDnsSanPeerCertificate, runtime::PropertyList{"one", "two"}},
      {Attribute::UpstreamAddress, runtime::PropertyMap{{"k", "v"}}}};
  EXPECT_EQ(property("request.protocol"), "Ok \"HTTP/2\"");
  EXPECT_EQ(property("connection.mtls"), "Ok \"\\x01\"");
  EXPECT_EQ(property("response.code"), "Ok \"\\xfe\\xff\\xff\\xff\\xff\\xff\\xff\\xff\"");
  EXPECT_EQ(property("connection.id"), "Ok \"\\x00\\x00\\x00\\x00\\x01\\x00\\x00\\x00\"");
  EXPECT_EQ(property("connection_id"), property("connection.id"));
  EXPECT_EQ(property("request.time"), "Ok \"\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00\"");
  EXPECT_EQ(property("request.duration"), "Ok \"\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\"");
  EXPECT_EQ(property("upstream.locality"), "Ok \"\\x00\\x00\\x00\\x00\\x00\\x00\\xf0?\"");
  EXPECT_EQ(property("connection.dns_san_peer_certificate"),
            "Ok \"\\x02\\x00\\x00\\x00\\x03\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x03\\x00\\x00\\x00"
            "\\x00\\x00\\x00\\x00one\\x00\\x00two\\x00\\x00\"");
  EXPECT_EQ(property("upstream.address"),
            "Ok \"\\x01\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x01\\x00\\x00\\x00k\\x00v\\x00\"");
}

TEST_P(PropertyTest, WhatNobodyKnowsIsNotFound) {
  EXPECT_EQ(property("request.protocol"), "NotFound -");  // no value now
  EXPECT_EQ(property("no.such.property"), "NotFound -");
  EXPECT_EQ(property(""), "NotFound -");
  EXPECT_EQ(property("."), "NotFound -");
  EXPECT_EQ(property("request"), "NotFound -");
}

TEST_P(PropertyTest, RequestPropertiesFollowFromItsHeaders) {
  stream.headers(MapType::RequestHeaders) =
      HeaderList{{":method", "GET"},        {":scheme", "https"},    {":authority", "host"},
                 {":path", "/a/b?q=1&r#f"}, {"user-agent", "agent"}, {"referer", "from"},
                 {"x-request-id", "id"}};
  EXPECT_EQ(property("request.method"), "Ok \"GET\"");
  EXPECT_EQ(property("request.scheme"), "Ok \"https\"");
  EXPECT_EQ(property("request.host"), "Ok \"host\"");
  EXPECT_EQ(property("request.path"), "Ok \"/a/b?q=1&r#f\"");
  EXPECT_EQ(property("request.url_path"), "Ok \"/a/b\"");
  EXPECT_EQ(property("request.query"), "Ok \"q=1&r\"");
  EXPECT_EQ(property("request.useragent"), "Ok \"agent\"");
  EXPECT_EQ(property("request.referer"), "Ok \"from\"");
  EXPECT_EQ(property("request.id"), "Ok \"id\"");
}

TEST_P(PropertyTest, HeaderMapsAreMapsAndEachHeaderAString) {
  EXPECT_EQ(property("request.headers"), "NotFound -");
  stream.headers(MapType::RequestHeaders) = HeaderList{};
  stream.headers(MapType::ResponseHeaders) = HeaderList{{"a", "1"}};
  EXPECT_EQ(property("request.headers"), "Ok \"\\x00\\x00\\x00\\x00\"");
  EXPECT_EQ(property("response.headers.a"), "Ok \"1\"");
  EXPECT_EQ(property("response.headers.b"), "NotFound -");
  EXPECT_EQ(property("response.headers"),
            "Ok \"\\x01\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x01\\x00\\x00\\x00a\\x001\\x00\"");
}

TEST_P(PropertyTest, ThePlaneAddsItsOwn) {
  stream.plane_properties["xds.node.id"] = "node-1";
  EXPECT_EQ(property("xds.node.id"), "Ok \"node-1\"");
}

// What a path costs is bounded: a long one took a worker seconds, and 20 bytes for each NUL.
TEST_P(PropertyTest, LongPathsNameNothing) {
  const auto segments = [](size_t count) {
    std::string dotted = "a";
    for (size_t i = 1; i < count; ++i) dotted += ".a";
    return dotted;
  };
  const std::string longest(64 * 1024, 'a');
  for (const std::string& name : {segments(64), segments(65), longest, longest + 'a'}) {
    stream.plane_properties[name] = "value";
  }
  EXPECT_EQ(property(segments(64)), "Ok \"value\"");
  EXPECT_EQ(property(segments(65)), "NotFound -");
  EXPECT_EQ(property(longest), "Ok \"value\"");
  EXPECT_EQ(property(longest + 'a'), "NotFound -");
  start_over();
  script.on("proxy_on_request_headers")
      .call("proxy_set_property", longest, "v")
      .call("proxy_set_property", longest + 'a', "v")
      .call("proxy_get_property", path(segments(1000)), out_value())
      .call("proxy_set_property", path(segments(1000)), "v")
      .call("proxy_get_property", path(segments(1000)), out_value());
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_set_property: Ok", "proxy_set_property: Ok",
                          "proxy_get_property: NotFound -", "proxy_set_property: Ok",
                          "proxy_get_property: Ok \"v\""));
  EXPECT_TRUE(host.log.has("proxy_set_property: dropped, the name is empty or too long"));
  EXPECT_EQ(stream.filter_state().find(longest + 'a'), nullptr);
}

TEST_P(PropertyTest, APathMayEndWithANul) {
  stream.attributes = {{Attribute::RequestProtocol, "HTTP/2"s}};
  EXPECT_EQ(property("request.protocol."), "Ok \"HTTP/2\"");
}

TEST_P(PropertyTest, WhatIsSetCanBeReadByEachPluginOfTheStream) {
  script.on("proxy_on_request_headers")
      .call("proxy_set_property", path("my.value"), "first")
      .call("proxy_get_property", path("my.value"), out_value())
      .call("proxy_set_property", path("my.value"), "second");
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_set_property: Ok", "proxy_get_property: Ok \"first\"",
                          "proxy_set_property: Ok"));
  EXPECT_EQ(property("my.value"), "Ok \"second\"");
  EXPECT_EQ(property("filter_state.wasm.my.value"), "Ok \"second\"");
}

TEST_P(PropertyTest, ARootHasPropertiesOfItsOwn) {
  script.on("proxy_on_configure")
      .call("proxy_set_property", "name", "of the root")
      .call("proxy_get_property", "name", out_value())
      .call("proxy_get_property", path("request.protocol"), out_value());
  options.configuration = script.bytes();
  plugin = worker.start(host.load(options));
  EXPECT_THAT(reports(),
              ElementsAre("proxy_set_property: Ok", "proxy_get_property: Ok \"of the root\"",
                          "proxy_get_property: NotFound -"));
  context = plugin->make_http_context(stream);
  EXPECT_EQ(property("name"), "NotFound -");
}

TEST_P(PropertyTest, AConnectionHasItsAttributesAndNoHeaders) {
  connection.attributes = {{Attribute::SourcePort, int64_t{80}}};
  script.on("proxy_on_new_connection")
      .call("proxy_get_property", path("source.port"), out_value())
      .call("proxy_get_property", path("request.path"), out_value());
  open_network();
  network->on_new_connection();
  EXPECT_THAT(reports(),
              ElementsAre("proxy_get_property: Ok \"P\\x00\\x00\\x00\\x00\\x00\\x00\\x00\"",
                          "proxy_get_property: NotFound -"));
}

TEST_P(PropertyTest, ForeignFunctionsAreCalledByName) {
  script.on("proxy_on_request_headers")
      .call("proxy_call_foreign_function", "no such function", "", out_value())
      .call("proxy_call_foreign_function", "clear_route_cache", "", out_value())
      .call("proxy_call_foreign_function", "clear_route_cache", "", 0, 0)
      .call("proxy_call_foreign_function", "uncompress", "not zlib", out_value());
  EXPECT_EQ(request_headers(), HeadersAction::Continue);
  EXPECT_THAT(events(), ElementsAre("proxy_on_request_headers(2, 0, 0)",
                                    "  proxy_call_foreign_function: NotFound -",
                                    "clear route cache", "  proxy_call_foreign_function: Ok null",
                                    "clear route cache", "  proxy_call_foreign_function: Ok",
                                    "  proxy_call_foreign_function: SerializationFailure -"));
}

INSTANTIATE_TEST_SUITE_P(Engines, PropertyTest, ::testing::ValuesIn(loadable_engines()),
                         engine_name);

}  // namespace
}  // namespace weir::test
