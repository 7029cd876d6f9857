"""TCP connections through a stock Traffic Server with plugins on them, by weir-ats.so: all that tcp_test
says of `weir serve`, save what the server's API cannot carry."""

import os
import tempfile
import time
import unittest

import tcp_test as everywhere
from peers.ats import TrafficServer, plugin_options, refusal
from peers.bootstrap import plugin
from peers.case import PlaneTest, free_port, guest
from peers.certificates import Authority
from peers.http1 import Http1Upstream
from peers.tcp import Nowhere, TcpClient, TcpUpstream, echo
from peers.weir import eventually

# Statistics are told at once.
QUICK_STATISTICS = {
    "manager": True,
    "records": {
        "proxy.config.raw_stat_sync_interval_ms": 50,
        "proxy.config.remote_sync_interval_ms": 50,
    },
}

_MIB = 1 << 20


def scenario(name, **options):
    return plugin("tcp", guest("tcp_all"), configuration=name, **options)


def key_of(plugins, options):
    return repr(([one["typed_config"] for one in plugins], sorted(options.items())))


class Port:
    """A port of the shared server."""

    def __init__(self, *plugins, upstream=TcpUpstream, **options):
        self.plugins, self.options = plugins, options
        self.number = free_port()
        self.upstream = upstream()
        self.key = key_of(plugins, options)

    def settings(self, files):
        names = []
        for one in self.plugins:
            name = f"plugin-{len(files)}.yaml"
            files[name] = plugin_options(one)
            names.append(name)
        to = f"127.0.0.1:{self.upstream.port}"
        return {"listen": f"127.0.0.1:{self.number}", "upstream": to, "plugins": names, **self.options}


_shared = {}


def setUpModule():
    """One server for most tests, with a port for each set of plugins."""
    names = ["", "rewrite", "lines", "hold-upstream", "commands", "properties", "events"]
    ports = [Port(scenario(name)) for name in names]
    ports += [
        Port(scenario("append"), scenario("rewrite")),
        Port(scenario("commands", failure_policy="FAIL_OPEN")),
        Port(scenario(""), idle_timeout="0.3s"),
        Port(scenario("events"), idle_timeout="0.3s"),
    ]
    _shared["ports"] = {port.key: port for port in ports}
    _shared["nowhere"] = Port(scenario(""), upstream=Nowhere)
    files = {}
    listed = [port.settings(files) for port in [*ports, _shared["nowhere"]]]
    files["tcp.yaml"] = {"tcp": listed}
    up = Http1Upstream()
    unittest.addModuleCleanup(up.close)
    for port in [*ports, _shared["nowhere"]]:
        unittest.addModuleCleanup(port.upstream.close)
    _shared["server"] = TrafficServer(
        up,
        [["tcp.yaml"]],
        files=files,
        **QUICK_STATISTICS,
    )
    unittest.addModuleCleanup(_shared["server"].stop)
    eventually(_shared["server"].stats, "the server's statistics")


class Running:
    """One port of a server, as tcp_test looks at a `weir serve`. Counts begin when it is made."""

    def __init__(self, server, port):
        self._server, self._port = server, port
        self._before = server.stats()
        self._seen = len(server.log.splitlines())

    def stat(self, name):
        """Where something is to be counted, it waits until the server has added up what its threads do."""
        name = name.replace("tcp.carried.", f"tcp.127.0.0.1:{self._port}.")
        deadline = time.monotonic() + (0 if "active" in name else 5)
        while not (count := self._server.stats()[name] - self._before.get(name, 0)):
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        return count

    def lines(self, pattern):
        lines = self._server.log.splitlines()[self._seen :]
        return [line for line in lines if pattern in line]


class AtsTcpTest(PlaneTest):
    """Goes before the classes of tcp_test, and puts a Traffic Server in the place of `weir serve`."""

    def serve(self, *plugins, upstream=echo, clusters=(), **options):
        plugins = plugins or (scenario(""),)
        port = _shared["ports"].get(key_of(plugins, options))
        if isinstance(upstream, Nowhere):
            port = _shared["nowhere"]
        self.assertIsNotNone(port, "the shared server has no such port")
        if callable(upstream):
            port.upstream.serve = upstream
        port.upstream.accepted = 0
        self.upstream_peer = port.upstream
        self.port = port.number
        self.running = Running(_shared["server"], port.number)
        return self.running


