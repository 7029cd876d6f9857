"""Plugins of each SDK in a stock Envoy: what examples_test claims of the examples in every language,
with the configuration of a Wasm filter moved over as docs/envoy.md says; and on every engine, over
each protocol."""

import os
import pathlib
import re
import unittest

import yaml

import examples_test as everywhere
from peers.case import PlaneTest, guest
from peers.envoy import Envoy, cluster, network_filter, pulse_cluster, weir_filter
from peers.grpc import GrpcServer
from peers.http1 import Http1Client, Http1Upstream
from peers.http2 import Http2Client
from peers.message import Fields
from peers.tcp import TcpClient, TcpUpstream

ENGINES = ("wasmtime", "v8", "wamr", "wamr-aot", "wamr-jit", "wasmedge", "wasmedge-aot", "wavm")


def moved(filter_, engine):
    """A filter of an example's file in Weir's module."""
    config = filter_["typed_config"]
    if not config["@type"].endswith("wasm.v3.Wasm"):
        return filter_
    plugin = config["config"]
    plugin["vm_config"]["runtime"] = f"envoy.wasm.runtime.{engine}"
    make = network_filter if ".network." in config["@type"] else weir_filter
    return make(plugin, name=filter_["name"])


def listeners_of(name, language, engine, configuration=None):
    """An example's listener, and the names of its clusters."""
    text = (everywhere.EXAMPLES / name / "weir.yaml").read_text()
    text = re.sub(
        rf"\.\./\.\./build/guests/{name}-\w+\.wasm", str(guest(f"{name}-{language}")), text
    )
    if configuration is not None:
        text = re.sub(r"( value: ).*", rf'\1"{configuration}"', text)
    resources = yaml.safe_load(text)["static_resources"]
    (listener,) = resources["listeners"]
    listener["address"]["socket_address"]["port_value"] = 0
    filters = listener["filter_chains"][0]["filters"]
    filters[:] = [moved(one, engine) for one in filters]
    manager = filters[-1]["typed_config"]
    if "http_filters" in manager:
        manager["http_filters"] = [moved(one, engine) for one in manager["http_filters"]]
        manager["http_protocol_options"] = {"enable_trailers": True}
    return listener, [one["name"] for one in resources["clusters"]]


class EnvoyCase(everywhere.ExampleTest):
    """Goes before the classes of examples_test, and puts an Envoy in the place of `weir serve`."""

    def serve(self, name, language, web=None, second=None, configuration=None, workers=1):
        self.web = web or self.upstream()
        listener, names = listeners_of(name, language, "wasmtime", configuration)
        peers = [self.web, second]
        if not hasattr(self.web, "scheme"):
            self.web.scheme = "http"  # of its cluster; nothing is spoken
        clusters = [cluster(one, peer) for one, peer in zip(names, peers) if peer is not None]
        envoy = Envoy([listener], [*clusters, pulse_cluster()], workers=workers)
        self.addCleanup(envoy.stop)
        return envoy, self.client(envoy.port, Http2Client)


class HeaderEditTest(EnvoyCase, everywhere.HeaderEditTest):
    pass


class BodyRewriteTest(EnvoyCase, everywhere.BodyRewriteTest):
    pass


class AuthCallTest(EnvoyCase, everywhere.AuthCallTest):
    @everywhere.over_languages(*everywhere.ALL)
    def test_nobody_passes_without_the_service(self, language):
        """Envoy answers a call in the place of an upstream that is not there, by 503."""
        auth = self.upstream(Http1Upstream)
        auth.close()
        _, client = self.serve("auth-call", language, second=auth)
        self.assertEqual(client.request("/page").status, 403)
        self.assertEqual(self.web.requests, [])


class RateLimitTest(EnvoyCase, everywhere.RateLimitTest):
    pass


class JwtCheckTest(EnvoyCase, everywhere.JwtCheckTest):
    pass


class CacheKeyTest(EnvoyCase, everywhere.CacheKeyTest):
    pass


class TenantRouteTest(EnvoyCase, everywhere.TenantRouteTest):
    pass


class GrpcCallsTest(EnvoyCase, everywhere.GrpcCallsTest):
    pass


class TcpGuardTest(EnvoyCase, everywhere.TcpGuardTest):
    pass


class BodyTrailerTest(EnvoyCase, everywhere.BodyTrailerTest):
    def test_trailers_tell_of_the_body(self):
        """The ABI has no function that gives a message trailers."""
        _, client = self.serve("body-trailer", "rust")
        self.answer(200, Fields(), [b"ans", b"wer"])
        response = client.request("/", headers={"te": "trailers"})
        self.assertEqual((response.body, response.trailers), (b"answer", []))


class ParityTest(unittest.TestCase):
    def test_no_example_is_left_out(self):
        """Metrics that are defined per request, and so late, have envoy_http_test; what is not in filter
        chains alone has envoy_examples_test."""
        theirs = {name for name in vars(everywhere) if name.endswith("Test")}
        here = {name for name in globals() if name.endswith("Test")}
        left_out = {"ExampleTest", "PlaneTest", "ReadmeTest", "RequestMetricsTest", "WholenessTest"}
        left_out |= {"AccessLogTest", "CommandsTest", "TickServiceTest"}
        self.assertEqual(theirs - here - left_out, set())


class MatrixTest(PlaneTest):
    """Each SDK's plugin, over HTTP/1.1, HTTP/2, gRPC and TCP, side by side on one engine."""

    def check(self, engine):
        folders = os.environ["WEIR_ENGINE_PATH"].split(":")
        if not any((pathlib.Path(one) / f"weir-engine-{engine}.so").exists() for one in folders):
            self.skipTest(f"weir-engine-{engine}.so is not built")
        languages = everywhere.ALL
        web, echo, grpc = self.upstream(), self.upstream(TcpUpstream), GrpcServer()
        self.addCleanup(grpc.close)
        listeners = []
        for name, language in [
            *(("header-edit", language) for language in languages),
            *(("tcp-guard", language) for language in ("rust", "cpp")),
            ("grpc-calls", "cpp"),
        ]:
            listener, names = listeners_of(name, language, engine)
            listener["name"] = f"{name}-{language}"
            listeners.append(listener)
        clusters = [cluster("web", web), cluster("server", echo), cluster(names[1], grpc)]
        try:
            self.envoy = Envoy(listeners, clusters)
        except AssertionError as error:
            if "C library" not in str(error):
                raise
            self.skipTest(f"{engine} needs another C library than this Envoy has")
        self.addCleanup(self.envoy.stop)

        ports = dict(zip([one["name"] for one in listeners], self.envoy.ports))
        for language in languages:
            for kind in (Http1Client, Http2Client):
                client = self.client(ports[f"header-edit-{language}"], kind)
                response = client.request("/marked")
                self.assertEqual(response.headers.all("x-weir-plugin"), ["hello"], language)
        for language in ("rust", "cpp"):
            client = TcpClient(ports[f"tcp-guard-{language}"])
            self.addCleanup(client.close)
            client.send(b"HELLO there")
            self.assertEqual(client.receive(11), b"HELLO there")
        client = self.client(ports["grpc-calls-cpp"], Http2Client)
        self.assertEqual(client.request("/one").status, 200)
        self.assertEqual(web.requests[-1].headers.get("x-grpc-answer"), "echo: /one")


def claim(engine):
    return lambda self: self.check(engine)


for _engine in ENGINES:
    setattr(MatrixTest, f"test_{_engine.replace('-', '_')}", claim(_engine))

del EnvoyCase  # no test by itself

if __name__ == "__main__":
    unittest.main()
