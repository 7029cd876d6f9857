"""`weir bench`: what it measures, and how it tells it."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

from peers.case import guest
from peers.weir import BINARY

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples"


class BenchTest(unittest.TestCase):
    def bench(self, *arguments):
        command = [BINARY, "bench", "--rounds", "20", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        return done.returncode, done.stdout, done.stderr

    def measure(self, *arguments):
        code, out, err = self.bench("--json", *arguments)
        self.assertEqual(code, 0, out + err)
        return json.loads(out)

    def test_a_plugin_by_itself(self):
        report = self.measure(guest("header-edit-rust"), "--config", "hello")
        (result,) = report["engines"]
        self.assertEqual((result["engine"], result["rounds"]), ("wasmtime", 20))
        # Two requests in a round.
        times = result["callbacks"]["proxy_on_request_headers"]
        self.assertEqual(times["count"], 40)
        ranks = [times[rank] for rank in ("min_ns", "median_ns", "p90_ns", "p99_ns", "max_ns")]
        self.assertEqual(ranks, sorted(ranks))
        self.assertGreater(ranks[0], 0)
        self.assertEqual(result["hostcalls_per_round"]["proxy_get_header_map_value"], 4)
        self.assertEqual(result["hostcalls_per_round"]["proxy_log"], 2)
        self.assertGreaterEqual(result["memory_bytes"], 65536)
        self.assertEqual(result["memory_bytes"] % 65536, 0)
        # Compiling takes longer than not to.
        self.assertGreater(result["cold_start_ns"], result["warm_start_ns"])
        self.assertGreater(result["warm_start_ns"], result["instance_start_ns"])

    def test_a_scenario(self):
        file = EXAMPLES / "auth-call" / "scenario.yaml"
        report = self.measure(file, "--only", "let in")
        self.assertEqual(report["scenario"].split()[0], "who")
        (result,) = report["engines"]
        self.assertEqual(result["callbacks"]["proxy_on_http_call_response"]["count"], 20)
        self.assertEqual(result["hostcalls_per_round"]["proxy_http_call"], 1)

    def test_connections_and_ticks(self):
        report = self.measure(EXAMPLES / "tcp-guard" / "scenario.yaml", "--only", "too early")
        self.assertEqual(
            report["engines"][0]["callbacks"]["proxy_on_downstream_connection_close"]["count"], 20
        )
        report = self.measure(EXAMPLES / "access-log" / "scenario-ship.yaml")
        self.assertEqual(report["engines"][0]["callbacks"]["proxy_on_queue_ready"]["count"], 20)

    def test_the_table_and_the_picture(self):
        with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
            picture = pathlib.Path(folder) / "bench.svg"
            code, out, err = self.bench(guest("header-edit-rust"), "--svg", picture)
            self.assertEqual((code, err), (0, ""))
            for row in ("header-edit-rust ", "cold start ", "warm start ", "one more instance ",
                        "memory, at most ", "  proxy_on_request_headers ", "  proxy_log "):
                self.assertIn(f"\n{row}", f"\n{out}")
            svg = xml.etree.ElementTree.parse(picture).getroot()
            texts = ["".join(node.itertext()) for node in svg.iter() if node.tag.endswith("text")]
            self.assertIn("proxy_on_request_headers", texts)
            self.assertTrue(any(text.startswith("wasmtime ") for text in texts), texts)
            self.assertTrue(any(text.endswith((" us", " ns")) for text in texts), texts)
            bars = [node for node in svg.iter() if node.tag.endswith("rect")]
            self.assertGreater(len(bars), 5)

    def test_a_plugin_that_does_not_start_or_fails(self):
        code, out, _ = self.bench(guest("rate-limit-rust"), "--config", "often")
        self.assertEqual(code, 1)
        self.assertIn("FAILED on wasmtime: plugin 'rate-limit-rust'", out)
        self.assertIn("REQUESTS/SECONDS", out)  # the plugin's own words
        with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
            file = pathlib.Path(folder) / "scenario.yaml"
            file.write_text(
                f"plugin: {{file: {guest('faults')}}}\n"
                "scenarios: [{name: a, steps: [{http: {request: {path: /panic}}}]}]\n"
            )
            code, out, _ = self.bench(file)
            self.assertEqual(code, 1)
            self.assertIn("FAILED on wasmtime: ", out)
            self.assertIn("unreachable", out)

    def test_what_cannot_be_used(self):
        plugin = guest("header-edit-rust")
        scenario = EXAMPLES / "auth-call" / "scenario.yaml"
        for arguments, message in [
            (["nowhere.wasm"], "weir bench: nowhere.wasm: No such file or directory"),
            ([guest("cpp_sdk/low_level.so")], "low_level.so: a native library, not a file of scenarios"),
            (["nowhere.yaml"], "nowhere.yaml: cannot be read"),
            ([plugin, "--only", "x"], "--plugin and --only are of files of scenarios"),
            ([scenario, "--config", "x"], "--config and --root-id are of a .wasm file"),
            ([scenario, "--only", "x"], "no scenario has steps and 'x' in its name"),
            ([plugin, "--engine", "x"], "--engine 'x': unknown; see weir engines"),
            ([plugin, "--engine", "wasmege"], "--engine 'wasmege': unknown; did you mean 'wasmedge'?"),
            ([plugin, "--svg", "/nowhere/x.svg"], "/nowhere/x.svg: cannot be written"),
        ]:
            with self.subTest(message):
                code, _, err = self.bench(*arguments)
                self.assertEqual(code, 2, err)
                self.assertIn(message, err)

    def test_pictures_that_cannot_be_kept(self):
        with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
            plugin = pathlib.Path(folder) / "plugin.wasm"
            shutil.copy(guest("header-edit-rust"), plugin)
            scenarios = pathlib.Path(folder) / "scenario.yaml"
            scenarios.write_text("plugin: {file: plugin.wasm}\nscenarios: [{name: a, steps: [{http: {}}]}]\n")
            before = plugin.read_bytes()
            for svg, file, message in [
                (f"{folder}/no/x.svg", plugin, f"{folder}/no/x.svg: cannot be written"),
                (folder, plugin, f"{folder}: cannot be written"),
                (plugin, plugin, f"--svg '{plugin}' is a file that is read here; name another"),
                (f"{folder}/./plugin.wasm", scenarios, "is a file that is read here"),
                (scenarios, scenarios, "is a file that is read here"),
            ]:
                with self.subTest(message):
                    # Nothing is measured first.
                    code, out, err = self.bench("--svg", svg, file)
                    self.assertEqual((code, out, err), (2, "", err))
                    self.assertEqual(len(err.splitlines()), 1, err)
                    self.assertIn(message, err)
            self.assertEqual(plugin.read_bytes(), before)

    def test_names_that_are_no_utf_8(self):
        with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
            plugin = pathlib.Path(folder) / os.fsdecode(b"odd\xff<.wasm")
            shutil.copy(guest("header-edit-rust"), plugin)
            picture = pathlib.Path(folder) / "x.svg"
            code, _, err = self.bench("--config", "hello", "--svg", picture, plugin)
            self.assertEqual(code, 0, err)
            text = "".join(xml.etree.ElementTree.parse(picture).getroot().itertext())
            self.assertIn("odd\ufffd<: fastest", text)

    def test_engines_stand_side_by_side(self):
        report = self.measure(guest("header-edit-cpp"), "--engine", "all")  # is compiled soon
        engines = [result["engine"] for result in report["engines"]]
        print("measured:", *engines, "; skipped:", *report.get("skipped", []))
        self.assertIn("wasmtime", engines)
        counts = {
            name: {result["callbacks"][name]["count"] for result in report["engines"]}
            for name in report["engines"][0]["callbacks"]
        }
        self.assertTrue(all(len(each) == 1 for each in counts.values()), counts)
        for result in report["engines"]:
            self.assertGreater(result["cold_start_ns"], 0, result["engine"])
            if result["warm_start_ns"] is not None:
                self.assertGreater(result["warm_start_ns"], 0, result["engine"])
        # What an engine is given to keep its limits is no hostcall of the plugin.
        hostcalls = [result["hostcalls_per_round"] for result in report["engines"]]
        self.assertTrue(all(each == hostcalls[0] for each in hostcalls), hostcalls)


if __name__ == "__main__":
    unittest.main()
