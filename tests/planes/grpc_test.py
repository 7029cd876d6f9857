"""gRPC calls of a plugin to a real gRPC server, by every scenario of grpc_all
(tests/guests/README.md)."""

import unittest

from peers.case import ProtocolTest, guest, over_all_protocols
from peers.grpc import GrpcServer


@over_all_protocols
class GrpcTest(ProtocolTest):
    wasm = "grpc_all"

    @classmethod
    def plugin(cls):
        return [guest(cls.wasm)]

    @classmethod
    def arguments(cls):
        cls.grpc = GrpcServer()
        cls.addClassCleanup(cls.grpc.close)
        return [*cls.plugin(), "--cluster", f"grpc={cls.grpc.url}"]

    def call(self, path, message="hello", cluster="grpc", **headers):
        named = {f"x-{name.replace('_', '-')}": value for name, value in headers.items()}
        return self.request(path, headers={"x-cluster": cluster, "x-message": message, **named})

    def test_a_call_is_answered(self):
        response = self.call("/unary")
        self.assertEqual(response.status, 200)
        self.assertEqual(response.headers.get("x-grpc-status"), "0")
        self.assertEqual(response.text, "echo: hello")

    def test_a_call_fails_with_status_and_message(self):
        response = self.call("/unary", message="fail")
        self.assertEqual(response.headers.get("x-grpc-status"), "9")
        self.assertEqual(response.headers.get("x-grpc-message"), "as asked")

    def test_a_method_that_is_not_there(self):
        response = self.call("/unary", method="Nothing")
        self.assertEqual(response.headers.get("x-grpc-status"), "12")

    def test_a_call_times_out(self):
        response = self.call("/unary", message="hang", timeout_ms="50")
        self.assertIn(response.headers.get("x-grpc-status"), ("4", "14"))

    def test_a_call_to_an_unknown_cluster_is_refused(self):
        response = self.call("/unary", cluster="nobody")
        self.assertEqual(response.status, 503)
        self.assertRegex(response.text, "^refused: ")

    def test_a_request_goes_on_with_the_answer(self):
        self.assertEqual(self.call("/continue").status, 200)
        self.assertEqual(self.received.headers.get("x-answer"), "echo: hello")

    def test_a_cancelled_call_is_not_answered(self):
        self.assertEqual(self.call("/cancel").status, 200)
        # The instance would have failed by now, had the answer arrived.
        self.assertEqual(self.call("/unary").text, "echo: hello")
        self.assertEqual(self.weir.lines("was answered"), [])

    def test_a_stream_of_messages_each_way(self):
        response = self.call("/stream")
        self.assertEqual(response.headers.get("x-grpc-status"), "0")
        self.assertEqual(response.headers.get("x-initial"), "grpc_all")
        self.assertEqual(response.headers.get("x-trailing"), "grpc_all")
        self.assertEqual(response.text, "echo: hello 1\necho: hello 2\necho: hello 3")

    def test_a_stream_of_messages_answered_by_one(self):
        response = self.call("/stream", method="Collect")
        self.assertEqual(response.headers.get("x-grpc-status"), "0")
        self.assertEqual(response.text, "[hello 1][hello 2][hello 3]")

    def test_a_stream_is_cancelled(self):
        self.assertEqual(self.call("/stream/cancel").text, "cancelled")
        self.assertEqual(self.call("/unary").text, "echo: hello")


if __name__ == "__main__":
    unittest.main()
