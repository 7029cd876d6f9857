"""What plugins read in a stock Envoy, by its own Wasm filter on its own V8 and by Weir: header values, properties, what
other filters have attached. What is not the same is in docs/envoy.md."""

import asyncio
import http.client
import ssl
import time
import unittest

from peers.bootstrap import downstream_tls
from peers.case import PlaneTest, guest
from peers.certificates import Authority
from peers.envoy import (
    Envoy,
    cluster,
    listener,
    network_filter,
    network_wasm_filter,
    plugin_config,
    plugin_log,
    set_filter_state,
    set_metadata,
    tcp_listener,
    wasm_filter,
    wasm_log,
    weir_filter,
)
from peers.http1 import Http1Upstream
from peers.message import Fields, Response
from peers.tcp import TcpClient, TcpUpstream, echo
from peers.weir import eventually


class ReadCase(PlaneTest):
    def envoy(self, listeners, clusters, **options):
        envoy = Envoy(listeners, clusters, **options)
        self.addCleanup(envoy.stop)
        return envoy

    def config(self, lines, name="reads"):
        """The plugin that reads `lines`."""
        return plugin_config(name, self.module("reads"), "\n".join(lines), vm_id=name)

    def told(self, envoy, lines, phases="qsl", name="reads"):
        """What the plugin has logged: by phase and line, None where there is no value, or the value's bytes."""
        count = len(lines) * len(phases)
        pattern = rf"\b{name}\b.*: read [qsdl] "
        eventually(lambda: len(envoy.lines(pattern)) >= count, f"{count} lines in\n{envoy.log}")
        values = {}
        for line in envoy.lines(pattern):
            what, _, value = line.split("read ", 1)[1].rpartition(": ")
            status, _, value = value.partition(" ")
            values[what] = bytes.fromhex(value) if status == "0" else None
        return values


class SameStreamTest(ReadCase):
    """Both see the same stream."""

    def both(
        self,
        lines,
        drive,
        of_logs=False,
        phases="qsl",
        respond=None,
        filters=(),
        transport_socket=None,
        **options,
    ):
        """What the two are told: Envoy's own, and Weir's."""
        if of_logs:
            kinds, phases = (wasm_log, plugin_log), "l"
        else:
            kinds = (wasm_filter, weir_filter)
        plugins = [kind(self.config(lines, name)) for kind, name in zip(kinds, ("theirs", "ours"))]
        filters = [*filters, *([] if of_logs else plugins)]
        main = listener("main", *filters, access_log=plugins if of_logs else None, **options)
        if transport_socket:
            main["filter_chains"][0]["transport_socket"] = transport_socket
        main["filter_chains"][0]["name"] = "chain"
        main["traffic_direction"] = "OUTBOUND"
        upstream = self.upstream(Http1Upstream, **({"respond": respond} if respond else {}))
        envoy = self.envoy([main], [cluster("upstream", upstream)])
        drive(envoy.port)
        return [self.told(envoy, lines, phases, name) for name in ("theirs", "ours")]


    # Of the request.
    FIELDS = Fields()

    def request(self, port):
        self.assertEqual(self.client(port).request("/", headers=self.FIELDS).status, 200)


class TimesTest(SameStreamTest):
    LINES = ("p request/time", "p request/duration", "p response/backend_latency")

    def check(self, of_logs, *lines):
        async def slow(_):
            await asyncio.sleep(0.02)
            return Response(200, Fields(), b"answer")

        theirs, ours = self.both(
            (*self.LINES, *lines), self.request, of_logs=of_logs, respond=slow
        )
        self.assertEqual(ours, theirs)
        now = time.time_ns()
        self.assertTrue(now - 60_000_000_000 < int.from_bytes(ours["l p request/time"], "little") < now)
        for line in (*self.LINES[1:], *lines):
            length = int.from_bytes(ours[f"l {line}"], "little")
            self.assertTrue(0 < length < 60_000_000_000, line)

    def test_of_a_stream(self):
        self.check(of_logs=False)

    def test_of_a_log(self):
        self.check(True, "p upstream/cx_pool_ready_duration")


