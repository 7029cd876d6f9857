"""The plugins in examples/, by the configuration that lies beside each of them."""

import base64
import hashlib
import hmac
import json
import pathlib
import re
import socket
import subprocess
import tempfile
import threading
import time
import types
import unittest

from peers.case import PlaneTest, guest
from peers.examples import auth_service
from peers.grpc import GrpcServer
from peers.http1 import Http1Upstream
from peers.http2 import Http2Client
from peers.loop import PATIENCE_S
from peers.message import Fields, Response
from peers.weir import BINARY, eventually

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples"
WEB, SECOND = 8000, 8001  # the upstreams' ports in the files


def over_languages(*languages):
    """Runs a test once for each language that the example is there in."""

    def decorate(test):
        def run(self):
            for language in languages:
                with self.subTest(language=language):
                    test(self, language)
                    self.doCleanups()

        return run

    return decorate


ALL = ("rust", "go", "cpp", "assemblyscript", "zig")


class WholenessTest(unittest.TestCase):
    """Each example is there as examples/README.md says."""

    COLUMNS = {"Rust": "rust", "Go": "go", "C++": "cpp", "AssemblyScript": "assemblyscript", "Zig": "zig"}
    WITHOUT_TRAFFIC_SERVER = {"body-trailer"}

    def setUp(self):
        self.page = (EXAMPLES / "README.md").read_text()
        self.names = {file.parent.name for file in EXAMPLES.glob("*/weir.yaml")}

    def test_the_table_has_each_example_and_its_languages(self):
        rows = [[cell.strip() for cell in line.strip("|").split("|")]
                for line in self.page.splitlines() if line.startswith("|")]
        heads, told = rows[0][2:], {}
        for first, _, *marks in rows[2:]:
            name = re.fullmatch(r"\[([\w-]+)\]\(\1\)", first)[1]
            told[name] = {self.COLUMNS[head] for head, mark in zip(heads, marks) if mark == "x"}
        there = {name: {folder.name for folder in (EXAMPLES / name).iterdir() if folder.is_dir()}
                 for name in self.names}
        self.assertEqual(told, there)
        whole = [name for name, languages in there.items() if languages == set(ALL)]
        self.assertEqual(sorted(whole), ["auth-call", "body-rewrite", "header-edit", "rate-limit"])

    def test_each_has_a_page_configurations_and_scenarios(self):
        for name in sorted(self.names):
            with self.subTest(name):
                folder = EXAMPLES / name
                page = (folder / "README.md").read_text()
                for part in ("## Configuration", "## Running it", "## Testing it"):
                    self.assertIn(f"\n{part}\n", page)
                for language in (each for each in folder.iterdir() if each.is_dir()):
                    self.assertIn(f"]({language.name})", page)
                    self.assertIn(f" {name}-{language.name}", page)
                for file in ("weir.yaml", "envoy.yaml", "scenario.yaml"):
                    self.assertTrue((folder / file).exists(), file)
                has_none = name in self.WITHOUT_TRAFFIC_SERVER
                self.assertEqual((folder / "traffic-server.yaml").exists(), not has_none)
        self.assertIn("Only `body-trailer` has none of the last", self.page)

    def test_each_is_served_by_a_test(self):
        tested = {re.sub(r"(?<!^)([A-Z])", r"-\1", kind.__name__.removesuffix("Test")).lower()
                  for kind in ExampleTest.__subclasses__()}
        self.assertEqual(self.names, tested)


