"""A registry of images: Debian's docker-registry, on loopback."""

import base64
import gzip
import http.server
import io
import json
import os
import pathlib
import ssl
import subprocess
import tarfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import warnings

from .case import free_port
from .code_server import sha256
from .weir import eventually

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import crypt

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
WASM_LAYER = "application/vnd.module.wasm.content.layer.v1+wasm"
WASM_CONFIG = "application/vnd.module.wasm.config.v1+json"

USER, PASSWORD = "puller", "s3cret:word"


def basic(user=USER, password=PASSWORD):
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def layer_with(code, name="plugin.wasm"):
    """A tar.gz that holds the plugin, as `docker build` makes it."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as writer:
        entry = tarfile.TarInfo(name)
        entry.size = len(code)
        writer.addfile(entry, io.BytesIO(code))
    return gzip.compress(tar.getvalue())


def os_of(architecture):
    """As BuildKit's attestations have it, which are for no platform."""
    return "unknown" if architecture == "unknown" else "linux"


class Registry:
    """`auth` is None, "basic" or "token"; `authority` turns TLS on."""

    def __init__(self, folder, auth=None, authority=None):
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self._context = None
        self._tokens = None
        self._authorization = {}
        config = {
            "version": 0.1,
            "log": {"level": "error", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(folder / "registry")}},
            "http": {"addr": self.host},
        }
        if authority:
            config["http"]["tls"] = {
                "certificate": str(authority.certificate),
                "key": str(authority.key),
            }
            self._context = ssl.create_default_context(cafile=authority.ca_file)
        self._url = f"http{'s' if authority else ''}://{self.host}"
        if auth == "basic":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                hashed = crypt.crypt(PASSWORD, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16))
            (folder / "htpasswd").write_text(f"{USER}:{hashed}\n")
            config["auth"] = {"htpasswd": {"realm": "weir", "path": str(folder / "htpasswd")}}
            self._authorization = {"Authorization": f"Basic {basic()}"}
        elif auth == "token":
            self._tokens = TokenServer(folder)
            config["auth"] = {"token": self._tokens.settings()}
        (folder / "registry.yml").write_text(json.dumps(config))
        self._log = open(folder / "registry.log", "wb")
        environment = {**os.environ, "OTEL_TRACES_EXPORTER": "none"}
        self._process = subprocess.Popen(
            ["docker-registry", "serve", folder / "registry.yml"],
            stdout=self._log,
            stderr=self._log,
            env=environment,
        )
        eventually(self._is_up, "the registry")

    def _is_up(self):
        if self._process.poll() is not None:
            raise AssertionError(pathlib.Path(self._log.name).read_text())
        try:
            self._send("GET", "/v2/")
        except urllib.error.HTTPError as error:
            return error.code == 401
        except OSError:
            return False
        return True

    def _send(self, method, path, data=None, headers=None):
        url = path if path.startswith("http") else self._url + path
        request = urllib.request.Request(url, data, {**self._authorization, **(headers or {})})
        request.get_method = lambda: method
        return urllib.request.urlopen(request, context=self._context)

    def _push_blob(self, repository, data):
        digest = f"sha256:{sha256(data)}"
        place = self._send("POST", f"/v2/{repository}/blobs/uploads/", b"").headers["Location"]
        mark = "&" if "?" in place else "?"
        headers = {"Content-Type": "application/octet-stream"}
        self._send("PUT", f"{place}{mark}digest={urllib.parse.quote(digest)}", data, headers)
        return {"digest": digest, "size": len(data)}

    def _push_manifest(self, repository, tag, media_type, manifest):
        text = json.dumps({"schemaVersion": 2, "mediaType": media_type, **manifest}).encode()
        headers = {"Content-Type": media_type}
        self._send("PUT", f"/v2/{repository}/manifests/{tag}", text, headers)
        return {"mediaType": media_type, "digest": f"sha256:{sha256(text)}", "size": len(text)}

    def push(self, repository, tag, layer, layer_type, manifest_type=OCI_MANIFEST):
        """An image of one layer; the descriptor of its manifest."""
        if self._tokens:
            token = self._tokens.make_token(repository, ["pull", "push"])
            self._authorization = {"Authorization": f"Bearer {token}"}
        docker = manifest_type == DOCKER_MANIFEST
        config_type = "application/vnd.docker.container.image.v1+json" if docker else WASM_CONFIG
        config = {"mediaType": config_type, **self._push_blob(repository, b"{}")}
        layers = [{"mediaType": layer_type, **self._push_blob(repository, layer)}]
        return self._push_manifest(
            repository, tag, manifest_type, {"config": config, "layers": layers}
        )

    def push_list(self, repository, tag, images):
        """A list of images, as pairs of a manifest's descriptor and an architecture."""
        manifests = [
            {**image, "platform": {"architecture": architecture, "os": os_of(architecture)}}
            for image, architecture in images
        ]
        return self._push_manifest(repository, tag, OCI_INDEX, {"manifests": manifests})

    def uri(self, repository, version):
        return f"oci://{self.host}/{repository}{version}"

    def secret(self, user=USER, password=PASSWORD):
        return json.dumps({"auths": {self.host: {"auth": basic(user, password)}}})

    @property
    def token_requests(self):
        return self._tokens.requests

    def close(self):
        self._process.terminate()
        self._process.wait()
        self._log.close()
        if self._tokens:
            self._tokens.close()


class TokenServer:
    """Gives tokens that the registry trusts to whoever has the password."""

    def __init__(self, folder):
        self._key = folder / "token.key"
        self._certificate = folder / "token.pem"
        self.requests = []
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", self._key,
             "-out", self._certificate, "-subj", "/CN=weir tokens", "-days", "2"],
            check=True,
            capture_output=True,
        )  # fmt: skip
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests.append(self.path)
                allowed = self.headers.get("Authorization") == f"Basic {basic()}"
                query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
                repository = query.get("scope", ["repository::pull"])[0].split(":")[1]
                body = json.dumps({"token": outer.make_token(repository, ["pull"])}).encode()
                self.send_response(200 if allowed else 401)
                self.end_headers()
                self.wfile.write(body if allowed else b"{}")

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def settings(self):
        return {
            "realm": f"http://127.0.0.1:{self._server.server_port}/token",
            "service": "weir registry",
            "issuer": "weir tokens",
            "rootcertbundle": str(self._certificate),
        }

    def make_token(self, repository, actions):
        def encode(data):
            return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

        pem = self._certificate.read_text().splitlines()
        certificate = "".join(line for line in pem if not line.startswith("-"))
        now = int(time.time())
        header = {"typ": "JWT", "alg": "RS256", "x5c": [certificate]}
        access = {"type": "repository", "name": repository, "actions": actions}
        claims = {"iss": "weir tokens", "sub": USER, "aud": "weir registry", "exp": now + 300,
                  "nbf": now - 300, "iat": now, "jti": "1", "access": [access]}  # fmt: skip
        signed = ".".join(encode(json.dumps(part).encode()) for part in (header, claims))
        sign = ["openssl", "dgst", "-sha256", "-sign", self._key]
        signature = subprocess.run(sign, input=signed.encode(), capture_output=True, check=True)
        return f"{signed}.{encode(signature.stdout)}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()
