// The whole server: workers, a plugin on the default engine, sockets, admin pages.

#include "planes/serve/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "engine/engines.h"
#include "planes/common/temporary_folder.h"
#include "planes/serve/loopback.h"

namespace weir::serve::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// The test plugin, with one of its texts replaced by another of the same length.
// Where the first route of the first listener goes.
std::string& cluster_of(config::ServeSettings& settings) {
  config::Route& route = settings.listeners[0].chains[0].routes.virtual_hosts[0].routes[0];
  return std::get<config::Forward>(route.action).clusters[0].name;
}

std::string tag_plugin(const std::string& text = "", const std::string& by = "") {
  std::ifstream file(WEIR_TAG_WASM, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  std::string wasm = bytes.str();
  EXPECT_FALSE(wasm.empty());
  if (!text.empty()) wasm.replace(wasm.find(text), text.size(), by);
  return wasm;
}

class MemoryLogger final : public Logger {
 public:
  LogLevel level() const override { return LogLevel::Info; }
  void write(LogLevel, std::string_view line) override {
    lines_.lock()->append(std::string(line) + "\n");
  }
  std::string text() const { return *lines_.lock(); }

 private:
  Guarded<std::string> lines_;
};

class ServerTest : public ::testing::Test {
 protected:
  ~ServerTest() override { stop(); }

  ServerOptions options() const {
    config::Shorthand shorthand;
    shorthand.plugin = (folder / "tag.wasm").string();
    shorthand.upstream = "http://127.0.0.1:" + std::to_string(upstream.port());
    shorthand.listen = "127.0.0.1:0";
    ServerOptions options;
    options.settings = config::make_settings(shorthand).value();
    options.settings.listeners[0].name = "main";
    options.settings.admin = config::SocketAddress{"127.0.0.1", 0};
    options.workers = 2;
    return options;
  }

  void start() { start(options()); }
  void start(ServerOptions with) {
    auto started = Server::start(std::move(with), host, metrics);
    ASSERT_TRUE(started.ok()) << started.error().message;
    server = std::move(started).value();
    thread = std::thread([this] { EXPECT_TRUE(server->run().ok()); });
  }
  std::string start_error(ServerOptions with) {
    const auto started = Server::start(std::move(with), host, metrics);
    return started.ok() ? "it started" : started.error().message;
  }
  void stop() {
    if (!thread.joinable()) return;
    server->shut_down();
    thread.join();
    server.reset();
  }

  // The whole answer of the admin address.
  std::string admin(const std::string& target) {
    Peer peer = Peer::connect(server->admin_port());
    peer.send("GET " + target + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    return peer.read_all();
  }

  // One request and its response, headers and all.
  std::string exchange() {
    Peer client = Peer::connect(server->port(0));
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    answer_one();
    return client.read_all();
  }
  void answer_one() {
    Peer peer = upstream.accept();
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
  }

  // Whether the admin page comes to hold that text.
  bool eventually(const std::string& target, const std::string& text) {
    for (int i = 0; i < 500; ++i) {
      if (admin(target).find(text) != std::string::npos) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }

  planes::test::TemporaryFolder folder;
  Upstream upstream;
  MemoryLogger logger;
  SystemClock clock;
  runtime::MetricStore metrics;
  engine::Engines engines{engine::Engines::default_search_path(), {}};
  runtime::Host host{{.engines = engines,
                      .code_cache = nullptr,
                      .clock = clock,
                      .logger = logger,
                      .metrics = metrics}};
  std::unique_ptr<Server> server;
  std::thread thread;
};

TEST_F(ServerTest, ServesThroughItsPlugin) {
  folder.write("tag.wasm", tag_plugin());
  start();
  EXPECT_THAT(exchange(), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("x-tag: tag-one\r\n"),
                                HasSubstr("\r\n\r\nok")));
  EXPECT_THAT(logger.text(),
              AllOf(HasSubstr("plugin 'tag' loaded: wasmtime "), HasSubstr("ABI 0.2.1"),
                    HasSubstr("listening on 127.0.0.1:" + std::to_string(server->port(0)))));
}

TEST_F(ServerTest, ReplacesAPluginWhoseFileHasChanged) {
  folder.write("tag.wasm", tag_plugin());
  start();
  folder.write("new", tag_plugin("tag-one", "tag-two"));
  std::filesystem::rename(folder / "new", folder / "tag.wasm");
  ASSERT_TRUE(eventually("/plugins", "\"reloads\": 1"));
  EXPECT_THAT(exchange(), HasSubstr("x-tag: tag-two\r\n"));
}

TEST_F(ServerTest, EndsStreamsWithThePluginTheyBeganWith) {
  folder.write("tag.wasm", tag_plugin());
  start();
  Peer client = Peer::connect(server->port(0));
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  Peer peer = upstream.accept();
  peer.read_head();
  folder.write("tag.wasm", tag_plugin("tag-one", "tag-two"));
  ASSERT_TRUE(eventually("/plugins", "\"reloads\": 1"));
  peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  EXPECT_THAT(client.read_head(), HasSubstr("x-tag: tag-one\r\n"));
  // The same connection, and a new stream.
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  answer_one();
  EXPECT_THAT(client.read_head(), HasSubstr("x-tag: tag-two\r\n"));
}

TEST_F(ServerTest, KeepsThePluginWhereTheNewOneRefusesItsConfiguration) {
  folder.write("tag.wasm", tag_plugin());
  start();
  folder.write("tag.wasm", tag_plugin("accept", "reject"));
  ASSERT_TRUE(eventually("/plugins", "\"failed_reload\": \"plugin 'tag'"));
  EXPECT_THAT(exchange(), HasSubstr("x-tag: tag-one\r\n"));
  EXPECT_THAT(logger.text(), HasSubstr("the running plugin 'tag' stays"));
  EXPECT_THAT(admin("/stats"), HasSubstr("plugin_fleet.reload_failure: 1\n"));
}

TEST_F(ServerTest, LoadsAllPluginsAnewOnSighup) {
  folder.write("tag.wasm", tag_plugin());
  start();
  ASSERT_TRUE(eventually("/ready", "LIVE"));  // run() has begun
  std::raise(SIGHUP);
  ASSERT_TRUE(eventually("/plugins", "\"reloads\": 1"));
  EXPECT_THAT(exchange(), HasSubstr("x-tag: tag-one\r\n"));
}

// Workers serve before run() is called: SIGTERM used to end the process at once there.
TEST_F(ServerTest, KeepsSigtermForRunOnceWorkersServe) {
  folder.write("tag.wasm", tag_plugin());
  auto started = Server::start(options(), host, metrics);
  ASSERT_TRUE(started.ok()) << started.error().message;
  Peer client = Peer::connect(started.value()->port(0));
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  Peer peer = upstream.accept();
  peer.read_head();
  std::raise(SIGTERM);
  thread = std::thread([&] { EXPECT_TRUE(started.value()->run().ok()); });
  peer.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  EXPECT_THAT(client.read_all(), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\r\n\r\nok")));
  thread.join();
  EXPECT_THAT(logger.text(), AllOf(HasSubstr("SIGTERM: draining\n"), HasSubstr("drained\n")));
}

// Settings that change while the server runs, read as from a file.
class UpdateTest : public ServerTest {
 protected:
  UpdateTest() {
    folder.write("tag.wasm", tag_plugin());
    settings = options().settings;
  }

  void start_updatable() {
    folder.write("config", "0");
    ServerOptions with = options();
    with.config_file = folder / "config";
    with.read_settings = [this]() -> Result<config::ServeSettings> {
      auto read = read_error.lock();
      if (!read->empty()) return Error{ErrorCode::BadConfig, *read};
      return *shared.lock();
    };
    *shared.lock() = settings;
    start(std::move(with));
  }
  // Takes `settings` in, and waits until that was done or refused.
  void update() {
    *shared.lock() = settings;
    folder.write("config", std::to_string(++updates));
    const std::string done = "\"accepted\": " + std::to_string(updates - rejected);
    ASSERT_TRUE(eventually("/updates", done)) << admin("/updates") << logger.text();
  }
  std::string update_error() {
    *shared.lock() = settings;
    folder.write("config", std::to_string(++updates));
    ++rejected;
    EXPECT_TRUE(eventually("/updates", "\"rejected\": " + std::to_string(rejected)));
    return admin("/updates");
  }
  std::string get(uint16_t port) {
    Peer client = Peer::connect(port);
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    answer_one();
    return client.read_all();
  }
  static uint16_t free_port() { return Upstream().port(); }

  config::ServeSettings settings;
  Guarded<config::ServeSettings> shared;
  Guarded<std::string> read_error;
  int updates = 0;
  int rejected = 0;
};

TEST_F(UpdateTest, ChangesPluginsBehindAnOpenConnection) {
  start_updatable();
  Peer client = Peer::connect(server->port(0));
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  answer_one();
  EXPECT_THAT(client.read_head(), HasSubstr("x-tag: tag-one\r\n"));
  client.read(2);
  settings.listeners[0].chains[0].plugins.clear();
  update();
  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  answer_one();
  EXPECT_THAT(client.read_all(), AllOf(HasSubstr("200 OK"), Not(HasSubstr("x-tag"))));
}

TEST_F(UpdateTest, ChangesRoutesAndClusters) {
  start_updatable();
  cluster_of(settings) = "other";
  settings.clusters[0].name = "other";
  update();
  EXPECT_THAT(exchange(), HasSubstr("x-tag: tag-one\r\n"));
  EXPECT_THAT(admin("/stats"), HasSubstr("\ncluster.other.upstream_rq_2xx: 1\n"));
}

TEST_F(UpdateTest, AddsAndRemovesListeners) {
  start_updatable();
  const uint16_t first = server->port(0);
  config::Listener more = settings.listeners[0];
  more.name = "more";
  more.chains[0].plugins.clear();
  more.address.port = free_port();
  settings.listeners.push_back(more);
  update();
  EXPECT_EQ(server->port(0), first);
  EXPECT_THAT(get(more.address.port), HasSubstr("200 OK"));
  EXPECT_THAT(get(first), HasSubstr("x-tag: tag-one"));
  settings.listeners.erase(settings.listeners.begin());
  update();
  EXPECT_THAT(get(more.address.port), HasSubstr("200 OK"));
  EXPECT_FALSE(Peer::can_connect(first));
  EXPECT_THAT(logger.text(),
              HasSubstr("no longer listening on 127.0.0.1:" + std::to_string(first)));
}

TEST_F(UpdateTest, KeepsAPluginThatStaysTheSame) {
  start_updatable();
  settings.clusters.push_back(settings.clusters[0]);
  settings.clusters[1].name = "unused";
  update();
  EXPECT_THAT(admin("/plugins"), HasSubstr("\"reloads\": 0"));
  settings.listeners[0].chains[0].plugins[0].configuration = "other";
  update();
  EXPECT_THAT(admin("/plugins"), HasSubstr("\"reloads\": 1"));
}

TEST_F(UpdateTest, RejectsWhatCannotServeAsAWhole) {
  start_updatable();
  const config::ServeSettings good = settings;
  settings.listeners[0].chains[0].plugins.push_back(settings.listeners[0].chains[0].plugins[0]);
  settings.listeners[0].chains[0].plugins[1].name = "second";
  settings.listeners[0].chains[0].plugins[1].vm.code =
      config::LocalFile{(folder / "absent.wasm").string()};
  settings.listeners[0].chains[0].plugins[0].configuration = "other";
  EXPECT_THAT(update_error(), HasSubstr("plugin 'second': cannot read code"));
  EXPECT_THAT(logger.text(), HasSubstr("configuration 1 stays; rejected: "));
  settings = good;
  cluster_of(settings) = "missing";
  EXPECT_THAT(update_error(), HasSubstr("unknown cluster 'missing'"));
  settings = good;
  settings.admin = config::SocketAddress{"127.0.0.1", 1};
  EXPECT_THAT(update_error(), HasSubstr("admin: the address cannot change"));
  settings = good;
  settings.listeners.push_back(settings.listeners[0]);
  settings.listeners[1].name = "second";
  settings.listeners[1].address.port = upstream.port();
  EXPECT_THAT(update_error(), HasSubstr("Address already in use"));
  settings = good;
  *read_error.lock() = "weir.yaml:1:1: nonsense";
  EXPECT_THAT(update_error(), HasSubstr("weir.yaml:1:1: nonsense"));
  EXPECT_THAT(exchange(), HasSubstr("x-tag: tag-one\r\n"));
  EXPECT_THAT(admin("/plugins"), HasSubstr("\"reloads\": 0"));
  EXPECT_THAT(admin("/stats"), HasSubstr("\nconfig.update_rejected: 5\n"));
  read_error.lock()->clear();
  update();
  EXPECT_THAT(admin("/updates"), Not(HasSubstr("\"rejection\"")));
}

TEST_F(UpdateTest, TriesARejectedConfigurationAgainWhenItsFilesChange) {
  start_updatable();
  settings.listeners[0].chains[0].plugins[0].vm.code =
      config::LocalFile{(folder / "late.wasm").string()};
  EXPECT_THAT(update_error(), HasSubstr("late.wasm"));
  folder.write("late.wasm", tag_plugin("tag-one", "tag-two"));
  ASSERT_TRUE(eventually("/updates", "\"accepted\": 1"));
  EXPECT_THAT(exchange(), HasSubstr("x-tag: tag-two\r\n"));
}

TEST_F(UpdateTest, EndsStreamsWithTheConfigurationTheyBeganWith) {
  start_updatable();
  Peer client = Peer::connect(server->port(0));
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  Peer peer = upstream.accept();
  peer.read_head();
  settings.listeners[0].chains[0].plugins.clear();
  settings.clusters[0].name = cluster_of(settings) = "other";
  update();
  EXPECT_THAT(exchange(), Not(HasSubstr("x-tag")));
  peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  EXPECT_THAT(client.read_head(), HasSubstr("x-tag: tag-one\r\n"));
  // With its last stream the plugin goes.
  EXPECT_TRUE(eventually("/stats", "\nwasm.wasmtime.active: 0\n"));
}

TEST_F(ServerTest, TellsWhatRunsOnPagesThatEnvoyHas) {
  folder.write("tag.wasm", tag_plugin());
  ServerOptions with = options();
  with.version = "weir of the test";
  start(std::move(with));
  exchange();
  const std::string port = std::to_string(upstream.port());
  EXPECT_THAT(admin("/clusters"),
              AllOf(HasSubstr("upstream::default_priority::max_connections::1024\n"),
                    HasSubstr("upstream::127.0.0.1:" + port + "::health_flags::healthy\n"),
                    HasSubstr("upstream::127.0.0.1:" + port + "::cx_active::")));
  EXPECT_THAT(admin("/clusters?format=json"),
              AllOf(HasSubstr("\"port_value\": " + port), HasSubstr("\"name\": \"cx_active\"")));
  const std::string place = "127.0.0.1:" + std::to_string(server->port(0));
  EXPECT_THAT(admin("/listeners"), HasSubstr("\r\n\r\nmain::" + place + "\n"));
  EXPECT_THAT(admin("/listeners?format=json"), HasSubstr("\"listener_statuses\""));
  EXPECT_THAT(admin("/server_info"),
              AllOf(HasSubstr("\"state\": \"LIVE\""), HasSubstr("\"concurrency\": 2"),
                    HasSubstr("\"version\": \"weir of the test\"")));
  EXPECT_THAT(admin("/certs"), HasSubstr("\"certificates\": []"));
  // There is no file.
  EXPECT_THAT(admin("/config_dump"), HasSubstr("\"configs\": []"));
}

TEST_F(ServerTest, TellsTheStatisticsThatAreAskedFor) {
  folder.write("tag.wasm", tag_plugin());
  start();
  exchange();
  EXPECT_THAT(admin("/stats?filter=upstream_rq_(2xx|5xx)$"),
              HasSubstr("\r\n\r\ncluster.upstream.upstream_rq_2xx: 1\n"
                        "cluster.upstream.upstream_rq_5xx: 0\n"));
  const std::string used =
      admin("/stats?usedonly&filter=%5Ecluster%5C.upstream%5C.upstream_rq_.xx");
  EXPECT_THAT(used, AllOf(HasSubstr("upstream_rq_2xx: 1\n"), Not(HasSubstr("upstream_rq_5xx"))));
  EXPECT_THAT(admin("/stats?format=json&filter=upstream_rq_2xx"),
              AllOf(HasSubstr("\"name\": \"cluster.upstream.upstream_rq_2xx\""),
                    HasSubstr("\"value\": 1"), HasSubstr("Content-Type: application/json")));
  EXPECT_THAT(admin("/stats?filter=rq_time"),
              AllOf(HasSubstr("cluster.upstream.upstream_rq_time: P0(nan,"),
                    HasSubstr("http.main.downstream_rq_time: P0(nan,")));
  EXPECT_THAT(admin("/stats?format=json&filter=rq_time"), HasSubstr("\"supported_quantiles\""));
  EXPECT_THAT(
      admin("/stats/prometheus?filter=downstream_rq_time"),
      AllOf(HasSubstr("# TYPE weir_http_downstream_rq_time histogram\n"
                      "weir_http_downstream_rq_time_bucket{envoy_http_conn_manager_prefix=\"main\","
                      "le=\"0.5\"} "),
            HasSubstr("le=\"+Inf\"} 1\n"),
            HasSubstr("weir_http_downstream_rq_time_count{envoy_http_conn_manager_prefix=\"main\"} "
                      "1\n"),
            Not(HasSubstr("upstream_rq_2xx"))));
  EXPECT_THAT(admin("/stats?filter=("), HasSubstr("filter is no regular expression"));
  EXPECT_THAT(admin("/stats?format=xml"), HasSubstr("format is one of: text, json, prometheus"));
}

TEST_F(ServerTest, CountsWhatPasses) {
  folder.write("tag.wasm", tag_plugin());
  start();
  exchange();
  EXPECT_THAT(admin("/stats"), AllOf(HasSubstr("\nhttp.main.downstream_rq_total: 1\n"),
                                     HasSubstr("\nhttp.main.downstream_rq_2xx: 1\n"),
                                     HasSubstr("\nhttp.main.downstream_cx_total: 1\n"),
                                     HasSubstr("\ncluster.upstream.upstream_rq_total: 1\n"),
                                     HasSubstr("\ncluster.upstream.upstream_rq_2xx: 1\n")));
  for (const char* page : {"/stats?format=prometheus", "/stats/prometheus"}) {
    EXPECT_THAT(admin(page),
                AllOf(HasSubstr("\nweir_http_downstream_rq_total{envoy_http_conn_manager_prefix="
                                "\"main\"} 1\n"),
                      HasSubstr("\nweir_cluster_upstream_rq{envoy_cluster_name=\"upstream\","
                                "envoy_response_code=\"200\"} 1\n"),
                      HasSubstr("\nweir_cluster_upstream_rq_xx{envoy_cluster_name=\"upstream\","
                                "envoy_response_code_class=\"2\"} 1\n")))
        << page;
  }
}

TEST_F(ServerTest, TellsOfItsPlugins) {
  folder.write("tag.wasm", tag_plugin());
  start();
  EXPECT_THAT(admin("/plugins"),
              AllOf(HasSubstr("Content-Type: application/json"), HasSubstr("\"name\": \"tag\""),
                    HasSubstr("\"engine\": \"wasmtime\""), HasSubstr("\"abi\": \"0.2.1\""),
                    HasSubstr("\"state\": \"running\"")));
}

TEST_F(ServerTest, AnswersUnknownAdminPagesWithAList) {
  folder.write("tag.wasm", tag_plugin());
  start();
  EXPECT_THAT(admin("/"), AllOf(HasSubstr("200 OK"), HasSubstr("GET /ready")));
  EXPECT_THAT(admin("/nothing"), AllOf(HasSubstr("404 Not Found"), HasSubstr("GET /ready")));
  EXPECT_THAT(admin("/stats?format=xml"), HasSubstr("400 Bad Request"));
}

TEST_F(ServerTest, DrainsStreamsBeforeItEnds) {
  folder.write("tag.wasm", tag_plugin());
  start();
  Peer client = Peer::connect(server->port(0));
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  Peer peer = upstream.accept();
  peer.read_head();
  server->shut_down();
  ASSERT_TRUE(eventually("/ready", "DRAINING"));
  peer.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  EXPECT_THAT(client.read_all(), AllOf(HasSubstr("x-tag: tag-one\r\n"), HasSubstr("\r\n\r\nok")));
  thread.join();
  EXPECT_THAT(logger.text(), HasSubstr("drained\n"));
}

TEST_F(ServerTest, BreaksOffWhatOutlastsTheDrainTime) {
  folder.write("tag.wasm", tag_plugin());
  ServerOptions impatient = options();
  impatient.drain_time = Milliseconds(50);
  start(std::move(impatient));
  Peer client = Peer::connect(server->port(0));
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  Peer peer = upstream.accept();
  peer.read_head();
  stop();
  EXPECT_TRUE(client.at_end());
  EXPECT_THAT(logger.text(), HasSubstr("drain time is over"));
}

TEST_F(ServerTest, SaysWhatIsWrongWithThePlugin) {
  EXPECT_THAT(start_error(options()), AllOf(HasSubstr("plugin 'tag'"), HasSubstr("tag.wasm")));
  folder.write("tag.wasm", "no wasm");
  EXPECT_THAT(start_error(options()), HasSubstr("plugin 'tag'"));
  folder.write("tag.wasm", tag_plugin("accept", "reject"));
  EXPECT_THAT(start_error(options()), HasSubstr("plugin 'tag'"));
}

TEST_F(ServerTest, RefusesAnAddressThatIsInUse) {
  folder.write("tag.wasm", tag_plugin());
  start();
  ServerOptions second = options();
  second.settings.listeners[0].address.port = server->port(0);
  EXPECT_THAT(start_error(std::move(second)),
              HasSubstr("listen on 127.0.0.1:" + std::to_string(server->port(0)) +
                        ": Address already in use"));
}

TEST_F(ServerTest, ServesWithoutPlugins) {
  ServerOptions plain = options();
  plain.settings.listeners[0].chains[0].plugins.clear();
  start(std::move(plain));
  EXPECT_THAT(exchange(), AllOf(HasSubstr("\r\n\r\nok"), Not(HasSubstr("x-tag"))));
}

}  // namespace
}  // namespace weir::serve::test
