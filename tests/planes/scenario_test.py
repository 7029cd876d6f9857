"""`weir test`: scenarios pass and fail as they should, and files that cannot be used say why."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

from peers.case import guest
from peers.weir import BINARY

ROOT = pathlib.Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
CODE_CACHE = os.environ.get("WEIR_TEST_CODE_CACHE", "")


class ScenarioTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="weir-scenario-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_test(self, *arguments):
        command = [BINARY, "test", "--code-cache", CODE_CACHE, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        return done.returncode, done.stdout, done.stderr

    def write(self, text, name="scenario.yaml"):
        file = self.folder / name
        file.write_text(text)
        return file

    def assert_passes(self, *arguments):
        code, out, err = self.run_test(*arguments)
        self.assertEqual(code, 0, out + err)
        return out

    def assert_fails(self, expected, *arguments):
        code, out, err = self.run_test(*arguments)
        self.assertEqual(code, 1, out + err)
        self.assertIn(expected, out)

    def assert_refused(self, expected, *arguments):
        code, out, err = self.run_test(*arguments)
        self.assertEqual((code, out), (2, ""), err)
        self.assertEqual(len(err.splitlines()), 1, err)
        self.assertTrue(err.startswith("weir test: "), err)
        self.assertIn(expected, err)


class ExamplesTest(ScenarioTest):
    def files(self):
        return sorted(EXAMPLES.glob("*/scenario*.yaml"))

    def test_every_example_has_one(self):
        folders = {file.parent.name for file in self.files()}
        plugins = {folder.parent.name for folder in EXAMPLES.glob("*/weir.yaml")}
        self.assertEqual(plugins, folders)
        for file in self.files():
            readme = (file.parent / "README.md").read_text()
            self.assertIn(f"weir test examples/{file.parent.name}/{file.name}", readme)

    def test_all_pass(self):
        self.assert_passes(*self.files())

    def test_a_plugin_is_the_same_in_every_language(self):
        for name in ("header-edit", "body-rewrite", "auth-call", "rate-limit"):
            for language in ("go", "cpp", "assemblyscript", "zig"):
                with self.subTest(name=name, language=language):
                    plugin = guest(f"{name}-{language}")
                    out = self.assert_passes(
                        "--trace", "--plugin", plugin, EXAMPLES / name / "scenario.yaml"
                    )
                    # Nor does it fail at its end, which a scenario itself does not look at.
                    self.assertIn("-> proxy_on_configure(context 1, ", out)
                    self.assertNotIn("<- trap", out)

    def test_the_file_for_plugins_in_zig(self):
        file = ROOT / "tests/guests/zig_sdk/zig_sdk.yaml"
        self.assert_passes("--plugin", guest("zig_sdk"), file)

    def test_engines_agree(self):
        # Small ones: some engines compile slowly, and not every one keeps its code.
        for plugin in ("header-edit-cpp", "auth-call-assemblyscript", "tcp-guard-cpp", "rate-limit-zig"):
            file = EXAMPLES / plugin.rsplit("-", 1)[0] / "scenario.yaml"
            out = self.assert_passes("--engine", "all", "--plugin", guest(plugin), file)
            engines = set(re.findall(r"^  passed  (\S+)", out, re.MULTILINE))
            self.assertIn("wasmtime", engines)
        skipped = re.findall(r"^skipped engine ([\w-]+)", out, re.MULTILINE)
        print("ran on:", *sorted(engines), "; skipped:", *skipped)

    def test_a_module_of_tinygos_shape(self):
        module = self.folder / "tinygo.wasm"
        source = pathlib.Path(__file__).parent / "modules" / "tinygo.wat"
        subprocess.run(["wat2wasm", "-o", module, source], check=True)
        file = self.write("""
plugin: {file: tinygo.wasm}
scenarios:
- name: starts by main, and takes what the host hands over
  start:
    logs: [{contains: main}, {level: info, text: vm started}]
    callbacks: [proxy_on_context_create, proxy_on_vm_start, proxy_on_configure]
  steps:
  - http: {request: {path: /a/long/path}}
    expect: {request: {headers: {has: ["x-tinygo: /a/long/path"]}}}
""")
        self.assert_passes("--engine", "all", file)

    def test_scenarios_come_by_a_pipe(self):
        text = f"""
plugin: {{file: {guest("header-edit-rust")}}}
scenarios:
- name: one
  steps:
  - http: {{}}
"""
        # WasmEdge's has the process start again, which is to be done before the pipe is empty.
        adapters = pathlib.Path(os.environ["WEIR_ENGINE_PATH"])
        for engine in ("wasmtime", "wasmedge"):
            if not (adapters / f"weir-engine-{engine}.so").exists():
                print(f"not tested: {engine}, which has not been built")
                continue
            for command in (["test"], ["bench", "--rounds", "1"]):
                with self.subTest(engine=engine, command=command):
                    done = subprocess.run(
                        [BINARY, *command, "/dev/stdin", "--engine", engine],
                        input=text, capture_output=True, text=True, timeout=300, check=False,
                    )
                    if "sanitizers" in done.stderr:
                        print("not tested:", done.stderr)
                        continue
                    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                    self.assertIn(engine, done.stdout)

    def test_a_native_plugin_lies_beside_its_scenarios(self):
        shutil.copy(guest("cpp_sdk/low_level.so"), self.folder)
        self.assert_passes(self.write("""
plugin: {native: ./low_level.so}
scenarios:
- name: as the wasm of the same source
  steps:
  - http: {}
    expect: {response: {headers: {has: ["x-streams: 1"]}}}
