"""Which test shows what each field of a plugin's messages does through a running `weir serve`: none of the fields on
docs/supported-fields.md is left out. That another value of each is read into other settings, src/config/every_field_test.cc
tries out."""

import importlib
import pathlib
import re
import unittest

_PAGE = pathlib.Path(__file__).parents[2] / "docs/supported-fields.md"

# Messages that plugins are described by; others are of the proxy around them.
_MESSAGES = re.compile(
    r"weir\.v1\.(PluginOptions|ServiceOptions|Limits|Fetch)"
    r"|envoy\.extensions\.([a-z_]+\.)*wasm\.v3\.\w+"
    r"|envoy\.config\.core\.v3\.(AsyncDataSource|DataSource|RemoteDataSource|WatchedDirectory|HttpUri"
    r"|RetryPolicy|BackoffStrategy)"
)

_VM = "config_fields_test.VmConfigTest."
_PLUGIN = "config_fields_test.PluginConfigTest."
_FAILURE = "config_fields_test.FailureTest."
_CODE = "config_options_test.CodeTest."
_OPTIONS = "config_options_test.OptionsTest."

# A wrapper's field is shown by whatever the message in it does.
TESTS = {
    "filters.http.wasm.v3.Wasm.config": "config_options_test.WrapperTest.test_an_http_filter_in_envoys_message",
    "filters.network.wasm.v3.Wasm.config": "config_options_test.WrapperTest.test_a_network_filter_in_envoys_message",
    "WasmAccessLog.config": "access_log_test.PluginTest.test_a_plugin_is_told_of_each_stream_and_can_read_it",
    "WasmService.config": "service_test.ServiceTest.test_a_service_has_ticks_and_calls_clusters",
    "WasmService.singleton": "service_test.ServiceTest.test_a_singleton_is_there_once_and_others_on_each_worker",
    "ServiceOptions.options": "service_test.ServiceTest.test_limits_are_weirs_own_message",
    "ServiceOptions.singleton": "service_test.ServiceTest.test_limits_are_weirs_own_message",
    "PluginConfig.name": _PLUGIN + "test_name_and_root_id_are_properties",
    "PluginConfig.root_id": _PLUGIN + "test_root_id_chooses_the_root",
    "PluginConfig.vm_config": _VM + "test_vm_id_names_whose_data_are_shared",
    "PluginConfig.configuration": _VM + "test_configuration_of_every_kind",
    "PluginConfig.fail_open": _FAILURE + "test_fail_open_is_each_plugins_own",
    "PluginConfig.capability_restriction_config": _VM + "test_capabilities_in_their_older_place",
    "PluginConfig.failure_policy": _FAILURE + "test_failure_policies",
    "PluginConfig.reload_config": _FAILURE + "test_new_streams_while_none_can_be_started",
    "PluginConfig.allow_on_headers_stop_iteration": _PLUGIN + "test_allow_on_headers_stop_iteration",
    "VmConfig.vm_id": _VM + "test_vm_id_names_whose_data_are_shared",
    "VmConfig.runtime": "engines_test.EnginesTest.test_each_serves_its_plugin",
    "VmConfig.code": _VM + "test_code_filename",
    "VmConfig.configuration": _VM + "test_configuration_of_every_kind",
    "VmConfig.allow_precompiled": "precompiled_test.PrecompiledTest.test_it_is_not_looked_at_unless_allowed",
    "VmConfig.nack_on_code_cache_miss": "remote_test.NackTest.test_a_start_is_refused_and_the_next_one_succeeds",
    "VmConfig.environment_variables": _VM + "test_environment",
    "VmConfig.capability_restriction_config": _VM + "test_capabilities_withhold_callbacks",
    "EnvironmentVariables.host_env_keys": _VM + "test_environment",
    "EnvironmentVariables.key_values": _VM + "test_environment",
    "CapabilityRestrictionConfig.allowed_capabilities": _VM + "test_capabilities_withhold_hostcalls",
    "ReloadConfig.backoff": _FAILURE + "test_reload_config_says_when_the_next_start_may_be",
    "BackoffStrategy.base_interval": _FAILURE + "test_reload_config_says_when_the_next_start_may_be",
    "BackoffStrategy.max_interval": _OPTIONS + "test_max_interval_bounds_the_pauses_between_starts",
    "AsyncDataSource.local": _VM + "test_code_filename",
    "AsyncDataSource.remote": "remote_test.StartTest.test_code_is_fetched_once_and_kept",
    "DataSource.filename": _VM + "test_code_filename",
    "DataSource.inline_bytes": _VM + "test_code_inline_bytes",
    "DataSource.inline_string": _CODE + "test_code_inline_string_names_a_native_plugin",
    "DataSource.environment_variable": _CODE + "test_code_environment_variable_names_a_native_plugin",
    "DataSource.watched_directory": _VM + "test_code_watched_directory_has_to_be_there",
    "WatchedDirectory.path": _VM + "test_code_watched_directory_has_to_be_there",
    # It says what is so anyway.
    "WatchedDirectory.watch_modify": _CODE + "test_files_written_in_place_count_whatever_watch_modify_says",
    "RemoteDataSource.http_uri": "remote_test.StartTest.test_code_is_fetched_once_and_kept",
    "RemoteDataSource.sha256": "remote_test.StartTest.test_code_of_another_hash_is_never_used",
    "RemoteDataSource.retry_policy": "remote_test.StartTest.test_retries_bring_what_fails_at_first",
    "HttpUri.uri": "remote_test.StartTest.test_code_is_fetched_once_and_kept",
    # Of one that is among the clusters; else the uri's own host is asked.
    "HttpUri.cluster": "remote_test.ClusterTest.test_the_servers_of_the_cluster_are_asked",
    "HttpUri.timeout": _CODE + "test_http_uri_timeout_bounds_each_try",
    "RetryPolicy.num_retries": _CODE + "test_http_uri_timeout_bounds_each_try",
    "RetryPolicy.retry_back_off": _CODE + "test_max_interval_bounds_the_pauses_between_tries",
    "PluginOptions.plugin": _VM + "test_code_filename",
    "PluginOptions.limits": _OPTIONS + "test_call_cpu_time_is_how_long_a_call_may_take",
    "PluginOptions.unknown_imports": _OPTIONS + "test_unknown_imports",
    "PluginOptions.isolation": "faults_test.StreamIsolationTest.test_a_fault_costs_its_own_stream",
    "PluginOptions.fetch": "oci_test.BasicTest.test_the_pull_secret_opens_the_registry",
    "Limits.call_cpu_time": _OPTIONS + "test_call_cpu_time_is_how_long_a_call_may_take",
    "Limits.start_cpu_time": _OPTIONS + "test_start_cpu_time_is_how_long_a_start_may_take",
    "Limits.max_memory_bytes": _OPTIONS + "test_max_memory_bytes_is_what_an_instance_may_grow_to",
    "Limits.max_shared_data_bytes": _OPTIONS + "test_max_shared_data_bytes_and_max_queue_bytes_bound_each_vm",
    "Limits.max_queue_bytes": _OPTIONS + "test_max_shared_data_bytes_and_max_queue_bytes_bound_each_vm",
    "Limits.call_targets": "http_all_test.CallTargetsTest.test_calls_go_where_the_configuration_allows",
    "Limits.max_stream_memory_bytes": "faults_test.StreamIsolationTest.test_instances_have_a_bound",
    "Fetch.pull_secret": "oci_test.BasicTest.test_the_pull_secret_opens_the_registry",
    "Fetch.plain_http": "oci_test.TlsTest.test_a_registry_over_tls",
    "Fetch.follow_redirects": "remote_test.StartTest.test_redirects_are_followed_only_where_allowed",
    "Fetch.max_bytes": "remote_test.StartTest.test_code_that_is_too_large_is_refused",
}


def fields():
    """Those of the page, as TESTS names them."""
    message = None
    for line in _PAGE.read_text(encoding="utf-8").splitlines():
        if heading := re.match(r"## (\S+)$", line):
            message = heading[1] if _MESSAGES.fullmatch(heading[1]) else None
        elif message and (row := re.match(r"\| `(\w+)` \| \d+ \|", line)):
            short = message.rsplit(".", 1)[1]
            if short == "Wasm":
                short = message.removeprefix("envoy.extensions.")
            yield f"{short}.{row[1]}"


class EveryFieldTest(unittest.TestCase):
    def test_each_field_has_a_test(self):
        self.assertEqual(sorted(fields()), sorted(TESTS))

    def test_each_of_these_tests_is_there(self):
        for field, name in TESTS.items():
            module, case, test = name.split(".")
            with self.subTest(field=field):
                self.assertTrue(hasattr(getattr(importlib.import_module(module), case), test), name)


if __name__ == "__main__":
    unittest.main()