class PlaceTest(SameStreamTest):
    """Where in Envoy's configuration a stream is."""

    LINES = ("p xds/filter_chain_name", "p xds/listener_direction", "p xds/virtual_host_name", "p xds/cluster_name")

    def test_of_a_stream(self):
        theirs, ours = self.both(self.LINES, self.request)
        self.assertEqual(ours, theirs)
        self.assertEqual(ours["l p xds/filter_chain_name"], b"chain")

    def test_of_a_log(self):
        theirs, ours = self.both(self.LINES, self.request, of_logs=True)
        self.assertEqual(ours, theirs)


class ForwardedTest(SameStreamTest):
    """Who the client is, where another proxy says so."""

    LINES = ("p source/address", "p source/port", "p destination/address", "q x-forwarded-for")
    # The header, options of the connection manager, and whom the plugins take for the client: None is who connected.
    CASES = (
        (None, {}, None),
        ("203.0.113.9", {}, b"203.0.113.9:0"),
        ("203.0.113.9, 198.51.100.7", {}, b"198.51.100.7:0"),
        ("203.0.113.9, 198.51.100.7", {"xff_num_trusted_hops": 1}, b"203.0.113.9:0"),
        ("2001:db8::9", {}, b"[2001:db8::9]:0"),
        ("nobody", {}, None),
        ("203.0.113.9", {"use_remote_address": True}, None),
        ("203.0.113.9", {"use_remote_address": True, "xff_num_trusted_hops": 1}, b"203.0.113.9:0"),
    )

    def check(self, **options):
        for header, manager, client in self.CASES:
            with self.subTest(header=header, **manager):
                self.FIELDS = Fields([("x-forwarded-for", header)] if header else [])
                theirs, ours = self.both(self.LINES, self.request, **manager, **options)
                # Envoy's own filter has forgotten the header while it shows those of the response.
                theirs.pop("s q x-forwarded-for", None)
                ours.pop("s q x-forwarded-for", None)
                self.assertEqual(ours, theirs)
                told = ours["l p source/address"]
                if client:
                    self.assertEqual(told, client)
                else:
                    self.assertTrue(told.startswith(b"127.0.0.1:") and not told.endswith(b":0"), told)

    def test_of_a_stream(self):
        self.check()

    def test_of_a_log(self):
        self.check(of_logs=True)


class EmptyTest(SameStreamTest):
    """What is there and empty is told as such, and what is not there is not."""

    LINES = (
        *("q x-empty", "q x-absent", "q referer", "s x-empty", "s x-absent"),
        *("p request/headers/x-empty", "p request/headers/x-absent", "p response/headers/x-empty"),
        *("p request/referer", "p request/useragent", "p request/query"),
        *("p metadata/filter_metadata/test/empty", "p metadata/filter_metadata/test/absent"),
        *("p connection/requested_server_name", "p connection/tls_version", "p connection/subject_peer_certificate"),
        *("p connection/subject_local_certificate", "p connection/dns_san_peer_certificate"),
        *("p connection/sha256_peer_certificate_digest", "p connection/transport_failure_reason"),
        *("p connection/termination_details", "p upstream/transport_failure_reason"),
        *("p upstream/subject_peer_certificate", "p xds/route_name", "p xds/filter_chain_name"),
    )
    # Envoy's own filter has forgotten the request's headers while it shows it those of the response.
    FORGOTTEN = ("q ", "p request/")
    FIELDS = Fields([("x-empty", ""), ("referer", "")])

    def differences(self, theirs, ours):
        """By phase and line, what is not the same and ought to be."""
        return {
            line: (value, ours[line])
            for line, value in theirs.items()
            if value != ours[line] and not (line.startswith("s ") and line[2:].startswith(self.FORGOTTEN))
        }

    async def respond(self, _):
        return Response(200, Fields([("x-empty", "")]), b"answer")

    def check(self, drive, **options):
        both = self.both(
            self.LINES,
            drive,
            respond=self.respond,
            filters=[set_metadata({"metadata_namespace": "test", "value": {"empty": ""}})],
            **options,
        )
        self.assertEqual(self.differences(*both), {})
        return both[1]

    def test_of_a_stream(self):
        ours = self.check(self.request)
        for line in ("q q x-empty", "q p request/headers/x-empty", "s s x-empty", "q p request/referer"):
            self.assertEqual(ours[line], b"", line)
        for line in ("q q x-absent", "q p request/useragent", "q p connection/tls_version"):
            self.assertIsNone(ours[line], line)

    def test_of_a_log(self):
        self.check(self.request, of_logs=True)

    def test_of_a_connection_with_tls(self):
        authority = Authority()
        self.addCleanup(authority.close)
        socket = downstream_tls(authority.issue("server", "DNS:weir.test"))

        def drive(port):
            blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            blind.check_hostname = False
            blind.verify_mode = ssl.CERT_NONE
            connection = http.client.HTTPSConnection("127.0.0.1", port, context=blind)
            connection.request("GET", "/")
            self.assertEqual(connection.getresponse().read(), b"answer")
            connection.close()

        ours = self.check(drive, transport_socket=socket)
        self.assertEqual(ours["q p connection/subject_peer_certificate"], b"")
        self.assertIsNone(ours["q p connection/sha256_peer_certificate_digest"])


