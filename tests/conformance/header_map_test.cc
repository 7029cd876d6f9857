// Header maps (ABI 0.2.1, "HTTP fields").

#include "abi/map_codec.h"
#include "conformance/machine_test.h"

namespace weir::test {
namespace {

class HeaderMapTest : public MachineTest {
 protected:
  HeaderMapTest() {
    stream.headers(kRequest) = HeaderList{{":path", "/x"}, {"a", "1"}, {"b", ""}, {"a", "2"}};
  }

  // The request's headers as the stream has them now.
  std::string fields() {
    std::string text;
    stream.headers(kRequest)->for_each([&](std::string_view name, std::string_view value) {
      if (!text.empty()) text += ", ";
      text.append(name).append("=").append(value);
    });
    return text;
  }
};

TEST_P(HeaderMapTest, AValueIsTheFirstOfItsNameInAnyCase) {
  script.on("proxy_on_request_headers")
      .call("proxy_get_header_map_value", kRequest, ":path", out_value())
      .call("proxy_get_header_map_value", kRequest, "A", out_value())
      .call("proxy_get_header_map_value", kRequest, "b", out_value())
      .call("proxy_get_header_map_value", kRequest, "missing", out_value())
      .call("proxy_get_header_map_value", kRequest, "", out_value());
  EXPECT_THAT(
      reports_of_request_headers(),
      ElementsAre("proxy_get_header_map_value: Ok \"/x\"", "proxy_get_header_map_value: Ok \"1\"",
                  "proxy_get_header_map_value: Ok null", "proxy_get_header_map_value: NotFound -",
                  "proxy_get_header_map_value: NotFound -"));
}

TEST_P(HeaderMapTest, PairsComeSerializedAndSizeIsTheirs) {
  script.on("proxy_on_request_headers")
      .call("proxy_get_header_map_pairs", kRequest, out_value())
      .call("proxy_get_header_map_size", kRequest, out_word());
  EXPECT_THAT(
      reports_of_request_headers(),
      ElementsAre("proxy_get_header_map_pairs: Ok \""
                  "\\x04\\x00\\x00\\x00"
                  "\\x05\\x00\\x00\\x00\\x02\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x01\\x00\\x00\\x00"
                  "\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x01\\x00\\x00\\x00"
                  ":path\\x00/x\\x00a\\x001\\x00b\\x00\\x00a\\x002\\x00\"",
                  "proxy_get_header_map_size: Ok 56"));
}

TEST_P(HeaderMapTest, AddReplaceAndRemoveChangeTheMap) {
  script.on("proxy_on_request_headers")
      .call("proxy_add_header_map_value", kRequest, "A", "3")
      .call("proxy_replace_header_map_value", kRequest, "b", "new")
      .call("proxy_replace_header_map_value", kRequest, "c", "made")
      .call("proxy_remove_header_map_value", kRequest, ":Path")
      .call("proxy_remove_header_map_value", kRequest, "missing");
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_add_header_map_value: Ok", "proxy_replace_header_map_value: Ok",
                          "proxy_replace_header_map_value: Ok", "proxy_remove_header_map_value: Ok",
                          "proxy_remove_header_map_value: Ok"));
  EXPECT_EQ(fields(), "a=1, b=new, a=2, a=3, c=made");
}

TEST_P(HeaderMapTest, ReplaceLeavesOneOfTheName) {
  script.on("proxy_on_request_headers")
      .call("proxy_replace_header_map_value", kRequest, "a", "only");
  request_headers();
  EXPECT_EQ(fields(), ":path=/x, a=only, b=");
}

TEST_P(HeaderMapTest, SetPairsReplacesTheWholeMap) {
  script.on("proxy_on_request_headers")
      .call("proxy_set_header_map_pairs", kRequest,
            abi::encode_property_map(HeaderList{{":path", "/y"}, {"z", "26"}}))
      .call("proxy_get_header_map_value", kRequest, "z", out_value())
      .call("proxy_get_header_map_value", kRequest, "a", out_value());
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_set_header_map_pairs: Ok", "proxy_get_header_map_value: Ok \"26\"",
                          "proxy_get_header_map_value: NotFound -"));
  EXPECT_EQ(fields(), ":path=/y, z=26");
}

TEST_P(HeaderMapTest, EveryFormOfAnEmptyMapEmpties) {
  for (const std::string& empty : {std::string(), std::string(1, '\0'), std::string(4, '\0')}) {
    start_over();
    stream.headers(kRequest) = HeaderList{{"a", "1"}};
    script.on("proxy_on_request_headers").call("proxy_set_header_map_pairs", kRequest, empty);
    EXPECT_THAT(reports_of_request_headers(), ElementsAre("proxy_set_header_map_pairs: Ok"));
    EXPECT_EQ(fields(), "");
  }
}

TEST_P(HeaderMapTest, AnEmptyMapReadsAsNothing) {
  stream.headers(kRequest) = HeaderList();
  script.on("proxy_on_request_headers")
      .call("proxy_get_header_map_pairs", kRequest, out_value())
      .call("proxy_get_header_map_size", kRequest, out_word());
  EXPECT_THAT(reports_of_request_headers(), ElementsAre("proxy_get_header_map_pairs: Ok null",
                                                        "proxy_get_header_map_size: Ok 0"));
}

TEST_P(HeaderMapTest, AMalformedMapIsLoggedAndChangesNothing) {
  script.on("proxy_on_request_headers")
      .call("proxy_set_header_map_pairs", kRequest, "no map at all");
  const std::string before = fields();
  EXPECT_THAT(reports_of_request_headers(), ElementsAre("proxy_set_header_map_pairs: Ok"));
  EXPECT_EQ(fields(), before);
  EXPECT_TRUE(host.log.has("the serialized map is malformed or too large"));
}