"""))

    def test_a_native_plugin_runs_on_no_other_engine(self):
        """It ran on `null` whatever was named, and nobody was told."""
        shutil.copy(guest("cpp_sdk/low_level.so"), self.folder)
        file = self.write("plugin: {native: ./low_level.so}\nscenarios: [{name: one, steps: [{http: {}}]}]\n")
        for engines, name in [(["v8"], "v8"), (["null", "envoy.wasm.runtime.wasmtime"], "envoy.wasm.runtime.wasmtime")]:
            options = [word for engine in engines for word in ("--engine", engine)]
            told = f"scenario.yaml:1:1: plugin: is native code, which runs on engine 'null' alone, not on '{name}': leave"
            # Nothing is run, of other files neither.
            self.assert_refused(told, *options, EXAMPLES / "header-edit" / "scenario.yaml", file)
            done = subprocess.run([BINARY, "bench", "--rounds", "1", file, *options], capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(told, done.stderr)
        for engine in ("null", "all"):
            self.assertIn("passed  null", self.assert_passes("--engine", engine, file))

    def test_a_native_plugins_scenarios_are_those_of_its_wasm(self):
        file = self.write("""
plugin: {native: ./nowhere.so}
scenarios:
- name: streams are counted
  steps:
  - http: {}
    expect: {response: {headers: {has: ["x-streams: 1"]}}}
""")
        out = self.assert_passes("--plugin", guest("cpp_sdk/low_level"), file)
        self.assertIn("passed  wasmtime  streams are counted", out)

    def test_isolated_streams_are_the_same(self):
        text = """
plugin:
  options:
    plugin:
      vm_config: {code: {local: {filename: %s}}}
    isolation: STREAM
scenarios:
- name: two streams
  steps:
  - http: {}
    expect: {response: {headers: {has: ["x-weir-plugin: header-edit"]}}}
  - http: {}
    expect: {response: {headers: {has: ["x-weir-plugin: header-edit"]}}}
"""
        self.assert_passes(self.write(text % guest("header-edit-rust")))


    def test_a_scenario_sees_one_start(self):
        # A plugin was tried out first, in the scenario's own world.
        text = """
plugin: %s
scenarios:
- name: one start
  start:
    metrics: {starts: 1}
    shared_data: {starts: x}
    queues: [{name: starts, items: [started]}]
    logs: [{text: configured}]
    no_logs: [done]
- name: has data to begin with
  shared_data: {starts: begun}
  start: {shared_data: {starts: begunx}, metrics: {starts: 1%s}}
- name: counts no other scenario's
  steps:
  - http: {}
    expect: {metrics: {starts: 1, requests: 1}, no_logs: [done]}
"""
        wasm, native = (guest(f"cpp_sdk/usual_statics{end}") for end in (".wasm", ".so"))
        isolated = f"{{options: {{plugin: {{vm_config: {{code: {{local: {{filename: {wasm}}}}}}}}}, isolation: STREAM}}}}"
        for plugin in (f"{{file: {wasm}}}", f"{{native: {native}}}", isolated):
            with self.subTest(plugin):
                out = self.assert_passes(self.write(text % (plugin, "")))
                self.assertIn("3 passed", out)
                self.assert_fails("no such metric", self.write(text % (plugin, ", stops: 1")))


class PageTest(ScenarioTest):
    def test_the_examples_of_the_page_pass(self):
        page = (ROOT / "docs" / "testing-plugins.md").read_text()
        blocks = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
        self.assertGreater(len(blocks), 4)
        for i, block in enumerate(blocks):
            text = re.sub(r"build/guests/([\w-]+)\.wasm", lambda m: str(guest(m[1])), block)
            self.assert_passes(self.write(text, f"{i}.yaml"))

    def test_every_field_is_on_the_page(self):
        page = (ROOT / "docs" / "testing-plugins.md").read_text()
        proto = (ROOT / "src/scenario/proto/weir/scenario/v1/scenario.proto").read_text()
        fields = set(re.findall(r"^\s+(?:\w+ )*[\w.<>, ]+ (\w+) = \d+;", proto, re.MULTILINE))
        self.assertGreater(len(fields), 60)
        words = set(re.findall(r"\w+", page))
        others = {"UNSPECIFIED", "SIDE_UNSPECIFIED"}
        twins = {field for field in fields if field.endswith("_base64")}
        self.assertEqual(set(), fields - words - others - twins)


# An exchange of auth-call where all is known.
AUTH = """
plugin: {file: %s}
upstreams:
- name: auth
  answers: [{response: {headers: ["x-auth-user: ann"]}, delay: 0.01s}]
scenarios:
"""
ASKED = """
- name: case %d
  steps:
  - http: {request: {path: /page, body: [one, two]}, response: {body: [answer]}}
    expect: {%s}
