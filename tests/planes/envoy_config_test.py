"""What a filter of libweir-envoy.so may be configured with, and how Envoy says no."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from peers.case import PlaneTest, guest
from peers.envoy import (
    Envoy,
    cluster,
    listener,
    plugin_config,
    refusal,
    route_config,
    weir_filter,
)
from peers.http1 import Http1Client
from peers.message import Broken
from peers.weir import eventually

_STRING = "type.googleapis.com/google.protobuf.StringValue"
_BYTES = "type.googleapis.com/google.protobuf.BytesValue"


class ConfigCase(PlaneTest):
    def serve(self, *filters, **options):
        self.upstream = self.upstream()
        self.envoy = Envoy(
            [listener("main", *filters, **options)], [cluster("upstream", self.upstream)]
        )
        self.addCleanup(self.envoy.stop)
        return self.client(self.envoy.port)

    def http_all(self, configuration="scenario=/headers", **options):
        return plugin_config("http_all", guest("http_all"), configuration, **options)

    def given(self, any_value):
        """A filter with this google.protobuf.Any for its configuration."""
        filter_ = weir_filter(self.http_all())
        filter_["typed_config"]["filter_config"] = any_value
        return filter_

    def check_it_runs(self, client):
        self.assertEqual(client.request("/any").headers.get("x-set"), "guest")


class FormTest(ConfigCase):
    def test_the_config_block_of_a_wasm_filter(self):
        self.check_it_runs(self.serve(weir_filter(self.http_all())))

    def test_plugin_options_around_it(self):
        options = {"plugin": self.http_all(), "limits": {"call_cpu_time": "0.05s"}}
        self.check_it_runs(self.serve(weir_filter(options, name="http_all")))

    def test_the_whole_message_of_a_wasm_filter(self):
        self.check_it_runs(self.serve(weir_filter({"config": self.http_all()}, name="http_all")))

    def test_text_in_yaml(self):
        text = f"""
name: http_all
configuration:
  "@type": {_STRING}
  value: scenario=/headers
vm_config:
  code: {{local: {{filename: "{guest("http_all")}"}}}}
