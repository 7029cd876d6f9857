// A guest that means harm: addresses outside its memory, lengths that wrap, malformed maps, huge
// counts. The host answers with a status, and touches nothing. (What is known of each hostcall's
// parameters, the table below holds. Native plugins are trusted: not for them.)

#include <algorithm>

#include "abi/map_codec.h"
#include "conformance/machine_test.h"
#include "runtime/shared_data.h"

namespace weir::test {
namespace {

using abi::MetricType;

constexpr uint32_t kAll = 0xffffffff;

enum class Kind {
  Plain,   // no address
  Bytes,   // address and length
  Place4,  // where the host writes so many bytes
  Place8,
  Place24,
  Value,  // where the address and where the length of a value go
};

struct Param {
  Kind kind;
  Arg valid;

  Param(Kind of, Arg arg) : kind(of), valid(std::move(arg)) {}
  Param(int number) : Param(Kind::Plain, number) {}
  template <typename E>
  requires std::is_enum_v<E> Param(E value) : Param(Kind::Plain, value) {}
};

struct Hostcall {
  std::string name;
  std::vector<Param> params;

  std::vector<Arg> valid_args() const {
    std::vector<Arg> args;
    for (const Param& param : params) args.push_back(param.valid);
    return args;
  }
};

Param bytes(std::string_view text) { return {Kind::Bytes, text}; }
Param place4() { return {Kind::Place4, out32()}; }
Param place8() { return {Kind::Place8, out64()}; }
Param value() { return {Kind::Value, out_value()}; }

std::string some_map() { return abi::encode_property_map(HeaderList{{"name", "value"}}); }
std::string some_request() {
  return abi::encode_property_map(
      HeaderList{{":method", "GET"}, {":path", "/"}, {":authority", "a"}});
}

// Every hostcall that takes an address, with arguments that are good.
std::vector<Hostcall> hostcalls() {
  constexpr auto kHeaders = MapType::RequestHeaders;
  constexpr auto kBody = BufferType::RequestBody;
  return {
      {"proxy_log", {2, bytes("text")}},
      {"proxy_get_log_level", {place4()}},
      {"proxy_get_current_time_nanoseconds", {place8()}},
      {"proxy_get_buffer_bytes", {kBody, 0, 4, value()}},
      {"proxy_get_buffer_status", {kBody, place4(), place4()}},
      {"proxy_set_buffer_bytes", {kBody, 0, 4, bytes("new")}},
      {"proxy_get_header_map_size", {kHeaders, place4()}},
      {"proxy_get_header_map_pairs", {kHeaders, value()}},
      {"proxy_set_header_map_pairs", {kHeaders, bytes(some_map())}},
      {"proxy_get_header_map_value", {kHeaders, bytes("a"), value()}},
      {"proxy_add_header_map_value", {kHeaders, bytes("x"), bytes("y")}},
      {"proxy_replace_header_map_value", {kHeaders, bytes("x"), bytes("y")}},
      {"proxy_remove_header_map_value", {kHeaders, bytes("a")}},
      {"proxy_get_status", {place4(), value()}},
      {"proxy_send_local_response", {403, bytes("why"), bytes("body"), bytes(some_map()), -1}},
      {"proxy_http_call",
       {bytes("cluster"), bytes(some_request()), bytes("body"), bytes(some_map()), 0, place4()}},
      {"proxy_grpc_call",
       {bytes("cluster"), bytes("service"), bytes("method"), bytes(some_map()), bytes("message"), 0,
        place4()}},
      {"proxy_grpc_stream",
       {bytes("cluster"), bytes("service"), bytes("method"), bytes(some_map()), place4()}},
      {"proxy_grpc_send", {2, bytes("message"), 0}},
      {"proxy_get_shared_data", {bytes("key"), value(), place4()}},
      {"proxy_set_shared_data", {bytes("key"), bytes("changed"), 0}},
      {"proxy_register_shared_queue", {bytes("queue"), place4()}},
      {"proxy_resolve_shared_queue", {bytes("vm"), bytes("queue"), place4()}},
      {"proxy_enqueue_shared_queue", {1, bytes("item")}},
      {"proxy_dequeue_shared_queue", {1, value()}},
      {"proxy_define_metric", {MetricType::Gauge, bytes("metric"), place4()}},
      {"proxy_get_metric", {0, place8()}},
      {"proxy_get_property", {bytes("plugin_name"), value()}},
      {"proxy_set_property", {bytes("name"), bytes("value")}},
      {"proxy_call_foreign_function", {bytes("clear_route_cache"), bytes("argument"), value()}},
      {"proxy_get_configuration", {value()}},
      {"envoy_resolve_dns", {bytes("host.example"), place4()}},
  };
}

// The same for WASI. What takes an address and never looks at it is not here.
std::vector<Hostcall> wasi_functions() {
  return {
      {"fd_write", {1, {Kind::Place8, vectors({"text"})}, 1, place4()}},
      {"fd_tell", {1, place8()}},
      {"fd_fdstat_get", {1, {Kind::Place24, out_bytes(24)}}},
      {"fd_readdir", {3, 0, 0, 0, place4()}},
      {"path_readlink", {3, 0, 0, 0, 0, place4()}},
      {"environ_sizes_get", {place4(), place4()}},
      {"environ_get", {place4(), {Kind::Place8, out_bytes(8)}}},
      {"args_sizes_get", {place4(), place4()}},
      {"clock_time_get", {0, 0, place8()}},
      {"clock_res_get", {0, place8()}},
      {"poll_oneoff", {0, 0, 1, place4()}},
  };
}

// Pairs of address and length that reach outside.
std::vector<std::pair<Arg, Arg>> bad_ranges() {
  return {{at_memory_end(-1), 2},
          {at_memory_end(), 1},
          {at_memory_end(1), 1},
          {kAll, 1},
          {0, kAll},
          {16, kAll},
          {16, kAll - 15},  // wraps to 0 in 32 bits
          {0x80000000, 0x80000000},
          {at_memory_end(-8), kAll},
          {kAll, kAll}};
}

// Addresses where no `size` bytes are.
std::vector<Arg> bad_places(int64_t size) {
  return {at_memory_end(1 - size),
          at_memory_end(-1),
          at_memory_end(),
          at_memory_end(1),
          0x80000000,
          0xfffffffc,
          kAll};
}

// The arguments of `hostcall`, with bad ones in the place of one parameter, in every way.
std::vector<std::vector<Arg>> spoiled(const Hostcall& hostcall) {
  std::vector<std::vector<Arg>> calls;
  const auto spoil = [&](size_t at, std::initializer_list<Arg> with) {
    auto args = hostcall.valid_args();
    args.erase(args.begin() + static_cast<ptrdiff_t>(at));
    args.insert(args.begin() + static_cast<ptrdiff_t>(at), with);
    calls.push_back(args);
  };
  for (size_t i = 0; i < hostcall.params.size(); ++i) {
    switch (hostcall.params[i].kind) {
      case Kind::Plain:
        break;
      case Kind::Bytes:
        for (const auto& [address, length] : bad_ranges()) spoil(i, {address, length});
        break;
      case Kind::Place4:
        for (const Arg& place : bad_places(4)) spoil(i, {place});
        break;
      case Kind::Place8:
        for (const Arg& place : bad_places(8)) spoil(i, {place});
        break;
      case Kind::Place24:
        for (const Arg& place : bad_places(24)) spoil(i, {place});
        break;
      case Kind::Value:
        for (const Arg& place : bad_places(4)) {
          spoil(i, {place, out_word()});
          spoil(i, {out_word(), place});
          spoil(i, {place, place});
        }
        break;
    }
  }
  return calls;
}

std::string little_endian(std::initializer_list<uint32_t> numbers) {
  std::string text;
  for (uint32_t number : numbers) {
    for (int shift : {0, 8, 16, 24}) text += static_cast<char>(number >> shift);
  }
  return text;
}

// No serialized map is any of these.
std::vector<std::string> malformed_maps() {
  using namespace std::string_literals;
  std::string too_many = little_endian({1025});
  for (int i = 0; i < 1025; ++i) too_many += little_endian({1, 0});
  for (int i = 0; i < 1025; ++i) too_many += "a\0\0"s;
  return {
      "x",
      "\0\0"s,
      "\0\0\0"s,
      "\0\0\0\0x"s,                                   // empty, with more behind
      little_endian({1}),                             // no lengths
      little_endian({1, 1}),                          // half of them
      little_endian({1, 1, 1}),                       // no text
      little_endian({1, 1, 1}) + "a\0b"s,             // the last NUL is missing
      little_endian({1, 1, 1}) + "a\0bc"s,            // another byte in its place
      little_endian({1, 1, 1}) + "axb\0"s,            // the first NUL is missing
      little_endian({1, 1, 1}) + "a\0b\0c"s,          // more behind
      little_endian({1, kAll, 1}) + "a\0b\0"s,        // lengths that wrap
      little_endian({1, 1, kAll}) + "a\0b\0"s,        //
      little_endian({1, kAll - 1, 2}) + "a\0b\0"s,    //
      little_endian({2, 1, 1}) + "a\0b\0"s,           // more pairs than there are
      little_endian({kAll}) + "a\0b\0"s,              //
      little_endian({0x20000000, 1, 1}) + "a\0b\0"s,  // 8 times it wraps to 0
      too_many,                                       //
      little_endian({1, 1, (1 << 20)}) + "a\0"s + std::string((1 << 20) + 1, '\0'),
  };
}

class HostileTest : public MachineTest {
 protected:
  HostileTest() {
    options.vm.vm_id = "vm";
    options.vm.environment = {{"KEY", "value"}};
    worker.services.upstreams().add("cluster");
    stream.headers(MapType::RequestHeaders) = HeaderList{{"a", "1"}};
    stream.body_of(Direction::Request) = FakeBuffer("body");
    script.on("proxy_on_configure")
        .call("proxy_register_shared_queue", "queue", out32())
        .call("proxy_enqueue_shared_queue", 1, "item")
        .call("proxy_define_metric", MetricType::Gauge, "metric", out32())
        .call("proxy_set_shared_data", "key", "kept", 0);
  }

