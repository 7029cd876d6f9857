"""Sockets that systemd has opened, and what systemd is told (sd_listen_fds(3), sd_notify(3))."""

import fcntl
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from peers import bootstrap
from peers.case import PlaneTest
from peers.churn import Churn
from peers.ports import free_port
from peers.restarts import RestartableWeir
from peers.weir import BINARY, eventually

# Where the activator has the sockets; above what it hands over.
_HIGH = 100


class Activator:
    """Listens, and starts programs with its sockets, as systemd does."""

    def __init__(self, count=1, kind=socket.SOCK_STREAM, listen=True):
        self._folder = tempfile.TemporaryDirectory(prefix="weir-activator-")
        self.folder = pathlib.Path(self._folder.name)
        self.sockets = [socket.socket(socket.AF_INET, kind) for _ in range(count)]
        for one in self.sockets:
            one.bind(("127.0.0.1", 0))
            if listen:
                one.listen()
        self.ports = [one.getsockname()[1] for one in self.sockets]
        self._high = [fcntl.fcntl(one.fileno(), fcntl.F_DUPFD, _HIGH + i) for i, one in enumerate(self.sockets)]
        moves = [f"exec {3 + i}<&{high} {high}<&-" for i, high in enumerate(self._high)]
        names = ":".join(f"socket{i}" for i in range(count))
        self.program = self.folder / "activated"
        self.program.write_text(
            "\n".join(
                [
                    "#!/bin/bash",
                    *moves,
                    f"export LISTEN_FDS={count} LISTEN_PID=$$ LISTEN_FDNAMES={names}",
                    f'exec {BINARY} "$@"',
                    "",
                ]
            )
        )
        self.program.chmod(0o755)

    @property
    def passed(self):
        """Further arguments of whoever starts the program."""
        return {"program": self.program, "pass_fds": self._high}

    def close(self):
        for one in self.sockets:
            one.close()
        for high in self._high:
            os.close(high)
        self._folder.cleanup()


class NotifySocket:
    """Hears what systemd would."""

    def __init__(self, folder):
        self.path = str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.settimeout(0.01)
        self._heard = []

    @property
    def heard(self):
        """All messages so far."""
        while True:
            try:
                self._heard.append(self._socket.recv(4096).decode())
            except TimeoutError:
                return self._heard

    def wait_for(self, start):
        return eventually(
            lambda: [text for text in self.heard if text.startswith(start)],
            f"{start!r} among what is told: {self._heard}",
        )

    def close(self):
        self._socket.close()


