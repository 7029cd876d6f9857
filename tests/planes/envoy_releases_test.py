"""The module in the release of Envoy before the one that it is made for: Envoy's promise is that a
module works in two releases, and the module's own that it says so where it cannot."""

import os
import unittest

import envoy_config_test
import envoy_http_test
import envoy_log_test
import envoy_reads_test
import envoy_service_test
import envoy_tcp_test
from peers import envoy as peer
from peers.case import guest
from peers.envoy import Envoy, cluster, listener, plugin_config, weir_filter


def setUpModule():
    previous = os.environ.get("WEIR_TEST_ENVOY_PREVIOUS")
    if not previous:
        raise unittest.SkipTest("no previous Envoy: run scripts/setup/envoy.sh previous")
    unittest.addModuleCleanup(setattr, peer, "BINARY", peer.BINARY)
    peer.BINARY = previous


class ConfigTest(envoy_config_test.FormTest, envoy_config_test.RouteTest):
    def test_envoy_tells_of_the_difference_and_goes_on(self):
        envoy = Envoy(
            [listener("main", weir_filter(plugin_config("http_all", guest("http_all"))))],
            [cluster("upstream", self.upstream())],
        )
        self.addCleanup(envoy.stop)
        self.assertIn("1.39", envoy.page("/server_info")[1])
        self.assertTrue(envoy.lines(r"[Dd]ynamic module ABI version"), envoy.log)


class HttpTest(envoy_http_test.EnvoyTestHttp1ToHttp1):
    pass


class Http2Test(envoy_http_test.EnvoyTestHttp2ToHttp2):
    pass


class ConnectionTest(envoy_tcp_test.PluginTest):
    pass


class LogTest(envoy_log_test.PluginTest):
    pass


class FilterStateTest(envoy_reads_test.FilterStateTest):
    pass


class ServiceTest(envoy_service_test.ServiceTest):
    pass


def load_tests(loader, _tests, _pattern):
    """What is imported is not run again under its own name."""
    cases = (ConfigTest, HttpTest, Http2Test, ConnectionTest, LogTest, FilterStateTest, ServiceTest)
    return unittest.TestSuite(loader.loadTestsFromTestCase(case) for case in cases)


if __name__ == "__main__":
    unittest.main()
