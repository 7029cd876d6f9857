"""WebSocket through a stock Envoy with a plugin in its chain, and between one and `weir serve`, over HTTP/2
(RFC 8441), either in front of the other."""

import os
import unittest

import websockets

from peers import bootstrap, envoy, loop
from peers.case import PlaneTest, guest
from upgrades_test import WebSocketServer

_UPGRADES = [{"upgrade_type": "websocket"}]


def may_be_asked(cluster):
    (options,) = cluster["typed_extension_protocol_options"].values()
    options["explicit_http_config"]["http2_protocol_options"]["allow_connect"] = True
    return cluster


class Behind:
    """As an upstream of HTTP/2."""

    scheme = "h2c"

    def __init__(self, port):
        self.port = port


class EnvoyUpgradesTest(PlaneTest):
    def through_envoy(self, cluster, *filters, **manager):
        main = envoy.listener("web", *filters, upgrade_configs=_UPGRADES, **manager)
        running = envoy.Envoy([main], [cluster])
        self.addCleanup(running.stop)
        return running.port

    def through_weir(self, cluster, **manager):
        listener = bootstrap.listener("web", upgrade_configs=_UPGRADES, **manager)
        return self.weir(bootstrap=bootstrap.bootstrap([listener], [cluster])).port

    def talk(self, port):
        data = os.urandom(1 << 20)

        async def run():
            async with websockets.connect(
                f"ws://127.0.0.1:{port}/chat", max_size=1 << 24, compression=None, subprotocols=["echo"]
            ) as connection:
                for message in ("small", data):
                    await connection.send(message)
                    self.assertEqual(await connection.recv(), message)
                return connection.subprotocol

        self.assertEqual(loop.run(run()), "echo")

    def test_a_plugin_edits_both_heads_and_lets_the_rest_pass(self):
        peer = self.upstream(WebSocketServer)
        config = envoy.plugin_config("edits", guest("http_all"), "scenario=/headers")
        port = self.through_envoy(envoy.cluster("upstream", peer), envoy.weir_filter(config))
        self.talk(port)

        async def run():
            async with websockets.connect(f"ws://127.0.0.1:{port}/chat") as connection:
                await connection.send("headers")
                return connection.response_headers, await connection.recv()

        response, request = loop.run(run())
        self.assertEqual(response["x-set"], "guest")
        self.assertIn("x-set: guest", request.lower())

    def test_weir_in_front(self):
        peer = self.upstream(WebSocketServer)
        port = self.through_envoy(
            envoy.cluster("upstream", peer),
            codec_type="HTTP2",
            http2_protocol_options={"allow_connect": True},
        )
        self.talk(self.through_weir(may_be_asked(bootstrap.cluster("upstream", Behind(port)))))

    def test_envoy_in_front(self):
        peer = self.upstream(WebSocketServer)
        port = self.through_weir(bootstrap.cluster("upstream", peer), codec_type="HTTP2")
        self.talk(self.through_envoy(may_be_asked(envoy.cluster("upstream", Behind(port)))))


if __name__ == "__main__":
    unittest.main()
