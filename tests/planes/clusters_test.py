"""How requests are spread over a cluster's endpoints, and what bounds them."""

import unittest

from peers import bootstrap, loop
from peers.case import PlaneTest, guest
from peers.http1 import Http1Upstream
from peers.message import Response
from peers.tcp import Nowhere, TcpUpstream
from peers.weir import eventually


class ClusterTest(PlaneTest):
    def serve(self, *peers, route=None, **cluster):
        settings = bootstrap.cluster("upstream", peers[0])
        settings["load_assignment"]["endpoints"] = [
            {"lb_endpoints": [bootstrap.endpoint(peer) for peer in peers]}
        ]
        settings.update(cluster)
        routes = [{"match": {"prefix": "/"}, "route": {"cluster": "upstream", **(route or {})}}]
        listener = bootstrap.listener("web", routes=routes)
        self.running = self.weir(bootstrap=bootstrap.bootstrap([listener], [settings]))

    def request(self, path="/"):
        return self.client(self.running.port).request(path)

    def named(self, name):
        peer = self.upstream(Http1Upstream)
        peer.name = name
        peer.well = True

        async def respond(request):
            if request.path == "/health":
                return Response(200 if peer.well else 503)
            return Response(body=name.encode())

        peer.respond = respond
        return peer

    def names(self, count):
        return {self.request().text for _ in range(count)}


def health_check(how, **fields):
    return {
        "timeout": "1s",
        "interval": "0.1s",
        "unhealthy_threshold": 2,
        "healthy_threshold": 2,
        **fields,
        **how,
    }


_HTTP = {"http_health_check": {"path": "/health"}}


class HealthTest(ClusterTest):
    def healthy(self):
        return self.running.stat("cluster.upstream.membership_healthy")

    def test_http(self):
        """An endpoint that is not well is passed over until it is well again."""
        one, two = self.named("one"), self.named("two")
        self.serve(one, two, health_checks=[health_check(_HTTP)])
        eventually(lambda: self.running.stat("cluster.upstream.health_check.attempt") >= 2, "checks")
        self.assertEqual(self.names(6), {"one", "two"})
        two.well = False
        eventually(lambda: self.healthy() == 1, "one to be unhealthy")
        self.assertEqual(self.names(6), {"one"})
        two.well = True
        eventually(lambda: self.healthy() == 2, "both to be healthy")
        self.assertEqual(self.names(6), {"one", "two"})
        check = next(r for r in one.requests if r.path == "/health")
        self.assertEqual(check.headers.get("host"), "upstream")

    def test_tcp(self):
        """PING, and +PONG somewhere in what comes back."""
        answers = {"word": b"+PO"}

        def serve(connection):
            while connection.recv(100):
                connection.sendall(b"junk " + answers["word"] + b"NG\r\n")

        ping = {"tcp_health_check": {"send": {"text": "50494e47"},
                                     "receive": [{"text": "2b504f4e47"}]}}
        peer = self.upstream(TcpUpstream, serve=serve)
        self.serve(
            peer, health_checks=[health_check(ping)],
            common_lb_config={"healthy_panic_threshold": {"value": 0}},
        )
        eventually(lambda: self.running.stat("cluster.upstream.health_check.attempt") > 3, "checks")
        self.assertEqual(self.healthy(), 1)
        answers["word"] = b"-PO"
        eventually(lambda: self.healthy() == 0, "it to be unhealthy", )
        response = self.request()
        self.assertEqual((response.status, response.text), (503, "no healthy upstream"))

    def test_a_connection_is_enough(self):
        self.serve(
            self.named("one"), self.upstream(Nowhere),
            health_checks=[health_check({"tcp_health_check": {}})],
        )
        eventually(lambda: self.healthy() == 1, "one to be unhealthy")
        self.assertEqual(self.names(4), {"one"})

    def test_in_a_panic_all_are_used(self):
        one, two = self.named("one"), self.named("two")
        one.well = two.well = False
        self.serve(one, two, health_checks=[health_check(_HTTP)])
        eventually(lambda: self.healthy() == 0, "both to be unhealthy")
        self.assertEqual(self.names(6), {"one", "two"})