"""


def asked(*expectations):
    """A scenario for each expectation."""
    head = AUTH % guest("auth-call-rust")
    return head + "".join(ASKED % (i, text) for i, text in enumerate(expectations))


GOOD = [
    'request: {headers: {has: ["x-auth-user: ann"], matches: ["x-auth-user: a.*"], lacks: [te]}}',
    "request: {body: onetwo}",
    "response: {status: 200, body_contains: swe, pieces: [answer], trailers: {exactly: []}}",
    "calls: [{upstream: auth, method: GET, path: /check, body: ''}]",
    "took: 0.01s",
    "none: [LOCAL_REPLY, LOGS]",
]

# What is wrong, and what is said of it.
BAD = [
    ('request: {headers: {has: ["x-auth-user: bob"]}}', 'expected x-auth-user: bob, got "ann"'),
    ('request: {headers: {matches: ["x-auth-user: b.*"]}}', "with a value that matches b.*"),
    ('request: {headers: {lacks: [":path"]}}', 'expected no header :path, got "/page"'),
    ('request: {headers: {exactly: ["a: b"]}}', 'expected exactly {a: "b"}, got {:method: "GET"'),
    ("response: {headers: {exactly: []}}", 'expected exactly {}, got {:status: "200"'),
    ("request: {body: one}", 'expect.request.body: expected "one", got "onetwo"'),
    ("response: {status: 404}", "expected status 404, got 200"),
    ("response: {body_contains: x}", 'expected something with "x" in it, got "answer"'),
    ("response: {pieces: [ans, wer]}", 'expected the pieces "ans", "wer", got "answer"'),
    ('response: {trailers: {has: ["a: b"]}}', "expected a: b, got no such header"),
    ("local_reply: {status: 403}", "expected a local reply, but the plugin sent none"),
    ("reset: true", "expected the plugin to break the stream off"),
    ("failure: trap", "expected the plugin to fail, which it did not"),
    ("route_cleared: true", "expected the plugin to have the route chosen again"),
    ("logs: [{level: warn, contains: x}]", 'the log line warn something with "x" in it'),
    ("callbacks: [proxy_on_tick]", "expected the callbacks proxy_on_tick, got proxy_on_context"),
    ("calls: [{upstream: other}]", "expected a call to other, got a call to auth GET /check"),
    ("calls: [{}, {}]", "expected 2 calls, got a call to auth GET /check"),
    ("calls: [{path: /x}]", 'expected :path: /x, got "/check"'),
    ("calls: [{cancelled: true}]", "expected the plugin to give the call up"),
    ("calls: [{messages: [x]}]", 'expected the messages "x", got nothing'),
    ("metrics: {m: 1}", "metrics['m']: expected 1, got no such metric"),
    ("shared_data: {k: v}", "shared_data['k']: expected \"v\", got no such key"),
    ("queues: [{name: q}]", 'nobody has opened a queue "q"'),
    ("properties: {p: v}", "properties['p']: expected \"v\", got no such property"),
    ("took: 1s", "expected the plugin to hold the stream for 1000 ms, got 10 ms"),
    ("none: [REQUEST]", "expected none, but the request has gone on"),
    ("none: [RESPONSE]", "expected none, but the client has a response"),
    ("none: [CALLS]", "expected none, but the plugin called auth"),
    ("none: [CALLBACKS]", "expected none, but proxy_on_context_create came"),
]


# Holds messages for four ticks of 250 ms, or for ever, as the letters of the path say.
HOLDS = """(module
  (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_send_local_response"
    (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_tick_period_milliseconds" (func $tick (param i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $enter (param i32) (result i32)))
  (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
  (import "env" "proxy_close_stream" (func $close (param i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 32) ":path")
  (global $held (mut i32) (i32.const 0))
  (global $direction (mut i32) (i32.const 0))
  (global $ticks (mut i32) (i32.const 0))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1024)
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (drop (call $tick (i32.const 250)))
    i32.const 1)
  (func $letter (param $at i32) (result i32)
    (drop (call $get (i32.const 0) (i32.const 32) (i32.const 5) (i32.const 8) (i32.const 12)))
    (i32.load8_u (i32.add (i32.load (i32.const 8)) (local.get $at))))
  (func $hold (param $context i32) (param $direction i32) (param $letter i32) (result i32)
    (if (i32.eq (local.get $letter) (i32.const 45)) (then (return (i32.const 0))))  ;; -
    (if (i32.eq (local.get $letter) (i32.const 104))  ;; h
      (then
        (global.set $held (local.get $context))
        (global.set $direction (local.get $direction))
        (global.set $ticks (i32.const 4))))
    i32.const 4)
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (if (i32.eq (call $letter (i32.const 1)) (i32.const 97))  ;; a
      (then
        (drop (call $reply (i32.const 403) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
          (i32.const 0) (i32.const 0) (i32.const -1)))
        (return (i32.const 1))))
    (call $hold (local.get 0) (i32.const 0) (call $letter (i32.const 1))))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (call $hold (local.get 0) (i32.const 1) (call $letter (i32.const 2))))
  (func (export "proxy_on_tick") (param i32)
    (if (i32.eqz (global.get $held)) (then (return)))
    (global.set $ticks (i32.sub (global.get $ticks) (i32.const 1)))
    (if (global.get $ticks) (then (return)))
    (drop (call $enter (global.get $held)))
    (global.set $held (i32.const 0))
    (drop (call $continue (global.get $direction))))
  (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
    (drop (call $close (i32.const 2)))
    (drop (call $close (i32.const 3)))
    i32.const 0))"""


class ExpectationTest(ScenarioTest):
    def test_what_is_so_passes(self):
        self.assert_passes(self.write(asked(*GOOD)))

    def test_what_is_not_so_fails_with_its_place(self):
        file = self.write(asked(*(expectation for expectation, _ in BAD)))
        code, out, err = self.run_test(file)
        self.assertEqual(code, 1, out + err)
        told = re.split(r"^  (?:passed|FAILED)  ", out, flags=re.MULTILINE)[1:]
        self.assertEqual(len(told), len(BAD))
        for (expectation, message), text in zip(BAD, told):
            with self.subTest(expectation):
                self.assertIn(message, text)
                self.assertRegex(text, rf"{file}:\d+:\d+: scenarios\[\d+\]\.steps\[0\]")

    def test_a_connection(self):
        text = """
plugin: {file: %s, configuration: "HI "}
scenarios:
- name: greets
  steps:
  - tcp: {events: [{downstream: "HI x"}]}
    expect: {tcp: {%s}}