class ActivationTest(PlaneTest):
    def activator(self, **options):
        activator = Activator(**options)
        self.addCleanup(activator.close)
        return activator

    def settings(self, *ports):
        upstream = self.upstream()
        listeners = [bootstrap.listener(f"at{port}", port=port) for port in ports]
        return bootstrap.bootstrap(listeners, [bootstrap.cluster("upstream", upstream)])

    def activated(self, activator, *arguments, **options):
        options.setdefault("bootstrap", self.settings(*activator.ports))
        options.setdefault("listeners", len(activator.ports))
        weir = RestartableWeir(*arguments, **activator.passed, **options)
        self.addCleanup(weir.stop)
        return weir

    def test_listeners_get_the_sockets_of_their_addresses(self):
        activator = self.activator(count=2)
        # Nobody serves yet: this one waits.
        early = socket.create_connection(("127.0.0.1", activator.ports[1]))
        self.addCleanup(early.close)
        early.sendall(b"GET /early HTTP/1.1\r\nhost: a\r\n\r\n")
        weir = self.activated(activator, workers=2)
        self.assertEqual(sorted(weir.ports), sorted(activator.ports))
        self.assertTrue(early.recv(1000).startswith(b"HTTP/1.1 200"))
        for port in activator.ports:
            self.assertEqual(self.client(port).request("/").status, 200)

    def test_clients_wait_from_one_process_to_the_next(self):
        activator = self.activator()
        settings = self.settings(*activator.ports)
        first = self.activated(activator, bootstrap=settings, workers=2)
        churn = Churn()
        churn.fresh(activator.ports[0])
        for _ in range(2):
            eventually(lambda: churn.answered["fresh"] > 20, "requests to be answered")
            first.signal(signal.SIGTERM)
            self.assertEqual(first.wait(), 0)
            before = churn.answered["fresh"]
            first = self.activated(activator, bootstrap=settings, workers=2)
            eventually(lambda: churn.answered["fresh"] > before + 20, "requests to be answered")
        churn.stop()
        self.assertEqual(churn.lost, [])

    def test_a_restart_keeps_the_sockets(self):
        activator = self.activator()
        weir = self.activated(activator, "--drain-time", "2", workers=2)
        churn = Churn()
        churn.fresh(activator.ports[0])
        churn.kept_alive(activator.ports[0])
        for _ in range(2):
            before = churn.total
            weir.restart()
            eventually(lambda: churn.total > before + 50, "requests to go on")
        churn.stop()
        self.assertEqual(churn.lost, [])

    def refusal(self, activator, settings):
        file = activator.folder / "refused.json"
        file.write_text(json.dumps(settings))
        done = subprocess.run(
            [activator.program, "serve", "-c", file],
            pass_fds=activator.passed["pass_fds"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual(done.returncode, 1)
        return done.stderr.splitlines()[-1]

    def test_a_socket_without_a_listener_is_refused(self):
        activator = self.activator(count=2)
        error = self.refusal(activator, self.settings(activator.ports[0]))
        self.assertEqual(
            error,
            f"weir serve: systemd's socket 'socket1' is 127.0.0.1:{activator.ports[1]}, where no listener "
            "is: change that listener's address or the unit's ListenStream= so that they are the same",
        )

    def test_a_socket_of_another_kind_is_refused(self):
        remedy = "its unit is to have ListenStream=ADDRESS:PORT and Accept=no"
        for options, why in (
            ({"kind": socket.SOCK_DGRAM, "listen": False}, "is no TCP socket"),
            ({"listen": False}, "does not listen"),
        ):
            with self.subTest(why=why):
                activator = self.activator(**options)
                self.assertEqual(
                    self.refusal(activator, self.settings(activator.ports[0])),
                    f"weir serve: systemd's socket 'socket0' (descriptor 3) {why}: {remedy}",
                )

    def test_sockets_for_another_process_are_left_alone(self):
        upstream = self.upstream()
        listeners, clusters = [bootstrap.listener("main")], [bootstrap.cluster("upstream", upstream)]
        weir = self.weir(
            bootstrap=bootstrap.bootstrap(listeners, clusters),
            env={**os.environ, "LISTEN_FDS": "1", "LISTEN_PID": "1"},
        )
        self.assertEqual(self.client(weir.port).request("/").status, 200)

    def test_systemd_is_told(self):
        activator = self.activator()
        notify = NotifySocket(activator.folder)
        self.addCleanup(notify.close)
        environment = {**os.environ, "NOTIFY_SOCKET": notify.path, "WATCHDOG_USEC": "300000"}
        weir = self.activated(activator, "--drain-time", "1", env=environment)
        notify.wait_for("READY=1")
        notify.wait_for("WATCHDOG=1")
        weir.signal(signal.SIGHUP)
        (reloading,) = notify.wait_for("RELOADING=1\nMONOTONIC_USEC=")
        self.assertLess(abs(int(reloading.split("=")[-1]) - time.monotonic_ns() // 1000), 60_000_000)
        eventually(lambda: notify.heard.count("READY=1") == 2, "the end of reloading")
        pid = weir.restart()
        notify.wait_for(f"MAINPID={pid}\nREADY=1")
        self.assertEqual(weir.wait_for_end(weir.pids[0]), 0)
        self.assertFalse([text for text in notify.heard if text.startswith("STOPPING")])
        told = len(notify.heard)
        eventually(lambda: "WATCHDOG=1" in notify.heard[told:], "the new process to be alive")
        weir.signal(signal.SIGTERM)
        self.assertEqual(weir.wait(), 0)
        notify.wait_for("STOPPING=1")

    @unittest.skipUnless(shutil.which("systemd-socket-activate"), "systemd-socket-activate is not there")
    def test_by_systemds_own_activator(self):
        port = free_port()
        activator = self.activator(count=0)
        file = activator.folder / "settings.json"
        file.write_text(json.dumps(self.settings(port)))
        process = subprocess.Popen(
            ["systemd-socket-activate", "-l", f"127.0.0.1:{port}", BINARY, "serve", "-c", file, "--workers", "2"],
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(process.kill)
        eventually(lambda: self.can_connect(port), "the activator to listen")
        self.assertEqual(self.client(port).request("/").status, 200)
        process.terminate()
        self.assertEqual(process.wait(60), 0)

    @staticmethod
    def can_connect(port):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            return False
        return True


if __name__ == "__main__":
    unittest.main()