class AtsCarryingTest(AtsTcpTest, everywhere.CarryingTest):
    def test_a_large_transfer_comes_out_the_same(self):
        running = self.serve()
        data = os.urandom(24 * _MIB)
        client = self.connect()
        back = everywhere.in_thread(client.receive_all)
        client.send(data)
        client.send_end()
        self.assertTrue(back.join() == data)
        eventually(lambda: running.stat("tcp.carried.downstream_cx_active") == 0, "the end")
        for name in ("rx", "tx"):
            counter = f"tcp.carried.downstream_cx_{name}_bytes_total"
            eventually(lambda: running.stat(counter) == len(data), counter)
        self.assertEqual(running.stat("tcp.carried.downstream_cx_total"), 1)


class AtsConnectingTest(AtsTcpTest):
    def test_a_refusing_upstream_ends_the_connection(self):
        running = self.serve(upstream=_shared["nowhere"].upstream)
        self.assertTrue(self.connect().is_reset())
        self.assertEqual(running.stat("tcp.carried.upstream_connect_fail"), 1)

    connect = everywhere.TcpTest.connect
    test_an_idle_connection_is_closed = everywhere.ConnectingTest.test_an_idle_connection_is_closed

    def test_a_name_is_looked_up(self):
        up = self.upstream(TcpUpstream)
        hosts = tempfile.NamedTemporaryFile("w", prefix="weir-test-hosts-")
        self.addCleanup(hosts.close)
        hosts.write("127.0.0.1 upstream.test\n")
        hosts.flush()
        os.chmod(hosts.name, 0o644)
        _, self.port = serve_one(
            self,
            {"upstream": f"upstream.test:{up.port}"},
            records={"proxy.config.hostdb.host_file.path": hosts.name},
        )
        # The server reads its file of hosts when it is first asked for a name.
        eventually(lambda: self.exchange(b"word") == b"word", "the name to be known")

    exchange = everywhere.TcpTest.exchange


class AtsPluginTest(AtsTcpTest, everywhere.PluginTest):
    def test_a_connection_waits_for_a_call_of_its_plugin(self):
        status = {"/auth": 200}

        async def answer(_):
            return everywhere.Response(status["/auth"])

        auth = self.upstream(Http1Upstream, respond=answer)
        up = self.upstream(TcpUpstream)
        _, self.port = serve_one(
            self, {"upstream": f"127.0.0.1:{up.port}"}, [plugin_options(scenario("auth"), {"auth": auth})]
        )
        self.assertEqual(self.exchange(b"let me in"), b"let me in")
        status["/auth"] = 403
        self.assertEqual(self.exchange(b"let me in"), b"")
        self.assertEqual(up.accepted, 1)

    def test_a_plugin_sees_who_is_connected(self):
        self.serve(scenario("properties"))
        client = self.connect()
        client.send(b"?")
        client.send_end()
        told = dict(pair.split("=") for pair in client.receive_all().decode().split())
        upstream = f"127.0.0.1:{self.upstream_peer.port}"
        self.assertEqual(told["source"], client.address)
        self.assertEqual(told["port"], client.address.split(":")[1])
        self.assertEqual(told["destination"], f"127.0.0.1:{self.port}")
        self.assertEqual((told["upstream"], told["cluster"]), (upstream, upstream))
        self.assertEqual(told["plugin"], "tcp")
        self.assertGreater(int(told["id"]), 0)

    def test_many_connections_among_failing_ones(self):
        """A plugin that traps costs the connections of its thread's instance, and the server serves on."""
        up = self.upstream(TcpUpstream)
        _, self.port = serve_one(
            self, {"upstream": f"127.0.0.1:{up.port}"}, [plugin_options(scenario("commands"))], threads=2
        )

        def run(number):
            client = self.connect()
            try:
                client.send(b"word" if number % 10 else b"panic")
                client.send_end()
                return client.receive_all()
            except OSError:  # the server has reset it: also shutdown() says so, as "not connected"
                return b""

        running = [everywhere.in_thread(run, number) for number in range(200)]
        for number, one in enumerate(running):
            self.assertIn(one.join(), [b"word", b""] if number % 10 else [b""])
        eventually(lambda: self.exchange(b"the next") == b"the next", "an instance that serves")


