"""The gRPC server that tests/planes/grpc builds."""

import os

from .server_program import ServerProgram


class GrpcServer(ServerProgram):
    def __init__(self):
        super().__init__(os.environ["WEIR_TEST_GRPC_SERVER"], scheme="h2c")
