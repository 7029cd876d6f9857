"""Configurations of libweir-envoy.so by a control plane: what it refuses, the control plane hears
of, and what was there before serves on."""

import unittest

from peers.case import PlaneTest, free_port, guest
from peers.control_plane import EXTENSIONS, LISTENERS, ControlPlane
from peers.envoy import Envoy, cluster, listener, plugin_config, weir_filter
from peers.http1 import Http1Client
from peers.message import Broken
from peers.weir import eventually

_FILTER = (
    "type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter"
)


def http_all(configuration="scenario=/headers", **options):
    return plugin_config("http_all", guest("http_all"), configuration, **options)


def plain(filter_):
    """Without the fields that the control plane's definitions do not have."""
    module = filter_["typed_config"]["dynamic_module_config"]
    filter_["typed_config"]["dynamic_module_config"] = {"name": module["name"]}
    return filter_


class XdsTest(PlaneTest):
    """Envoy refuses in one way what cannot be read, compiled, started or configured: BAD has one of
    each, with what its reason says."""

    BAD = {
        "a plugin that refuses its configuration": (
            lambda: http_all("fail=configure"),
            "proxy_on_configure",
        ),
        "code that is not there": (
            lambda: plugin_config("http_all", "/nowhere.wasm"),
            "/nowhere.wasm",
        ),
        "an unknown field": (lambda: {**http_all(), "nmae": "x"}, "did you mean 'name'?"),
        "an unknown engine": (lambda: http_all(engine="fast"), "unknown runtime"),
    }

    def start(self, listeners, extensions=(), workers=2):
        self.control = ControlPlane()
        self.addCleanup(self.control.close)
        version = self.control.serve(listeners, extensions)
        self.envoy = Envoy(
            listeners,
            [cluster("upstream", self.upstream())],
            workers=workers,
            control_plane=self.control,
        )
        self.addCleanup(self.envoy.stop)
        return version

    def listening(self, filter_):
        """The listener, always on the same port."""
        one = listener("main", plain(filter_))
        self.port = getattr(self, "port", None) or free_port()
        one["address"]["socket_address"]["port_value"] = self.port
        return one

    def answer(self):
        client = Http1Client(self.port)
        try:
            return client.request("/any")
        except Broken:
            return None
        finally:
            client.close()

    def is_answered_by(self, status):
        response = self.answer()
        return response is not None and response.status == status

    def check_first_serves(self):
        for _ in range(4):
            self.assertEqual(self.answer().headers.get("x-set"), "guest")

    def discovered(self, config):
        """The filter's configuration as a resource of its own."""
        return {"name": "http_all", "typed_config": plain(weir_filter(config))["typed_config"]}


class ListenerTest(XdsTest):
    def test_a_listener_that_changes_its_plugin(self):
        version = self.start([self.listening(weir_filter(http_all()))])
        self.control.wait_until_taken(LISTENERS, version)
        self.check_first_serves()
        version = self.control.serve([self.listening(weir_filter(http_all("scenario=/local-response")))])
        self.control.wait_until_taken(LISTENERS, version)
        eventually(lambda: self.is_answered_by(403), "the second plugin")

    def test_a_listener_whose_plugin_is_bad(self):
        for name, (config, reason) in self.BAD.items():
            with self.subTest(name):
                kept = self.start([self.listening(weir_filter(http_all()))])
                self.control.wait_until_taken(LISTENERS, kept)
                self.control.serve([self.listening(weir_filter(config()))])
                version, error = self.control.wait_until_refused(LISTENERS)
                self.assertEqual(version, kept)
                # Envoy tells the control plane of its own step; the reason is in its log.
                self.assertIn("dynamic module", error)
                self.assertIn(reason, self.envoy.wait_for_line(r"\[error\]"))
                self.assertGreaterEqual(self.envoy.stat("listener_manager.lds.update_rejected"), 1)
                self.check_first_serves()
                # And a good one is taken afterwards.
                good = self.control.serve(
                    [self.listening(weir_filter(http_all("scenario=/local-response")))]
                )
                self.control.wait_until_taken(LISTENERS, good)
                eventually(lambda: self.is_answered_by(403), "the next plugin")
                self.port = None


class ExtensionTest(XdsTest):
    def listener_of_discovered(self):
        source = {"resource_api_version": "V3", "ads": {}}
        filter_ = {
            "name": "http_all",
            "config_discovery": {"config_source": source, "type_urls": [_FILTER]},
        }
        one = listener("main", filter_)
        self.port = getattr(self, "port", None) or free_port()
        one["address"]["socket_address"]["port_value"] = self.port
        return one

    def begin(self, config):
        self.listeners = [self.listener_of_discovered()]
        version = self.start(self.listeners, [self.discovered(config)])
        self.control.wait_until_taken(EXTENSIONS, version)
        return version

    def test_a_plugin_changes_without_its_listener(self):
        self.begin(http_all())
        self.check_first_serves()
        version = self.control.serve(
            self.listeners, [self.discovered(http_all("scenario=/local-response"))]
        )
        self.control.wait_until_taken(EXTENSIONS, version)
        eventually(lambda: self.is_answered_by(403), "the second plugin")

    def test_a_plugin_that_is_bad_changes_nothing(self):
        for name, (config, reason) in self.BAD.items():
            with self.subTest(name):
                kept = self.begin(http_all())
                self.control.serve(self.listeners, [self.discovered(config())])
                version, error = self.control.wait_until_refused(EXTENSIONS)
                self.assertEqual(version, kept)
                self.assertIn("dynamic module", error)
                self.assertIn(reason, self.envoy.wait_for_line(r"\[error\]"))
                self.check_first_serves()
                self.port = None

    def test_many_updates_leave_nothing_behind(self):
        self.begin(http_all())
        for number in range(12):
            version = self.control.serve(
                self.listeners, [self.discovered(http_all(f"scenario=/headers\ntick_ms={900 + number}"))]
            )
            self.control.wait_until_taken(EXTENSIONS, version)
            self.check_first_serves()
        prefix = "dynamicmodulescustom.wasm.wasmtime"

        def active():
            # What has been replaced ends at its worker's next event.
            self.check_first_serves()
            return self.envoy.stat(f"{prefix}.active")

        eventually(lambda: active() <= 2, "instances of replaced plugins to end")


if __name__ == "__main__":
    unittest.main()