class CommandsTest(unittest.TestCase):
    """What pages and files say of how to run them, as it stands there, in the repository's folder."""

    FOLDERS = sorted(file.parent for file in EXAMPLES.glob("*/weir.yaml"))

    def check(self, *arguments, cwd=EXAMPLES.parent):
        command = [BINARY, "check", *map(str, arguments)]
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), command)
        return done.stdout

    def guests_of(self, text):
        return [guest(name) for name in re.findall(r"filename: (?:\S*/)?([\w-]+)\.wasm", text)]

    def test_each_page_compiles_all_languages_and_serves_the_file(self):
        for folder in self.FOLDERS:
            with self.subTest(folder.name):
                page = (folder / "README.md").read_text()
                (compiled,) = re.findall(r"^    scripts/guests\.sh (.*)$", page, re.MULTILINE)
                languages = {f"{folder.name}-{each.name}" for each in folder.iterdir() if each.is_dir()}
                self.assertEqual(set(compiled.split()), languages)
                (served,) = re.findall(r"^    weir serve (.*)$", page, re.MULTILINE)
                self.assertEqual(served, f"-c examples/{folder.name}/weir.yaml")
                self.guests_of((folder / "weir.yaml").read_text())
                self.assertIn("starts on", self.check(*served.split()))

    def test_each_file_of_envoy_is_checked_where_it_says(self):
        for folder in self.FOLDERS:
            with self.subTest(folder.name):
                plugins = self.guests_of((folder / "envoy.yaml").read_text())
                told = self.check(f"examples/{folder.name}/envoy.yaml")
                self.assertEqual(len(re.findall("starts on", told)), len(plugins))

    def test_each_file_of_traffic_server_is_checked_with_what_it_says_beside_it(self):
        for folder in self.FOLDERS:
            files = {file.name: file.read_text() for file in folder.glob("traffic-server*.yaml")}
            with self.subTest(folder.name), tempfile.TemporaryDirectory(prefix="weir-example-") as beside:
                for name, text in files.items():
                    (pathlib.Path(beside) / name).write_text(text)
                    for plugin in self.guests_of(text):
                        link = pathlib.Path(beside) / plugin.name
                        if not link.exists():
                            link.symlink_to(plugin)
                lines = [re.search(r"weir-ats\.so (.*)$", text, re.MULTILINE) for text in files.values()]
                named = {name for line in lines if line for name in line[1].split()}
                ports = [name for name, text in files.items() if "\ntcp:" in text]
                self.assertEqual(set(ports) or set(files), named)
                for name in named:
                    self.assertIn("starts on", self.check(pathlib.Path(beside) / name))

    def test_each_file_of_traffic_server_is_checked_as_the_overview_says(self):
        """The one of ports was not: it names a file that is not in the folder of plugins."""
        page = (EXAMPLES / "README.md").read_text()
        self.assertIn("`--config-folder build/guests`", page)
        ports = set()
        for file in sorted(EXAMPLES.glob("*/traffic-server*.yaml")):
            with self.subTest(file):
                if "\ntcp:" in file.read_text():
                    ports.add(file.parent.name)
                    continue
                (plugin,) = self.guests_of(file.read_text())
                self.assertIn("starts on", self.check("--config-folder", plugin.parent, file))
        self.assertEqual(ports, set(re.findall(r"\(([\w-]+)#running-it\)", page)))
        for name in ports:
            commands = re.search(r"^    mkdir .*\n    cp .*\n    weir check .*$", (EXAMPLES / name / "README.md").read_text(), re.MULTILINE)
            with tempfile.TemporaryDirectory(prefix="weir-example-") as beside:
                text = commands[0].replace(f"build/{name}", beside)
                text = re.sub(r"build/guests/([\w-]+)\.wasm", lambda found: str(guest(found[1])), text)
                text = re.sub(r"^    weir ", f"    {BINARY} ", text, flags=re.MULTILINE)
                done = subprocess.run(["bash", "-ec", text], cwd=EXAMPLES.parent, capture_output=True, text=True, check=False)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn("starts on", done.stdout)


class ExampleTest(PlaneTest):
    """Serves an example: its own file, with other ports, and one language's plugin."""

    def serve(self, name, language, web=None, second=None, configuration=None, workers=1):
        self.web = web or self.upstream()
        text = (EXAMPLES / name / "weir.yaml").read_text()
        text = text.replace("port_value: 8080", "port_value: 0")
        text = text.replace(f"port_value: {WEB}", f"port_value: {self.web.port}")
        if second is not None:
            text = text.replace(f"port_value: {SECOND}", f"port_value: {second.port}")
        plugin = guest(f"{name}-{language}")
        text = re.sub(rf"\.\./\.\./build/guests/{name}-\w+\.wasm", str(plugin), text)
        if configuration is not None:
            text = re.sub(r'( value: ).*', rf'\1"{configuration}"', text)
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="weir-example-"))
        file = pathlib.Path(folder) / "weir.yaml"
        file.write_text(text)
        weir = self.weir("-c", file, workers=workers)
        return weir, self.client(weir.port, Http2Client)

    def answer(self, *args, **kwargs):
        async def respond(_request):
            return Response(*args, **kwargs)

        self.web.respond = respond