  // Nothing has come of what was asked for, and the guest lives.
  void expect_nothing_changed() {
    EXPECT_EQ(stream.headers(MapType::RequestHeaders)->find("a"), "1");
    EXPECT_EQ(stream.headers(MapType::RequestHeaders)->count(), 1u);
    EXPECT_EQ(stream.body_of(Direction::Request)->text(), "body");
    EXPECT_EQ(worker.services.upstreams().count(), 0u);
    EXPECT_TRUE(worker.services.take_lookups().empty());
    EXPECT_EQ(*host.host.shared_data().store("vm")->get("key")->bytes, "kept");
    events();
    EXPECT_EQ(response_headers(), HeadersAction::Continue);
    EXPECT_THAT(events(), ElementsAre("proxy_on_response_headers(2, 0, 0)"));
  }

  // Calls with every address spoiled: each answers `status` and writes nothing.
  void expect_addresses_refused(const std::vector<Hostcall>& table, std::string_view status) {
    auto& actions = script.on("proxy_on_request_headers");
    std::vector<std::string> expected;
    for (const Hostcall& hostcall : table) {
      for (const auto& args : spoiled(hostcall)) actions.call_with(hostcall.name, args);
    }
    EXPECT_EQ(request_headers(), HeadersAction::Continue);
    size_t answers = 0;
    for (const std::string& line : events()) {
      if (!line.starts_with("  ")) continue;
      ++answers;
      std::string outcome = line.substr(line.find(": ") + 2);
      // A '-' for each place that is good and stays untouched.
      std::erase_if(outcome, [](char c) { return c == '-' || c == ' '; });
      EXPECT_EQ(outcome, status) << line;
    }
    EXPECT_GT(answers, 100u);
    expect_nothing_changed();
  }
};

// That the table's arguments are good, so that in the tests below one thing alone is wrong.
TEST_P(HostileTest, GoodArgumentsAreNotRefused) {
  auto& actions = script.on("proxy_on_request_headers");
  for (const Hostcall& hostcall : hostcalls()) {
    if (hostcall.name != "proxy_send_local_response") {
      actions.call_with(hostcall.name, hostcall.valid_args());
    }
  }
  request_headers();
  for (const std::string& line : reports()) {
    EXPECT_THAT(line, ::testing::AnyOf(HasSubstr(": Ok"),
                                       // Where no call or queue is open.
                                       HasSubstr(": NotFound")));
    EXPECT_THAT(line, ::testing::Not(HasSubstr("HALF")));
  }
}

TEST_P(HostileTest, AddressesOutsideMemoryAreRefused) {
  expect_addresses_refused(hostcalls(), "InvalidMemoryAccess");
}

TEST_P(HostileTest, WasiRefusesAddressesOutsideMemory) {
  expect_addresses_refused(wasi_functions(), "21");
}

TEST_P(HostileTest, RandomBytesStayInside) {
  auto& actions = script.on("proxy_on_request_headers");
  for (const Arg& place : bad_places(16)) actions.call("random_get", place, 16);
  EXPECT_THAT(reports_of_request_headers(), ::testing::Each("random_get: 21"));
  expect_nothing_changed();
}

TEST_P(HostileTest, TheLastBytesOfMemoryAreGood) {
  script.on("proxy_on_request_headers")
      .call("proxy_get_log_level", at_memory_end(-4))
      .call("proxy_get_current_time_nanoseconds", at_memory_end(-8))
      .call("proxy_log", 2, at_memory_end(-4), 4)
      .call("proxy_log", 2, at_memory_end(), 0)
      .call("proxy_log", 2, kAll, 0)
      .call("random_get", at_memory_end(-16), 16);
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_get_log_level: Ok", "proxy_get_current_time_nanoseconds: Ok",
                          "proxy_log: Ok", "proxy_log: Ok", "proxy_log: Ok", "random_get: 0"));
}

