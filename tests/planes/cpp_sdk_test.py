"""The C++ SDK (sdk/cpp): plugins with the scenarios of http_all and grpc_all, as wasm and as native code, do
what the Rust SDK's do."""

import base64
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import grpc_test
import http_all_test
import tcp_test
from peers import bootstrap
from peers.case import PlaneTest, compiler, guest, leave_out
from peers.http1 import Http1Client, Http1Upstream
from peers.http2 import Http2Client, Http2Upstream
from peers.weir import BINARY

WEIR_CXX = pathlib.Path(__file__).parents[2] / "sdk" / "cpp" / "weir-cxx"
PROGRAMS = pathlib.Path(__file__).parents[1] / "guests" / "cpp_sdk"


class AsWasm:
    client_kind, upstream_kind = Http2Client, Http2Upstream

    @classmethod
    def plugin(cls):
        return [guest(f"cpp_sdk/{cls.wasm}")]


class AsNative:
    client_kind, upstream_kind = Http1Client, Http1Upstream

    @classmethod
    def plugin(cls):
        return [guest(f"cpp_sdk/{cls.wasm}.so"), "--engine", "null"]


class TaggedMetricsTest(AsWasm, http_all_test.HttpAllCase):
    def test_tags_are_part_of_the_names(self):
        values = [self.request("/metrics/tagged").headers.get("x-value") for _ in range(2)]
        self.assertEqual([value.split()[1] for value in values], ["7", "7"])
        self.assertEqual(int(values[1].split()[0]) - int(values[0].split()[0]), 3)
        stats = self.weir.stats()
        self.assertIn("wasmcustom.method.GET.code.200.ok.true.tagged", stats)
        self.assertEqual(stats["wasmcustom.path.root.sizes"], 7)
        self.assertEqual(stats["wasmcustom.step.first.times"], 2)


class NativeTaggedMetricsTest(AsNative, TaggedMetricsTest):
    pass


class NativeStreamStateTest(AsNative, http_all_test.StreamStateTestHttp1ToHttp1):
    def test_logs_keep_their_levels(self):
        # What native code writes to its standard streams is the process's, not the plugin's.
        self.request("/log")
        for level in ("trace", "debug", "info", "error"):
            self.assertTrue(self.weir.lines(rf"\[{level}\].*http_all.*: .*log at {level}"), level)


class LowLevelTest(AsWasm, PlaneTest):
    """A plugin that has some of the ABI's callbacks itself, and leaves the others to the SDK."""

    wasm = "low_level"

    def test_both_ways_of_writing_a_plugin_go_together(self):
        upstream = self.upstream()
        weir = self.weir(*self.plugin(), "--upstream", upstream.url)
        client = self.client(weir.port)
        responses = [client.request("/") for _ in range(2)]
        self.assertEqual([r.headers.get("x-streams") for r in responses], ["1", "2"])
        self.assertEqual(responses[0].headers.get("x-guest"), "low-level")
        self.assertEqual(upstream.requests[0].headers.get("x-guest"), "low-level")


class NativeLowLevelTest(AsNative, LowLevelTest):
    pass


# What a path of throwing.cc throws, and what the log says of it. Libraries have their own words for their own faults.
THROWN = {
    "own": "shop::Refusal: sold out",
    "coded": "shop::CodedRefusal: code 7",
    "virtual": "shop::VeryLate: too late",
    "hidden": "Hidden: hidden",
    "bare": "shop::Bare",
    "text": "const char\\*: no exception at all",
    "string": "std::string: a text of its own",
    "number": "int",
    "at": "std::out_of_range: .*vector.*",
    "key": "std::out_of_range: .*unordered_map.*|std::out_of_range: _Map_base::at",
    "optional": "std::bad_optional_access: bad.optional.access",
    "regex": "std::regex_error: .*",
    "function": "std::bad_function_call: .*",
    "system": "std::system_error: call: .*timed out",
    "again": "shop::Refusal: first",
}


