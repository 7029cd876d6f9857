"""Who comes to TCP ports of a stock Traffic Server: clients that may, and those that a proxy before speaks for."""

import socket
import struct
import unittest

from ats_tcp_test import QUICK_STATISTICS, said, scenario, serve_one
from peers.ats import plugin_options, refusal
from peers.case import PlaneTest, free_port
from peers.tcp import TcpClient, TcpUpstream
from peers.weir import eventually

HEADER = b"PROXY TCP4 203.0.113.9 198.51.100.1 5000 80\r\n"


def binary_header(source, port):
    """Version 2, of TCP over IPv6."""
    addresses = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, "::2")
    addresses += struct.pack("!HH", port, 80)
    return b"\r\n\r\n\0\r\nQUIT\n\x21\x21" + struct.pack("!H", len(addresses)) + addresses


class PortCase(PlaneTest):
    def serve(self, name="", upstream=None, **port):
        self.peer = self.upstream(TcpUpstream)
        self.server, self.port = serve_one(
            self,
            {"upstream": upstream or f"127.0.0.1:{self.peer.port}", **port},
            [plugin_options(scenario(name))],
            **QUICK_STATISTICS,
        )

    def said(self, *pieces):
        return said(self.port, *pieces)

    def wait_for_refused(self, count):
        name = f"tcp.127.0.0.1:{self.port}.downstream_cx_refused"
        eventually(lambda: self.server.stats().get(name) == count, f"{count} refused")

    def settings(self, **changes):
        return {
            "listen": f"127.0.0.1:{self.port}",
            "upstream": f"127.0.0.1:{self.peer.port}",
            "plugins": ["tcp-0.yaml"],
            **changes,
        }


class AllowedTest(PortCase):
    def test_others_are_closed_before_any_plugin_sees_them(self):
        self.serve("events", allowed_clients=["10.0.0.0/8", "::1"])
        self.assertEqual(self.said(b"word"), b"")
        self.wait_for_refused(1)
        self.assertEqual((self.peer.accepted, self.server.lines("event: ")), (0, []))

    def test_those_that_may_are_served(self):
        self.serve(allowed_clients=["10.0.0.0/8", "127.0.0.0/8"])
        self.assertEqual(self.said(b"word"), b"word")
        self.wait_for_refused(0)

    def test_another_list_is_taken_when_the_file_is_read_anew(self):
        self.serve(allowed_clients=["127.0.0.1"])
        self.assertEqual(self.said(b"one"), b"one")
        for clients, expected in [(["192.0.2.1"], b""), (None, b"two")]:
            changes = {} if clients is None else {"allowed_clients": clients}
            self.server.put({"tcp": [self.settings(**changes)]}, "ports.yaml")
            self.server.control("plugin", "msg", "weir", "reload")
            eventually(lambda expected=expected: self.said(b"two") == expected, "the new list")
        self.assertFalse(self.server.lines("taken when the server restarts"))


class ProxyProtocolTest(PortCase):
    def properties(self, *pieces):
        return dict(pair.split("=") for pair in self.said(*pieces).decode().split())

    def test_plugins_see_whom_the_header_tells_of(self):
        self.serve("properties", proxy_protocol=True)
        told = self.properties(HEADER + b"?")
        self.assertEqual((told["source"], told["port"]), ("203.0.113.9:5000", "5000"))
        self.assertEqual(told["destination"], "198.51.100.1:80")
        told = self.properties(binary_header("2001:db8::7", 6000) + b"?")
        self.assertEqual((told["source"], told["port"]), ("[2001:db8::7]:6000", "6000"))
        # Who has connected, where the proxy speaks for itself.
        told = self.properties(b"PROXY UNKNOWN\r\n?")
        self.assertEqual(told["source"].split(":")[0], "127.0.0.1")

    def test_it_may_come_in_pieces_and_is_no_part_of_what_passes(self):
        self.serve(proxy_protocol=True)
        pieces = [HEADER[i : i + 1] for i in range(len(HEADER))]
        self.assertEqual(self.said(*pieces, b"word"), b"word")
        self.assertEqual(self.said(HEADER, b"word", b" for word"), b"word for word")
        self.assertEqual(self.said(HEADER), b"")
        data = b"x" * 3_000_000
        self.assertTrue(self.said(HEADER + data) == data)

    def test_without_it_connections_are_closed(self):
        self.serve("events", proxy_protocol=True)
        wrong = [b"GET / HTTP/1.1\r\n\r\n", b"PROXY TCP4 203.0.113.9\r\nword", HEADER[:20], b""]
        for data in wrong:
            self.assertEqual(self.said(data), b"", data)
        self.wait_for_refused(len(wrong))
        seen = self.server.lines("event: (new|downstream data)")
        self.assertEqual((self.peer.accepted, seen), (0, []))
        self.assertEqual(self.said(HEADER + b"word"), b"word")

    def test_the_servers_own_http_sees_whom_it_tells_of(self):
        self.serve(upstream="http", proxy_protocol=True)
        request = b"GET /any HTTP/1.1\r\nhost: weir.test\r\nconnection: close\r\n\r\n"
        self.server.control("config", "set", "proxy.config.http.insert_client_ip", "1")
        answer = eventually(
            lambda: self.said(HEADER + request) and self.web.requests[-1].headers.get("client-ip"),
            "the client's address",
        )
        self.assertEqual(answer, "203.0.113.9")


