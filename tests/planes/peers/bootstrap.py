"""Bootstraps for `weir serve -c`, in pieces."""

_MANAGER = (
    "type.googleapis.com/"
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
)
_TCP_PROXY = "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"
_ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
_OPTIONS = "type.googleapis.com/weir.v1.PluginOptions"
_STRING = "type.googleapis.com/google.protobuf.StringValue"
_TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3"
_HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"


def _address(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def plugin(
    name, wasm, configuration="", vm_configuration="", vm_id="", root_id="", engine="", **options
):
    """A plugin, its code a file or what `code` is to say; `options` are further fields of
    PluginConfig, `vm` of its vm_config, `limits`, `isolation` and `fetch` of PluginOptions."""
    code = wasm if isinstance(wasm, dict) else {"local": {"filename": str(wasm)}}
    vm = {"code": code, "vm_id": vm_id, "runtime": engine, **options.pop("vm", {})}
    if vm_configuration:
        vm["configuration"] = {"@type": _STRING, "value": vm_configuration}
    if environment := options.pop("environment", None):
        vm["environment_variables"] = {"key_values": environment}
    filter_config = {"@type": _OPTIONS}
    for field in ("limits", "isolation", "fetch"):
        if value := options.pop(field, None):
            filter_config[field] = value
    filter_config["plugin"] = {"name": name, "root_id": root_id, "vm_config": vm, **options}
    if configuration:
        filter_config["plugin"]["configuration"] = {"@type": _STRING, "value": configuration}
    return {"name": name, "typed_config": filter_config}


def remote(uri, sha256="", timeout="5s", retries=0, pause="0.05s"):
    """Code elsewhere, as wasm of plugin()."""
    source = {
        "http_uri": {"uri": uri, "cluster": "code", "timeout": timeout},
        "retry_policy": {
            "num_retries": retries,
            "retry_back_off": {"base_interval": pause, "max_interval": pause},
        },
    }
    if sha256:
        source["sha256"] = sha256
    return {"remote": source}


def tcp_listener(name, *plugins, **proxy):
    """A listener that carries connections; `proxy` are fields of TcpProxy."""
    if "weighted_clusters" not in proxy:
        proxy.setdefault("cluster", "upstream")
    config = {"@type": _TCP_PROXY, "stat_prefix": name, **proxy}
    chain = {"filters": [*plugins, {"name": "tcp", "typed_config": config}]}
    return {"name": name, "address": _address(0), "filter_chains": [chain]}


def listener(
    name, *plugins, cluster="upstream", timeout="15s", port=0, network_plugins=(), routes=None, host=None, router=None,
    **manager,
):
    """A listener of HTTP. `host` and `router` have further fields of the virtual host and the router; `manager`
    are some of the HTTP connection manager."""
    if routes is None:
        routes = [{"match": {"prefix": "/"}, "route": {"cluster": cluster, "timeout": timeout}}]
    hosts = [{"name": "all", "domains": ["*"], "routes": routes, **(host or {})}]
    manager = {
        "stat_prefix": name,
        **manager,
        "@type": _MANAGER,
        "route_config": {"virtual_hosts": hosts},
        "http_filters": [*plugins, {"name": "router", "typed_config": {"@type": _ROUTER, **(router or {})}}],
    }
    chain = {"filters": [*network_plugins, {"name": "http", "typed_config": manager}]}
    return {"name": name, "address": _address(port), "filter_chains": [chain]}


def downstream_tls(*certificates, **fields):
    """A transport_socket of a filter chain; `fields` are those of DownstreamTlsContext, and of its
    common_tls_context what that has."""
    return _transport_socket("DownstreamTlsContext", certificates, fields)


def upstream_tls(*certificates, **fields):
    """A transport_socket of a cluster."""
    return _transport_socket("UpstreamTlsContext", certificates, fields)


_COMMON = ("tls_params", "validation_context", "alpn_protocols")


def _transport_socket(kind, certificates, fields):
    common = {name: fields.pop(name) for name in _COMMON if name in fields}
    if certificates:
        common["tls_certificates"] = [
            one if isinstance(one, dict) else one.settings for one in certificates
        ]
    config = {"@type": f"{_TLS}.{kind}", "common_tls_context": common, **fields}
    return {"name": "envoy.transport_sockets.tls", "typed_config": config}


def secured(owner, socket, **fields):
    """A listener of one filter chain, or a cluster, with this transport_socket."""
    if "filter_chains" not in owner:
        return {**owner, "transport_socket": socket, **fields}
    chain = {**owner["filter_chains"][0], "transport_socket": socket, **fields}
    return {**owner, "filter_chains": [chain]}


def endpoint(upstream):
    return {"endpoint": {"address": _address(upstream.port)}}


def cluster(name, upstream):
    endpoints = [{"lb_endpoints": [endpoint(upstream)]}]
    config = {"name": name, "load_assignment": {"cluster_name": name, "endpoints": endpoints}}
    if upstream.scheme == "h2c":
        options = {
            "@type": f"type.googleapis.com/{_HTTP_OPTIONS}",
            "explicit_http_config": {"http2_protocol_options": {}},
        }
        config["typed_extension_protocol_options"] = {_HTTP_OPTIONS: options}
    return config


def bootstrap(listeners, clusters):
    return {"static_resources": {"listeners": listeners, "clusters": clusters}}
