"""A server of its own program, which prints its port, and ends with its standard input."""

import subprocess


class ServerProgram:
    def __init__(self, *command, scheme):
        self.scheme = scheme
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.port = int(self._process.stdout.readline())

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def close(self):
        self._process.communicate()