class ThrowingCase:
    """What a throw does: it costs the stream and the instance, and the log tells what was thrown."""

    wasm = "throwing"

    def setUp(self):
        self.web = self.upstream()
        self.start()

    def start(self):
        """Afresh: a plugin that fails often in a short time is left alone for a while."""
        self.server = self.weir(*self.plugin(), "--upstream", self.web.url)

    def get(self, path):
        return self.client(self.server.port).request(path)

    def check_failure(self, path, line):
        """The request fails, for the reason in the log; the next is answered."""
        before = len(self.server.lines(line))
        self.assertEqual(self.get(path).status, 503, path)
        self.assertGreater(len(self.server.lines(line)), before, f"{path}: {line}\n{self.server.log}")
        self.assertEqual(self.get("/").status, 200)

    def test_locks_do_what_they_do_elsewhere(self):
        for _ in range(2):
            passed, of_all = self.get("/locks").headers.get("x-locks").split("/")
            self.assertEqual(passed, of_all)
            self.assertGreater(int(of_all), 14)


class ThrowingTest(AsWasm, ThrowingCase, PlaneTest):
    def test_what_is_thrown_is_told_whether_or_not_it_would_be_caught(self):
        for path, told in THROWN.items():
            self.start()
            line = rf"\[critical\].*: an exception is thrown, and in wasm none is caught: (?:{told})$"
            for prefix in ("/", "/caught/"):
                with self.subTest(prefix + path):
                    self.check_failure(prefix + path, line)

    def test_what_the_library_throws_is_told_by_the_library(self):
        self.check_failure("/caught/stoi", "stoi: no conversion")

    def test_where_there_is_no_memory_new_ends_the_instance(self):
        self.assertEqual(self.get("/memory").headers.get("x-pieces"), "64")
        limited = bootstrap.plugin("limited", *self.plugin(), limits={"max_memory_bytes": 32 << 20})
        clusters = [bootstrap.cluster("upstream", self.web)]
        self.server = self.weir(bootstrap=bootstrap.bootstrap([bootstrap.listener("limited", limited)], clusters))
        self.check_failure("/memory", r"\[critical\].*: out of memory$")
        self.assertEqual(self.server.stat("wasm.limited.failed.out_of_memory"), 1)

    def test_what_goes_beyond_the_stack_traps_and_overwrites_nothing(self):
        self.assertEqual(self.get("/stack/200").headers.get("x-intact"), "yes")
        self.check_failure("/stack/400", r"\[error\] plugin 'throwing': proxy_on_request_headers: memory_bounds")

    def test_a_lock_that_would_wait_for_ever_is_told(self):
        self.check_failure("/lock-twice", r"\[critical\].*a mutex that is locked is locked again")


class NativeThrowingTest(AsNative, ThrowingCase, PlaneTest):
    def test_what_no_handler_catches_leaves_the_callback_and_not_the_plugin(self):
        for path, told in THROWN.items():
            self.start()
            with self.subTest(path):
                self.check_failure(f"/{path}", rf"\[critical\].*: an exception left the plugin: (?:{told})$")
        self.check_failure("/stoi", r"\[critical\].*: an exception left the plugin: std::invalid_argument: stoi")

    def test_a_handler_catches(self):
        for path, told in {"own": "sold out", "stoi": "stoi", "number": "something"}.items():
            response = self.get(f"/caught/{path}")
            self.assertEqual((response.status, response.headers.get("x-caught")), (200, told))