TEST_P(HostileTest, VectorsThatLeadOutsideAreAFault) {
  const auto write = [this](const std::string& vectors, uint32_t count) {
    script.on("proxy_on_request_headers")
        .call("fd_write", 1, address_of(vectors), count, out_word());
  };
  write(little_endian({kAll, 1}), 1);
  write(little_endian({0, kAll}), 1);
  write(little_endian({0x80000000, 0x80000000}), 1);
  write(little_endian({64, 1, kAll, 1}), 2);
  script.on("proxy_on_request_headers")
      .call("fd_write", 1, at_memory_end(-8), 2, out_word())
      .call("fd_write", 1, at_memory_end(-4), 1, out_word())
      .call("fd_write", 1, kAll, 1, out_word())
      .call("fd_pwrite", 2, kAll, 1, 0, out_word());
  for (const std::string& line : reports_of_request_headers()) {
    EXPECT_THAT(line,
                ::testing::AnyOf(::testing::EndsWith(": 21 -"), ::testing::EndsWith(": 28 -")));
  }
  EXPECT_THAT(host.log.take(), IsEmpty());
  expect_nothing_changed();
}

TEST_P(HostileTest, CountsAndSizesOfVectorsAreBounded) {
  const std::string megabyte(1 << 20, 'x');
  script.on("proxy_on_request_headers")
      .call("fd_write", 1, vectors({"x"}), 1025, out_word())
      .call("fd_write", 1, vectors({"x"}), kAll, out_word())
      .call("fd_write", 1, vectors({megabyte, "x"}), 2, out_word())
      .call("fd_write", 1, vectors({megabyte}), 1, out_word());
  EXPECT_THAT(reports_of_request_headers(), ElementsAre("fd_write: 28 -", "fd_write: 28 -",
                                                        "fd_write: 28 -", "fd_write: 0 1048576"));
}

