"""The gRPC server that tests/planes/grpc builds."""

import os
import subprocess


class GrpcServer:
    scheme = "h2c"

    def __init__(self):
        self._process = subprocess.Popen(
            [os.environ["WEIR_TEST_GRPC_SERVER"]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._process.stdout.readline())

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def close(self):
        self._process.communicate()