class FilterStateTest(ReadCase):
    # By the objects' types: one that is a string, some that can be written as one, one that cannot be.
    OBJECTS = (
        ("test.note", "envoy.string", "a note"),
        ("envoy.network.upstream_server_name", "envoy.network.upstream_server_name", "host.example"),
        ("envoy.tcp_proxy.cluster", "envoy.tcp_proxy.cluster", "upstream"),
        ("envoy.network.application_protocols", "envoy.network.application_protocols", "h2,http/1.1"),
    )
    LINES = (*(f"p filter_state/{name}" for name, _, _ in OBJECTS), "p filter_state/nothing")

    def expected(self, phases):
        values = {f"p filter_state/{name}": text.encode() for name, _, text in self.OBJECTS}
        values["p filter_state/envoy.network.application_protocols"] = None
        values["p filter_state/nothing"] = None
        return {f"{phase} {line}": value for phase in phases for line, value in values.items()}

    def test_objects_of_streams_are_read_as_their_bytes(self):
        upstream = self.upstream(Http1Upstream)
        for kind in (wasm_filter, weir_filter):
            with self.subTest(kind.__name__):
                main = listener("main", set_filter_state(*self.OBJECTS), kind(self.config(self.LINES)))
                envoy = self.envoy([main], [cluster("upstream", upstream)])
                self.assertEqual(self.client(envoy.port).request("/").status, 200)
                self.assertEqual(self.told(envoy, self.LINES), self.expected("qsl"))

    def test_objects_of_connections_are_read_as_their_bytes(self):
        upstream = self.upstream(TcpUpstream, serve=echo)
        for kind in (network_wasm_filter, network_filter):
            with self.subTest(kind.__name__):
                sets = set_filter_state(*self.OBJECTS, of_connections=True)
                main = tcp_listener("main", sets, kind(self.config(self.LINES)))
                envoy = self.envoy([main], [cluster("upstream", upstream)])
                client = TcpClient(envoy.port)
                self.addCleanup(client.close)
                client.send(b"four")
                self.assertEqual(client.receive(4), b"four")
                self.assertEqual(self.told(envoy, self.LINES, "d"), self.expected("d"))

    def test_what_a_plugin_of_envoys_own_filter_sets_is_read(self):
        lines = ["p note", "p filter_state/wasm.note"]
        theirs = wasm_filter(plugin_config("sets", guest("root_all")))
        main = listener("main", theirs, weir_filter(self.config(lines)))
        envoy = self.envoy([main], [cluster("upstream", self.upstream(Http1Upstream))])
        self.assertEqual(self.client(envoy.port).request("/path").status, 200)
        told = self.told(envoy, lines, "s")
        for line in lines:
            self.assertEqual(told[f"s {line}"], b"/path")


if __name__ == "__main__":
    unittest.main()