class HeaderEditTest(ExampleTest):
    @over_languages(*ALL)
    def test_both_ways_are_marked(self, language):
        weir, client = self.serve("header-edit", language)
        response = client.request("/marked")
        self.assertEqual(response.headers.all("x-weir-plugin"), ["hello"])
        self.assertEqual(self.web.requests[0].headers.all("x-weir-plugin"), ["hello"])
        weir.wait_for_line("GET /marked")


class BodyRewriteTest(ExampleTest):
    @over_languages(*ALL)
    def test_streamed(self, language):
        _, client = self.serve("body-rewrite", language)
        for body in (b"oneTwo", [b"one", b"Two"]):  # of a length told before, and in pieces
            self.answer(200, Fields(), body)
            self.assertEqual(client.request("/").body, b"ONETWO")

    @over_languages(*ALL)
    def test_buffered(self, language):
        _, client = self.serve("body-rewrite", language, configuration="buffered")
        self.answer(200, Fields(), [b"one", b"two"])
        self.assertEqual(client.request("/").body, b"6 bytes\nonetwo")

    @over_languages(*ALL)
    def test_a_wrong_configuration_is_refused(self, language):
        with self.assertRaisesRegex(AssertionError, "`buffered` or `streamed`"):
            self.serve("body-rewrite", language, configuration="sideways")


class AuthCallTest(ExampleTest):
    @over_languages(*ALL)
    def test_who_is_let_in_goes_on_and_others_are_denied(self, language):
        auth = self.upstream(Http1Upstream, respond=auth_service)
        _, client = self.serve("auth-call", language, second=auth)
        headers = {"authorization": "let me in", "x-auth-user": "forged"}
        self.assertEqual(client.request("/page?1", headers=headers).status, 200)
        self.assertEqual(self.web.requests[0].headers.all("x-auth-user"), ["ann"])
        self.assertEqual(auth.requests[0].path, "/check")
        self.assertEqual(auth.requests[0].headers.get("x-original-path"), "/page?1")
        response = client.request("/page")
        self.assertEqual((response.status, response.text), (403, "denied\n"))
        self.assertEqual(len(self.web.requests), 1)

    @over_languages(*ALL)
    def test_nobody_passes_without_the_service(self, language):
        auth = self.upstream(Http1Upstream)
        auth.close()
        _, client = self.serve("auth-call", language, second=auth)
        self.assertEqual(client.request("/page").status, 503)
        self.assertEqual(self.web.requests, [])


class RateLimitTest(ExampleTest):
    @over_languages(*ALL)
    def test_a_client_may_ask_so_often(self, language):
        _, client = self.serve("rate-limit", language, configuration="3/1000000")
        ann, bob = {"x-api-key": "ann"}, {"x-api-key": "bob"}
        statuses = [client.request("/", headers=ann).status for _ in range(5)]
        self.assertEqual(statuses, [200, 200, 200, 429, 429])
        self.assertEqual(client.request("/", headers=bob).status, 200)
        refused = client.request("/", headers=ann)
        self.assertLessEqual(int(refused.headers.get("retry-after")), 1000000)
        self.assertEqual(client.request("/").status, 401)
        self.assertEqual(len(self.web.requests), 4)

    def test_all_workers_count_together(self):
        weir, _ = self.serve("rate-limit", "rust", configuration="3/1000000", workers=2)
        statuses = []
        for _ in range(6):  # Connections of their own, so that both workers have some.
            client = self.client(weir.port)
            statuses.append(client.request("/", headers={"x-api-key": "ann"}).status)
        self.assertEqual(sorted(statuses), [200, 200, 200, 429, 429, 429])

    @over_languages(*ALL)
    def test_a_wrong_configuration_is_refused(self, language):
        with self.assertRaisesRegex(AssertionError, "REQUESTS/SECONDS"):
            self.serve("rate-limit", language, configuration="often")