class BalancingTest(ClusterTest):
    def test_the_least_loaded_is_taken(self):
        slow, fast = self.named("slow"), self.named("fast")
        gate = loop.Gate()

        async def respond(request):
            if request.path == "/held":
                await gate.passed()
            return Response(body=b"slow")

        slow.respond = respond
        self.serve(slow, fast, lb_policy="LEAST_REQUEST", least_request_lb_config={"choice_count": 9})
        # Until one is held by the slow endpoint; each other answers at once.
        held = []
        while gate.waiting == 0:
            started = self.client(self.running.port).start("/held")
            eventually(lambda: started.done() or gate.waiting, "an answer, or none")
            held.append(started)
        self.assertEqual(self.names(10), {"fast"})
        gate.open()
        for one in held:
            self.assertEqual(one.result(30).status, 200)

    def test_random(self):
        self.serve(self.named("one"), self.named("two"), lb_policy="RANDOM")
        self.assertEqual(self.names(40), {"one", "two"})

    def test_names_are_looked_up(self):
        peer = self.named("one")
        for kind in ("STRICT_DNS", "LOGICAL_DNS"):
            with self.subTest(kind):
                settings = bootstrap.endpoint(peer)
                settings["endpoint"]["address"]["socket_address"]["address"] = "localhost"
                self.serve(
                    peer, type=kind, dns_refresh_rate="0.3s",
                    load_assignment={"endpoints": [{"lb_endpoints": [settings]}]},
                )
                self.assertEqual(self.names(3), {"one"})


class LimitTest(ClusterTest):
    def held(self, count):
        """Requests that do not end before the gate opens."""
        self.gate = loop.Gate()
        peer = self.upstream(Http1Upstream)

        async def respond(request):
            await self.gate.passed()
            return Response(body=b"done")

        peer.respond = respond
        return peer

    def limits(self, **thresholds):
        return {"circuit_breakers": {"thresholds": [thresholds]}}

    def start(self, count):
        return [self.client(self.running.port).start("/") for _ in range(count)]

    def test_requests(self):
        self.serve(self.held(2), **self.limits(max_requests=2))
        started = self.start(2)
        eventually(lambda: self.gate.waiting == 2, "both to be held")
        refused = self.request()
        self.assertEqual(refused.status, 503)
        self.assertIn("overflow", refused.text)
        self.gate.open()
        self.assertEqual([one.result(30).status for one in started], [200, 200])
        self.assertEqual(self.request().status, 200)
        self.assertEqual(self.running.stat("cluster.upstream.upstream_rq_pending_overflow"), 1)

    def test_connections_and_those_who_wait_for_one(self):
        self.serve(self.held(1), **self.limits(max_connections=1, max_pending_requests=1))
        started = self.start(1)
        eventually(lambda: self.gate.waiting == 1, "one to be held")
        started += self.start(1)
        eventually(
            lambda: self.running.stat("cluster.upstream.upstream_cx_overflow") >= 1, "one to wait"
        )
        self.assertEqual(self.request().status, 503)
        self.gate.open()
        self.assertEqual([one.result(30).status for one in started], [200, 200])
        self.assertEqual(self.running.stat("cluster.upstream.upstream_cx_total"), 1)

    def test_retries(self):
        peer = self.upstream(Http1Upstream)

        async def respond(request):
            return Response(503)

        peer.respond = respond
        policy = {"retry_policy": {"retry_on": "5xx", "num_retries": 3}}
        self.serve(peer, route=policy, **self.limits(max_retries=0))
        self.assertEqual(self.request().status, 503)
        self.assertEqual(len(peer.requests), 1)
        self.assertEqual(self.running.stat("cluster.upstream.upstream_rq_retry_overflow"), 1)


