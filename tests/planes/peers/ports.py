"""Ports for listeners that cannot tell theirs."""

import itertools
import os
import pathlib
import socket

_FIRST = 10240
_held = []


def _candidates():
    """Those that the system gives to nobody who asks for any port, neither a server nor a client; each process begins
    elsewhere. A system that keeps none back may give away what it is asked for, and there is no help."""
    low, high = map(int, pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    every = range(_FIRST, 65536)
    ports = [port for port in every if not low <= port <= high] or list(every)
    begin = os.getpid() * 61 % len(ports)
    return itertools.chain(ports[begin:], ports[:begin])


def _reserve(port):
    """Holds the port against all other tests on this network until this process ends: by a name that one socket can have,
    and that the system takes back by itself."""
    name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        name.bind(f"\0weir-test-port-{port}")
    except OSError:
        name.close()
        return False
    _held.append(name)
    return True


def _is_free(port):
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def free_port():
    """Where a listener may be, or nobody is. No other call of this gives the same, in tests that run beside this one, too."""
    for port in _candidates():
        if _reserve(port) and _is_free(port):
            return port
    raise AssertionError("no port is free")