TEST_P(HostileTest, MalformedMapsAreTold) {
  auto& actions = script.on("proxy_on_request_headers");
  for (const std::string& map : malformed_maps()) {
    actions.call("proxy_set_header_map_pairs", MapType::RequestHeaders, map)
        .call("proxy_send_local_response", 403, "", "", map, -1)
        .call("proxy_http_call", "cluster", map, "", "", 0, out32())
        .call("proxy_http_call", "cluster", some_request(), "", map, 0, out32())
        .call("proxy_grpc_call", "cluster", "s", "m", map, "", 0, out32())
        .call("proxy_grpc_stream", "cluster", "s", "m", map, out32());
  }
  EXPECT_EQ(request_headers(), HeadersAction::Continue);
  const auto lines = reports();
  ASSERT_EQ(lines.size(), 6 * malformed_maps().size());
  for (size_t i = 0; i < lines.size(); i += 6) {
    EXPECT_EQ(lines[i], "proxy_set_header_map_pairs: Ok") << "map " << i / 6;
    EXPECT_EQ(lines[i + 1], "proxy_send_local_response: BadArgument") << "map " << i / 6;
    EXPECT_EQ(lines[i + 2], "proxy_http_call: BadArgument -") << "map " << i / 6;
    EXPECT_EQ(lines[i + 3], "proxy_http_call: BadArgument -") << "map " << i / 6;
    EXPECT_EQ(lines[i + 4], "proxy_grpc_call: ParseFailure -") << "map " << i / 6;
    EXPECT_EQ(lines[i + 5], "proxy_grpc_stream: ParseFailure -") << "map " << i / 6;
  }
  expect_nothing_changed();
}

