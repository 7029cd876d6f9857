"""What `weir serve` says, in one line, of what it cannot use; and its admin pages."""

import gzip
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import unittest

from peers.bootstrap import bootstrap, cluster, listener, plugin
from peers.case import PlaneTest, guest
from peers.weir import BINARY, Weir, eventually, run_to_end

NOWHERE = ["--upstream", "http://127.0.0.1:1"]
FAILURE = 1
USAGE = 2


class FolderTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def file(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path


class ErrorTest(FolderTest):
    def check(self, arguments, exit_code, pattern):
        code, printed = run_to_end("serve", *map(str, arguments))
        # What a plugin logs, and Weir before, has a time; the error is the only line without.
        lines = [line for line in printed.splitlines() if not line.startswith("[")]
        self.assertEqual(len(lines), 1, printed)
        self.assertRegex(lines[0], pattern)
        self.assertEqual(code, exit_code)

    def test_arguments(self):
        for arguments, exit_code, pattern in [
            ([], FAILURE, r"^weir serve: say where requests go, by --upstream URL or -c FILE$"),
            (["--nonsense"], USAGE, r"^weir: '--nonsense': unknown; see weir serve --help$"),
            (["--upstreem", "http://127.0.0.1:1"], USAGE, r"^weir: '--upstreem': unknown; did you mean '--upstream'\?$"),
            (["a.wasm", "b.wasm", *NOWHERE], USAGE, r"^weir: .*b\.wasm"),
            (["--workers", "0", *NOWHERE], USAGE, r"^weir: --workers: "),
            (["--log-level", "loud", *NOWHERE], USAGE, r"^weir: --log-level: .*loud"),
            (["-c", "a.yaml", *NOWHERE], USAGE, r"^weir: .*--config-file"),
            (["--upstream", "ftp://x"], FAILURE, r"upstream: 'ftp://x': expected http://host:port"),
            (["--listen", "localhost:0", *NOWHERE], FAILURE, r"'localhost' is not an IP address$"),
            (["--listen", "1.2.3.4", *NOWHERE], FAILURE, r"listen '1\.2\.3\.4': "),
            (["--admin", "1.2.3.4", *NOWHERE], FAILURE, r"--admin '1\.2\.3\.4': "),
            (["--cluster", "a", *NOWHERE], FAILURE, r"--cluster 'a' is not NAME=URL$"),
            (["--cluster", "upstream=http://127.0.0.1:1", *NOWHERE], FAILURE, r"take another name"),
        ]:
            with self.subTest(arguments=arguments):
                self.check(arguments, exit_code, pattern)

    def test_plugins(self):
        text = self.file("text.wasm", "not wasm")
        empty = self.file("empty.wasm", "")
        zipped = self.file("zipped.wasm", gzip.compress(b"\0asm"))
        cut = self.file("cut.wasm", guest("http_all").read_bytes()[:5000])
        bare = self.file("bare.wasm", b"\0asm\1\0\0\0")
        http_all, faults = guest("http_all"), guest("faults")
        refused = "the plugin refused its configuration: proxy_on_configure returned false; its log lines may say why$"
        for arguments, pattern in [
            (["none.wasm"], r"plugin 'none': .*'none\.wasm': No such file or directory; put it there, or write where it is$"),
            ([self.folder], r"plugin '.*': cannot read code from '.*': it is a folder; name a file that can be read$"),
            ([text], r"plugin 'text': '.*text\.wasm': text, not a WebAssembly module: it begins with 'not wasm'; name a \.wasm file"),
            ([empty], r"plugin 'empty': '.*empty\.wasm': the file is empty; name a \.wasm file"),
            (["/bin/true"], r"plugin 'true': '/bin/true': a native ELF file, not a WebAssembly module; name a \.wasm file"),
            ([zipped], r"plugin 'zipped': '.*zipped\.wasm': a gzip file, not a WebAssembly module; unpack it first$"),
            ([cut], r"plugin 'cut': .*"),
            ([bare], r"plugin 'bare': .*proxy_abi_version"),
            ([http_all, "--config", "fail=configure"], r"plugin 'http_all': " + refused),
            ([faults, "--config", "panic"], r"plugin 'faults': '.*faults\.wasm': proxy_on_configure: unreachable: .*; its log lines may say why"),
            ([faults, "--config", "exit"], r"plugin 'faults': '.*': proxy_on_configure: .*proc_exit\(3\)"),
            ([http_all, "--engine", "none"], r"plugin 'http_all': .*'none'"),
            (["none", "--engine", "null"], r"plugin 'none': .*'none'"),
        ]:
            with self.subTest(arguments=arguments):
                self.check([*arguments, *NOWHERE], FAILURE, "^weir serve: " + pattern)

    def test_files(self):
        missing = r"^weir serve: none\.yaml: No such file or directory; put it there, or write where it is$"
        self.check(["-c", "none.yaml"], FAILURE, missing)
        loop = self.folder / "loop.yaml"
        loop.symlink_to("loop.yaml")
        self.check(["-c", loop], FAILURE, r"^weir serve: .*loop\.yaml: Too many levels of symbolic links; name a file that can be read$")
        self.check(["-c", f"{'x' * 300}.yaml"], FAILURE, r"^weir serve: x+\.yaml: File name too long; name a file that can be read$")
        unknown = self.file("unknown.yaml", "static_resources: {listenrs: []}")
        field = r"unknown\.yaml:1:20: static_resources\.listenrs: unknown"
        self.check(["-c", unknown], FAILURE, field)
        broken = self.file("broken.json", '{"static_resources": ')
        self.check(["-c", broken], FAILURE, r"broken\.json:1:\d+: ")

    def test_a_vm_that_refuses_to_start(self):
        refusing = plugin("auth", guest("http_all"), vm_configuration="fail")
        upstream = type("Upstream", (), {"port": 1, "scheme": "http"})
        config = bootstrap([listener("main", refusing)], [cluster("upstream", upstream)])
        file = self.file("refusing.json", json.dumps(config))
        place = r"refusing\.json:1:\d+: static_resources\..*\.typed_config.*\.vm_config\.configuration: "
        refused = rf"^weir serve: .*{place}plugin 'auth': .*proxy_on_vm_start returned"
        self.check(["-c", file], FAILURE, refused)

    def test_a_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            pattern = re.escape(f"listen on {address}: Address already in use")
            self.check(["--listen", address, *NOWHERE], FAILURE, pattern)
            self.check(
                ["--admin", address, "--listen", "127.0.0.1:0", *NOWHERE],
                FAILURE,
                re.escape(f"serve: --admin: admin {address}: Address already in use; end what listens there"),
            )

    def test_addresses_of_a_file_that_are_taken(self):
        """They were told without their places in the file."""
        upstream = type("Upstream", (), {"port": 1, "scheme": "http"})
        config = bootstrap([listener("main")], [cluster("upstream", upstream)])
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = {"address": "127.0.0.1", "port_value": taken.getsockname()[1]}
            shown = re.escape(f"127.0.0.1:{address['port_value']}: Address already in use; end what listens there")
            config["admin"] = {"address": {"socket_address": address}}
            file = self.file("taken.json", json.dumps(config))
            self.check(["-c", file], FAILURE, r"taken\.json:1:\d+: admin\.address: admin " + shown)
            config["static_resources"]["listeners"][0]["address"] = config.pop("admin")["address"]
            file = self.file("taken.json", json.dumps(config))
            place = r"taken\.json:1:\d+: static_resources\.listeners\[0\]\.address: listen on "
            self.check(["-c", file], FAILURE, place + shown)


class CheckCase(FolderTest):
    def run_check(self, *arguments, **options):
        command = [BINARY, "check", "--no-code-cache", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
        lines = [line for line in done.stderr.splitlines() if not line.startswith("[")]
        return done.returncode, done.stdout.splitlines(), lines

    def check(self, arguments, exit_code, pattern):
        code, _, errors = self.run_check(*arguments)
        self.assertEqual(code, exit_code)
        (error,) = errors
        self.assertRegex(error, pattern)


class CheckTest(CheckCase):
    """`weir check` says the same without serving."""

    def bootstrap(self, *plugins, port=0):
        upstream = type("Upstream", (), {"port": 1, "scheme": "http"})
        config = bootstrap([listener("main", *plugins)], [cluster("upstream", upstream)])
        address = config["static_resources"]["listeners"][0]["address"]
        address["socket_address"]["port_value"] = port
        return self.file("weir.json", json.dumps(config))

    def test_what_is_well_is_told(self):
        plugins = [plugin("a", guest("http_all")), plugin("b", guest("header_v1"))]
        code, passed, errors = self.run_check(self.bootstrap(*plugins))
        self.assertEqual((code, errors), (0, []))
        started = r"plugin '{}' of listener 'main', requests: starts on wasmtime [0-9.]+, ABI {}$"
        self.assertRegex(passed[0], started.format("a", r"0\.2\.1"))
        self.assertRegex(passed[1], started.format("b", r"0\.1\.0"))
        self.assertEqual(passed[2:], ["1 listener, 1 cluster, 2 plugins"])

    def test_each_plugin_has_its_error(self):
        plugins = [
            plugin("a", guest("http_all"), configuration="fail=configure"),
            plugin("b", guest("http_all")),
            plugin("c", self.file("c.wasm", "text")),
        ]
        code, passed, errors = self.run_check(self.bootstrap(*plugins))
        self.assertEqual(code, FAILURE)
        self.assertEqual([line.split(" ")[1] for line in passed], ["'b'"])
        for error, place, field, reason in zip(
            errors,
            [0, 2],
            ["configuration", "vm_config.code.local.filename"],
            ["'a': the plugin refused its configuration", r"'c': '.*': .*not a WebAssembly module"],
        ):
            self.assertRegex(error, r"^weir check: \S*weir\.json:1:\d+: static_resources\.")
            field = re.escape(f".http_filters[{place}].typed_config.plugin.{field}: plugin ")
            self.assertRegex(error, field + reason)
        self.assertEqual(len(errors), 2)

    def test_an_instance_for_each_stream_is_tried_too(self):
        isolated = {"isolation": "STREAM"}
        code, passed, errors = self.run_check(self.bootstrap(plugin("a", guest("http_all"), **isolated)))
        self.assertEqual((code, errors), (0, []))
        self.assertRegex(passed[0], "plugin 'a' of listener 'main', requests: starts on wasmtime")
        limits = {"max_stream_memory_bytes": 65536}
        file = self.bootstrap(plugin("a", guest("http_all"), limits=limits, **isolated))
        self.check(
            [file],
            FAILURE,
            r"plugin 'a': the instance of one stream begins with \d+ bytes of memory, "
            r"limits.max_stream_memory_bytes is 65536; raise it$",
        )

    def test_a_state_that_no_stream_can_begin_with_is_told(self):
        module = self.folder / "table.wasm"
        source = pathlib.Path(__file__).parents[1] / "conformance/modules/state_table.wat"
        subprocess.run(["wat2wasm", source, "-o", module], check=True)
        file = self.bootstrap(plugin("a", module, isolation="STREAM"))
        command = [BINARY, "check", "--no-code-cache", file]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        self.assertRegex(
            done.stderr,
            r"plugin 'a': its started state cannot be kept \(.*table.*\), so each stream starts",
        )

    def test_no_port_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            file = self.bootstrap(plugin("a", guest("http_all")), port=taken.getsockname()[1])
            self.assertEqual(self.run_check(file)[0], 0)

    def test_access_logs_that_could_not_be_written(self):
        upstream = type("Upstream", (), {"port": 1, "scheme": "http"})
        kind = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog"
        logs = [
            {"name": "file", "typed_config": {"@type": kind, "path": path}}
            for path in ["there.log", "not/there.log", "."]
        ]
        config = bootstrap([listener("main", access_log=logs)], [cluster("upstream", upstream)])
        file = self.file("logs.json", json.dumps(config))
        code, _, errors = self.run_check(file)
        self.assertEqual(code, FAILURE)
        missing, folder = errors
        place = r"logs\.json:1:\d+: static_resources\..*\.access_log\[{}\]\.typed_config\.path: access log "
        self.assertRegex(missing, place.format(1) + ".*/not/there.log: cannot be opened: No such file.*; make its folder")
        self.assertRegex(folder, place.format(2) + ".*: cannot be opened: Is a directory; name a file")
        self.assertFalse((self.folder / "there.log").exists())

    def test_the_short_form(self):
        code, passed, errors = self.run_check(guest("http_all"), "--config", "scenario=/headers")
        self.assertEqual((code, errors), (0, []))
        self.assertRegex(passed[0], "^plugin 'http_all' of listener '127.0.0.1:8080', requests: starts on")
        self.check([guest("http_all"), "--config", "fail=configure"], FAILURE, "plugin 'http_all': ")

    def test_arguments(self):
        nothing = "^weir check: name a configuration, or a .wasm file$"
        self.check([], FAILURE, nothing)
        self.check(["none.yaml"], FAILURE, r"^weir check: none\.yaml: No such file or directory; put it there")
        self.check(["-c", "none.yaml"], FAILURE, r"none\.yaml: No such file or directory; put it there")
        self.check([self.folder], FAILURE, "it is a folder; name a file that can be read$")


class CheckTrafficServerTest(CheckCase):
    """`weir check` of what stands behind weir-ats.so in Traffic Server's configuration."""

    def plugin_file(self, name="a.yaml", wasm=None, **config):
        code = {"local": {"filename": str(wasm or guest("http_all"))}}
        return self.file(name, json.dumps({"config": {"name": "a", "vm_config": {"code": code}, **config}}))

    def test_a_plugin_is_started(self):
        file = self.plugin_file(configuration="scenario=/headers")
        code, passed, errors = self.run_check(file)
        self.assertEqual((code, errors), (0, []))
        self.assertRegex(passed[0], rf"^plugin 'a' of {file}: starts on wasmtime [0-9.]+, ABI 0\.2\.1$")
        self.assertEqual(passed[1:], ["1 plugin"])

    def test_each_form_of_a_file_is_one(self):
        plugin = f"name: a\nvm_config: {{code: {{local: {{filename: {guest('http_all')}}}}}}}\n"
        indented = plugin.replace("\n", "\n  ").rstrip()
        for text in (plugin, f"config:\n  {indented}\n", f"plugin:\n  {indented}\nlimits: {{call_cpu_time: 1s}}\n"):
            with self.subTest(text):
                self.assertEqual(self.run_check(self.file("a.yaml", text))[0], 0)

    def test_what_is_wrong_is_told_with_its_place(self):
        self.check([self.plugin_file(configuration="fail=configure")], FAILURE,
                   r"^weir check: \S*a\.yaml:1:\d+: config\.configuration: plugin 'a': the plugin refused its configuration")
        self.check([self.plugin_file(wasm="none.wasm")], FAILURE,
                   r"a\.yaml:1:\d+: config\.vm_config\.code\.local\.filename: plugin 'a': .*No such file or directory; put it there")
        self.check([self.plugin_file(faile_open=True)], FAILURE,
                   r"a\.yaml:1:\d+: config\.faile_open: unknown field; did you mean 'fail_open'\?$")

    def test_a_plugin_that_may_fail_open_has_its_error_too(self):
        """The server would start without it."""
        self.check([self.plugin_file(configuration="fail=configure", fail_open=True)], FAILURE, "refused its configuration")

    def test_paths_start_at_the_servers_configuration_folder(self):
        (self.folder / "weir").mkdir()
        (self.folder / "plugin.wasm").symlink_to(guest("http_all"))
        file = self.plugin_file("weir/a.yaml", wasm="plugin.wasm")
        self.check([file], FAILURE, r"'\S*/weir/plugin\.wasm': No such file or directory")
        self.assertEqual(self.run_check(file, "--config-folder", self.folder)[0], 0)

    def test_ports_and_the_files_of_their_plugins(self):
        self.plugin_file("guard.yaml")
        ports = {"tcp": [{"listen": "127.0.0.1:5000", "upstream": "db:1", "plugins": ["guard.yaml", "guard.yaml"]}]}
        code, passed, errors = self.run_check(self.file("ports.yaml", json.dumps(ports)))
        self.assertEqual((code, errors), (0, []))
        self.assertRegex(passed[0], r"^plugin 'a' of tcp 127\.0\.0\.1:5000: starts on wasmtime ")
        self.assertEqual(passed[2:], ["1 port, 2 plugins"])

        ports["tcp"][0]["plugins"] = ["guard.yaml", "none.yaml"]
        ports["tcp"][0]["upstream_tls"] = {"common_tls_context": {"validation_context": {"trusted_ca": {"filename": "none.pem"}}}}
        code, passed, errors = self.run_check(self.file("ports.yaml", json.dumps(ports)))
        self.assertEqual((code, len(passed), len(errors)), (FAILURE, 1, 2))
        self.assertRegex(errors[0], r"ports\.yaml:1:\d+: tcp\[0\]\.upstream_tls: cannot read trusted_ca from .*none\.pem")
        self.assertRegex(errors[1], r"ports\.yaml: tcp\[0\]\.plugins\[1\]: \S*/none\.yaml: No such file or directory; put it there")

        del ports["tcp"][0]["listen"]
        self.check([self.file("ports.yaml", json.dumps(ports))], FAILURE, r"ports\.yaml:1:\d+: tcp\[0\]\.listen: is missing")


class CheckEnvoyTest(CheckCase):
    """`weir check` of a configuration of Envoy's with plugins of Weir's module in it."""

    FILTER = "type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3.DynamicModuleFilter"

    def envoy_file(self, *plugins, module="weir-envoy"):
        filters = [
            {
                "name": f"filter {place}",
                "typed_config": {
                    "@type": self.FILTER,
                    "dynamic_module_config": {"name": module},
                    "filter_name": "mine",
                    "filter_config": {"@type": "type.googleapis.com/google.protobuf.Struct", "value": value},
                },
            }
            for place, value in enumerate(plugins)
        ]
        # Beside it there is what Weir knows nothing of.
        manager = {"@type": "type.googleapis.com/envoy.of.its.own.v3.Manager", "its": "own", "http_filters": filters}
        config = {"static_resources": {"listeners": [{"filter_chains": [{"filters": [{"typed_config": manager}]}]}]}}
        return self.file("envoy.json", json.dumps(config))

    def plugin(self, **config):
        return {"name": "a", "vm_config": {"code": {"local": {"filename": str(guest("http_all"))}}}, **config}

    def text(self, value):
        return {"@type": "type.googleapis.com/google.protobuf.StringValue", "value": value}

    def test_plugins_are_started_and_the_rest_is_left_to_envoy(self):
        limits = {"call_cpu_time": "0.5s"}
        file = self.envoy_file(self.plugin(), {"plugin": self.plugin(name="b"), "limits": limits})
        code, passed, errors = self.run_check(file)
        self.assertEqual((code, errors), (0, []))
        started = "plugin '{}' of HTTP filter 'mine': starts on wasmtime [0-9.]+, ABI 0.2.1$"
        self.assertRegex(passed[0], started.format("a"))
        self.assertRegex(passed[1], started.format("b"))
        self.assertEqual(passed[2:], [f"2 plugins; all else in the file is Envoy's: envoy --mode validate -c {file}"])

    def test_what_is_wrong_is_told_with_its_place(self):
        file = self.envoy_file(
            self.plugin(configuration=self.text("fail=configure")), self.plugin(nmae="x"), self.plugin(name="c")
        )
        code, passed, errors = self.run_check(file)
        self.assertEqual((code, len(passed)), (FAILURE, 1))
        place = r"envoy\.json:1:\d+: static_resources\.listeners\[0\]\..*\.http_filters\[{}\]\.typed_config\.filter_config\.value\.{}: "
        self.assertRegex(errors[0], place.format(1, "nmae") + "unknown field; did you mean 'name'")
        self.assertRegex(errors[1], place.format(0, "configuration") + "plugin 'a': the plugin refused its configuration")

    def test_paths_start_where_it_is_run(self):
        (self.folder / "plugin.wasm").symlink_to(guest("http_all"))
        config = self.plugin()
        config["vm_config"]["code"]["local"]["filename"] = "plugin.wasm"
        file = self.envoy_file(config)
        self.assertEqual(self.run_check(file, cwd=self.folder)[0], 0)
        self.check([file], FAILURE, r"filename: plugin 'a': .*'plugin\.wasm': No such file or directory")

    def test_a_file_with_nothing_of_weirs_in_it(self):
        file = self.envoy_file(self.plugin(), module="theirs")
        self.check([file], FAILURE, rf"envoy\.json: is a configuration of Envoy's, and has nothing for Weir \(its dynamic modules are others, 'theirs'\); check it by envoy --mode validate -c {file}$")

    def test_the_option_of_traffic_server_is_refused(self):
        file = self.envoy_file(self.plugin())
        self.check([file, "--config-folder", self.folder], FAILURE, "^weir check: --config-folder is for files of Traffic Server's alone$")

    def test_scenarios_are_told_what_plays_them(self):
        file = self.file("scenario.yaml", "plugin: {file: a.wasm}\nscenarios: []\n")
        self.check([file], FAILURE, rf"scenario\.yaml: is a file of scenarios; weir test {file} plays them$")


class StandardInputTest(FolderTest):
    """`-` as a file's name, in each command that reads one."""

    def run_with(self, content, *arguments):
        """What is printed, and the exit code, of a command that gets this by a pipe."""
        content = content if isinstance(content, bytes) else content.encode()
        command = [BINARY, *map(str, arguments)]
        done = subprocess.run(command, input=content, capture_output=True, timeout=300, check=False, cwd=self.folder)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def test_a_plugin_is_inspected(self):
        wasm = guest("http_all").read_bytes()
        code, told, errors = self.run_with(wasm, "inspect", "-", "--engine", "wasmtime", "--json")
        self.assertEqual((code, errors), (0, ""))
        self.assertEqual(json.loads(told)["bytes"], len(wasm))
        code, _, errors = self.run_with("text", "inspect", "-", "--engine", "wasmtime")
        self.assertEqual(code, FAILURE)
        self.assertRegex(errors, "^weir inspect: -: text, not a WebAssembly module")

    def test_a_plugin_is_inspected_on_engines_that_the_process_starts_again_for(self):
        """The pipe was empty then."""
        code, told, errors = self.run_with(guest("http_all").read_bytes(), "inspect", "-")
        self.assertEqual(code, 0, errors)
        self.assertRegex(told, r"(?m)^  wasmtime ")

    def test_a_configuration_is_checked(self):
        plugin_file = {"name": "a", "vm_config": {"code": {"local": {"filename": str(guest("http_all"))}}}}
        code, told, errors = self.run_with(json.dumps(plugin_file), "check", "--no-code-cache", "-")
        self.assertEqual((code, errors), (0, ""))
        self.assertIn("plugin 'a' of -: starts on wasmtime", told)
        code, _, errors = self.run_with("static_resources: {listenrs: []}", "check", "-")
        self.assertEqual(code, FAILURE)
        self.assertRegex(errors, r"^weir check: -:1:20: static_resources\.listenrs: unknown field")

    def test_scenarios_are_played_and_measured(self):
        text = f"plugin: {{file: {guest('http_all')}}}\nscenarios: [{{name: one, steps: [{{http: {{}}}}]}}]\n"
        for command in (["test"], ["bench", "--rounds", "1"]):
            code, told, errors = self.run_with(text, *command, "-")
            self.assertEqual(code, 0, told + errors)
        code, _, errors = self.run_with("", "test", "-")
        self.assertEqual(code, USAGE)
        self.assertRegex(errors, "^weir test: -: ")

    def test_a_configuration_is_served_and_stays(self):
        """What came by a pipe cannot be read again."""
        upstream = type("Upstream", (), {"port": 1, "scheme": "http"})
        config = bootstrap([listener("main")], [cluster("upstream", upstream)])
        read_end, write_end = os.pipe()
        os.write(write_end, json.dumps(config).encode())
        os.close(write_end)
        weir = Weir("-c", "-", stdin=read_end)
        self.addCleanup(weir.stop)
        os.close(read_end)
        weir.signal(signal.SIGHUP)
        weir.wait_for_line(r"\[error\] configuration 1 stays; rejected: -: it is a pipe with nothing in it")
        self.assertEqual(weir.page("/ready")[0], 200)


class AdminTest(PlaneTest):
    def setUp(self):
        upstream = self.upstream()
        self.weir = self.weir(guest("http_all"), "--upstream", upstream.url, workers=2)
        self.client = self.client(self.weir.port)

    def test_the_pages_that_there_are(self):
        self.assertEqual(self.weir.page("/ready"), (200, "LIVE\n"))
        self.assertIn("/plugins", self.weir.page("/")[1])
        self.assertEqual(self.weir.page("/nothing")[0], 404)
        self.assertEqual(self.weir.page("/stats?format=xml")[0], 400)

    def test_requests_are_counted(self):
        for _ in range(3):
            self.client.request("/other")
        self.client.request("/local-response")
        expected = {
            "downstream_rq_total": 4,
            "downstream_rq_2xx": 3,
            "downstream_rq_4xx": 1,
            "downstream_rq_local_reply": 1,
            "upstream_rq_total": 3,
            "upstream_rq_2xx": 3,
        }

        def counted():
            stats = {name.rsplit(".", 1)[1]: value for name, value in self.weir.stats().items()}
            return {name: stats[name] for name in expected} == expected

        # A request counts when it is over, a moment after its response.
        eventually(counted, f"the counters {expected}")

    def test_prometheus_gets_well_formed_lines(self):
        text = self.weir.page("/stats?format=prometheus")[1]
        for line in text.splitlines():
            name = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
            kind = rf"# TYPE {name} (counter|gauge|histogram)"
            self.assertRegex(line, rf'^({kind}|{name}(\{{({name}="[^"]*",?)+\}})? -?[0-9.]+)$')

    def test_plugins_are_told_with_their_workers(self):
        (told,) = self.weir.plugins()
        self.assertEqual(told["name"], "http_all")
        self.assertEqual(told["engine"], "wasmtime")
        self.assertEqual(told["abi"], "0.2.1")
        self.assertEqual(told["failure_policy"], "FAIL_CLOSED")
        self.assertEqual([worker["state"] for worker in told["workers"]], ["running", "running"])


if __name__ == "__main__":
    unittest.main()
