"""SIGUSR2: another process takes the listening sockets over while requests run; none is lost."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import unittest

from peers import bootstrap, loop
from peers.case import PlaneTest, guest
from peers.certificates import Authority
from peers.churn import Churn, tcp_echo
from peers.code_server import CodeServer, sha256
from peers.http1 import Http1Client, Http1Connection
from peers.http2 import Http2Client
from peers.ports import free_port
from peers.message import echo, make_request
from peers.restarts import RestartableWeir
from peers.tcp import TcpUpstream, read_all
from peers.weir import BINARY, eventually


_LOADER = pathlib.Path(BINARY).parents[1] / "lib/weir/engines/wasmedge/ld.so"
_ADAPTER = _LOADER.parents[1] / "weir-engine-wasmedge.so"


def write_script(file, shell, *lines):
    """Puts a program at that path; what has run from there before is not touched."""
    aside = file.with_suffix(".new")
    aside.write_text("\n".join([f"#!/bin/{shell}", *lines, ""]))
    aside.chmod(0o755)
    aside.rename(file)


class RestartTest(PlaneTest):
    def restartable(self, *arguments, **options):
        weir = RestartableWeir(*arguments, **options)
        self.addCleanup(weir.stop)
        return weir

    def one_plugin(self, *arguments, **options):
        upstream = self.upstream(**options.pop("upstream", {}))
        return self.restartable(guest("http_all"), "--upstream", upstream.url, *arguments, **options)

    def test_no_request_is_lost(self):
        authority = Authority()
        self.addCleanup(authority.close)
        certificate = authority.issue("server", "DNS:weir.test")
        upstream = self.upstream()
        bytes_back = self.upstream(TcpUpstream)
        added = bootstrap.plugin("all", guest("http_all"))
        secured = bootstrap.secured(
            bootstrap.listener("secured", added), bootstrap.downstream_tls(certificate, alpn_protocols=["h2"])
        )
        clear = bootstrap.listener("clear", added)
        tcp = bootstrap.tcp_listener("bytes", cluster="bytes")
        clusters = [bootstrap.cluster("upstream", upstream), bootstrap.cluster("bytes", bytes_back)]
        weir = self.restartable(
            "--drain-time",
            "4",
            bootstrap=bootstrap.bootstrap([clear, secured, tcp], clusters),
            listeners=3,
            workers=2,
        )
        ports = weir.ports
        churn = Churn(pause_s=0.005)
        churn.kept_alive(ports[0])
        churn.fresh(ports[0])
        churn.http2(ports[0])
        tls = authority.client_context()
        churn.kept_alive(ports[1], clients=2, tls=tls)
        churn.fresh(ports[1], clients=1, tls=tls)
        churn.http2(ports[1], clients=1, tls=authority.client_context(alpn=["h2"]))
        churn.other("tcp", 2, lambda: tcp_echo(ports[2]))
        for _ in range(4):
            before = churn.total
            pid = weir.restart()
            eventually(lambda: churn.total > before + 100, "requests to go on")
            self.assertEqual(weir.wait_for_end(weir.pids[-2]), 0)
            self.assertNotEqual(pid, weir.pids[-2])
        churn.stop()
        self.assertEqual(churn.lost, [])
        self.assertEqual(set(churn.statuses), {200})
        for kind, count in churn.answered.items():
            self.assertGreater(count, 20, kind)
        self.assertEqual(weir.lines("drain time is over"), [])
        self.assertEqual(len(weir.lines("listening on")), 5 * 3)
        self.assertEqual(len(set(weir.ports)), 3)

    def test_what_waits_to_be_accepted_is_served(self):
        weir = self.one_plugin("--drain-time", "3", workers=2)
        # Nobody accepts while the process is stopped: these wait in its sockets.
        weir.signal(signal.SIGSTOP)
        clients = [socket.create_connection(("127.0.0.1", weir.port)) for _ in range(40)]
        for client in clients:
            self.addCleanup(client.close)
            client.sendall(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        weir.signal(signal.SIGTERM)
        weir.signal(signal.SIGCONT)
        for client in clients:
            self.assertTrue(read_all(client).startswith(b"HTTP/1.1 200"))
        self.assertEqual(weir.wait(), 0)

    def test_an_idle_connection_has_its_next_request_answered(self):
        weir = self.one_plugin("--drain-time", "5")
        connection = loop.run(Http1Connection.open(weir.port))
        self.addCleanup(loop.call, connection.close)
        silent = loop.run(Http1Connection.open(weir.port))
        self.addCleanup(loop.call, silent.close)

        def ask(of):
            loop.run(of.send(make_request("/")))
            return loop.run(of.receive()).headers.get("connection")

        self.assertIsNone(ask(connection))
        weir.restart()
        self.assertEqual(ask(connection), "close")
        self.assertTrue(loop.run(connection.at_end()))
        # Not a byte had come on this one.
        self.assertEqual(ask(silent), "close")
        self.assertEqual(weir.wait_for_end(weir.pids[0]), 0)

    def test_idle_connections_end_before_the_drain_time(self):
        weir = self.one_plugin("--drain-time", "1")
        connection = loop.run(Http1Connection.open(weir.port))
        self.addCleanup(loop.call, connection.close)
        weir.restart()
        self.assertTrue(loop.run(connection.at_end()))
        self.assertEqual(weir.wait_for_end(weir.pids[0]), 0)
        self.assertEqual(weir.lines("drain time is over"), [])

    def test_sigterm_hurries_a_process_that_was_replaced(self):
        weir = self.one_plugin("--drain-time", "600")
        connection = loop.run(Http1Connection.open(weir.port))
        self.addCleanup(loop.call, connection.close)
        loop.run(connection.send(make_request("/")))
        loop.run(connection.receive())
        weir.restart()
        self.assertIsNone(weir.process.poll())
        os.kill(weir.pids[0], signal.SIGTERM)
        self.assertTrue(loop.run(connection.at_end()))
        self.assertEqual(weir.wait_for_end(weir.pids[0]), 0)

    def test_requests_under_way_end_where_they_are(self):
        for kind in (Http1Client, Http2Client):
            with self.subTest(client=kind.__name__):
                gate = loop.Gate()

                async def respond(request):
                    await gate.passed()
                    return await echo(request)

                weir = self.one_plugin(upstream={"respond": respond})
                clients = [self.client(weir.port, kind) for _ in range(5)]
                answers = [c.start("/body/rewrite", method="POST", body=b"slow") for c in clients]
                eventually(lambda: gate.waiting == 5, "all requests to be under way")
                weir.restart()
                self.assertIsNone(weir.process.poll())
                gate.open()
                for answer in answers:
                    self.assertEqual(answer.result(loop.PATIENCE_S).body, b"response(request(slow))")
                self.assertEqual(weir.wait_for_end(weir.pids[0]), 0)

    def test_the_number_of_workers_may_change(self):
        upstream = self.upstream()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        program = pathlib.Path(folder.name) / "weir"
        # The arguments stay; what is there at its path decides.
        weir = None
        for workers in (3, 1, 2):
            write_script(
                program,
                "bash",
                'shift; [ "$1" = --workers ] && shift 2',
                f'exec -a "$0" {BINARY} serve --workers {workers} "$@"',
            )
            if weir is None:
                weir = self.start_by(program, upstream)
                churn = Churn()
                churn.fresh(weir.port)
                churn.kept_alive(weir.port)
            else:
                before = churn.total
                weir.restart()
                eventually(lambda: churn.total > before + 50, "requests to go on")
            self.assertEqual(self.worker_threads(weir.pid), workers)
        churn.stop()
        self.assertEqual(churn.lost, [])

    def start_by(self, program, upstream):
        """The first process has to be the script's, since the script is what is started again."""
        weir = RestartableWeir(
            guest("http_all"), "--upstream", upstream.url, "--drain-time", "2", program=program, workers=None
        )
        self.addCleanup(weir.stop)
        return weir

    def worker_threads(self, pid):
        tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
        names = [(task / "comm").read_text().strip() for task in tasks]
        return sum(name.startswith("weir-") and name[5:].isdigit() for name in names)

    def test_another_configuration_takes_over(self):
        first, second = self.upstream(), self.upstream()
        port = free_port()
        more = bootstrap.listener("more", port=port)

        def settings(upstream, *listeners):
            main = bootstrap.listener("main", bootstrap.plugin("all", guest("http_all")))
            return bootstrap.bootstrap([main, *listeners], [bootstrap.cluster("upstream", upstream)])

        weir = self.restartable("--no-watch", "--drain-time", "2", bootstrap=settings(first))
        file = weir.folder / "bootstrap.json"
        churn = Churn()
        churn.fresh(weir.port)
        churn.kept_alive(weir.port)
        file.write_text(json.dumps(settings(second, more)))
        weir.restart()
        self.assertEqual(self.client(port).request("/").status, 200)
        self.assertEqual(self.client(weir.port).request("/").status, 200)
        eventually(lambda: second.requests, "the other upstream to be asked")
        weir.wait_for_end(weir.pids[0])
        # And without it again: its socket closes with the last who has it.
        file.write_text(json.dumps(settings(second)))
        pid = weir.restart()
        weir.wait_for_line(f"no longer listening on 127.0.0.1:{port}")
        weir.wait_for_end(weir.pids[-2])
        with self.assertRaises(OSError):
            self.client(port).request("/")
        churn.stop()
        self.assertEqual(churn.lost, [])
        self.assertEqual(weir.pid, pid)

    def check_goes_on(self, weir, reason):
        weir.wait_for_line(f"the new process does not serve, this one goes on: .*{reason}")
        self.assertEqual(self.client(weir.port).request("/").status, 200)
        self.assertEqual(weir.page("/ready"), (200, "LIVE\n"))
        self.assertIsNone(weir.process.poll())

    def weir_by_a_link(self):
        """A server, and the link by which it was started: where a restart finds its program."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        program = pathlib.Path(folder.name) / "weir"
        program.symlink_to(BINARY)
        upstream = self.upstream()
        weir = RestartableWeir(guest("http_all"), "--upstream", upstream.url, program=program)
        self.addCleanup(weir.stop)
        return weir, program

    def test_a_configuration_that_is_wrong_changes_nothing(self):
        upstream = self.upstream()
        listener = bootstrap.listener("main", bootstrap.plugin("all", guest("http_all")))
        good = bootstrap.bootstrap([listener], [bootstrap.cluster("upstream", upstream)])
        weir = self.restartable("--no-watch", bootstrap=good)
        file = weir.folder / "bootstrap.json"
        file.write_text("{")
        weir.begin_restart()
        self.check_goes_on(weir, r"bootstrap\.json")
        file.write_text(json.dumps({**good, "static_resources": {**good["static_resources"], "nothing": 1}}))
        weir.begin_restart()
        self.check_goes_on(weir, "nothing")
        # What is updated afterwards is taken in, and a restart that can be is done.
        file.write_text(json.dumps(good))
        weir.signal(signal.SIGHUP)
        weir.wait_for_line("configuration 2 serves")
        weir.restart()
        self.assertEqual(self.client(weir.port).request("/").status, 200)

    def test_a_program_that_is_wrong_changes_nothing(self):
        weir, program = self.weir_by_a_link()
        program.unlink()
        weir.signal(signal.SIGUSR2)
        self.check_goes_on(weir, f"{program}: No such file or directory")
        for script, reason in (("exit 3", "it has ended with code 3"), ("kill -9 $$", "by signal 9")):
            write_script(program, "sh", script)
            weir.signal(signal.SIGUSR2)
            self.check_goes_on(weir, reason)
        program.write_text("neither a program nor a script")
        weir.signal(signal.SIGUSR2)
        self.check_goes_on(weir, "Exec format error")
        program.unlink()
        program.symlink_to(BINARY)
        weir.restart()
        self.assertEqual(self.client(weir.port).request("/").status, 200)

    def test_one_restart_at_a_time(self):
        weir, program = self.weir_by_a_link()
        write_script(program, "sh", "exec sleep 60")
        pid = weir.begin_restart()
        weir.signal(signal.SIGUSR2)
        weir.wait_for_line("SIGUSR2 again: a new process is starting already")
        # The end of the service is the end of both.
        weir.signal(signal.SIGTERM)
        self.assertEqual(weir.wait(), 0)
        self.assertEqual(weir.wait_for_end(pid), -signal.SIGTERM)

    def test_admin_address_logs_and_pid_file_go_along(self):
        upstream = self.upstream()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        log = pathlib.Path(folder.name) / "access.log"
        pid_file = pathlib.Path(folder.name) / "weir.pid"
        files = {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": str(log),
            "log_format": {"text_format_source": {"inline_string": "%REQ(:PATH)%\n"}},
        }
        listener = bootstrap.listener("main", access_log=[{"name": "file", "typed_config": files}])
        settings = bootstrap.bootstrap([listener], [bootstrap.cluster("upstream", upstream)])
        weir = self.restartable("--pid-file", pid_file, "--drain-time", "2", bootstrap=settings)
        self.assertEqual(int(pid_file.read_text()), weir.pid)
        for number in range(3):
            self.assertEqual(self.client(weir.port).request(f"/{number}").status, 200)
            self.assertEqual(weir.page("/ready"), (200, "LIVE\n"))
            self.assertEqual(weir.stat("http.main.downstream_rq_total"), 1)
            weir.restart()
            self.assertEqual(int(pid_file.read_text()), weir.pid)
            self.assertEqual(weir.wait_for_end(weir.pids[-2]), 0)
        self.assertEqual(log.read_text(), "/0\n/1\n/2\n")
        weir.signal(signal.SIGTERM)
        self.assertEqual(weir.wait(), 0)
        self.assertFalse(pid_file.exists())

    def remote(self, *arguments):
        code = guest("http_all").read_bytes()
        self.server = self.upstream(CodeServer, files={"/all.wasm": code})
        plugin = bootstrap.plugin("all", bootstrap.remote(f"{self.server.url}/all.wasm", sha256(code)))
        settings = bootstrap.bootstrap(
            [bootstrap.listener("main", plugin)], [bootstrap.cluster("upstream", self.upstream())]
        )
        return self.restartable("--drain-time", "2", *arguments, bootstrap=settings)

    def test_fetched_code_is_shared(self):
        weir = self.remote()
        self.server.status = 500
        weir.restart()
        self.assertEqual(self.client(weir.port).request("/headers").headers.get("x-set"), "guest")
        self.assertEqual(len(self.server.requests), 1)

    def test_code_that_does_not_come_changes_nothing(self):
        weir = self.remote("--fetch-cache", "")
        self.server.status = 500
        weir.begin_restart()
        self.check_goes_on(weir, "plugin 'all'")
        self.assertEqual(self.client(weir.port).request("/headers").headers.get("x-set"), "guest")
        self.server.status = 200
        weir.restart()
        self.assertEqual(self.client(weir.port).request("/headers").headers.get("x-set"), "guest")

    @unittest.skipUnless(_LOADER.exists() and _ADAPTER.exists(), "no engine here has a C library of its own")
    def test_a_process_that_starts_itself_again(self):
        if "sanitizers" in subprocess.run([BINARY, "engines"], capture_output=True, text=True, check=False).stderr:
            self.skipTest("a build with sanitizers runs on the system's C library only, and says so")
        weir = self.one_plugin("--engine", "wasmedge", "--drain-time", "2", workers=2)
        churn = Churn()
        churn.fresh(weir.port)
        churn.kept_alive(weir.port)
        for _ in range(2):
            weir.restart()
            self.assertEqual(pathlib.Path(f"/proc/{weir.pid}/exe").resolve(), _LOADER.resolve())
            self.assertEqual(weir.wait_for_end(weir.pids[-2]), 0)
        churn.stop()
        self.assertEqual(churn.lost, [])

    def test_nothing_else_is_inherited(self):
        weir = self.one_plugin("--drain-time", "2")
        connection = loop.run(Http1Connection.open(weir.port))
        self.addCleanup(loop.call, connection.close)
        loop.run(connection.send(make_request("/")))
        loop.run(connection.receive())
        counts = []
        for _ in range(3):
            pid = weir.restart()
            counts.append(len(os.listdir(f"/proc/{pid}/fd")))
            self.assertEqual(weir.wait_for_end(weir.pids[-2]), 0)
        self.assertEqual(counts[0], counts[2])


if __name__ == "__main__":
    unittest.main()