class LoginCase:
    """A login as authors write it, with patterns, locks, streams and exceptions of the standard library."""

    wasm = "usual_login"
    configuration = "protect ^/(orders|users)/\nprotect [.]key$\nuser ann secret\nuser bob word"

    def serve(self, configuration=configuration):
        self.web = self.upstream()
        arguments = ["--config", configuration, "--upstream", self.web.url]
        return self.weir(*self.plugin(), *arguments, stdout=subprocess.DEVNULL)

    def get(self, path, authorization=None):
        headers = [("authorization", authorization)] if authorization else []
        return self.client(self.server.port).request(path, headers=headers)

    def basic(self, text):
        return "Basic " + base64.b64encode(text.encode()).decode()

    def test_who_may_pass_passes(self):
        self.server = self.serve()
        self.assertEqual(self.get("/").status, 200)
        for user in ("ann:secret", "bob:word", "ann:secret"):
            response = self.get("/orders/7", self.basic(user))
            self.assertEqual(response.status, 200)
        self.assertEqual(response.headers.get("x-logins"), "ann=2, bob=1")
        self.assertEqual(
            [request.headers.get("x-user") for request in self.web.requests], [None, "ann", "bob", "ann"]
        )
        for authorization in (None, self.basic("ann:wrong"), self.basic("eve:secret")):
            response = self.get("/users/own.key", authorization)
            self.assertEqual(response.status, 401)
            self.assertIn('realm="shop", error="', response.headers.get("www-authenticate"))

    def malformed(self):
        return {"Bearer x": "the scheme is not Basic", "Basic Y*==": "0x2a is not base64", "Basic YWE=": "no colon"}

    def refused(self, configuration):
        """What weir says of a configuration that the plugin does not take."""
        command = [BINARY, "serve", *self.plugin(), "--config", configuration, "--upstream", "http://127.0.0.1:9"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        self.assertNotEqual(done.returncode, 0)
        return done.stdout + done.stderr


class LoginTest(AsWasm, LoginCase, PlaneTest):
    def test_what_a_parser_throws_ends_the_instance_and_not_the_proxy(self):
        self.server = self.serve()
        for authorization, fault in self.malformed().items():
            self.assertEqual(self.get("/orders/7", authorization).status, 503)
            self.assertTrue(self.server.lines(rf"none is caught: LoginError: {fault}"), fault)
        self.assertEqual(self.get("/orders/7", self.basic("ann:secret")).headers.get("x-logins"), "ann=1")

    def test_a_configuration_that_cannot_be_parsed_is_told(self):
        self.assertIn("std::invalid_argument: line 2: 'usr ann'", self.refused("protect ^/\nusr ann"))
        self.assertRegex(self.refused("protect ("), "none is caught: std::.*regex_error")


class NativeLoginTest(AsNative, LoginCase, PlaneTest):
    def test_what_a_parser_throws_is_caught(self):
        self.server = self.serve()
        for authorization, fault in self.malformed().items():
            response = self.get("/orders/7", authorization)
            self.assertEqual(response.status, 401)
            self.assertIn(f'error="{fault}', response.headers.get("www-authenticate"))

    def test_a_configuration_that_cannot_be_parsed_is_told(self):
        self.assertIn("configuration: line 2: 'usr ann'", self.refused("protect ^/\nusr ann"))


class StaticMetricsTest(AsWasm, PlaneTest):
    """Metrics in static objects, which the instances of a native plugin share, count as those of a .wasm file do."""

    wasm = "usual_statics"

    def test_each_instance_counts_what_its_names_say(self):
        clients = 16
        server = self.weir(*self.plugin(), "--upstream", self.upstream().url, workers=4)
        for _ in range(clients):
            client = self.client(server.port)
            self.assertEqual([client.request("/a").status for _ in range(3)], [200] * 3, server.log)
        metrics = {"requests": 1, "seen": 1, "path./a.by_path": 1, "path.simple.by_path": 2, "bare": 3}
        stats = server.stats()
        counted = {name: stats.get(f"wasmcustom.{name}") for name in metrics}
        self.assertEqual(counted, {name: each * clients * 3 for name, each in metrics.items()})
        self.assertEqual(stats["wasmcustom.latest"], 7)
        # The one that is tried out first, and those that serve.
        self.assertEqual(stats["wasmcustom.starts"], 5)


class NativeStaticMetricsTest(AsNative, StaticMetricsTest):
    pass


class ConnectionTest(tcp_test.PluginTest):
    # These are about the host alone, and take long.
    test_a_large_transfer_through_a_plugin_comes_out_the_same = None
    test_a_plugin_that_holds_more_than_the_limit_holds_the_sender_back = None

    def scenario(self, name, **options):
        plugin = guest("cpp_sdk/tcp_all")
        return bootstrap.plugin("tcp", plugin, configuration=name, **options)


class NativeConnectionTest(ConnectionTest):
    def scenario(self, name, **options):
        code = {"local": {"inline_string": str(guest("cpp_sdk/tcp_all.so"))}}
        return bootstrap.plugin("tcp", code, configuration=name, engine="null", **options)


class UsualProgramsTest(unittest.TestCase):
    """Programs as they are written for the usual C++ SDK, by the scenarios beside them."""

    def check(self, name, text):
        with tempfile.TemporaryDirectory(prefix="weir-usual-") as folder:
            file = pathlib.Path(folder) / f"{name}.yaml"
            file.write_text(text)
            command = [BINARY, "test", "--code-cache", "", file]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_as_wasm_and_as_native_code(self):
        place = re.compile(r"(?:filename|file): \.\./\S+?(\w+)\.wasm")
        for name in ("usual_names", "usual_filter", "usual_telemetry", "usual_grpc", "usual_resolver"):
            text = (PROGRAMS / f"{name}.yaml").read_text()
            (found,) = place.finditer(text)
            wasm, native = guest(f"cpp_sdk/{name}"), guest(f"cpp_sdk/{name}.so")
            with self.subTest(name, build="wasm"):
                self.check(name, text.replace(found[0], f"{found[0].split(':')[0]}: {wasm}"))
            with self.subTest(name, build="native"):
                field = "inline_string" if found[0].startswith("filename") else "native"
                as_native = text.replace(found[0], f"{field}: {native}")
                self.check(name, as_native.replace("runtime.wasmtime", "runtime.null"))


# A plugin that takes its configuration as JSON, writes a long double, and does not end its line.
LIBRARY_PROGRAM = """
#include <iostream>
#include <nlohmann/json.hpp>
#include "proxy_wasm_intrinsics.h"
class Root : public RootContext {
 public:
  using RootContext::RootContext;
  bool onConfigure(size_t size) override {
    const auto text = getBufferBytes(WasmBufferType::PluginConfiguration, 0, size)->toString();
    const auto json = nlohmann::json::parse(text, nullptr, false);
    logInfo(json.is_discarded() ? "no json" : json.dump());
    logInfo(std::to_string(std::stold("2.5")));
    std::cerr << "no " << 0 << std::endl << "less " << -1;
    std::cout << "more " << 1.5L;
    return true;
  }
};
static RegisterContextFactory registered(ROOT_FACTORY(Root));
"""

# The parts of Abseil that plugins take for granted; their sources are not in Debian's package.
ABSEIL_PROGRAM = """
#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/types/span.h"
#include "proxy_wasm_intrinsics.h"
absl::StatusOr<int> total(absl::Span<const std::string> words) {
  static absl::Mutex mutex;
  absl::MutexLock lock(&mutex);
  absl::flat_hash_map<std::string, int> seen;
  absl::btree_map<std::string, int> sorted;
  for (const auto& word : words) sorted[word] = ++seen[word];
  if (sorted.empty()) return absl::InvalidArgumentError(absl::StrCat("no words", absl::StrFormat("%d", 0)));
  return static_cast<int>(seen.size());
}
"""

# What of Abseil is headers alone, at work.
ABSEIL_PLUGIN = """
#include "absl/algorithm/container.h"
#include "absl/cleanup/cleanup.h"
#include "absl/container/fixed_array.h"
#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "absl/numeric/bits.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "proxy_wasm_intrinsics.h"
int sum(absl::Span<const int> values, absl::FunctionRef<int(int)> each) {
  return absl::c_accumulate(values, 0, [&](int total, int value) { return total + each(value); });
}
class Root : public RootContext {
 public:
  using RootContext::RootContext;
  bool onConfigure(size_t) override {
    absl::Cleanup last = [] { logInfo("cleaned up"); };
    absl::InlinedVector<int, 2> values = {5, 3, 4, 1, 2};
    absl::c_sort(values);
    absl::FixedArray<int> copy(values.begin(), values.end());
    absl::optional<int> squares;
    if (absl::c_is_sorted(copy)) squares = sum(copy, [](int value) { return value * value; });
    logInfo(std::to_string(squares.value_or(0)) + " " + std::to_string(absl::popcount(0xF0Fu)));
    return true;
  }
};
static RegisterContextFactory registered(ROOT_FACTORY(Root));
"""

ABSEIL_SCENARIO = """
plugin: {file: abseil.wasm}
scenarios:
- name: Abseil's headers work
  start: {logs: [{text: 55 8}, {text: cleaned up}]}
"""

# A plugin that includes what wasi-libc and libc++ have not, and locks as C libraries do.
PTHREAD_PROGRAM = """
#include <filesystem>
#include <pthread.h>
#include <cerrno>
#include "proxy_wasm_intrinsics.h"
pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
pthread_rwlock_t shared = PTHREAD_RWLOCK_INITIALIZER;
pthread_once_t once = PTHREAD_ONCE_INIT;
int runs = 0;
class Root : public RootContext {
 public:
  using RootContext::RootContext;
  bool onConfigure(size_t) override {
    pthread_once(&once, [] { ++runs; });
    pthread_once(&once, [] { ++runs; });
    pthread_key_t one = 0;
    pthread_key_t other = 0;
    bool ok = runs == 1 && pthread_key_create(&one, nullptr) == 0 && pthread_key_create(&other, nullptr) == 0;
    ok = ok && pthread_setspecific(one, &once) == 0 && pthread_getspecific(one) == &once;
    ok = ok && pthread_getspecific(other) == nullptr && pthread_key_delete(one) == 0;
    ok = ok && pthread_setspecific(one, &once) == EINVAL;
    ok = ok && pthread_mutex_lock(&plain) == 0 && pthread_mutex_trylock(&plain) == EBUSY;
    ok = ok && pthread_mutex_unlock(&plain) == 0 && pthread_mutex_unlock(&plain) == EPERM;
    ok = ok && pthread_rwlock_rdlock(&shared) == 0 && pthread_rwlock_rdlock(&shared) == 0;
    ok = ok && pthread_rwlock_trywrlock(&shared) == EBUSY && pthread_rwlock_unlock(&shared) == 0;
    ok = ok && pthread_rwlock_unlock(&shared) == 0 && pthread_rwlock_wrlock(&shared) == 0;
    pthread_mutexattr_t kind;
    pthread_mutex_t again;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
    ok = ok && pthread_mutex_init(&again, &kind) == 0;
    ok = ok && pthread_mutex_lock(&again) == 0 && pthread_mutex_lock(&again) == 0;
    pthread_t thread;
    ok = ok && pthread_create(&thread, nullptr, nullptr, nullptr) == EAGAIN;
    logInfo(ok ? "all locks" : "some lock does not");
    return true;
  }
};
class Stream : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    pthread_mutex_lock(&plain);
    pthread_mutex_lock(&plain);
    return FilterHeadersStatus::Continue;
  }
};
static RegisterContextFactory registered(CONTEXT_FACTORY(Stream), ROOT_FACTORY(Root));
"""

PTHREAD_SCENARIO = """
plugin: {file: locks.wasm}
scenarios:
- name: what would wait for ever ends the instance
  start: {logs: [{text: all locks}]}
  steps:
  - http: {}
    expect: {failure: proxy_on_request_headers, logs: [{level: critical, contains: locked again}]}
"""

# A plugin that prints by C's functions alone, where each callback begins a line and not all end it.
PRINTING_PROGRAM = """
#include <cstdio>
#include "proxy_wasm_intrinsics.h"
class Root : public RootContext {
 public:
  using RootContext::RootContext;
  void onCreate() override { std::printf("created"); }
  bool onConfigure(size_t) override {
    std::printf("con");
    std::printf("figured");
    return true;
  }
};
class Stream : public Context {
 public:
  using Context::Context;
  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    std::printf("one\\ntwo");
    return FilterHeadersStatus::Continue;
  }
  FilterHeadersStatus onResponseHeaders(uint32_t, bool) override {
    std::puts("a whole line");
    return FilterHeadersStatus::Continue;
  }
  void onDelete() override {
    std::printf("last words");
    logAbort("enough");
  }
};
static RegisterContextFactory registered(CONTEXT_FACTORY(Stream), ROOT_FACTORY(Root));
"""

PRINTING_SCENARIO = """
plugin: {file: printing.wasm}
scenarios:
- name: what is printed is in the log
  start: {logs: [{level: info, text: created}, {level: info, text: configured}]}
  golden: all.txt
  steps: [{http: {}, expect: {failure: proxy_on_delete}}]
"""


class CompilerTest(unittest.TestCase):
    """weir-cxx, and what a program compiled by it has of the library."""

    def test_what_is_printed_is_in_the_log_after_each_callback(self):
        compiler()
        with tempfile.TemporaryDirectory(prefix="weir-cxx-") as name:
            folder = pathlib.Path(name)
            (folder / "printing.cc").write_text(PRINTING_PROGRAM)
            (folder / "printing.yaml").write_text(PRINTING_SCENARIO)
            subprocess.run([WEIR_CXX, "printing.cc", "-o", "printing.wasm"], cwd=folder, check=True, timeout=300)
            command = [BINARY, "test", "--code-cache", "", "--update", folder / "printing.yaml"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            printed = re.findall(r'(?:proxy_on_\w+|log \w+ ".*")', (folder / "all.txt").read_text())
        expected = """
proxy_on_context_create
log info "created"
proxy_on_vm_start
proxy_on_configure
log info "configured"
proxy_on_context_create
proxy_on_request_headers
log info "one"
log info "two"
proxy_on_response_headers
log info "a whole line"
proxy_on_done
proxy_on_log
proxy_on_delete
log info "last words"
log critical "enough"
"""
        self.assertEqual("\n".join(printed), expected.strip())

    def test_a_program_that_prints_nothing_needs_no_wasi(self):
        wasm = guest("cpp_sdk/low_level").read_bytes()
        self.assertGreater(wasm.count(b"proxy_add_header_map_value"), 0)
        self.assertEqual(wasm.count(b"wasi_snapshot"), 0)

    def test_json_long_double_and_a_line_without_end(self):
        compiler()
        headers = pathlib.Path("/usr/include/nlohmann")
        if not headers.exists():
            leave_out("nlohmann/json is missing: run `scripts/setup/apt.sh`")
        with tempfile.TemporaryDirectory(prefix="weir-cxx-") as name:
            folder = pathlib.Path(name)
            (folder / "include").mkdir()
            (folder / "include/nlohmann").symlink_to(headers)
            (folder / "library.cc").write_text(LIBRARY_PROGRAM)
            command = [WEIR_CXX, "-Iinclude", "-O1", "library.cc", "-o", "library.wasm"]
            subprocess.run(command, cwd=folder, check=True, timeout=300)
            (folder / "library.yaml").write_text("""
plugin: {file: library.wasm, configuration: '{"a": [1]}'}
scenarios:
- name: all is told
  start:
    logs:
    - {text: '{"a":[1]}'}
    - {text: "2.500000"}
    - {level: error, text: no 0}
    - {level: info, text: more 1.5}
    - {level: error, text: less -1}
""")
            command = [BINARY, "test", "--code-cache", "", folder / "library.yaml"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_libraries_lock_by_pthread(self):
        compiler()
        with tempfile.TemporaryDirectory(prefix="weir-cxx-") as name:
            folder = pathlib.Path(name)
            (folder / "locks.cc").write_text(PTHREAD_PROGRAM)
            (folder / "locks.yaml").write_text(PTHREAD_SCENARIO)
            subprocess.run([WEIR_CXX, "-O1", "locks.cc", "-o", "locks.wasm"], cwd=folder, check=True, timeout=300)
            command = [BINARY, "test", "--code-cache", "", folder / "locks.yaml"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    # A library of the machine was taken, and broke off somewhere inside.
    def test_no_header_is_the_machines(self):
        compiler()
        for header in ("openssl/sha.h", "execinfo.h"):
            code, told = self.compile(f"#include <{header}>", "-c")
            self.assertNotEqual(code, 0)
            self.assertIn(f"plugin.cc:1:10: fatal error: '{header}' file not found", told)
            if pathlib.Path("/usr/include", header).exists():
                self.assertIn(f"weir-cxx: /usr/include has {header}, but is not looked into for wasm", told)

    def test_abseils_headers_compile_and_those_that_are_all_of_it_work(self):
        compiler()
        headers = pathlib.Path("/usr/include/absl")
        if not headers.exists():
            leave_out("Abseil's headers are missing: run `scripts/setup/apt.sh test`")
        with tempfile.TemporaryDirectory(prefix="weir-cxx-") as name:
            (pathlib.Path(name) / "absl").symlink_to(headers)
            self.assertEqual(self.compile(ABSEIL_PROGRAM, f"-I{name}", "-fsyntax-only"), (0, ""))
            folder = pathlib.Path(name)
            (folder / "abseil.cc").write_text(ABSEIL_PLUGIN)
            (folder / "abseil.yaml").write_text(ABSEIL_SCENARIO)
            command = [WEIR_CXX, "-I.", "-O1", "abseil.cc", "-o", "abseil.wasm"]
            subprocess.run(command, cwd=folder, check=True, timeout=300)
            command = [BINARY, "test", "--code-cache", "", folder / "abseil.yaml"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_the_authors_warnings_are_about_the_authors_code(self):
        strict = ["-Wall", "-Wextra", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Wold-style-cast", "-Werror"]
        source = f'#include "{PROGRAMS}/usual_telemetry.cc"\nint narrow(long long wide) {{ return %s; }}'
        for build in (["--native"], []):
            if not build:
                compiler()
            code, told = self.compile(source % "static_cast<int>(wide)", *build, *strict, "-fsyntax-only")
            self.assertEqual((code, told), (0, ""))
            code, told = self.compile(source % "wide", *build, *strict, "-fsyntax-only")
            self.assertNotEqual(code, 0)
            self.assertIn("plugin.cc:2", told)

    def test_what_the_usual_sdks_library_brings_along_is_there(self):
        source = """
            #include "proxy_wasm_intrinsics.h"
            using namespace std::chrono_literals;
            std::array<double, 2> values = {std::sqrt(2.0), 1.0};
            std::atomic<bool> sorted{false};
            void sort() {
              std::sort(values.begin(), values.end());
              sorted = std::next(values.begin()) != values.end() && 1s > 1ms;
              if (!sorted) throw std::runtime_error("not sorted");
              std::printf("sorted");
            }
            """
        for build in (["--native"], []):
            if not build:
                compiler()
            self.assertEqual(self.compile(source, *build, "-fsyntax-only"), (0, ""))

    def test_protobufs_own_messages_are_those_of_a_program_that_includes_it_first(self):
        code, told = self.compile(
            """
            #include <google/protobuf/util/json_util.h>
            #include "proxy_wasm_intrinsics_full.h"
            google::protobuf::Struct given;
            const google::protobuf::Message& by_protobuf = given;
            bool read() { return getMessageValue({"metadata"}, &given) && GrpcService().has_envoy_grpc(); }
            """,
            "--native",
            "-fsyntax-only",
        )
        self.assertEqual((code, told), (0, ""))

    def test_arguments_come_in_any_order(self):
        with tempfile.TemporaryDirectory(prefix="weir-cxx-") as folder:
            file = pathlib.Path(folder) / "plugin.cc"
            file.write_text("#ifdef __wasm__\n#error this is wasm\n#endif\n")
            command = [WEIR_CXX, file, f"-o{folder}/plugin.so", "-fsyntax-only", "--native"]
            subprocess.run(command, check=True, timeout=300)
            done = subprocess.run([WEIR_CXX, "--native", file], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn("usage: weir-cxx [--native] -o OUTPUT", done.stderr)

    def compile(self, source, *options, **environment):
        with tempfile.TemporaryDirectory(prefix="weir-cxx-") as folder:
            file = pathlib.Path(folder) / "plugin.cc"
            file.write_text(source)
            done = subprocess.run(
                [WEIR_CXX, *options, "-o", file.with_suffix(".wasm"), file],
                env={**os.environ, **environment},
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
        return done.returncode, done.stderr

    def test_a_thread_and_sleep_are_refused_with_what_to_do(self):
        compiler()
        code, told = self.compile(
            """
            #include <chrono>
            #include <thread>
            void work() { std::thread([] {}).joinable(); }
            void rest() { std::this_thread::sleep_for(std::chrono::seconds(1)); }
            """,
            "-fsyntax-only",
        )
        self.assertNotEqual(code, 0)
        self.assertIn("a plugin in wasm has one thread: have onTick() do what is to be done later", told)
        self.assertIn("a plugin that sleeps holds up the proxy's other requests", told)
        self.assertNotIn("apt-get", told)  # it is the program that is wrong

    def test_a_missing_toolchain_comes_with_what_installs_it(self):
        code, told = self.compile("", WEIR_CXX="no-such-compiler")
        self.assertNotEqual(code, 0)
        self.assertRegex(told, "no-such-compiler is not there.*apt-get install .*libc[+][+]-14-dev-wasm32")


_SHARED = [
    http_all_test.HeadersTestHttp1ToHttp1,
    http_all_test.BodyTestHttp1ToHttp1,
    http_all_test.TrailersTestHttp1ToHttp1,
    http_all_test.LocalResponseTestHttp1ToHttp1,
    http_all_test.CallTestHttp1ToHttp1,
    http_all_test.SharedTestHttp1ToHttp1,
    http_all_test.TickTest,
    http_all_test.ConfigurationTest,
    grpc_test.GrpcTestHttp1ToHttp1,
]


def load_tests(loader, own, _pattern):
    """These, and what both SDKs are tested by, for both builds."""
    pairs = [(build, case) for build in (AsWasm, AsNative) for case in _SHARED]
    for build, case in [*pairs, (AsWasm, http_all_test.StreamStateTestHttp1ToHttp1)]:
        made = type(f"{case.__name__}{build.__name__}", (build, case), {"__module__": __name__})
        own.addTests(loader.loadTestsFromTestCase(made))
    return own


if __name__ == "__main__":
    unittest.main()
