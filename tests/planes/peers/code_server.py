"""A server that plugins' code is fetched from, over HTTP or HTTPS."""

import contextlib
import hashlib
import http.server
import ssl
import subprocess
import threading


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Authority:
    """A certificate authority of the test's own, and a server's certificate for 127.0.0.1."""

    def __init__(self, folder):
        self.ca_file = folder / "ca.pem"
        self.certificate = folder / "server.pem"
        self.key = folder / "server.key"
        ca_key, request, names = folder / "ca.key", folder / "server.csr", folder / "names"
        names.write_text("subjectAltName=IP:127.0.0.1\n")
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        self._run("req", "-x509", *new_key, "-keyout", ca_key, "-out", self.ca_file,
                  "-subj", "/CN=weir test", "-days", "2")  # fmt: skip
        self._run("req", *new_key, "-keyout", self.key, "-out", request, "-subj", "/CN=127.0.0.1")
        self._run("x509", "-req", "-in", request, "-CA", self.ca_file, "-CAkey", ca_key,
                  "-CAcreateserial", "-out", self.certificate, "-days", "2",
                  "-extfile", names)  # fmt: skip

    @staticmethod
    def _run(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class CodeServer:
    """Serves `files` by path. While `gate` is closed answers wait; `status` answers something else
    than 200 to all."""

    def __init__(self, files, authority=None):
        self.files = dict(files)
        self.status = 200
        self.headers = {}
        self.requests = []
        self.hosts = []
        self.gate = threading.Event()
        self.gate.set()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests.append(self.path)
                outer.hosts.append(self.headers["host"])
                outer.gate.wait()
                data = outer.files.get(self.path)
                status = outer.status if outer.status != 200 or data is not None else 404
                body = data if status == 200 else b""
                self.send_response(status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(ConnectionError):  # a client that waits no longer
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if authority:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(authority.certificate, authority.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self.url = f"http{'s' if authority else ''}://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()
