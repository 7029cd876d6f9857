"""A stock Envoy as a process under test, with plugins in its filter chains by libweir-envoy.so."""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from .loop import PATIENCE_S
from .weir import eventually

BINARY = os.environ.get("WEIR_TEST_ENVOY", "")
MODULE_FILE = os.environ.get("WEIR_TEST_ENVOY_MODULE", "")
CODE_CACHE = os.environ.get("WEIR_TEST_CODE_CACHE")

_TYPES = "type.googleapis.com/"
_MANAGER = (
    f"{_TYPES}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
)
_ROUTER = {
    "@type": f"{_TYPES}envoy.extensions.filters.http.router.v3.Router",
    "suppress_envoy_headers": True,
}
_FILTER = f"{_TYPES}envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter"
_ROUTE_FILTER = (
    f"{_TYPES}envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilterPerRoute"
)
_NETWORK_FILTER = (
    f"{_TYPES}envoy.extensions.filters.network.dynamic_modules.v3.DynamicModuleNetworkFilter"
)
_LOGGER = f"{_TYPES}envoy.extensions.access_loggers.dynamic_modules.v3.DynamicModuleAccessLog"
_EXTENSION = (
    f"{_TYPES}envoy.extensions.bootstrap.dynamic_modules.v3.DynamicModuleBootstrapExtension"
)
_TCP_PROXY = f"{_TYPES}envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"
_WASM = f"{_TYPES}envoy.extensions.filters.http.wasm.v3.Wasm"
_NETWORK_WASM = f"{_TYPES}envoy.extensions.filters.network.wasm.v3.Wasm"
_WASM_LOG = f"{_TYPES}envoy.extensions.access_loggers.wasm.v3.WasmAccessLog"
_WASM_SERVICE = f"{_TYPES}envoy.extensions.wasm.v3.WasmService"
_CLUSTER = f"{_TYPES}envoy.extensions.clusters.dynamic_modules.v3.ClusterConfig"
_LISTENER = f"{_TYPES}envoy.config.listener.v3.Listener"
_CLUSTERS = f"{_TYPES}envoy.config.cluster.v3.Cluster"
_TYPED_CONFIG = f"{_TYPES}envoy.config.core.v3.TypedExtensionConfig"
_ACCESS_LOG = f"{_TYPES}envoy.extensions.access_loggers.file.v3.FileAccessLog"
_STRUCT = f"{_TYPES}google.protobuf.Struct"
_STRING = f"{_TYPES}google.protobuf.StringValue"
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"

MODULE = {"name": "weir-envoy", "metrics_namespace": "wasmcustom"}


def plugin_config(name, wasm, configuration="", engine="wasmtime", vm_id="", **options):
    """A PluginConfig, as a Wasm filter has it under `config`."""
    config = {
        "name": name,
        "vm_config": {
            "runtime": f"envoy.wasm.runtime.{engine}",
            "code": {"local": {"filename": str(wasm)}},
            "vm_id": vm_id,
        },
        **options,
    }
    if configuration:
        config["configuration"] = {"@type": _STRING, "value": configuration}
    return config


def weir_filter(config, name=None):
    """An HTTP filter of Weir's module. `config` is what stands in its filter_config."""
    return {
        "name": name or config.get("name", "weir"),
        "typed_config": {
            "@type": _FILTER,
            "dynamic_module_config": MODULE,
            "filter_name": name or config.get("name", "weir"),
            "filter_config": {"@type": _STRUCT, "value": config},
        },
    }


def network_filter(config, name=None):
    """The same for connections."""
    return {
        "name": name or config.get("name", "weir"),
        "typed_config": {
            "@type": _NETWORK_FILTER,
            "dynamic_module_config": MODULE,
            "filter_name": name or config.get("name", "weir"),
            "filter_config": {"@type": _STRUCT, "value": config},
        },
    }


def plugin_log(config, name=None, **options):
    """An access logger of Weir's module. `options` are further fields of AccessLog."""
    name = name or config.get("name", "weir")
    logger = {
        "@type": _LOGGER,
        "dynamic_module_config": MODULE,
        "logger_name": name,
        "logger_config": {"@type": _STRUCT, "value": config},
    }
    return {"name": name, "typed_config": logger, **options}