class JwtCheckTest(ExampleTest):
    def token(self, secret="change-me", algorithm="HS256", **claims):
        def part(value):
            return base64.urlsafe_b64encode(value).rstrip(b"=")

        told = {"iss": "example", "sub": "ann", "exp": time.time() + 60, **claims}
        header = part(json.dumps({"alg": algorithm, "typ": "JWT"}).encode())
        signed = header + b"." + part(json.dumps(told).encode())
        mac = hmac.new(secret.encode(), signed, hashlib.sha256)
        return (signed + b"." + part(mac.digest())).decode()

    def test_tokens(self):
        _, client = self.serve("jwt-check", "go")

        def ask(token):
            response = client.request("/", headers={"authorization": f"Bearer {token}"})
            return response.status, response.text.strip()

        self.assertEqual(ask(self.token())[0], 200)
        self.assertEqual(self.web.requests[0].headers.get("x-jwt-subject"), "ann")
        self.assertEqual(client.request("/").status, 401)
        for token, why in [
            ("a.b", "not a token"),
            (self.token(secret="guessed"), "wrong signature"),
            (self.token(algorithm="none"), "not signed by HS256"),
            (self.token(exp=time.time() - 1), "expired"),
            (self.token(nbf=time.time() + 60), "not valid yet"),
            (self.token(iss="other"), "another issuer"),
            (self.token()[:-4] + "AAAA", "wrong signature"),
        ]:
            with self.subTest(why=why):
                self.assertEqual(ask(token), (401, why))
        self.assertEqual(len(self.web.requests), 1)


class CacheKeyTest(ExampleTest):
    def test_requests_that_mean_the_same_look_the_same(self):
        _, client = self.serve("cache-key", "assemblyscript")
        for path in ("/a?y=2&x=1", "/a?x=1&utm_source=mail&y=2&gclid=7", "/a?x=1&&y=2"):
            response = client.request(path)
            self.assertEqual(response.headers.get("x-cache-key"), "weir.test/a?x=1&y=2")
        self.assertEqual({request.path for request in self.web.requests}, {"/a?x=1&y=2"})
        client.request("/b?utm_medium=x")
        self.assertEqual(self.web.requests[-1].path, "/b")


class TenantRouteTest(ExampleTest):
    def test_a_tenant_has_its_cluster(self):
        blue = self.upstream()
        _, client = self.serve("tenant-route", "cpp", second=blue)
        client.request("/page", authority="blue.example:80")
        client.request("/page", authority="green.example")
        client.request("/page", authority="localhost")
        self.assertEqual([request.path for request in blue.requests], ["/tenants/blue/page"])
        web = [request.path for request in self.web.requests]
        self.assertEqual(web, ["/tenants/green/page", "/page"])


class RequestMetricsTest(ExampleTest):
    def test_requests_are_counted(self):
        weir, client = self.serve("request-metrics", "cpp")
        client.request("/")
        client.request("/")
        client.request("/", method="BREW")
        self.answer(404, Fields(), b"none")
        client.request("/")
        # The client has its response before the plugin is asked to log it.
        eventually(lambda: "wasmcustom.method.GET.class.4xx.requests" in weir.stats(), "the last request's count")
        stats = weir.stats()
        self.assertEqual(stats["wasmcustom.method.GET.class.2xx.requests"], 2)
        self.assertEqual(stats["wasmcustom.method.GET.class.4xx.requests"], 1)
        self.assertEqual(stats["wasmcustom.method.other.class.2xx.requests"], 1)
        self.assertEqual(stats["wasmcustom.open_requests"], 0)
        self.assertEqual(stats["wasmcustom.method.GET.request_milliseconds"], 3)
        self.assertEqual(stats["wasmcustom.response_bytes"], 4)


class GrpcCallsTest(ExampleTest):
    def test_a_service_is_asked_and_told(self):
        grpc = GrpcServer()
        self.addCleanup(grpc.close)
        weir, client = self.serve("grpc-calls", "cpp", second=grpc)
        self.assertEqual(client.request("/one").status, 200)
        self.assertEqual(self.web.requests[0].headers.get("x-grpc-answer"), "echo: /one")
        weir.wait_for_line("journal: echo: /one")
        long = "/" + "x" * 300
        client.request(long)
        self.assertEqual(self.web.requests[1].headers.get("x-grpc-answer"), "echo: " + long)
        weir.wait_for_line("journal: echo: /xxx")

    def test_a_service_that_is_not_there(self):
        nobody = self.upstream()
        nobody.close()
        _, client = self.serve("grpc-calls", "cpp", second=nobody)
        response = client.request("/one")
        self.assertEqual((response.status, response.headers.get("x-grpc-status")), (502, "14"))


