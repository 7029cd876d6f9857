"""Ports for listeners that cannot tell theirs."""

import socket


def free_port():
    """Where a listener may be, if nobody takes it before."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
