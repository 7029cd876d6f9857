"""A stock Traffic Server as a process under test, with plugins in its way by weir-ats.so."""

import atexit
import functools
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import tempfile

from .case import free_port
from .http1 import Http1Client
from .http2 import Http2Client
from .loop import PATIENCE_S
from .weir import eventually

BINARY = shutil.which("traffic_server", path="/usr/bin:/usr/local/bin") or ""
_CTL = shutil.which("traffic_ctl", path="/usr/bin:/usr/local/bin") or ""
_MANAGER = shutil.which("traffic_manager", path="/usr/bin:/usr/local/bin") or ""
PLUGIN = os.environ.get("WEIR_TEST_ATS_PLUGIN", "")
_ENGINES = os.environ.get("WEIR_ENGINE_PATH", "")
# The user of Debian's package: the server takes on this one where root starts it.
_USER = "trafficserver"


def plugin_file(name, wasm, configuration="", engine="wasmtime", clusters=None, **options):
    """What stands in the YAML of a plugin, in the form of Traffic Server's own Wasm plugin. `clusters`
    are upstreams by name."""
    config = {
        "name": name,
        "vm_config": {
            "runtime": f"ats.wasm.runtime.{engine}",
            "code": {"local": {"filename": str(wasm)}},
        },
        **options,
    }
    if configuration:
        config["configuration"] = configuration
    return {"config": config, **_clusters(clusters)}


def plugin_options(plugin, clusters=None):
    """The same by a weir.v1.PluginOptions, which has limits: what bootstrap.plugin() makes."""
    options = {k: v for k, v in plugin["typed_config"].items() if k != "@type"}
    return {**options, **_clusters(clusters)}


@functools.cache
def _code_cache():
    """A folder for compiled modules that belongs to the servers' user: one that stays, so that they are
    compiled once for all tests, or one of this test program's."""
    if kept := os.environ.get("WEIR_TEST_SERVER_CODE_CACHE"):
        folder = pathlib.Path(kept)
        folder.mkdir(parents=True, exist_ok=True)
    else:
        temporary = tempfile.TemporaryDirectory(prefix="weir-test-code-")
        atexit.register(temporary.cleanup)
        folder = pathlib.Path(temporary.name)
    if os.geteuid() == 0:
        user = pwd.getpwnam(_USER)
        os.chown(folder, user.pw_uid, user.pw_gid)
    return folder


def _clusters(upstreams):
    if not upstreams:
        return {}
    return {"clusters": {name: upstream.url for name, upstream in upstreams.items()}}


class SizedHttp2Client(Http2Client):
    """Tells the length of each body that it knows: the server shows plugins no other of HTTP/2."""

    async def exchange(self, request):
        if isinstance(request.body, list):
            request.headers.append(("content-length", str(sum(map(len, request.body)))))
        return await super().exchange(request)


# The kinds of clients by the pair of protocols, as case.PAIRS names them.
CLIENTS = {"Http1ToHttp1": Http1Client, "Http2ToHttp1": SizedHttp2Client}