def said(port, *pieces):
    """What comes back for these bytes; nothing where the connection is closed."""
    client = TcpClient(port)
    try:
        for piece in pieces:
            client.send(piece)
            time.sleep(0.01 if len(pieces) > 1 else 0)
        client.send_end()
        return client.receive_all()
    except OSError:
        return b""
    finally:
        client.close()


def serve_one(test, port, plugins=None, lines=(), more_files=None, **options):
    """A server of its own with one TCP port, and the port."""
    plugins = plugins or [plugin_options(scenario(""))]
    files = {f"tcp-{i}.yaml": content for i, content in enumerate(plugins)}
    number = free_port()
    settings = {"listen": f"127.0.0.1:{number}", "plugins": list(files), **port}
    files |= {"ports.yaml": {"tcp": [settings]}, **(more_files or {})}
    up = test.upstream()
    server = TrafficServer(up, [["ports.yaml"], *lines], files=files, **options)
    test.addCleanup(server.stop)
    test.web = up
    return server, number


class HttpBehindTest(PlaneTest):
    """Connections that go on into the server's own HTTP."""

    def http_all(self):
        return plugin_options(plugin("http_all", guest("http_all"), "scenario=/headers"))

    def test_requests_pass_plugins_on_their_connection_and_their_own(self):
        server, port = serve_one(
            self, {"upstream": "http"}, [plugin_options(scenario("events"))], [[self.http_all()]]
        )
        client = self.client(port)
        response = client.request("/any")
        self.assertEqual((response.status, response.headers.get("x-set")), (200, "guest"))
        self.assertEqual(self.web.requests[0].path, "/any")
        for event in ("new connection", "downstream data", "upstream data", "downstream close", "delete"):
            server.wait_for_line(f"event: {event}")

    def test_bodies_pass_both_ways(self):
        _, port = serve_one(self, {"upstream": "http"})

        async def reverse(request):
            return everywhere.Response(200, [], request.body[::-1])

        self.web.respond = reverse
        body = os.urandom(3 * _MIB)
        self.assertEqual(self.client(port).request("/", method="POST", body=body).body, body[::-1])

    def test_a_plugin_closes_a_connection_before_http_sees_it(self):
        _, port = serve_one(self, {"upstream": "http"}, [plugin_options(scenario("commands"))])
        client = TcpClient(port)
        self.addCleanup(client.close)
        client.send(b"close-downstream")
        self.assertEqual(client.receive_all(), b"")
        self.assertEqual(self.client(port).request("/").status, 200)
        self.assertEqual(len(self.web.requests), 1)


class TlsTest(PlaneTest):
    """A port where the server ends TLS: plugins see what is in it."""

    def test_plugins_work_inside(self):
        authority = Authority()
        self.addCleanup(authority.close)
        certificate = authority.issue("server", "DNS:weir.test")
        up = self.upstream(TcpUpstream)
        _, port = serve_one(
            self,
            {"upstream": f"127.0.0.1:{up.port}", "tls": True},
            [plugin_options(scenario("rewrite"))],
            certificate=certificate,
        )
        with ssl_client(authority, port) as client:
            client.sendall(b"Word")
            self.assertEqual(client.recv(100), b"word")
        # One that does not speak it leaves nothing.
        plain = TcpClient(port)
        self.addCleanup(plain.close)
        plain.send(b"GET / HTTP/1.1\r\n\r\n")
        self.assertTrue(plain.is_reset() or plain.is_reset())
        with ssl_client(authority, port) as client:
            client.sendall(b"Again")
            self.assertEqual(client.recv(100), b"again")


def ssl_client(authority, port):
    plain = TcpClient(port).socket
    return authority.client_context().wrap_socket(plain, server_hostname="weir.test")


