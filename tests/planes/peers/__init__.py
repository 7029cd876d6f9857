"""The peers of `weir serve` in these tests: clients, upstreams and the process, on loopback."""
