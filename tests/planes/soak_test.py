"""Everything at once, for SOAK_SECONDS: plugins that trap, hostile clients, upstreams that fail, reloads and
restarts. What behaves loses nothing, and nothing grows that stays."""

import asyncio
import contextlib
import json
import os
import pathlib
import random
import re
import signal
import struct
import tempfile
import time
import unittest

import websockets

from peers import bootstrap, loop
from peers.case import PlaneTest, guest
from peers.certificates import Authority
from peers.churn import Churn, tcp_echo
from peers.code_server import CodeServer, sha256
from peers.http1 import Http1Upstream
from peers.message import Response, echo
from peers.restarts import RestartableWeir
from peers.tcp import TcpUpstream
from peers.weir import eventually

SECONDS = float(os.environ.get("SOAK_SECONDS", "30"))

# Of resident memory, from the middle of the last process's time to its end. What a sanitizer keeps of freed
# memory counts too.
_MOST_GROWTH = 48 << 20

_SERVICE = "type.googleapis.com/envoy.extensions.wasm.v3.WasmService"


class WebSocketEcho:
    """An upstream that sends messages back."""

    scheme = "http"

    def __init__(self):
        async def start():
            return await websockets.serve(self._serve, "127.0.0.1", 0)

        self._server = loop.run(start())
        self.port = self._server.sockets[0].getsockname()[1]

    @staticmethod
    async def _serve(connection):
        with contextlib.suppress(websockets.ConnectionClosed):
            async for message in connection:
                await connection.send(message)

    def close(self):
        loop.call(self._server.close)


async def flaky(request):
    """One of three requests is broken off, one of three is answered badly."""
    drawn = random.random()
    if drawn < 0.33:
        return b""
    return Response(500) if drawn < 0.66 else await echo(request)


# What nobody should send. Each is a connection's first bytes; some of them end there.
_HOSTILE = [
    b"\x00" * 100,
    b"GET / HTTP/1.1\r\n",
    b"GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"y" * 100_000,
    b"GET /a b HTTP/1.1\r\nhost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n",
    b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100000\r\n\r\nonly a little",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 60,
    # SETTINGS, then a window update of zero.
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0" + b"\0\0\4\x08\0\0\0\0\0\0\0\0\0",
    # SETTINGS, and pings without end.
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0" + (b"\0\0\x08\6\0\0\0\0\0" + b"p" * 8) * 500,
    # A TLS handshake that does not go on.
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"r" * 32,
]


class HostileLoad:
    """Clients that do what they should not, until stop()."""

    def __init__(self, ports, clients=3):
        self.attacks = 0
        self._ports = ports
        self._wanted = True
        self._runs = [loop.start(self._run()) for _ in range(clients)]

    async def _run(self):
        while self._wanted:
            with contextlib.suppress(OSError):
                await self._attack(random.choice(self._ports), random.choice(_HOSTILE))
            self.attacks += 1
            await asyncio.sleep(0.02)

    @staticmethod
    async def _attack(port, data):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(data)
            if random.random() < 0.5:
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(reader.read(1000), 0.2)
        finally:
            if random.random() < 0.5:  # by a reset
                socket_of = writer.get_extra_info("socket")
                socket_of.setsockopt(1, 13, struct.pack("ii", 1, 0))
                writer.transport.abort()
            writer.close()

    def stop(self):
        self._wanted = False
        for run in self._runs:
            run.result(loop.PATIENCE_S)