"""
        plugin = guest("tcp-guard-rust")
        self.assert_passes(self.write(text % (plugin, "upstream_gets: HI x")))
        self.assert_fails('got "HI x"', self.write(text % (plugin, "upstream_gets: HI")))
        self.assert_fails('got ""', self.write(text % (plugin, "downstream_gets: x")))
        self.assert_fails("to close upstream alone, got neither", self.write(text % (plugin, "closed: [UPSTREAM]")))
        self.assert_passes(self.write(text % (plugin, "closed: []")))
        self.assert_fails("to close neither side, got downstream",
                          self.write(text.replace('"HI x"', "HO") % (plugin, "closed: []")))

    def compiled(self, text):
        source = self.folder / "plugin.wat"
        source.write_text(text)
        subprocess.run(["wat2wasm", source, "-o", self.folder / "plugin.wasm"], check=True)

    # One side passed where the plugin had closed both.
    def test_closed_sides_are_those_and_no_others(self):
        self.compiled(HOLDS)
        text = """
plugin: {file: plugin.wasm}
scenarios: [{name: closes both, steps: [{tcp: {events: [{downstream: x}]}, expect: {tcp: {closed: %s}}}]}]
"""
        self.assert_passes(self.write(text % "[UPSTREAM, DOWNSTREAM]"))
        self.assert_fails("expected the plugin to close downstream alone, got both sides",
                          self.write(text % "[DOWNSTREAM]"))

    def test_a_plugin_that_fails_fails_the_scenario(self):
        text = """
plugin: {file: %s}
scenarios:
- name: panics
  steps:
  - http: {request: {path: /%s}}
    expect: {response: {status: %d}%s}
"""
        plugin = guest("faults")
        self.assert_passes(self.write(text % (plugin, "none", 200, "")))
        self.assert_fails("the plugin has failed", self.write(text % (plugin, "panic", 503, "")))
        file = self.write(text % (plugin, "panic", 503, ", failure: unreachable"))
        self.assert_passes(file)
        file = self.write(text % (plugin, "panic", 503, ", failure: interrupted"))
        self.assert_fails('a failure with "interrupted" in it', file)

    def test_a_plugin_is_waited_for_as_long_as_patience_says(self):
        text = """
plugin: {file: %s}
upstreams: [{name: auth, answers: [{silent: true}]}]
scenarios:
- name: waits for a call
  steps:
  - http: {request: {path: /page}, patience: %s}
    expect: {%s}
"""
        plugin = guest("auth-call-rust")  # which gives a call half a second
        self.assert_passes(self.write(text % (plugin, "0.4s", "none: [REQUEST, RESPONSE, LOCAL_REPLY]")))
        self.assert_passes(self.write(text % (plugin, "0.6s", "local_reply: {status: 503}, took: 0.5s")))
        # It took no time where no timer of the plugin's came in between.
        self.assert_passes(self.write(text % (plugin, "0.1s", "took: 0.1s")))
        self.assert_fails("for 0 ms, got 100 ms", self.write(text % (plugin, "0.1s", "took: 0s")))

    def assert_waits(self, steps):
        self.assert_passes(self.write("plugin: {file: plugin.wasm}\nscenarios: [{name: waits, steps: [%s]}]\n" % steps))

    def test_how_long_a_plugin_held_a_stream(self):
        self.compiled(HOLDS)
        step = "{http: {request: {path: /%s}, patience: %s}, expect: {took: %s, %s}}"
        for held, patience, took, others in [
            ("--", "1s", "0s", "response: {status: 200}"),
            ("h-", "1s", "1s", "request: {}, response: {status: 200}"),
            ("-h", "1s", "1s", "request: {}, response: {status: 200}"),
            ("hh", "2s", "2s", "request: {}, response: {status: 200}"),
            # Patience is of the whole step: four ticks are a second.
            ("hh", "1.25s", "1.25s", "request: {}, none: [RESPONSE]"),
            ("x-", "1s", "1s", "callbacks: [proxy_on_request_headers, %s], none: [REQUEST]" % ", ".join(["proxy_on_tick"] * 4)),
            ("-x", "0.1s", "0.1s", "none: [RESPONSE]"),
            # What the plugin holds is its own answer.
            ("ah", "1s", "1s", "local_reply: {status: 403}, response: {status: 403}"),
            ("ah", "0.5s", "0.5s", "local_reply: {status: 403}, none: [RESPONSE]"),
        ]:
            with self.subTest(held, patience=patience):
                self.assert_waits(step % (held, patience, took, others))

    def test_an_exchange_that_is_held_keeps_its_name(self):
        """One of that name that was not held took it, and was answered once more."""
        self.compiled(HOLDS)
        self.assert_waits("{http: {name: a, hold: true, request: {path: /--held}}}, {http: {name: a, request: {path: /--}}}, "
                          "{answer: {http: a, response: {status: 503}}, expect: {request: {headers: {has: [':path: /--held']}}, "
                          "response: {status: 503}}}")

    def test_a_step_answer_has_the_patience_of_its_exchange(self):
        self.compiled(HOLDS)
        steps = "{http: {name: a, hold: true, request: {path: /%s}, patience: %s}, expect: {took: %s, %s}}, " \
                "{answer: {http: a}, expect: {took: %s, %s}}"
        for held, patience, first, then in [
            ("-x", "1s", ("0s", "request: {}"), ("1s", "none: [RESPONSE]")),
            ("-h", "3s", ("0s", "request: {}"), ("1s", "response: {status: 200}")),
            # Until the request has come through there is nothing to answer.
            ("h-", "0.5s", ("0.5s", "none: [REQUEST]"), ("0.5s", "request: {}, response: {status: 200}")),
            ("x-", "0.5s", ("0.5s", "none: [REQUEST]"), ("0.5s", "none: [REQUEST, RESPONSE]")),
            ("ah", "3s", ("1s", "response: {status: 403}"), ("0s", "response: {status: 403}")),
        ]:
            with self.subTest(held, patience=patience):
                self.assert_waits(steps % (held, patience, *first, *then))

    def test_bytes_that_are_no_text(self):
        # /wAB is ff 00 01, gAB/ is 80 00 7f.
        text = """