class TrafficServer:
    """A running server in a folder of its own. Ends, and leaves no trace, by stop().

    `lines` are lists of files for a line of plugin.config each, and `rules` those for a remap rule
    each: (path or URL, [file, ...], upstream), where a text in place of files is of other plugins, and one in
    place of an upstream is its URL. All
    else goes to `upstream`. A file is its content, or the name of one of `files`, which are contents by
    name; None is not written. With a `certificate` there is a port of TLS, too, which asks clients for
    one of `client_authority`'s, if there is one. `modules` is the server's folder of plugins, and
    `plugin_config` a line of it as it is, in the place of others."""

    def __init__(
        self,
        upstream,
        lines=(),
        rules=(),
        files=None,
        threads=1,
        debug=False,
        manager=False,
        records=None,
        engine_path=_ENGINES,
        certificate=None,
        client_authority=None,
        modules=None,
        plugin_config=None,
    ):
        self._folder = tempfile.TemporaryDirectory(prefix="weir-test-ats-")
        self.folder = pathlib.Path(self._folder.name)
        self.folder.chmod(0o755)
        self.port = free_port()
        self.tls_port = free_port() if certificate else None
        self.upstream = upstream
        self._files = 0
        self._make_tree(records or {}, threads, debug)
        if certificate:
            self._add_tls(certificate, client_authority)
        self._named = files or {}
        for name, content in self._named.items():
            if content is not None:
                self.put(content, name)
        self.set_plugins(lines)
        if plugin_config:
            self._write("plugin.config", [plugin_config])
        if modules:
            (self.folder / "modules").rmdir()
            (self.folder / "modules").symlink_to(modules)
        self.set_rules(rules)
        self._give_to_user()
        self._output = self.folder / "output"
        program = [_MANAGER if manager else BINARY, f"--run-root={self.folder}"]
        environment = {
            **os.environ,
            "WEIR_ENGINE_PATH": engine_path,
            "WEIR_CODE_CACHE": str(_code_cache()),
        }
        with open(self._output, "w", encoding="utf-8") as output:
            self.process = subprocess.Popen(
                program, stdout=output, stderr=output, env=environment, cwd="/"
            )
        try:
            # It compiles its plugins before it listens, on a machine that may have much to do.
            eventually(
                lambda: self._runs() and self._listens(), "Traffic Server to listen", 5 * PATIENCE_S
            )
        except BaseException:
            self._kill()
            raise

    def _make_tree(self, records, threads, debug):
        paths = {"prefix": "", "bindir": "bin", "sysconfdir": "etc", "runtimedir": "run"}
        paths |= {"logdir": "log", "cachedir": "cache", "libexecdir": "modules"}
        paths |= {"datadir": "share", "localstatedir": "run", "sbindir": "bin"}
        layout = {}
        for name, path in paths.items():
            (self.folder / path).mkdir(exist_ok=True)
            layout[name] = str(self.folder / path)
        lines = "".join(f"{name}: {path}\n" for name, path in layout.items())
        (self.folder / "runroot.yaml").write_text(lines)
        for program in ("traffic_server", "traffic_manager", "traffic_crashlog"):
            if (pathlib.Path("/usr/bin") / program).exists():
                (self.folder / "bin" / program).symlink_to(f"/usr/bin/{program}")
        self.etc = self.folder / "etc"
        for path in pathlib.Path("/etc/trafficserver").iterdir():
            target = self.etc / path.name
            shutil.copytree(path, target) if path.is_dir() else shutil.copy(path, target)
        (self.etc / "storage.config").write_text(f"{self.folder / 'cache'} 16M\n")
        settings = {
            "proxy.config.http.server_ports": f"{self.port}:ip-in=127.0.0.1:proto=http;http2",
            "proxy.config.exec_thread.autoconfig": 0,
            "proxy.config.exec_thread.limit": threads,
            "proxy.config.accept_threads": 0,
            "proxy.config.task_threads": 1,
            "proxy.config.diags.debug.enabled": int(debug),
            "proxy.config.diags.debug.tags": "weir",
            "proxy.config.url_remap.remap_required": 1,
            "proxy.config.url_remap.pristine_host_hdr": 1,
            "proxy.config.http.cache.http": 0,
            "proxy.config.http.insert_response_via_str": 0,
            "proxy.config.http.insert_request_via_str": 0,
            "proxy.config.http.insert_age_in_response": 0,
            "proxy.config.http.connect_attempts_timeout": 5,
            "proxy.config.crash_log_helper": "",
            "proxy.config.proxy_name": "weir-test",
            "proxy.config.admin.user_id": _USER if os.geteuid() == 0 else "",
            "proxy.config.http.wait_for_cache": 0,
            "proxy.config.dns.resolv_conf": "/etc/resolv.conf",
            **records,
        }
        self._write("records.config", [_record(*one) for one in settings.items()])

    def _add_tls(self, certificate, client_authority):
        (self.etc / "server.pem").write_bytes(
            certificate.chain.read_bytes() + certificate.key.read_bytes()
        )
        self._write("ssl_multicert.config", ["dest_ip=* ssl_cert_name=server.pem"])
        settings = {
            "proxy.config.http.server_ports": f"{self.port}:ip-in=127.0.0.1:proto=http;http2 "
            f"{self.tls_port}:ssl:ip-in=127.0.0.1:proto=http;http2",
            "proxy.config.ssl.server.cert.path": str(self.etc),
            "proxy.config.ssl.server.private_key.path": str(self.etc),
        }
        if client_authority:
            (self.etc / "clients.pem").write_bytes(client_authority.certificate.chain.read_bytes())
            settings["proxy.config.ssl.CA.cert.path"] = str(self.etc)
            settings["proxy.config.ssl.CA.cert.filename"] = "clients.pem"
            settings["proxy.config.ssl.client.certification_level"] = 1
        lines = (self.etc / "records.config").read_text().splitlines()
        kept = [line for line in lines if line.split()[1] not in settings]
        self._write("records.config", [*kept, *(_record(*one) for one in settings.items())])

    def _write(self, name, lines):
        (self.etc / name).write_text("\n".join(lines) + "\n")

    def put(self, content, name=None):
        """Writes a plugin's file into the configuration folder; its name."""
        if isinstance(content, str) and content in self._named:
            return content
        if name is None:
            self._files += 1
            name = f"plugin-{self._files}.yaml"
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        # The server may be reading the one before.
        made = self.etc / f"{name}.new"
        made.write_bytes(data)
        made.replace(self.etc / name)
        return name

    def set_plugins(self, lines):
        self._write(
            "plugin.config",
            [" ".join([PLUGIN, *(self.put(file) for file in line)]) for line in lines],
        )

    def set_rules(self, rules):
        remap = []
        for path, files, upstream in rules:
            if "://" not in path:
                line = f"map http://weir.test{path} {upstream.url}{path}"
            else:
                line = f"map {path} {getattr(upstream, 'url', upstream)}/"
            if isinstance(files, str):
                line += f" {files}"
            elif files:
                parameters = "".join(f" @pparam={self.put(one)}" for one in files)
                line += f" @plugin={PLUGIN}{parameters}"
            remap.append(line)
        remap.append(f"map / {self.upstream.url}/")
        self._write("remap.config", remap)

    def _give_to_user(self):
        if os.geteuid() != 0:
            return
        user = pwd.getpwnam(_USER)
        for path in [self.folder, *self.folder.rglob("*")]:
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)

    def _runs(self):
        if self.process.poll() is not None:
            raise AssertionError(
                f"Traffic Server has ended with {self.process.returncode}:\n{self.log}"
            )
        return True

    def _listens(self):
        return re.search(r"traffic server running|NOTE: Traffic Server.*running", self.log)

    @property
    def log(self):
        """All that the server has said: its output and its diagnostic log."""
        files = [self._output, self.folder / "log" / "diags.log"]
        texts = [path.read_text("utf-8", "replace") for path in files if path.exists()]
        return "\n".join(texts)

    def lines(self, pattern):
        """The lines of the log that match."""
        return [line for line in self.log.splitlines() if re.search(pattern, line)]

    def wait_for_line(self, pattern):
        return eventually(lambda: self.lines(pattern), f"a line {pattern!r} in:\n{self.log}")[0]

    def control(self, *arguments):
        """Runs traffic_ctl, for a server that was started with its manager; what it prints."""
        done = subprocess.run(
            [_CTL, f"--run-root={self.folder}", *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        return done.stdout + done.stderr

    def stats(self):
        """The plugin's statistics by name, less plugin.weir."""
        pairs = (line.split() for line in self.control("metric", "match", "plugin.weir").splitlines())
        return {one[0].removeprefix("plugin.weir."): int(one[1]) for one in pairs if len(one) == 2}

    def cpu_s(self):
        """Processor time of the server up to now."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text("utf-8").rpartition(")")[2]
        user, system = fields.split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def rss_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def _kill(self):
        self.process.kill()
        self.process.wait()
        self._folder.cleanup()

    def stop(self):
        """Ends it by SIGTERM; an end by any other signal is an error."""
        try:
            self._runs()
            self.process.send_signal(signal.SIGTERM)
            code = self.process.wait(PATIENCE_S)
            assert code in (0, -signal.SIGTERM), f"Traffic Server has ended with {code}:\n{self.log}"
        finally:
            self._kill()


def _record(name, value):
    if isinstance(value, int):
        return f"CONFIG {name} INT {value}"
    return f"CONFIG {name} STRING {value or 'NULL'}"


def refusal(upstream, lines=(), rules=(), files=None, **options):
    """Why the server does not start with these plugins: its log."""
    try:
        server = TrafficServer(upstream, lines, rules, files, **options)
    except AssertionError as error:
        return str(error)
    server.stop()
    raise AssertionError("Traffic Server has started")
