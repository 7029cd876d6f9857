"""The plugins in examples/ in a stock Traffic Server, by the traffic-server.yaml that lies beside each of
them. The one that needs what its API has not, trailers, has none."""

import pathlib
import re

import yaml

from peers.ats import TrafficServer
from peers.case import PlaneTest, free_port, guest
from peers.examples import ExampleCases
from peers.http1 import Http1Client
from peers.message import Fields
from peers.tcp import TcpClient, TcpUpstream
from peers.weir import eventually

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples"
SECOND = "127.0.0.1:8001"  # in the files
WITHOUT = {"body-trailer"}


def plugin_of(file, second=None, language=None):
    """What an example's file says, with the guest's file in it, of that language or the one named there, and the
    second service where it listens."""
    text = file.read_text()
    if second is not None:
        text = text.replace(SECOND, f"127.0.0.1:{second.port}")
    if language is not None:
        text = re.sub(r"-\w+\.wasm", f"-{language}.wasm", text)
    text = re.sub(r"filename: ([\w-]+)\.wasm", lambda m: f"filename: {guest(m[1])}", text)
    return yaml.safe_load(text)


class ExampleInTrafficServerTest(ExampleCases, PlaneTest):
    def serve(self, name, second=None, **options):
        self.web = self.upstream()
        files = sorted((EXAMPLES / name).glob("traffic-server*.yaml"))
        line = [plugin_of(file, second) for file in files]
        server = TrafficServer(self.web, [line], **options)
        self.addCleanup(server.stop)
        return server, self.client(server.port, Http1Client)

    def test_every_example_has_a_file(self):
        told = {file.parent.name for file in EXAMPLES.glob("*/traffic-server.yaml")}
        all_ = {file.parent.name for file in EXAMPLES.glob("*/weir.yaml")}
        self.assertEqual(told, all_ - WITHOUT)
        tests = {name[5:].replace("_", "-") for name in dir(self) if name.startswith("test_")}
        self.assertEqual(told - tests, set())

    def test_tcp_guard(self):
        folder = EXAMPLES / "tcp-guard"
        peer = self.upstream(TcpUpstream)
        port = free_port()
        text = (folder / "traffic-server.yaml").read_text()
        ports = yaml.safe_load(text.replace(":8080", f":{port}").replace(":8000", f":{peer.port}"))
        plugin = plugin_of(folder / "traffic-server-plugin.yaml")
        files = {"ports.yaml": ports, "traffic-server-plugin.yaml": plugin}
        server = TrafficServer(self.upstream(), [["ports.yaml"]], files=files)
        self.addCleanup(server.stop)
        for greeting, answer in [(b"HELLO there", b"HELLO there"), (b"GET / HTTP/1.1", b"")]:
            client = TcpClient(port)
            self.addCleanup(client.close)
            client.send(greeting)
            self.assertEqual(client.receive(11), answer)

    def test_body_rewrite(self):
        _, client = self.serve("body-rewrite")
        self.answer(200, Fields(), [b"one", b"two"])
        self.assertEqual(client.request("/").body, b"ONETWO")

    def test_tenant_route(self):
        blue = self.upstream()
        _, client = self.serve(
            "tenant-route", rules=[("http://blue.example/tenants/blue/", [], blue)]
        )
        client.request("/page", authority="blue.example")
        client.request("/page", authority="green.example")
        self.assertEqual(len(blue.requests), 1)
        self.assertEqual([request.path for request in self.web.requests], ["/tenants/green/page"])

    def test_request_metrics(self):
        server, client = self.serve("request-metrics", manager=True)
        self.assertEqual(client.request("/").status, 200)
        name = "method.GET.class.2xx.requests"
        eventually(
            lambda: any(name in key and value for key, value in server.stats().items()), name
        )