class FilterSwitchTest(PlaneTest):
    """Requests that do not pass a plugin."""

    def tags(self, routes, **host):
        peer = self.upstream(Http1Upstream)
        plugin = bootstrap.plugin("all", guest("http_all"))
        plugin["disabled"] = host.pop("off", False)
        listener = bootstrap.listener("web", plugin, routes=routes, host=host)
        weir = self.weir(
            bootstrap=bootstrap.bootstrap([listener], [bootstrap.cluster("upstream", peer)])
        )

        def passes(case):
            response = self.client(weir.port).request(
                "/body/rewrite", method="POST", body=b"x", headers={"x-case": case}
            )
            return response.text == "response(request(x))"

        return passes

    def test_routes_and_hosts_decide(self):
        config = "type.googleapis.com/envoy.config.route.v3.FilterConfig"
        off = {"all": {"@type": config, "disabled": True}}
        on = {"all": {"@type": config, "config": {}}}

        def route(case, filters):
            headers = [{"name": "x-case", "string_match": {"exact": case}}]
            return {
                "match": {"prefix": "/", "headers": headers},
                "route": {"cluster": "upstream"},
                "typed_per_filter_config": filters,
            }

        plain = {"match": {"prefix": "/"}, "route": {"cluster": "upstream"}}
        routes = [route("off", off), route("on", on), plain]
        for name, host, otherwise in (
            ("all pass", {}, True),
            ("the host says no", {"typed_per_filter_config": off}, False),
            ("the filter is off", {"off": True}, False),
        ):
            with self.subTest(name):
                passes = self.tags(routes, **host)
                self.assertEqual(passes("other"), otherwise)
                self.assertFalse(passes("off"))
                self.assertTrue(passes("on"))


_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
_CODEC = "type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec"


class PluginsTest(ClusterTest):
    """Plugins of a cluster, behind the router."""

    def serve_with_plugin(self, peer, route=None):
        options = {
            "@type": f"type.googleapis.com/{_HTTP_OPTIONS}",
            "explicit_http_config": {"http_protocol_options": {}},
            "http_filters": [
                bootstrap.plugin("all", guest("http_all")),
                {"name": "codec", "typed_config": {"@type": _CODEC}},
            ],
        }
        self.serve(peer, route=route, typed_extension_protocol_options={_HTTP_OPTIONS: options})

    def test_both_messages_pass_them(self):
        peer = self.named("one")
        self.serve_with_plugin(peer, {"prefix_rewrite": "/headers"})
        response = self.request("/")
        # It sees what the router has made of the request.
        self.assertEqual(peer.requests[0].headers.get("x-set"), "guest")
        self.assertEqual((response.text, response.headers.get("x-set")), ("one", "guest"))

    def test_their_answers_are_final(self):
        peer = self.named("one")
        policy = {"retry_on": "retriable-status-codes", "retriable_status_codes": [403], "num_retries": 2}
        self.serve_with_plugin(peer, {"retry_policy": policy})
        response = self.request("/local-response")
        self.assertEqual((response.status, response.text), (403, "denied by guest"))
        self.assertEqual(peer.requests, [])
        self.assertEqual(self.running.stat("cluster.upstream.upstream_rq_retry"), 0)

    def test_each_try_passes_them(self):
        peer = self.named("one")
        statuses = [503, 503, 200]

        async def respond(_):
            return Response(statuses.pop(0))

        peer.respond = respond
        policy = {"retry_on": "5xx", "num_retries": 2, "retry_back_off": {"base_interval": "0.001s"}}
        self.serve_with_plugin(peer, {"retry_policy": policy})
        response = self.request("/headers")
        self.assertEqual((response.status, response.headers.all("x-set")), (200, ["guest"]))
        self.assertEqual([r.headers.all("x-set") for r in peer.requests], [["guest"]] * 3)

    def test_an_upstream_that_is_not_there(self):
        self.serve_with_plugin(self.upstream(Nowhere))
        response = self.request("/headers")
        self.assertEqual(response.status, 503)
        self.assertIn("connection failure", response.text)


if __name__ == "__main__":
    unittest.main()