plugin: {served: {file: %s/examples/access-log/weir.yaml, plugin: access-log}, vm_id: access-log}
shared_data_base64: {preset: /wAB}
queues: [{name: access-log, items_base64: [/wAB]}]
scenarios:
- name: values of shared data and queues
  shared_data_base64: {own: gAB/}
  steps:
  - set_shared_data: {key: later, value_base64: gAB/}
    expect: {shared_data_base64: {preset: /wAB, own: gAB/, later: gAB/}}
  - enqueue: {queue: access-log, item_base64: gAB/}
    expect: {queues: [{name: access-log, items_base64: [/wAB, gAB/]}]}
- name: bodies
  steps:
  - http: {request: {body_base64: [/wAB]}, response: {body_base64: [/wAB, gAB/]}}
    expect: {request: {body_base64: /wAB}, response: {body_base64: /wABgAB/, pieces_base64: [/wAB, gAB/]}}
""" % ROOT
        guest("access-log-rust")
        self.assert_passes(self.write(text))
        self.assert_fails(
            'shared_data_base64[\'later\']: expected "\\xff\\x00\\x01", got "\\x80\\x00\\x7f"',
            self.write(text.replace("later: gAB/", "later: /wAB")),
        )
        for both in ("value: x, value_base64: gAB/", "item: x, item_base64: gAB/"):
            twice = text.replace(both.split(", ")[1], both)
            self.assert_refused("is there too; keep one of both", self.write(twice))
        # What calls send, and what plugins answer themselves.
        self.assert_passes(self.write("""
plugin: {file: %s, configuration: "true"}
upstreams:
- name: policy
  answers: [{when: {body_base64: L3llcw==}, response: {body: [allow]}}, {response: {body_base64: [AA==]}}]
scenarios:
- name: calls
  steps:
  - http: {request: {path: /yes}}
    expect: {calls: [{body_base64: L3llcw==}], response: {status: 200}}
  - http: {request: {path: /no}}
    expect: {local_reply: {status: 403, body_base64: ""}}