class ReloadTest(PlaneTest):
    def test_new_connections_have_new_plugins_and_old_ones_end_on_theirs(self):
        up = self.upstream(TcpUpstream)
        server, port = serve_one(
            self,
            {"upstream": f"127.0.0.1:{up.port}"},
            [plugin_options(scenario("rewrite"))],
            manager=True,
        )

        def connect():
            client = TcpClient(port)
            self.addCleanup(client.close)
            return client

        def said(client, data):
            client.send(data)
            return client.receive(len(data))

        before = connect()
        self.assertEqual(said(before, b"One"), b"one")
        server.put(plugin_options(scenario("")), "tcp-0.yaml")
        server.control("plugin", "msg", "weir", "reload")
        server.wait_for_line(" loaded anew: tcp-0.yaml")
        eventually(lambda: said(connect(), b"Two") == b"Two", "the new plugin")
        self.assertEqual(said(before, b"Three"), b"three")

    def test_a_ports_file_is_taken_anew(self):
        """A port gets the plugins that the file names now; of all else it is told when it is taken."""
        up = self.upstream(TcpUpstream)
        server, port = serve_one(
            self,
            {"upstream": f"127.0.0.1:{up.port}"},
            [plugin_options(scenario(""))],
            manager=True,
        )
        server.put(plugin_options(scenario("rewrite")), "other.yaml")
        listed = {
            "listen": f"127.0.0.1:{port}",
            "upstream": f"127.0.0.1:{up.port}",
            "plugins": ["other.yaml"],
        }

        def reload(ports):
            server.put(ports, "ports.yaml")
            server.control("plugin", "msg", "weir", "reload")

        def said(data):
            client = TcpClient(port)
            try:
                client.send(data)
                return client.receive(len(data))
            finally:
                client.close()

        self.assertEqual(said(b"One"), b"One")
        reload({"tcp": [listed]})
        eventually(lambda: said(b"Two") == b"two", "the plugin that the file names now")

        reload({"tcp": "nonsense"})
        line = server.wait_for_line("not loaded anew, ports keep their plugins")
        self.assertIn("ports.yaml:1:2: tcp: is no list of ports", line)
        self.assertEqual(said(b"Three"), b"three")

        another = {**listed, "listen": f"127.0.0.1:{free_port()}"}
        reload({"tcp": [{**listed, "idle_timeout": "5s", "plugins": ["tcp-0.yaml"]}, another]})
        where = f"ports.yaml: tcp 127.0.0.1:{port}: "
        server.wait_for_line(where + "idle_timeout changed: taken when the server restarts")
        server.wait_for_line(
            f"tcp {another['listen']}: the port is new, and opened when the server restarts"
        )
        eventually(lambda: said(b"Four") == b"Four", "the plugin of before")

        reload({"tcp": [another]})
        server.wait_for_line(where + "the port is not in the file any more: it stays")
        self.assertEqual(said(b"Five"), b"Five")


class PortRefusalTest(PlaneTest):
    def refusal_of(self, settings, files=None):
        files = {"pass.yaml": plugin_options(scenario("")), **(files or {})}
        return refusal(self.upstream(), [[{"tcp": [settings]}]], files=files)

    def test_what_is_written_wrongly(self):
        right = {"listen": "127.0.0.1:1", "upstream": "127.0.0.1:2", "plugins": ["pass.yaml"]}
        for change, words in [
            ({"lisen": "127.0.0.1:1"}, r"tcp\[0\].lisen: unknown field; did you mean 'listen'"),
            ({"listen": "localhost:80"}, r"tcp\[0\].listen: is no IP address"),
            ({"upstream": ""}, r"tcp\[0\].upstream: is not a text"),
            ({"idle_timeout": "soon"}, r"tcp\[0\].idle_timeout: is no duration"),
            ({"plugins": []}, r"tcp\[0\].plugins: names no file"),
            ({"plugins": ["absent.yaml"]}, r"tcp 127.0.0.1:1: .*absent.yaml: No such file or directory; put it there"),
        ]:
            with self.subTest(change=change):
                self.assertRegex(self.refusal_of({**right, **change}), "EMERGENCY: .*" + words)

    def test_a_port_that_is_taken(self):
        taken = self.upstream(TcpUpstream)
        settings = {"listen": f"127.0.0.1:{taken.port}", "upstream": "http", "plugins": ["pass.yaml"]}
        self.assertRegex(self.refusal_of(settings), "EMERGENCY: .*bind: Address already in use")

    def test_ports_in_a_remap_rule(self):
        up = self.upstream()
        ports = {"tcp": [{"listen": "127.0.0.1:1", "upstream": "http", "plugins": ["a.yaml"]}]}
        self.assertIn("ports are named in files of plugin.config alone", refusal(up, rules=[("/a", [ports], up)]))


if __name__ == "__main__":
    unittest.main()
