"""The control plane of tests/planes/control_plane: what an Envoy is told, and what it answers."""

import json
import os
import subprocess
import threading

from .weir import eventually

BINARY = os.environ.get("WEIR_TEST_CONTROL_PLANE", "")

LISTENERS = "type.googleapis.com/envoy.config.listener.v3.Listener"
EXTENSIONS = "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig"


class ControlPlane:
    """A running one. Serves what serve() has given it last."""

    scheme = "h2c"  # of its cluster

    def __init__(self):
        self._process = subprocess.Popen(
            [BINARY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.port = json.loads(self._process.stdout.readline())["port"]
        self._version = 0
        self._answers = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            self._answers.append(json.loads(line))

    def serve(self, listeners, extensions=()):
        """Returns the version under which this is served."""
        self._version += 1
        update = {
            "version": str(self._version),
            "listeners": listeners,
            "extensions": list(extensions),
        }
        self._process.stdin.write(f"{json.dumps(update)}\n")
        self._process.stdin.flush()
        return str(self._version)

    def wait_until_taken(self, kind, version):
        """Envoy has taken that version of resources of that type."""
        eventually(
            lambda: any(
                one["type"] == kind and one["version"] == version and "error" not in one
                for one in self._answers
            ),
            f"version {version} to be taken among {self._answers}",
        )

    def wait_until_refused(self, kind):
        """The version that Envoy keeps, and its reason for refusing what came after."""
        refusals = eventually(
            lambda: [one for one in self._answers if one["type"] == kind and "error" in one],
            f"a refusal among {self._answers}",
        )
        return refusals[-1]["version"], refusals[-1]["error"]

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.kill()
        self._process.wait()