""" % guest("cpp_sdk/usual_telemetry")))

    def test_names_are_looked_up_among_the_hosts(self):
        module = self.folder / "resolver.wat"
        module.write_text("""(module
  (import "env" "envoy_resolve_dns" (func $resolve (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_buffer_bytes" (func $bytes (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 32) "weir.test")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) i32.const 1024)
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (call $resolve (i32.const 32) (i32.const 9) (i32.const 0)))
  (func (export "envoy_on_resolve_dns") (param i32 i32 i32)
    (drop (call $bytes (i32.const 8) (i32.const 0) (local.get 2) (i32.const 8) (i32.const 12)))
    (drop (call $log (i32.const 2) (i32.load (i32.const 8)) (i32.load (i32.const 12))))))""")
        subprocess.run(["wat2wasm", module, "-o", self.folder / "resolver.wasm"], check=True)
        file = self.write("""
plugin: {file: resolver.wasm}
scenarios:
- name: a host that is there
  hosts: [{name: weir.test, addresses: ["192.0.2.1", "2001:db8::1"]}]
  steps:
  - http: {}
    expect:
      logs: [{level: info, contains: "192.0.2.1"}]
- name: one that is not
  hosts: [{name: other.test, addresses: ["192.0.2.1:80", "[2001:db8::1]:80"]}]
  steps:
  - http: {}
    expect: {no_logs: ["192.0.2.1"], logs: [{level: info, contains: ""}]}
""")
        self.assert_passes(file)

    def test_refusals(self):
        text = """
plugin: {file: %s, configuration: %s}
scenarios: [{name: starts, %s}]
"""
        plugin = guest("rate-limit-rust")
        self.assert_passes(self.write(text % (plugin, "often", "refused: REQUESTS/SECONDS")))
        self.assert_fails("a refusal with", self.write(text % (plugin, "often", "refused: other")))
        self.assert_fails("which it did not", self.write(text % (plugin, "3/60", "refused: x")))
        self.assert_fails("REQUESTS/SECONDS", self.write(text % (plugin, "often", "start: {}")))


class FileTest(ScenarioTest):
    """Files that cannot be used: nothing runs, and one line says why."""

    def test_faults_have_their_place(self):
        plugin = guest("header-edit-rust")
        head = f"plugin: {{file: {plugin}}}\n"
        one = "scenarios: [{name: a, steps: [%s]}]\n"
        for text, message in [
            ("scenarios: []\n", "plugin: says no plugin: write file, native, served or options"),
            ("plugin: {file: nowhere.wasm}\n",
             "1:10: plugin.file: plugin 'nowhere': cannot read code from '%s/nowhere.wasm': No such file" % self.folder),
            (head, "there are no scenarios"),
            (head + "scenarioz: []\n", "2:1: scenarioz: unknown field; did you mean 'scenarios'?"),
            (head + "scenarios: [{}]\n", "scenarios[0]: has no name"),
            (head + "scenarios: [{name: a, start: {}}, {name: a, start: {}}]\n", "another scenario of that name"),
            (head + "scenarios: [{name: a}]\n", "scenarios[0]: shows nothing: give it steps"),
            (head + one % "{}", "steps[0]: does nothing and expects nothing"),
            (head + one % "{http: {}, advance: 1s}", "both 'http' and 'advance' are set"),
            (head + one % "{advance: soon}", "expected a duration in seconds, as '0.25s'"),
            (head + one % "{advance: -1s}", "is no time from 0s to a year"),
            (head + one % '{http: {request: {headers: [x]}}}', "'x' is no header; write"),
            (head + one % '{http: {request: {headers: ["a\\nb: c"]}}}', "'a?b: c' has a name with a character"),
            (head + one % '{http: {request: {headers: ["a b: c"]}}}', "'a b: c' has a name with a character"),
            (head + one % '{http: {request: {headers: ["a: b\\r\\nc: d"]}}}', "has a control character in its value"),
            (head + one % "{http: {request: {body: [a], body_base64: [YQ==]}}}", "keep one of both"),
            (head + one % "{http: {response: {status: 99}}}", "is no final status"),
            (head + one % "{http: {hold: true}}", "has no name, by which a later step"),
            (head + one % "{answer: {http: x}}", "no exchange 'x' is held here"),
            (head + one % "{abort: x}", "no exchange 'x' is held here"),
            (head + one % "{advance: 1s, expect: {response: {status: 200}}}", "are of steps http"),
            (head + one % "{http: {}, expect: {tcp: {closed: []}}}", "is of a step tcp"),
            # They held, whatever the plugin did.
            *((head + one % f"{{{step}, expect: {{none: [LOGS, {thing}]}}}}", f"steps[0].expect.none[1]: {message}")
              for step, thing, message in [
                  ("advance: 1s", "REQUEST", "REQUEST, RESPONSE and LOCAL_REPLY are of steps http, answer and abort"),
                  ("tcp: {}", "RESPONSE", "REQUEST, RESPONSE and LOCAL_REPLY are of steps http"),
                  ("enqueue: {queue: a}", "LOCAL_REPLY", "REQUEST, RESPONSE and LOCAL_REPLY are of steps http"),
                  ("http: {}", "BYTES", "BYTES are of a step tcp"),
              ]),
            (head + one % '{http: {}, expect: {response: {headers: {lacks: [a, "x-secret: leaked"]}}}}',
             "headers.lacks[1]: 'x-secret: leaked' is no header's name; write the name alone"),
            (head + one % '{http: {}, expect: {response: {headers: {lacks: ["x-secret "]}}}}', "is no header's name"),
            (head + one % '{http: {}, expect: {response: {headers: {lacks: [""]}}}}', "lacks[0]: '' is no header's name"),
            # Nothing but the plugin is there when it starts: this ended the program.
            (head + "scenarios: [{name: a, start: {response: {status: 200}}}]\n", "scenarios[0].start: request, response"),
            (head + "scenarios: [{name: a, start: {none: [REQUEST]}}]\n", "scenarios[0].start.none[0]: REQUEST, "),
            (head + "scenarios: [{name: a, start: {reset: true}}]\n", "start: reset and properties are of a stream"),
            (head + one % "{http: {}, expect: {callbacks: [proxy_on_tik]}}",
             "'proxy_on_tik' is no callback; did you mean 'proxy_on_tick'?"),
            (head + one % "{http: {}, expect: {none: [NOTHING]}}",
             "none[0]: unknown or unsupported value 'NOTHING'; expected one of REQUEST, RESPONSE, LOCAL_REPLY, CALLS, "
             "LOGS, CALLBACKS, BYTES"),
            (head + one % "{tcp: {events: [{close: BOTH}]}}", "'BOTH'; expected one of DOWNSTREAM, UPSTREAM"),
            (head + one % "{http: {}, expect: {logs: [{level: loud, text: x}]}}", "is no level"),
            (head + one % "{http: {}, expect: {logs: [{matches: '('}]}}", "no regular expression"),
            (head + one % "{http: {}, expect: {logs: [{}]}}", "says no line"),
            # It held, whatever the plugin did.
            (head + one % "{http: {}, expect: {calls: []}}",
             "2:51: scenarios[0].steps[0].expect.calls: says nothing, and would hold whatever happens; "
             "leave it out, or write none: [CALLS]"),
            *((head + one % f"{{http: {{}}, expect: {{{expectation}}}}}", f"{name}: says nothing, and would hold")
              for expectation, name in {
                  "reset: false": "reset", "no_logs: []": "no_logs", "metrics: {}": "metrics", "failure: ''": "failure",
                  "response: {status: 0}": "response.status", "request: {headers: {has: []}}": "headers.has",
                  "calls: [{upstream: a, messages: []}]": "calls[0].messages", "response:": "response",
                  "request: {headers: {}}": "request.headers", "response: {status: 200, trailers: {}}": "response.trailers",
                  "calls: [{upstream: a, headers: {}}]": "calls[0].headers", "local_reply: {headers: {}}": "reply.headers",
                  "tcp: {}": "expect.tcp", "": "steps[0].expect",
              }.items()),
            (head + one % "{http: {}, expect: {response: {body_file: nowhere}}}", "body_file: "),
            (head + "upstreams: [{answers: []}]\nscenarios: [{name: a}]\n", "has no name"),
            (head + "upstreams: [{name: a, answers: [{}]}]\nscenarios: [{name: a}]\n",
             "upstreams[0].answers[0]: says no answer"),
            (head + "upstreams: [{name: a, unreachable: true, answers: [{silent: true}]}]\nscenarios: [{name: a}]\n",
             "upstreams[0].unreachable: there are answers"),
            (head + one % "{http: {request: {method: GET /}}}", "request.method: 'GET /' is no method"),
            *((head + one % f"{{http: {{request: {{{request}}}}}}}", message) for request, message in [
                ('path: "/a\\r\\nb: c"', "request.path: '/a??b: c' is no path: it begins with '/'"),
                ("path: page", "request.path: 'page' is no path"),
                ('path: "/a b"', "request.path: '/a b' is no path"),
                ('path: "*"', "request.path: '*' is no path"),
                ('headers: [":path: page"]', "request.headers: 'page' is no path"),
                ('authority: "a b"', "request.authority: 'a b' is no authority"),
            ]),
            *((f"{head}{world}\nscenarios: [{{name: a}}]\n", message) for world, message in [
                ("upstreams: [{name: a}, {name: b}, {name: a}]", "2:36: upstreams[2].name: there is another upstream 'a' here"),
                ("hosts: [{name: a}, {name: a}]", "hosts[1].name: there is another host 'a' here"),
                ("hosts: [{addresses: [192.0.2.1]}]", "hosts[0]: has no name: every host has one"),
                ("queues: [{name: a}, {name: a}]", "queues[1].name: there is another queue 'a' here"),
                ("queues: [{items: [a]}]", "queues[0]: has no name: every queue has one"),
                *((f"hosts: [{{name: a, addresses: [192.0.2.1, '{address}']}}]", f"addresses[1]: '{address}' is no address")
                  for address in ("", "a", "192.0.2", "192.0.2.1:", "192.0.2.1:65536", "2001:db8::1::", "[::1]", "::1]:80")),
                ("shared_data: {a: b}\nshared_data_base64: {a: Yg==}",
                 "3:22: shared_data_base64['a']: 'shared_data' has that key too; keep one of both"),
                ("upstreams: [{name: a, answers: [{grpc: {status: 17}}]}]",
                 "answers[0].grpc.status: is no status of gRPC, which is from 0 to 16"),
            ]),
            (head + one % "{http: {}, expect: {shared_data: {a: b}, shared_data_base64: {a: Yg==}}}",
             "expect.shared_data_base64['a']: 'shared_data' has that key too"),
            (head + one % "{http: {}, expect: {queues: [{name: a}, {name: a}]}}", "another queue 'a' here"),
            (head + one % "{http: {}, expect: {local_reply: {grpc_status: 17}}}",
             "local_reply.grpc_status: is no status of gRPC, which is from -1 to 16"),
            (head + one % '{http: {properties: {source.adress: "192.0.2.1:1"}}}',
             "['source.adress']: is no property of a stream; did you mean 'source.address'?"),
            ("plugin: {native: ./nosuch.so}\nscenarios: [{name: a, start: {}}]\n",
             f"1:10: plugin.native: '{self.folder}/./nosuch.so' is not there"),
            ("plugin: {native: ./scenario.yaml}\nscenarios: [{name: a, start: {}}]\n",
             "1:10: plugin.native: cannot load native plugin: "),
            ("plugin: {native: nosuch}\nscenarios: [{name: a, start: {}}]\n",
             "plugin.native: no native plugin 'nosuch' is compiled in"),
            ("plugin: {served: {file: nowhere.yaml}}\n", "plugin.served.file: "),
            # It went on to the engines, and ended the program there.
            (f"plugin: {{options: {{plugin: {{vm_config: {{runtime: envoy.wasm.runtime.wasmtimee, "
             f"code: {{local: {{filename: {plugin}}}}}}}}}}}}}\n",
             "1:1: plugin: there is no engine 'envoy.wasm.runtime.wasmtimee'; did you mean "
             "'envoy.wasm.runtime.wasmtime'?"),
            (f"plugin: {{served: {{file: {EXAMPLES}/access-log/weir.yaml}}}}\n",
             "there are several plugins: say by 'plugin' which one of"),
            (f"plugin: {{served: {{file: {EXAMPLES}/access-log/weir.yaml, plugin: x}}}}\n",
             "'x' is no plugin there; these are: access-log"),
        ]:
            with self.subTest(text):
                self.assert_refused(message, self.write(text))

    def test_command_lines(self):
        file = EXAMPLES / "header-edit" / "scenario.yaml"
        self.assert_refused("nowhere.yaml: cannot be read: No such file or directory", self.folder / "nowhere.yaml")
        self.assert_refused(f"{self.folder}: cannot be read: it is a folder", self.folder)
        self.assert_refused("--engine 'x': unknown; see weir engines, or write all", "--engine", "x", file)
        self.assert_refused("--engine 'wasmtimee': unknown; did you mean 'wasmtime'?", "--engine", "wasmtimee", file)
        for plugin, names_it in [
            (guest("header-edit-rust"), "a WebAssembly module, not a file of scenarios, which names it by "
             "plugin: {file: header-edit-rust.wasm}"),
            (guest("cpp_sdk/low_level.so"), "plugin: {native: ./low_level.so}"),
        ]:
            self.assert_refused(names_it, plugin)
        copy = self.write(asked("response: {status: 200}"))
        self.assert_refused(f"--junit '{copy}' is a file that is read here; name another", "--junit", copy, copy)
        self.assert_refused("x.xml: cannot be written", "--junit", self.folder / "no" / "x.xml", file)
        self.assert_refused("no scenario has that in its name", "--only", "nothing", file)
        self.assert_refused("--plugin: nowhere.wasm: cannot be read: No such file", "--plugin", "nowhere.wasm", file)


class OutputTest(ScenarioTest):
    def test_a_trace_has_calls_with_their_arguments(self):
        out = self.assert_passes(
            "--trace", "--only", "who is let in", EXAMPLES / "auth-call" / "scenario.yaml"
        )
        for line in [
            "    -> proxy_on_request_headers(context 2, headers 6, end_of_stream 1)",
            '      proxy_get_header_map_value(RequestHeaders, ":path") = Ok, "/page?1"',
            "    <- StopIteration",
            '      proxy_replace_header_map_value(RequestHeaders, "x-auth-user", "ann") = Ok',
            "      proxy_continue_stream(Request) = Ok",
        ]:
            self.assertIn(line, out.splitlines())

    def test_output_that_is_lost_is_an_error(self):
        plugin = guest("header-edit-rust")
        scenarios = EXAMPLES / "header-edit" / "scenario.yaml"
        for command in (
            ["--help"],
            ["engines"],
            ["inspect", "--engine", "wasmtime", plugin],
            ["test", "--code-cache", CODE_CACHE, scenarios],
            ["bench", "--rounds", "1", "--json", scenarios],
            ["new", "cpp", "a", "--folder", self.folder / "new"],
        ):
            with self.subTest(command=command), open("/dev/full", "wb") as full:
                done = subprocess.run(
                    [BINARY, *command], stdout=full, stderr=subprocess.PIPE, text=True, timeout=300, check=False
                )
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn("weir: standard output cannot be written\n", done.stderr)

    def test_golden_files(self):
        file = self.write(asked("response: {status: 200}").replace("name: case 0", "name: case 0\n  golden: deep/a.txt"))
        self.assert_fails("deep/a.txt: is not there; weir test --update writes it", file)
        self.assert_passes("--update", file)
        self.assert_passes(file)
        golden = self.folder / "deep" / "a.txt"
        text = golden.read_text()
        self.assertIn('call to auth {:method: "GET", :path: "/check"', text)
        self.assertIn('10 ms  answer from auth {:status: "200", x-auth-user: "ann"}', text)
        golden.write_text(text.replace("ann", "bob"))
        self.assert_fails('got \'  10 ms  answer from auth {:status: "200", x-auth-user: "ann"', file)
        self.assert_passes("--update", file)
        self.assertEqual(golden.read_text(), text)

    def test_a_golden_file_that_is_a_folder(self):
        (self.folder / "folder").mkdir()
        file = self.write(asked("response: {status: 200}").replace("name: case 0", "name: case 0\n  golden: folder"))
        for options in ([], ["--update"]):
            cannot = "cannot be written" if options else "cannot be read"
            self.assert_refused(f"scenarios[0].golden: {self.folder}/folder: {cannot}: it is a folder",
                                *options, file)

    def test_golden_files_that_cannot_be_used(self):
        plugin = self.folder / "plugin.wasm"
        shutil.copy(guest("header-edit-rust"), plugin)
        text = "plugin: {file: plugin.wasm}\nscenarios: [%s]\n"
        one = text % "{name: a, golden: %s, steps: [{http: {}}]}"
        two = text % ", ".join(f"{{name: {name}, golden: {golden}, steps: [{{http: {{}}}}]}}"
                               for name, golden in [("a", "a/x.txt"), ("b", "a/../a/x.txt")])
        for content, message in [
            (two, "scenarios[1].golden: %s/a/../a/x.txt: is the golden file of scenario 'a' too; each has its own"
             % self.folder),
            (one % "./scenario.yaml", "scenarios[0].golden: %s/./scenario.yaml: is read to run the scenarios" % self.folder),
            (one % "plugin.wasm", "plugin.wasm: is read to run the scenarios, and --update would overwrite it"),
            (one % "plugin.wasm/x", "plugin.wasm is no folder"),
            (one % ("x" * 300), "File name too long"),
            (one % "/dev/null", "/dev/null: cannot be "),
            (one % '"a\\0b"', "no file has a NUL in its name"),
        ]:
            file = self.write(content)
            for options in ([], ["--update"]):
                with self.subTest(message, options=options):
                    self.assert_refused(message, *options, file)
                    self.assertEqual(file.read_text(), content)
        other = self.write(one % "a/x.txt", "other.yaml")
        self.assert_refused("is the golden file of scenario 'a' too", "--update", other,
                            self.write((one % "a/x.txt").replace("name: a", "name: b")))
        # One that is named twice has one golden file.
        self.assert_passes("--update", other, other)
        self.assertEqual(plugin.read_bytes(), pathlib.Path(guest("header-edit-rust")).read_bytes())

    def test_a_body_in_a_file(self):
        file = self.write(asked("request: {body_file: bodies/one.txt}, response: {status: 200}"))
        self.assert_refused("bodies/one.txt: cannot be read", file)
        self.assert_passes("--update", file)
        body = self.folder / "bodies" / "one.txt"
        self.assertEqual(body.read_text(), "onetwo")
        self.assert_passes(file)
        body.write_text("another")
        self.assert_fails('body_file: expected "another", got "onetwo"', file)
        self.assert_passes("--update", file)
        self.assertEqual(body.read_text(), "onetwo")

    def test_junit(self):
        file = self.write(asked("request: {body: '<>&'}"))
        results = self.folder / "junit.xml"
        good = EXAMPLES / "header-edit" / "scenario.yaml"
        self.assert_fails("1 failed", "--junit", results, file, good)
        suites = xml.etree.ElementTree.parse(results).getroot()
        told = [(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in suites]
        self.assertEqual(told, [(f"{file} on wasmtime", "1", "1"), (f"{good} on wasmtime", "3", "0")])
        failure = suites.find("testsuite/testcase/failure")
        self.assertIn('expected "<>&", got "onetwo"', failure.text)

    def test_junit_is_xml_whatever_a_scenario_is_called(self):
        file = self.write(asked("response: {status: 201}").replace("name: case 0", 'name: "a\\uFFFE\\uFFFF\\u0001<"'))
        odd = self.folder / os.fsdecode(b"odd\xff.yaml")
        file.rename(odd)
        results = self.folder / "junit.xml"
        command = [BINARY, "test", "--code-cache", CODE_CACHE, "--junit", results, odd]
        done = subprocess.run(command, capture_output=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        suite = xml.etree.ElementTree.parse(results).getroot().find("testsuite")
        self.assertTrue(suite.get("name").endswith("odd\\xff.yaml on wasmtime"), suite.get("name"))
        self.assertEqual(suite.find("testcase").get("name"), r"a\xef\xbf\xbe\xef\xbf\xbf\x01<")


if __name__ == "__main__":
    unittest.main()