TEST_P(HostileTest, NumbersOfNoMeaningAreBadArguments) {
  auto& actions = script.on("proxy_on_request_headers");
  for (uint32_t number : {100u, 0x7fffffffu, 0x80000000u, kAll}) {
    actions.call("proxy_log", number, "text")
        .call("proxy_get_buffer_bytes", number, 0, 1, out_value())
        .call("proxy_set_buffer_bytes", number, 0, 1, "x")
        .call("proxy_get_buffer_status", number, out_word(), out32())
        .call("proxy_get_header_map_pairs", number, out_value())
        .call("proxy_set_header_map_pairs", number, "")
        .call("proxy_get_header_map_value", number, "a", out_value())
        .call("proxy_add_header_map_value", number, "a", "b")
        .call("proxy_replace_header_map_value", number, "a", "b")
        .call("proxy_remove_header_map_value", number, "a")
        .call("proxy_get_header_map_size", number, out_word())
        .call("proxy_continue_stream", number)
        .call("proxy_close_stream", number)
        .call("proxy_define_metric", number, "m", out32())
        .call("proxy_set_effective_context", number);
  }
  for (const std::string& line : reports_of_request_headers()) {
    EXPECT_THAT(line, HasSubstr(": BadArgument"));
  }
  expect_nothing_changed();
}

TEST_P(HostileTest, OpenCallsAreBounded) {
  script.on("proxy_on_request_headers")
      .call_times(10'000, "proxy_http_call", "cluster", some_request(), "", "", 0, out32_to(1))
      .call("proxy_http_call", "cluster", some_request(), "", "", 0, out32_to(2))
      .call_times(10'000, "proxy_grpc_stream", "cluster", "s", "m", "", out32_to(3))
      .call("proxy_grpc_stream", "cluster", "s", "m", "", out32_to(4));
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_http_call: Ok *", "proxy_http_call: InternalFailure -",
                          "proxy_grpc_stream: Ok *", "proxy_grpc_stream: InternalFailure -"));
  start_over();
  for (size_t i = 0; i < worker.services.upstreams().count(); ++i) {
    ASSERT_TRUE(worker.services.upstreams().request(i).reset);
  }
}

// These once went into a list of headers that ended the process when it was full.
TEST_P(HostileTest, NamesOfGrpcCallsAreBounded) {
  const std::string huge(2 << 20, 'x');
  script.on("proxy_on_request_headers")
      .call("proxy_grpc_call", "cluster", huge, "m", "", "", 0, out32_to(1))
      .call("proxy_grpc_stream", "cluster", "s", huge, "", out32_to(2))
      .call("proxy_grpc_stream", huge, "s", "m", "", out32_to(3));
  EXPECT_THAT(reports_of_request_headers(), ElementsAre("proxy_grpc_call: InternalFailure -",
                                                        "proxy_grpc_stream: InternalFailure -",
                                                        "proxy_grpc_stream: InternalFailure -"));
}

TEST_P(HostileTest, BodiesOfOpenCallsAreBounded) {
  const std::string large(8 << 20, 'x');
  script.on("proxy_on_request_headers")
      .call_times(8, "proxy_http_call", "cluster", some_request(), large, "", 0, out32_to(1))
      .call("proxy_http_call", "cluster", some_request(), large, "", 0, out32_to(2));
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_http_call: Ok *", "proxy_http_call: InternalFailure -"));
}