class BodyTrailerTest(ExampleTest):
    def fnv(self, data):
        value = 0xCBF29CE484222325
        for byte in data:
            value = ((value ^ byte) * 0x100000001B3) % 2**64
        return f"{value:016x}"

    def test_trailers_tell_of_the_body(self):
        _, client = self.serve("body-trailer", "rust")
        expected = [("x-body-fnv", self.fnv(b"answer")), ("x-body-size", "6")]
        self.answer(200, Fields(), [b"ans", b"wer"])
        response = client.request("/", headers={"te": "trailers"})
        self.assertEqual(response.body, b"answer")
        self.assertEqual(sorted(response.trailers), expected)

    def test_trailers_that_are_there_stay(self):
        _, client = self.serve("body-trailer", "rust")
        self.answer(200, Fields(), [b"answer"], Fields([("x-own", "1")]))
        response = client.request("/", headers={"te": "trailers"})
        self.assertEqual(response.trailers.all("x-own"), ["1"])
        self.assertEqual(response.trailers.all("x-body-size"), ["6"])


class AccessLogTest(ExampleTest):
    def test_a_collector_gets_a_line_for_each_request(self):
        collector = self.upstream()
        _, client = self.serve("access-log", "rust", second=collector)
        client.request("/one?a")
        self.answer(404, Fields(), b"none")
        client.request("/two", method="DELETE")

        def lines():
            return b"".join(request.body for request in collector.requests).splitlines()

        eventually(lambda: len(lines()) >= 2, "two lines")
        self.assertEqual(lines(), [b"GET /one?a 200", b"DELETE /two 404"])
        self.assertEqual({request.path for request in collector.requests}, {"/lines"})


class TickServiceTest(ExampleTest):
    def test_requests_get_what_was_said_last(self):
        said = [b"red"]

        async def flags(request):
            return Response(200 if request.path == "/flags" else 404, Fields(), said[0])

        second = self.upstream(Http1Upstream, respond=flags)
        _, client = self.serve("tick-service", "go", second=second)

        def seen():
            client.request("/")
            return self.web.requests[-1].headers.get("x-flags")

        eventually(lambda: seen() == "red", "the first answer")
        said[0] = b"green"
        eventually(lambda: seen() == "green", "the next answer")
        second.close()
        self.assertEqual(seen(), "green")


class TcpGuardTest(ExampleTest):
    def server(self):
        """A server that answers what it gets, and keeps it in `self.got`."""
        self.got = b""
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)

        def serve():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return  # The test is over.
                with connection:
                    while part := connection.recv(100):
                        self.got += part
                        connection.sendall(part)

        threading.Thread(target=serve, daemon=True).start()
        return types.SimpleNamespace(port=listening.getsockname()[1])

    def connect(self, weir):
        client = socket.create_connection(("127.0.0.1", weir.port), timeout=PATIENCE_S)
        self.addCleanup(client.close)
        return client

    @over_languages("rust", "cpp")
    def test_who_greets_passes(self, language):
        weir, _ = self.serve("tcp-guard", language, web=self.server())
        client = self.connect(weir)
        client.sendall(b"HEL")
        client.sendall(b"LO there")
        answer = b""
        while len(answer) < 11:
            answer += client.recv(100)
        self.assertEqual(answer, b"HELLO there")
        client.close()
        weir.wait_for_line("11 bytes up, 11 bytes down")

    @over_languages("rust", "cpp")
    def test_who_does_not_is_closed(self, language):
        weir, _ = self.serve("tcp-guard", language, web=self.server())
        client = self.connect(weir)
        client.sendall(b"HELP")
        self.assertEqual(client.recv(100), b"")
        self.assertEqual(self.got, b"")


class ReadmeTest(unittest.TestCase):
    def test_every_example_is_told_of(self):
        for folder in sorted(EXAMPLES.iterdir()):
            if folder.is_dir():
                self.assertTrue((folder / "README.md").exists(), folder.name)
                self.assertIn(f"({folder.name})", (EXAMPLES / "README.md").read_text())


if __name__ == "__main__":
    unittest.main()