class SoakTest(PlaneTest):
    def start(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        authority = Authority()
        self.addCleanup(authority.close)
        self.authority = authority
        self.certificate = authority.issue("server", "DNS:weir.test")
        self.peers = {
            "upstream": self.upstream(Http1Upstream),
            "flaky": self.upstream(Http1Upstream, respond=flaky),
            "bytes": self.upstream(TcpUpstream),
            "socket": self.upstream(WebSocketEcho),
        }
        remote = guest("header-edit-rust").read_bytes()
        self.code = self.upstream(CodeServer, files={"/code.wasm": remote})
        self.code_hash = sha256(remote)
        self.reloaded = self.folder / "reloaded.wasm"
        self.reloaded.write_bytes(guest("http_all").read_bytes())
        self.weir = RestartableWeir(
            "--drain-time", "5", bootstrap=self.settings(0), listeners=5, workers=2, patience_s=120
        )
        self.addCleanup(self.weir.stop)

    def settings(self, version):
        shared = bootstrap.plugin("shared", self.reloaded, vm_id="shared")
        isolated = bootstrap.plugin("isolated", guest("http_all"), vm_id="isolated", isolation="STREAM")
        fetched = bootstrap.plugin(
            "fetched",
            bootstrap.remote(f"{self.code.url}/code.wasm", self.code_hash),
            configuration=f'{{"version": {version}}}',
            vm_id="fetched",
        )
        faulty = bootstrap.plugin("faulty", guest("faults"), vm_id="faulty", failure_policy="FAIL_RELOAD")
        routes = [
            {"match": {"prefix": "/flaky"}, "route": {"cluster": "flaky"}},
            {"match": {"prefix": "/"}, "route": {"cluster": "upstream"}},
        ]
        clear = bootstrap.listener("clear", isolated, shared, fetched, routes=routes)
        secured = bootstrap.secured(
            bootstrap.listener("secured", shared, fetched),
            bootstrap.downstream_tls(self.certificate, alpn_protocols=["h2", "http/1.1"]),
        )
        trapping = bootstrap.listener("trapping", faulty)
        chat = bootstrap.listener("chat", cluster="socket", upgrade_configs=[{"upgrade_type": "websocket"}])
        watched = bootstrap.plugin("watched", guest("tcp_all"), vm_id="watched")
        settings = bootstrap.bootstrap(
            [clear, secured, trapping, chat, bootstrap.tcp_listener("bytes", watched, cluster="bytes")],
            [bootstrap.cluster(name, peer) for name, peer in self.peers.items()],
        )
        service = bootstrap.plugin("service", guest("root_all"), "queue=items\ntick_ms=20", vm_id="service")
        settings["bootstrap_extensions"] = [
            {
                "name": "envoy.bootstrap.wasm",
                "typed_config": {
                    "@type": _SERVICE,
                    "singleton": True,
                    "config": service["typed_config"]["plugin"],
                },
            }
        ]
        return settings

    # What is looked at.
    def rss(self):
        status = pathlib.Path(f"/proc/{self.weir.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.weir.pid}/fd"))

    def instances(self):
        return self.weir.stat("wasm.wasmtime.active")

    def connections(self, side):
        stats = self.weir.stats()
        return sum(value for name, value in stats.items() if name.endswith(f"{side}_cx_active"))

    def at_rest(self):
        """Descriptors without those of kept connections to upstreams, and instances."""
        eventually(lambda: self.connections("downstream") == 0, "connections to end")
        return self.descriptors() - self.connections("upstream"), self.instances()

    # What happens.
    def reload_configuration(self):
        self.version += 1
        aside = self.folder / "aside.json"
        aside.write_text(json.dumps(self.settings(self.version)))
        aside.rename(self.weir.folder / "bootstrap.json")

    def reload_plugin(self):
        aside = self.folder / "aside"
        aside.write_bytes(guest("http_all" if self.version % 2 else "http_all_malloc").read_bytes())
        aside.rename(self.reloaded)

    def reload_all(self):
        self.weir.signal(signal.SIGHUP)

    def restart(self):
        before = self.weir.pid
        self.weir.restart()
        self.assertEqual(self.weir.wait_for_end(before), 0)

    async def chat(self):
        async with websockets.connect(f"ws://127.0.0.1:{self.weir.ports[3]}/", compression=None) as connection:
            for number in range(3):
                await connection.send(f"message {number}")
                if await connection.recv() != f"message {number}":
                    raise AssertionError("another message came back")

    def begin_load(self):
        clear, secured, trapping, _, carried = self.weir.ports[:5]
        well, other, odd = Churn(pause_s=0.01), Churn(pause_s=0.01), Churn(pause_s=0.03)
        well.kept_alive(clear, clients=2)
        well.fresh(clear, clients=2)
        well.http2(clear, clients=1)
        tls = self.authority.client_context()
        other.kept_alive(secured, clients=1, tls=tls)
        other.fresh(secured, clients=1, tls=tls)
        other.http2(secured, clients=1, tls=self.authority.client_context(alpn=["h2"]))
        well.other("tcp", 1, lambda: tcp_echo(carried))
        # Its answers may be bad, and yet there is one to each request.
        odd.kept_alive(clear, clients=1, path="/flaky")
        for fault in ("/panic", "/wild-read", "/exit/response", "/recursion", "/none"):
            odd.fresh(trapping, clients=1, path=fault)
        return well, other, odd

    def test_all_at_once(self):
        self.version = 0
        self.start()
        at_rest = self.at_rest()
        began = time.monotonic()
        well, other, odd = self.begin_load()
        chats = Churn(pause_s=0.05)
        chats.other("websocket", 1, self.chat)
        hostile = HostileLoad(self.weir.ports[:5])
        events = [self.reload_configuration, self.reload_plugin, self.restart, self.reload_all]
        happened = {event.__name__: 0 for event in events}
        number = 0
        middle = None
        # Restarts are over by half of the time, so that what grows is seen in one process.
        while time.monotonic() - began < SECONDS:
            event = events[number % len(events)]
            number += 1
            late = time.monotonic() - began > SECONDS / 2
            if event == self.restart and late:
                continue
            event()
            happened[event.__name__] += 1
            if late and middle is None:
                middle = self.rss()
            time.sleep(min(2.0, SECONDS / 12))
        self.assertIsNotNone(middle, "there was no second half")
        grown = self.rss() - middle
        hostile.stop()
        for load in (well, other, odd, chats):
            load.stop()
        after = self.at_rest()
        updates = json.loads(self.weir.page("/updates")[1])
        answered = {**well.answered, **{f"tls {k}": v for k, v in other.answered.items()}}
        answered |= {f"odd {k}": v for k, v in odd.answered.items()} | chats.answered
        print(
            f"\nsoak: {time.monotonic() - began:.0f} s; {json.dumps(answered)}; statuses of traps and failures "
            f"{odd.statuses}; {hostile.attacks} attacks; {happened}; {updates['accepted']} updates accepted, "
            f"{updates['rejected']} rejected since the last restart; lost {len(well.lost + other.lost)}; memory "
            f"grown by {grown / 2**20:.1f} MiB; descriptors {at_rest[0]} -> {after[0]}, instances "
            f"{at_rest[1]} -> {after[1]}",
            flush=True,
        )
        # All plugins anew (SIGHUP) means the one that traps too, and while its VM is down that is refused.
        rejected = self.weir.lines("rejected:")
        self.assertEqual([line for line in rejected if "plugin 'faulty': its VM has failed" not in line], [])
        self.assertEqual(well.lost + other.lost + odd.lost, [])
        self.assertEqual(set(well.statuses) | set(other.statuses), {200})
        self.assertLessEqual(set(odd.statuses), {200, 500, 503})
        for kind, count in answered.items():
            self.assertGreater(count, 0, kind)
        self.assertGreater(happened["restart"], 0)
        self.assertLess(grown, _MOST_GROWTH)
        self.assertLessEqual(after[0], at_rest[0] + 4)
        self.assertLessEqual(after[1], at_rest[1])
        # WebSockets that outlast the drain time are broken off, and only those.
        self.assertLessEqual(len(chats.lost), happened["restart"])


if __name__ == "__main__":
    unittest.main()
