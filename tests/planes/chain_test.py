"""Several plugins on a listener, several listeners and workers, and clusters by name."""

import unittest

from peers import loop
from peers.bootstrap import bootstrap, cluster, listener, plugin
from peers.case import PlaneTest, guest
from peers.http1 import Http1Client
from peers.http2 import Http2Client, Http2Upstream
from peers.message import Fields, Response, make_request


class OrderTest(PlaneTest):
    """A chain of Rust, C++, Go and a plugin of ABI 0.1.0."""

    def setUp(self):
        self.upstream = self.upstream(Http2Upstream)
        chain = [
            plugin("first", guest("http_all"), root_id="root-1"),
            plugin("second", guest("cpp_http")),
            plugin("third", guest("go_http")),
            plugin("fourth", guest("header_v1")),
        ]
        config = bootstrap([listener("main", *chain)], [cluster("upstream", self.upstream)])
        self.weir = self.weir(bootstrap=config, workers=2)
        self.client = self.client(self.weir.port)

    def test_headers_pass_all_plugins_in_order(self):
        response = self.client.request("/headers")
        request = self.upstream.requests[0]
        # C++ sets it where the others add.
        self.assertEqual(request.headers.all("x-guest"), ["cpp", "go", "v1"])
        self.assertEqual(request.headers.get("x-set"), "guest")
        # A response passes them in reverse.
        self.assertEqual(response.headers.all("x-guest"), ["cpp"])
        self.assertEqual(response.headers.get("x-set"), "guest")

    def test_a_plugin_sees_what_those_before_it_did(self):
        self.client.request("/headers")
        headers = self.upstream.requests[0].headers
        # Go counts after C++ has added x-guest and x-pairs.
        self.assertEqual(int(headers.get("x-count")), int(headers.get("x-pairs")) + 2)

    def test_a_local_response_ends_the_request(self):
        response = self.client.request("/local-response")
        self.assertEqual((response.status, response.text), (403, "denied by guest"))
        self.assertEqual(self.upstream.requests, [])

    def test_a_plugin_further_on_answers_too(self):
        response = self.client.request("/deny")
        self.assertEqual((response.status, response.text), (403, "denied"))
        self.assertEqual(self.upstream.requests, [])

    def test_two_plugins_rewrite_a_body(self):
        response = self.client.request("/body", method="POST", body=[b"one", b"two"])
        self.assertEqual(self.upstream.requests[0].body, b"cpp(onetwo)")
        # Go, then C++.
        self.assertEqual(response.body, b"cpp(11 bytes)")

    def test_a_root_id_is_told(self):
        self.assertEqual(
            self.client.request("/properties").headers.get("x-plugin-root-id"), "root-1"
        )

    def test_all_plugins_are_told_in_order(self):
        names = [told["name"] for told in self.weir.plugins()]
        self.assertEqual(names, ["first", "second", "third", "fourth"])


class SameModuleTest(PlaneTest):
    """One module twice in a chain: one VM if they say the same of it, else two."""

    def counter_of_second_request(self, *vm_ids):
        """Both plugins count each request; the first of the chain has the last word on a response."""
        upstream = self.upstream()
        chain = [
            plugin(f"plugin-{place}", guest("http_all"), "scenario=/shared-data", vm_id=vm_id)
            for place, vm_id in enumerate(vm_ids)
        ]
        config = bootstrap([listener("main", *chain)], [cluster("upstream", upstream)])
        client = self.client(self.weir(bootstrap=config).port)
        client.request("/")
        return client.request("/").headers.get("x-counter")

    def test_plugins_of_one_vm_id_share_data(self):
        self.assertEqual(self.counter_of_second_request("vm", "vm"), "3")

    def test_plugins_of_two_vm_ids_do_not(self):
        self.assertEqual(self.counter_of_second_request("vm-1", "vm-2"), "2")


class ClustersTest(PlaneTest):
    def test_listeners_go_to_their_clusters(self):
        async def respond(request):
            return Response(200, Fields(), b"other")

        one, other = self.upstream(), self.upstream(Http2Upstream, respond=respond)
        config = bootstrap(
            [listener("a", cluster="one"), listener("b", cluster="other")],
            [cluster("one", one), cluster("other", other)],
        )
        weir = self.weir(bootstrap=config, listeners=2)
        first, second = (self.client(port) for port in weir.ports)
        self.assertEqual(first.request(method="POST", body=b"echo").body, b"echo")
        self.assertEqual(second.request(method="POST", body=b"echo").body, b"other")
        self.assertEqual(weir.stat("cluster.one.upstream_rq_total"), 1)
        self.assertEqual(weir.stat("cluster.other.upstream_rq_total"), 1)

    def test_an_environment_is_given_to_the_plugin(self):
        upstream = self.upstream()
        told = plugin("p", guest("http_all"), environment={"GUEST_TEST": "told"})
        config = bootstrap([listener("main", told)], [cluster("upstream", upstream)])
        client = self.client(self.weir(bootstrap=config).port)
        self.assertEqual(client.request("/environment").headers.get("x-environment"), "told")


class WorkersTest(PlaneTest):
    """Every worker has VMs of its own, and all share the plugins' data."""

    WORKERS = 3
    CONNECTIONS = 60

    def test_many_connections_count_together(self):
        upstream = self.upstream()
        weir = self.weir(guest("http_all"), "--upstream", upstream.url, workers=self.WORKERS)
        clients = [Http1Client(weir.port) for _ in range(self.CONNECTIONS)]
        request = make_request("/shared-data")
        answers = loop.run_all([client.exchange(request) for client in clients])
        counts = sorted(int(answer.headers.get("x-counter")) for answer in answers)
        self.assertEqual(counts, list(range(1, self.CONNECTIONS + 1)))
        self.assertEqual(len(weir.plugins()[0]["workers"]), self.WORKERS)

    def test_many_streams_of_one_connection(self):
        upstream = self.upstream(Http2Upstream)
        weir = self.weir(guest("http_all"), "--upstream", upstream.url, workers=self.WORKERS)
        client = self.client(weir.port, Http2Client)
        bodies = [b"%d" % number for number in range(90)]
        requests = [make_request("/body/rewrite", method="POST", body=body) for body in bodies]
        answers = loop.run_all([client.exchange(request) for request in requests])
        expected = [b"response(request(%s))" % body for body in bodies]
        self.assertEqual([answer.body for answer in answers], expected)


if __name__ == "__main__":
    unittest.main()