// SDKs panic on what else could be answered here.
TEST_P(HeaderMapTest, AMapThatIsNotThereReadsAsEmptyAndTakesNoChange) {
  constexpr auto kTrailers = MapType::ResponseTrailers;
  script.on("proxy_on_request_headers")
      .call("proxy_get_header_map_value", kTrailers, "a", out_value())
      .call("proxy_get_header_map_pairs", kTrailers, out_value())
      .call("proxy_get_header_map_size", kTrailers, out_word())
      .call("proxy_set_header_map_pairs", kTrailers, "")
      .call("proxy_add_header_map_value", kTrailers, "a", "1")
      .call("proxy_replace_header_map_value", kTrailers, "a", "1")
      .call("proxy_remove_header_map_value", kTrailers, "a");
  EXPECT_THAT(
      reports_of_request_headers(),
      ElementsAre("proxy_get_header_map_value: NotFound -", "proxy_get_header_map_pairs: Ok null",
                  "proxy_get_header_map_size: Ok 0", "proxy_set_header_map_pairs: Ok",
                  "proxy_add_header_map_value: Ok", "proxy_replace_header_map_value: Ok",
                  "proxy_remove_header_map_value: Ok"));
  EXPECT_TRUE(host.log.has("proxy_add_header_map_value: this header map cannot be changed now"));
}

TEST_P(HeaderMapTest, EachMapOfTheStreamIsReached) {
  stream.headers(MapType::RequestTrailers) = HeaderList{{"which", "1"}};
  stream.headers(MapType::ResponseHeaders) = HeaderList{{"which", "2"}};
  stream.headers(MapType::ResponseTrailers) = HeaderList{{"which", "3"}};
  script.on("proxy_on_request_headers")
      .call("proxy_get_header_map_value", MapType::RequestTrailers, "which", out_value())
      .call("proxy_get_header_map_value", MapType::ResponseHeaders, "which", out_value())
      .call("proxy_get_header_map_value", MapType::ResponseTrailers, "which", out_value());
  EXPECT_THAT(reports_of_request_headers(), ElementsAre("proxy_get_header_map_value: Ok \"1\"",
                                                        "proxy_get_header_map_value: Ok \"2\"",
                                                        "proxy_get_header_map_value: Ok \"3\""));
}

TEST_P(HeaderMapTest, MapsOfCallsTakeNoChangeAndUnknownMapsNothing) {
  auto& actions = script.on("proxy_on_request_headers");
  for (uint32_t map : {4u, 5u, 6u, 7u, 8u, 0xffffffffu}) {
    actions.call("proxy_set_header_map_pairs", map, "")
        .call("proxy_add_header_map_value", map, "a", "1")
        .call("proxy_replace_header_map_value", map, "a", "1")
        .call("proxy_remove_header_map_value", map, "a");
  }
  EXPECT_THAT(reports_of_request_headers(),
              ::testing::AllOf(::testing::SizeIs(24),
                               ::testing::Each(::testing::EndsWith(": BadArgument"))));
}

TEST_P(HeaderMapTest, AnUnknownMapIsNoneToRead) {
  script.on("proxy_on_request_headers")
      .call("proxy_get_header_map_value", 8, "a", out_value())
      .call("proxy_get_header_map_pairs", 8, out_value())
      .call("proxy_get_header_map_size", 0xffffffff, out_word());
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_get_header_map_value: BadArgument -",
                          "proxy_get_header_map_pairs: BadArgument -",
                          "proxy_get_header_map_size: BadArgument -"));
}

TEST_P(HeaderMapTest, InOnLogHeadersCanBeReadButNotChanged) {
  script.on("proxy_on_log")
      .call("proxy_get_header_map_value", kRequest, "a", out_value())
      .call("proxy_add_header_map_value", kRequest, "new", "1");
  const std::string before = fields();
  open();
  context->finish();
  EXPECT_THAT(reports(), ElementsAre("proxy_get_header_map_value: Ok \"1\"",
                                     "proxy_add_header_map_value: Ok"));
  EXPECT_EQ(fields(), before);
}

TEST_P(HeaderMapTest, AHeaderThatTheProxyRefusesIsDropped) {
  stream.headers(kRequest) = HeaderList(HeaderList::Limits{.max_bytes = 10, .max_count = 1});
  script.on("proxy_on_request_headers")
      .call("proxy_add_header_map_value", kRequest, "name", "is too long")
      .call("proxy_add_header_map_value", kRequest, "name", "fits")
      .call("proxy_add_header_map_value", kRequest, "b", "");
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_add_header_map_value: Ok", "proxy_add_header_map_value: Ok",
                          "proxy_add_header_map_value: Ok"));
  EXPECT_TRUE(host.log.has("the header is dropped"));
  EXPECT_EQ(fields(), "name=fits");
}

TEST_P(HeaderMapTest, AnyByteTravelsBothWays) {
  const std::string value("\0\xff\x80\n", 4);
  stream.headers(kRequest) = HeaderList{{"in", value}};
  script.on("proxy_on_request_headers")
      .call("proxy_get_header_map_value", kRequest, "in", out_value())
      .call("proxy_add_header_map_value", kRequest, "out", value);
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_get_header_map_value: Ok \"\\x00\\xff\\x80\\x0a\"",
                          "proxy_add_header_map_value: Ok"));
  EXPECT_EQ(stream.headers(kRequest)->find("out"), value);
}

INSTANTIATE_TEST_SUITE_P(Engines, HeaderMapTest, ::testing::ValuesIn(loadable_engines()),
                         engine_name);

}  // namespace
}  // namespace weir::test