class UpstreamProxyProtocolTest(PortCase):
    def test_the_upstream_is_told_who_has_come(self):
        self.serve(upstream_proxy_protocol=True)
        client = TcpClient(self.port)
        self.addCleanup(client.close)
        port = client.address.split(":")[1]
        told = f"PROXY TCP4 127.0.0.1 127.0.0.1 {port} {self.port}\r\n".encode()
        client.send(b"word")
        client.send_end()
        self.assertEqual(client.receive_all(), told + b"word")

    def test_or_whom_the_proxy_before_tells_of(self):
        self.serve("rewrite", proxy_protocol=True, upstream_proxy_protocol=True)
        # What the upstream sends back passes the plugin.
        self.assertEqual(self.said(HEADER + b"WORD"), HEADER.lower() + b"word")


class IpAllowTest(PortCase):
    """The server's own ip_allow.yaml, which it asks where a connection comes into its HTTP."""

    RULES = [
        {"apply": "in", "ip_addrs": "127.0.0.1", "action": "allow", "methods": "ALL"},
        {"apply": "in", "ip_addrs": "0/0", "action": "deny", "methods": "ALL"},
    ]

    def test_it_holds_for_what_goes_into_the_servers_http(self):
        self.serve(upstream="http", proxy_protocol=True)
        request = b"GET /any HTTP/1.1\r\nhost: weir.test\r\nconnection: close\r\n\r\n"
        self.assertTrue(self.said(HEADER + request).startswith(b"HTTP/1.1 200 "))
        self.server.put({"ip_allow": self.RULES}, "ip_allow.yaml")
        self.server.control("config", "reload")
        eventually(lambda: self.said(HEADER + request)[:13] in (b"", b"HTTP/1.1 403 "), "the rules")
        own = b"PROXY TCP4 127.0.0.1 127.0.0.1 5000 80\r\n"
        self.assertTrue(self.said(own + request).startswith(b"HTTP/1.1 200 "))


class RefusalTest(PlaneTest):
    def test_what_is_written_wrongly(self):
        right = {"listen": f"127.0.0.1:{free_port()}", "upstream": "http", "plugins": ["pass.yaml"]}
        for change, words in [
            ({"allowed_clients": []}, r"allowed_clients: is no list of ranges of IP addresses; leave it out"),
            ({"allowed_clients": "10.0.0.0/8"}, r"allowed_clients: is no list of ranges"),
            (
                {"allowed_clients": ["::1", "10.0.0.0/33"]},
                r"allowed_clients\[1\]: '10.0.0.0/33' is no range of IP addresses: such an address has 32 bits",
            ),
            ({"allowed_clients": ["localhost"]}, r"allowed_clients\[0\]: 'localhost' is no range of"),
            ({"proxy_protocol": "v2"}, r"proxy_protocol: is neither true nor false"),
            ({"upstream_proxy_protocol": True}, r"upstream_proxy_protocol: is for an upstream with an address"),
            ({"proxy_protocol": True, "tls": True}, r"proxy_protocol: does not go with tls"),
        ]:
            with self.subTest(change=change):
                files = {"pass.yaml": plugin_options(scenario(""))}
                log = refusal(self.upstream(), [[{"tcp": [{**right, **change}]}]], files=files)
                self.assertRegex(log, r"EMERGENCY: .*tcp\[0\]\." + words)


if __name__ == "__main__":
    unittest.main()