def service(config, name="service"):
    """A bootstrap extension of Weir's module. `config` is a WasmService or what stands for one."""
    extension = {
        "@type": _EXTENSION,
        "dynamic_module_config": MODULE,
        "extension_name": name,
        "extension_config": {"@type": _STRUCT, "value": config},
    }
    return {"name": name, "typed_config": extension}


def wasm_filter(config, kind=_WASM, **options):
    """The same plugin in Envoy's own filter, on its own V8. `options` are further fields of that message."""
    vm = {**config["vm_config"], "runtime": "envoy.wasm.runtime.v8"}
    return {
        "name": config["name"],
        "typed_config": {"@type": kind, "config": {**config, "vm_config": vm}, **options},
    }


def network_wasm_filter(config):
    return wasm_filter(config, _NETWORK_WASM)


def wasm_log(config):
    """The same as an access logger of Envoy's own."""
    return wasm_filter(config, _WASM_LOG)


def wasm_service(config):
    """The same as a service of Envoy's own, one for the process."""
    return {**wasm_filter(config, _WASM_SERVICE, singleton=True), "name": "envoy.bootstrap.wasm"}


def route_config(config):
    """A plugin for one route, in place of the filter's own: an entry of typed_per_filter_config."""
    return {
        "@type": _ROUTE_FILTER,
        "dynamic_module_config": MODULE,
        "per_route_config_name": config["name"],
        "filter_config": {"@type": _STRUCT, "value": config},
    }


