"""The plugins in examples/ in a stock Envoy, by the envoy.yaml that lies beside each of them."""

import os
import pathlib
import re
import socket
import subprocess
import tempfile
import types

import yaml

from peers.case import PlaneTest, guest
from peers.envoy import BINARY, CODE_CACHE, MODULE_FILE, Envoy
from peers.examples import ExampleCases
from peers.http2 import Http2Client
from peers.loop import PATIENCE_S
from peers.message import Fields
from peers.weir import eventually

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples"
WEB, SECOND = 8000, 8001  # the upstreams' ports in the files


class ExampleInEnvoyTest(ExampleCases, PlaneTest):
    def envoy(self, name, web, second=None):
        text = (EXAMPLES / name / "envoy.yaml").read_text()
        text = text.replace("port_value: 8080", "port_value: 0")
        text = text.replace(f"port_value: {WEB}", f"port_value: {web.port}")
        if second is not None:
            text = text.replace(f"port_value: {SECOND}", f"port_value: {second.port}")
        text = re.sub(r"build/guests/([\w-]+)\.wasm", lambda m: str(guest(m[1])), text)
        config = yaml.safe_load(text)
        resources = config["static_resources"]
        envoy = Envoy(
            resources["listeners"],
            resources["clusters"],
            extensions=config.get("bootstrap_extensions", []),
        )
        self.addCleanup(envoy.stop)
        return envoy

    def serve(self, name, second=None):
        self.web = self.upstream()
        envoy = self.envoy(name, self.web, second)
        return envoy, self.client(envoy.port, Http2Client)

    def test_every_example_has_a_file(self):
        told = {file.parent.name for file in EXAMPLES.glob("*/envoy.yaml")}
        self.assertEqual(told, {file.parent.name for file in EXAMPLES.glob("*/weir.yaml")})
        tests = {name[5:].replace("_", "-") for name in dir(self) if name.startswith("test_")}
        self.assertEqual(told - tests, set())

    def test_the_command_that_each_file_begins_with_takes_it(self):
        """Save that Envoy goes no further than to say whether it would serve it."""
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="weir-envoy-"))
        program = pathlib.Path(folder) / "envoy"
        program.write_text(f'#!/bin/sh\nexec "{BINARY}" "$@" --mode validate --log-level error\n')
        program.chmod(0o755)
        environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "WEIR_CODE_CACHE": CODE_CACHE or "off"}
        root = EXAMPLES.parent
        files = [*EXAMPLES.glob("*/envoy.yaml"), root / "docs" / "envoy.yaml"]
        for file in sorted(files):
            with self.subTest(file.parent.name):
                text = file.read_text()
                command = re.search(r"^#   (ENVOY_DYNAMIC_MODULES_SEARCH_PATH=\S+ envoy .*)$", text, re.MULTILINE)[1]
                self.assertTrue(command.endswith(f" -c {file.relative_to(root)}"), command)
                for name in re.findall(r"build/guests/([\w-]+)\.wasm", text):
                    guest(name)
                command = command.replace("$PWD/build/lib", str(pathlib.Path(MODULE_FILE).parent))
                done = subprocess.run(["bash", "-c", command], cwd=root, env=environment, capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertIn(f"configuration '{file.relative_to(root)}' OK", done.stdout + done.stderr)

    def test_body_rewrite(self):
        _, client = self.serve("body-rewrite")
        self.answer(200, Fields(), [b"one", b"two"])
        self.assertIn(client.request("/").body, (b"ONETWO", b"6 bytes\nonetwo"))

    def test_tenant_route(self):
        blue = self.upstream()
        _, client = self.serve("tenant-route", second=blue)
        client.request("/page", authority="blue.example")
        client.request("/page", authority="green.example")
        self.assertEqual([request.path for request in blue.requests], ["/tenants/blue/page"])
        self.assertEqual([request.path for request in self.web.requests], ["/tenants/green/page"])

    def test_request_metrics(self):
        envoy, client = self.serve("request-metrics")
        self.assertEqual(client.request("/").status, 200)
        eventually(
            lambda: any("GET" in name and value for name, value in envoy.stats().items()
                        if name.startswith("wasmcustom.")),
            "a counter of GET requests",
        )

    def test_body_trailer(self):
        _, client = self.serve("body-trailer")
        self.answer(200, Fields(), [b"ans", b"wer"])
        response = client.request("/", headers={"te": "trailers"})
        # Envoy's interface makes no trailers where there are none: docs/envoy.md.
        self.assertEqual(response.body, b"answer")
        self.assertEqual(response.headers.get("trailer"), "x-body-size, x-body-fnv")

    def test_tcp_guard(self):
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)
        envoy = self.envoy("tcp-guard", types.SimpleNamespace(port=listening.getsockname()[1]))
        client = socket.create_connection(("127.0.0.1", envoy.port), timeout=PATIENCE_S)
        self.addCleanup(client.close)
        client.sendall(b"HEL")
        client.sendall(b"LO there")
        server, _ = listening.accept()
        self.addCleanup(server.close)
        server.settimeout(PATIENCE_S)
        got = b""
        while len(got) < 11:
            got += server.recv(100)
        self.assertEqual(got, b"HELLO there")
        refused = socket.create_connection(("127.0.0.1", envoy.port), timeout=PATIENCE_S)
        self.addCleanup(refused.close)
        refused.sendall(b"HELP")
        self.assertEqual(refused.recv(100), b"")