"""
        self.check_it_runs(self.serve(self.given({"@type": _STRING, "value": text})))


class RefusalTest(ConfigCase):
    def refusal_of(self, config):
        return self.refusal_of_filter(weir_filter(config, name="mine"))

    def refusal_of_filter(self, filter_):
        return refusal(listener("main", filter_), self.upstream())

    def test_an_unknown_field(self):
        log = self.refusal_of({**self.http_all(), "nmae": "x"})
        self.assertIn("filter_config of 'mine'", log)
        self.assertIn("nmae: unknown field; did you mean 'name'?", log)

    def test_code_that_is_not_there(self):
        log = self.refusal_of(plugin_config("http_all", "/nowhere.wasm"))
        self.assertIn("/nowhere.wasm", log)

    def test_a_plugin_that_refuses_its_configuration(self):
        log = self.refusal_of(self.http_all(configuration="fail=configure"))
        self.assertIn("plugin 'http_all'", log)
        self.assertIn("proxy_on_configure", log)

    def test_an_engine_that_is_not_there(self):
        log = self.refusal_of(self.http_all(engine="fast"))
        self.assertIn("unknown runtime 'envoy.wasm.runtime.fast'", log)

    def test_nothing(self):
        filter_ = weir_filter(self.http_all())
        del filter_["typed_config"]["filter_config"]
        self.assertIn("is empty", self.refusal_of_filter(filter_))

    def test_bytes_that_are_nothing(self):
        log = self.refusal_of_filter(self.given({"@type": _BYTES, "value": "AAECAw=="}))
        self.assertIn("is neither JSON nor YAML", log)


class RouteTest(ConfigCase):
    def test_a_route_may_name_another_plugin(self):
        other = plugin_config("other", guest("http_all"), "scenario=/local-response")
        route = {
            "match": {"prefix": "/guarded"},
            "route": {"cluster": "upstream"},
            "typed_per_filter_config": {"http_all": route_config(other)},
        }
        client = self.serve(weir_filter(self.http_all()), routes=[route])
        self.check_it_runs(client)
        self.assertEqual(client.request("/guarded").status, 403)
        self.check_it_runs(client)

    def test_a_route_may_do_without_the_plugin(self):
        disabled = {
            "@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig",
            "disabled": True,
        }
        route = {
            "match": {"prefix": "/plain"},
            "route": {"cluster": "upstream"},
            "typed_per_filter_config": {"http_all": disabled},
        }
        client = self.serve(weir_filter(self.http_all()), routes=[route])
        self.assertNotIn("x-set", client.request("/plain").headers)
        self.check_it_runs(client)


class ChainTest(ConfigCase):
    def test_two_filters_of_one_stream_share_its_properties(self):
        first = plugin_config("first", guest("http_all"), vm_id="one")
        second = plugin_config("second", guest("http_all"), vm_id="two")
        client = self.serve(weir_filter(first), weir_filter(second))
        self.assertEqual(client.request("/set-property").headers.all("x-note"), ["kept"])

    def test_access_logs_see_properties(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        file = pathlib.Path(folder.name) / "access"
        client = self.serve(
            weir_filter(plugin_config("http_all", guest("http_all"))),
            access_log=(file, "note: %FILTER_STATE(wasm.guest.note:PLAIN)%"),
        )
        client.request("/set-property")
        client.close()
        eventually(lambda: file.exists() and "note: kept" in file.read_text(), "the access log")


class UpdateTest(ConfigCase):
    def test_a_listener_with_another_configuration_takes_the_place_of_the_first(self):
        self.upstream = self.upstream()
        self.envoy = Envoy(
            [listener("main", weir_filter(self.http_all()))],
            [cluster("upstream", self.upstream)],
            workers=2,
            dynamic=True,
        )
        self.addCleanup(self.envoy.stop)
        client = self.client(self.envoy.port)
        self.check_it_runs(client)
        for round_ in range(5):
            self.envoy.update(
                [listener("main", weir_filter(self.http_all(f"scenario=/local-response\ntick_ms={20 + round_}")))]
            )
            self.wait_for_status(403)
            self.envoy.update([listener("main", weir_filter(self.http_all()))])
            self.wait_for_status(200)
        # What is not used any more has ended on every worker that had it.
        eventually(self.all_but_the_last_have_ended, "old instances to end")

    def wait_for_status(self, status):
        def answer():
            client = Http1Client(self.envoy.port)
            try:
                return client.request("/any").status
            except Broken:
                return None
            finally:
                client.close()

        eventually(lambda: answer() == status, f"status {status}")

    def all_but_the_last_have_ended(self):
        self.wait_for_status(200)
        return self.envoy.stat("wasmcustom.wasm.wasmtime.active") <= 2

    def test_a_bad_update_leaves_the_plugin_as_it_is(self):
        self.upstream = self.upstream()
        self.envoy = Envoy(
            [listener("main", weir_filter(self.http_all()))],
            [cluster("upstream", self.upstream)],
            dynamic=True,
        )
        self.addCleanup(self.envoy.stop)
        self.envoy.update([listener("main", weir_filter(self.http_all("fail=configure")))])
        self.envoy.wait_for_line("proxy_on_configure")
        self.check_it_runs(self.client(self.envoy.port))


class NeededTest(unittest.TestCase):
    def test_every_function_of_envoy_that_is_called_is_asked_for_first(self):
        """Envoy binds functions when they are first called, and would die of one that is missing."""
        module = pathlib.Path(os.environ["WEIR_TEST_ENVOY_MODULE"])
        listing = subprocess.run(
            ["nm", "--dynamic", "--undefined-only", module], capture_output=True, text=True, check=True
        )
        called = set(re.findall(r"envoy_dynamic_module_callback_(\w+)", listing.stdout))
        self.assertGreater(len(called), 100)
        table = pathlib.Path(__file__).parents[2] / "src/planes/envoy/needed_callbacks.cc"
        asked = set(re.findall(r'"(\w+)",', table.read_text()))
        self.assertEqual(called - asked, set())


if __name__ == "__main__":
    unittest.main()