def _address(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def listener(
    name,
    *filters,
    cluster="upstream",
    routes=(),
    access_log=None,
    network_filters=(),
    **manager_options,
):
    """`routes` come before the one that sends all to `cluster`; `access_log` is a list, or a file's path
    and the text of its lines."""
    route = {"match": {"prefix": "/"}, "route": {"cluster": cluster, "timeout": "15s"}}
    hosts = [{"name": "all", "domains": ["*"], "routes": [*routes, route]}]
    manager = {
        "@type": _MANAGER,
        "stat_prefix": name,
        "http_protocol_options": {"enable_trailers": True},
        "route_config": {"virtual_hosts": hosts},
        "http_filters": [*filters, {"name": "router", "typed_config": _ROUTER}],
        **manager_options,
    }
    if isinstance(access_log, tuple):
        path, text = access_log
        line = {"text_format_source": {"inline_string": f"{text}\n"}}
        log = {"@type": _ACCESS_LOG, "path": str(path), "log_format": line}
        access_log = [{"name": "file", "typed_config": log}]
    if access_log:
        manager["access_log"] = access_log
    chain = {"filters": [*network_filters, {"name": "http", "typed_config": manager}]}
    return {"name": name, "address": _address(0), "filter_chains": [chain]}


def tcp_listener(name, *filters, cluster="upstream", **proxy):
    """Connections go to `cluster`; `proxy` are fields of TcpProxy."""
    config = {"@type": _TCP_PROXY, "stat_prefix": name, "cluster": cluster, **proxy}
    chain = {"filters": [*filters, {"name": "tcp", "typed_config": config}]}
    return {"name": name, "address": _address(0), "filter_chains": [chain]}


def cluster(name, upstream):
    endpoint = {"endpoint": {"address": _address(upstream.port)}}
    protocol = (
        {"http2_protocol_options": {}}
        if upstream.scheme == "h2c"
        else {"http_protocol_options": {"enable_trailers": True}}
    )
    options = {"@type": f"{_TYPES}{_HTTP_OPTIONS}", "explicit_http_config": protocol}
    return {
        "name": name,
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
        "typed_extension_protocol_options": {_HTTP_OPTIONS: options},
    }


def set_metadata(*entries):
    """A filter of Envoy's own that gives streams dynamic metadata."""
    kind = f"{_TYPES}envoy.extensions.filters.http.set_metadata.v3.Config"
    return {
        "name": "set_metadata",
        "typed_config": {"@type": kind, "metadata": list(entries)},
    }


def set_filter_state(*objects, of_connections=False):
    """A filter of Envoy's own that puts objects into filter state: each its name, the name of its type's factory, and
    its text."""
    kind = "network" if of_connections else "http"
    entries = [
        {
            "object_key": name,
            "factory_key": factory,
            "format_string": {"text_format_source": {"inline_string": text}},
        }
        for name, factory, text in objects
    ]
    event = "on_new_connection" if of_connections else "on_request_headers"
    typed = {"@type": f"{_TYPES}envoy.extensions.filters.{kind}.set_filter_state.v3.Config", event: entries}
    return {"name": "set_filter_state", "typed_config": typed}


def with_upstream_filters(cluster_, *filters):
    """The cluster, with HTTP filters of its own."""
    codec = {"@type": f"{_TYPES}envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec"}
    options = cluster_["typed_extension_protocol_options"][_HTTP_OPTIONS]
    options["http_filters"] = [*filters, {"name": "codec", "typed_config": codec}]
    return cluster_


# The bootstrap extension that internal listeners need.
INTERNAL_LISTENERS = {
    "name": "internal_listeners",
    "typed_config": {
        "@type": f"{_TYPES}envoy.extensions.bootstrap.internal_listener.v3.InternalListener"
    },
}


def internal_listener(listener_):
    """The listener, for connections of the same Envoy: it has no port."""
    del listener_["address"]
    return {**listener_, "internal_listener": {}}


def to_internal_listener(name, listener_name):
    """A cluster of one."""
    address = {"envoy_internal_address": {"server_listener_name": listener_name}}
    endpoint = {"endpoint": {"address": address}}
    return {
        "name": name,
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def pulse_cluster():
    """The cluster by which Weir reaches workers that have no stream."""
    return {
        "name": "weir",
        "lb_policy": "CLUSTER_PROVIDED",
        "cluster_type": {
            "name": "envoy.clusters.dynamic_modules",
            "typed_config": {
                "@type": _CLUSTER,
                "dynamic_module_config": MODULE,
                "cluster_name": "weir",
            },
        },
    }


def discovered_filter(name, file):
    """An HTTP filter of Weir's module whose configuration is in a file that write_filter() writes."""
    source = {"path_config_source": {"path": str(file)}, "resource_api_version": "V3"}
    return {"name": name, "config_discovery": {"config_source": source, "type_urls": [_FILTER]}}


def write_filter(file, name, config):
    typed = weir_filter(config)["typed_config"]
    write_resources(file, [{"@type": _TYPED_CONFIG, "name": name, "typed_config": typed}])


def write_clusters(file, clusters):
    write_resources(file, [{"@type": _CLUSTERS, **one} for one in clusters])


def write_resources(file, resources):
    """Puts a file that Envoy watches in the place of another."""
    new = file.with_suffix(".new")
    version = str(time.monotonic_ns())
    new.write_text(json.dumps({"version_info": version, "resources": resources}))
    new.rename(file)


class Envoy:
    """A running Envoy. Ends, and leaves no trace, by stop()."""

    def __init__(
        self,
        listeners,
        clusters,
        workers=1,
        log_level="info",
        dynamic=False,
        clusters_file=None,
        extensions=(),
        control_plane=None,
        environment=None,
        runtime=None,
        hot_restart=("--use-dynamic-base-id",),
    ):
        """`dynamic`: listeners come from a file that update() writes anew; `clusters_file`: further
        clusters do, one that write_resources() writes; `extensions`: of the process; `runtime`: values by the names of
        Envoy's runtime; with a control plane, `listeners` are those that it serves."""
        self._folder = tempfile.TemporaryDirectory(prefix="weir-test-")
        self.folder = pathlib.Path(self._folder.name)
        self._log = self.folder / "log"
        config = {"static_resources": {"clusters": clusters}, "admin": {"address": _address(0)}}
        if runtime:
            layer = {"name": "static", "static_layer": runtime}
            config["layered_runtime"] = {"layers": [layer]}
        if extensions:
            config["bootstrap_extensions"] = list(extensions)
        if dynamic:
            self._write_listeners(listeners)
            source = {"path_config_source": {"path": str(self.folder / "lds.json")}}
            config["dynamic_resources"] = {"lds_config": source}
            config["node"] = {"id": "test", "cluster": "test"}
            if clusters_file:
                source = {"path_config_source": {"path": str(clusters_file)}}
                config["dynamic_resources"]["cds_config"] = source
        elif control_plane:
            clusters.append(cluster("control_plane", control_plane))
            service_ = {"envoy_grpc": {"cluster_name": "control_plane"}}
            ads = {
                "api_type": "GRPC",
                "transport_api_version": "V3",
                "grpc_services": [service_],
            }
            lds = {"resource_api_version": "V3", "ads": {}}
            config["dynamic_resources"] = {"ads_config": ads, "lds_config": lds}
            config["node"] = {"id": "test", "cluster": "test"}
        else:
            config["static_resources"]["listeners"] = listeners
        (self.folder / "envoy.json").write_text(json.dumps(config))
        environment = {
            **os.environ,
            "ENVOY_DYNAMIC_MODULES_SEARCH_PATH": str(pathlib.Path(MODULE_FILE).parent),
            "WEIR_CODE_CACHE": CODE_CACHE or "off",
            "WEIR_FETCH_CACHE": "off",
            **(environment or {}),
        }
        arguments = [
            *(BINARY, "-c", str(self.folder / "envoy.json"), "--concurrency", str(workers)),
            *(*hot_restart, "--admin-address-path", str(self.folder / "admin")),
            *("--component-log-level", f"dynamic_modules:{log_level},wasm:{log_level}"),
            *("--log-level", "warning", "--drain-time-s", "0"),
            *("--log-format", "[%l] %v"),
        ]
        with open(self._log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(arguments, stdout=log, stderr=log, env=environment)
        try:
            admin = self.folder / "admin"
            # It compiles its plugins first, on a machine that may have much to do.
            eventually(
                lambda: self._runs() and admin.exists() and admin.read_text(), "Envoy", 5 * PATIENCE_S
            )
            self.admin_port = int(admin.read_text().rsplit(":", 1)[1])
            eventually(lambda: self._runs() and self._is_ready(), "Envoy to be ready")
            eventually(lambda: self._runs() and self._listens(listeners), "its listeners")
            self.ports = self._read_ports(listeners)
        except BaseException:
            self.process.kill()
            self.process.wait()
            self._folder.cleanup()
            raise

    def _write_listeners(self, listeners):
        write_resources(
            self.folder / "lds.json", [{"@type": _LISTENER, **one} for one in listeners]
        )

    def update(self, listeners):
        """Puts these listeners in the place of those of the same names, on the same ports."""
        for one, port in zip(listeners, self.ports):
            one["address"] = _address(port)
        self._write_listeners(listeners)

    def _runs(self):
        if self.process.poll() is not None:
            raise AssertionError(f"Envoy has ended with {self.process.returncode}:\n{self.log}")
        return True

    def _is_ready(self):
        try:
            return self.page("/ready")[0] == 200
        except OSError:  # Not listening yet, or gone already: the process tells.
            return False

    def _listens(self, listeners):
        lines = json.loads(self.page("/listeners?format=json")[1]).get("listener_statuses", [])
        return len(lines) >= len(listeners)

    def _read_ports(self, listeners):
        lines = json.loads(self.page("/listeners?format=json")[1])["listener_statuses"]
        addresses = {line["name"]: line["local_address"].get("socket_address") for line in lines}
        found = [addresses[one["name"]] for one in listeners]
        return [address["port_value"] if address else None for address in found]

    @property
    def port(self):
        return self.ports[0]

    @property
    def log(self):
        return self._log.read_text(encoding="utf-8", errors="replace")

    def lines(self, pattern):
        """The lines of the log that match."""
        return [line for line in self.log.splitlines() if re.search(pattern, line)]

    def wait_for_line(self, pattern):
        return eventually(lambda: self.lines(pattern), f"a line {pattern!r} in:\n{self.log}")[0]

    def page(self, path, method="GET"):
        """Status and text of an admin page."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.admin_port}{path}", method=method)
        try:
            with urllib.request.urlopen(request) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def stats(self):
        """Counters and gauges by name."""
        lines = [line.rsplit(": ", 1) for line in self.page("/stats")[1].splitlines()]
        return {name: int(value) for name, value in lines if value.isdigit()}

    def stat(self, name):
        return self.stats().get(name, 0)

    def rss_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def kill(self):
        """Ends one that SIGTERM does not end."""
        self.process.kill()
        self.process.wait()
        self._folder.cleanup()

    def stop(self):
        """Ends it by SIGTERM; an end in disorder is an error."""
        try:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGTERM)
            code = self.process.wait(PATIENCE_S)
            assert code == 0, f"Envoy has ended with {code}:\n{self.log}"
        finally:
            self.process.kill()
            self._folder.cleanup()


def refusal(listener_, upstream, **options):
    """Why Envoy does not start with this listener: its log."""
    try:
        envoy = Envoy([listener_], [cluster("upstream", upstream)], **options)
    except AssertionError as error:
        return str(error)
    envoy.stop()
    raise AssertionError("Envoy has started")