TEST_P(HostileTest, SharedDataIsBounded) {
  options.vm.limits.max_shared_data_bytes = 10'000;
  auto& actions = script.on("proxy_on_request_headers");
  actions.call("proxy_set_shared_data", "large", std::string(9'000, 'x'), 0)
      .call("proxy_set_shared_data", "more", std::string(1'000, 'x'), 0)
      .call("proxy_set_shared_data", "large", "small again", 0)
      .call("proxy_set_shared_data", "more", std::string(1'000, 'x'), 0);
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_set_shared_data: Ok", "proxy_set_shared_data: InternalFailure",
                          "proxy_set_shared_data: Ok", "proxy_set_shared_data: Ok"));
}

TEST_P(HostileTest, ManySmallEntriesOfSharedDataAreBoundedToo) {
  options.vm.limits.max_shared_data_bytes = 10'000;
  auto& actions = script.on("proxy_on_request_headers");
  for (int i = 0; i < 100; ++i) actions.call("proxy_set_shared_data", std::to_string(i), "", 0);
  const auto lines = reports_of_request_headers();
  const auto refused = std::ranges::count(lines, "proxy_set_shared_data: InternalFailure");
  EXPECT_GT(refused, 20);
  EXPECT_LT(refused, 50);
}

TEST_P(HostileTest, AQueueIsBounded) {
  options.vm.limits.max_queue_bytes = 1'000;
  script.on("proxy_on_request_headers")
      .call("proxy_enqueue_shared_queue", 1, std::string(600, 'x'))
      .call("proxy_enqueue_shared_queue", 1, std::string(600, 'x'))
      .call_times(3, "proxy_dequeue_shared_queue", 1, out_value())
      .call("proxy_enqueue_shared_queue", 1, std::string(600, 'x'));
  const auto lines = reports_of_request_headers();
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines[0], "proxy_enqueue_shared_queue: Ok");
  EXPECT_EQ(lines[1], "proxy_enqueue_shared_queue: NotFound");
  EXPECT_EQ(lines[3], "proxy_enqueue_shared_queue: Ok");
}

// One task at a time waits in the loop, however many items come.
TEST_P(HostileTest, WakeUpsThatMultiplyLeaveRoomForOthers) {
  script.on("proxy_on_queue_ready")
      .call("proxy_enqueue_shared_queue", 1, "")
      .call("proxy_enqueue_shared_queue", 1, "")
      .call("proxy_dequeue_shared_queue", 1, out_value())
      .call("proxy_dequeue_shared_queue", 1, out_value());
  start();
  int ticks_of_others = 0;
  std::function<void()> other = [&] {
    if (++ticks_of_others == 20) plugin.reset();
    if (ticks_of_others < 20) worker.services.post(other);
  };
  worker.services.post(other);
  worker.services.run();
  EXPECT_EQ(ticks_of_others, 20);
  const auto lines = events();
  EXPECT_LE(std::ranges::count(lines, "proxy_on_queue_ready(1, 1)"), 25);
}

TEST_P(HostileTest, NamesAreBounded) {
  const std::string name(100'000, 'n');
  script.on("proxy_on_request_headers")
      .call("proxy_define_metric", MetricType::Counter, name, out32())
      .call("proxy_register_shared_queue", name, out32())
      .call("proxy_resolve_shared_queue", name, name, out32());
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_define_metric: BadArgument -",
                          "proxy_register_shared_queue: BadArgument -",
                          "proxy_resolve_shared_queue: NotFound -"));
}

TEST_P(HostileTest, MetricsAreBounded) {
  auto& actions = script.on("proxy_on_request_headers");
  for (int i = 0; i < 10'001; ++i) {
    actions.call("proxy_define_metric", MetricType::Counter, "m" + std::to_string(i), out32_to(1));
  }
  const auto lines = reports_of_request_headers();
  ASSERT_EQ(lines.size(), 10'001u);
  EXPECT_EQ(lines.front(), "proxy_define_metric: Ok *");
  EXPECT_THAT(lines.back(), ::testing::AnyOf("proxy_define_metric: BadArgument -",
                                             "proxy_define_metric: InternalFailure -"));
}

TEST_P(HostileTest, LongTimesAreTimes) {
  script.on("proxy_on_request_headers")
      .call("proxy_set_tick_period_milliseconds", kAll)
      .call("proxy_http_call", "cluster", some_request(), "", "", kAll, out32_to(1))
      .call("proxy_grpc_call", "cluster", "s", "m", "", "", kAll, out32_to(2));
  start();
  worker.services.run();
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_set_tick_period_milliseconds: Ok", "proxy_http_call: Ok *",
                          "proxy_grpc_call: Ok *"));
  worker.services.advance(Milliseconds(1'000'000));
  EXPECT_THAT(events(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Engines, HostileTest, ::testing::ValuesIn(wasm_engines()), engine_name);

}  // namespace
}  // namespace weir::test
