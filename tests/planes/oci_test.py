"""Code in images, from a real registry."""

import json
import os
import pathlib
import tempfile
import unittest

from peers.bootstrap import bootstrap, cluster, listener, plugin, remote
from peers.case import PlaneTest, free_port, guest
from peers.code_server import Authority, sha256
from peers.registry import (
    DOCKER_LAYER,
    DOCKER_MANIFEST,
    OCI_LAYER,
    WASM_LAYER,
    Registry,
    layer_with,
)
from peers.weir import eventually, run_to_end


class OciTest(PlaneTest):
    auth = None
    tls = False

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.code = guest("http_all").read_bytes()
        self.authority = Authority(self.folder) if self.tls else None
        self.registry = Registry(self.folder, self.auth, self.authority)
        self.addCleanup(self.registry.close)
        self.up = self.upstream()
        self.port = free_port()

    def config(self, version, sha="", **options):
        code = remote(self.registry.uri("team/edit", version), sha, timeout="10s")
        edit = plugin("edit", code, **options)
        return bootstrap([listener("main", edit, port=self.port)], [cluster("upstream", self.up)])

    def serve(self, version, sha="", *arguments, **options):
        """The status of a request once the plugin is there, and whether the plugin saw it."""
        config = self.config(version, sha, **options)
        weir = self.weir(*arguments, bootstrap=config)
        response = self.client(self.port).request("/headers")
        weir.stop()
        self.log = weir.log_at_end
        return response.status, response.headers.get("x-set") == "guest"

    def push_wasm(self, tag="v1"):
        return self.registry.push("team/edit", tag, self.code, WASM_LAYER)


class FormTest(OciTest):
    def test_images_of_each_form(self):
        for tag, layer, layer_type, manifest_type in [
            ("docker", layer_with(self.code), DOCKER_LAYER, {"manifest_type": DOCKER_MANIFEST}),
            ("oci", layer_with(self.code, "./plugin.wasm"), OCI_LAYER, {}),
            ("artifact", self.code, WASM_LAYER, {}),
        ]:
            with self.subTest(tag=tag):
                image = self.registry.push("team/edit", tag, layer, layer_type, **manifest_type)
                manifest_sha = image["digest"].removeprefix("sha256:")
                self.assertEqual(self.serve(f":{tag}", sha256(self.code)), (200, True))
                self.assertEqual(self.serve(f":{tag}", manifest_sha), (200, True))
                self.assertEqual(self.serve(f"@{image['digest']}"), (200, True))
                self.assertEqual(self.serve(f":{tag}@{image['digest']}"), (200, True))

    def test_a_list_of_images(self):
        other = self.registry.push("team/edit", "other", layer_with(b"x"), OCI_LAYER)
        image = self.push_wasm()
        images = self.registry.push_list("team/edit", "all", [(other, "amd64"), (image, "wasm")])
        self.assertEqual(self.serve(":all", sha256(self.code)), (200, True))
        self.assertEqual(self.serve(f"@{images['digest']}"), (200, True))

    def test_a_list_as_docker_buildx_pushes_it(self):
        image = self.push_wasm()
        made = self.registry.push("team/edit", "made", b"{}", "application/vnd.in-toto+json")
        for tag, images in [
            ("one", [(image, "arm64"), (made, "unknown")]),
            ("more", [(image, "amd64"), (image, "arm64"), (made, "unknown"), (made, "unknown")]),
        ]:
            with self.subTest(tag=tag):
                self.registry.push_list("team/edit", tag, images)
                self.assertEqual(self.serve(f":{tag}", sha256(self.code)), (200, True))

    def test_an_image_that_is_another_one_is_never_used(self):
        self.push_wasm()
        status = self.serve(":v1", "0" * 64)
        self.assertEqual(status, (503, False))
        self.assertRegex(self.log, f"the sha256 of the code, .*, is {sha256(self.code)}, not 0{{64}}")

    def test_images_that_hold_no_plugin(self):
        self.registry.push("team/edit", "empty", layer_with(b"x", "other"), OCI_LAYER)
        self.registry.push("team/edit", "text", b"x", "text/plain")
        for version, why in [
            (":empty", "holds no file plugin.wasm; put the module at its top by that name"),
            (":text", "neither a tar nor a wasm module, but 'text/plain'; push one whose layer is the"),
            (":none", "manifests/none: the server answers with status 404"),
        ]:
            with self.subTest(why=why):
                self.assertEqual(self.serve(version, "1" * 64), (503, False))
                self.assertRegex(self.log, why)

    def test_a_tag_alone_says_too_little(self):
        file = self.folder / "weir.json"
        file.write_text(json.dumps(self.config(":v1")))
        code, printed = run_to_end("serve", "-c", str(file))
        self.assertEqual(code, 1)
        self.assertRegex(printed, r"remote: 'sha256' is missing; .*@sha256:DIGEST")

    def test_an_update_brings_another_image(self):
        image = self.push_wasm()
        file = self.folder / "weir.json"
        file.write_text(json.dumps(self.config(f"@{image['digest']}")))
        self.weir("-c", file)
        self.code = guest("cpp_http").read_bytes()
        image = self.push_wasm()
        (self.folder / "new").write_text(json.dumps(self.config(f"@{image['digest']}")))
        os.rename(self.folder / "new", file)
        client = self.client(self.port)
        eventually(
            lambda: client.request("/headers").headers.get("x-guest") == "cpp", "the other image"
        )


class BasicTest(OciTest):
    auth = "basic"

    def test_the_pull_secret_opens_the_registry(self):
        image = self.push_wasm()
        version = f"@{image['digest']}"
        secret = self.folder / "secret.json"
        secret.write_text(self.registry.secret())
        for source in [{"filename": str(secret)}, {"inline_string": self.registry.secret()}]:
            self.assertEqual(self.serve(version, fetch={"pull_secret": source}), (200, True))
        wrong = {"inline_string": self.registry.secret(password="wrong")}
        self.assertEqual(self.serve(version, fetch={"pull_secret": wrong}), (503, False))
        self.assertRegex(self.log, "status 401: the pull secret does not open it")
        self.assertEqual(self.serve(version), (503, False))
        self.assertRegex(self.log, "it needs a pull secret, and there is none for it; give one by fetch.pull_secret")
        self.assertNotIn("wrong", self.log)


class TokenTest(OciTest):
    auth = "token"

    def test_the_pull_secret_gets_a_token(self):
        image = self.push_wasm()
        version = f"@{image['digest']}"
        secret = {"inline_string": self.registry.secret()}
        self.assertEqual(self.serve(version, fetch={"pull_secret": secret}), (200, True))
        self.assertRegex(
            self.registry.token_requests[0],
            r"^/token\?service=weir%20registry&scope=repository%3Ateam%2Fedit%3Apull$",
        )
        self.assertEqual(self.serve(version), (503, False))
        self.assertRegex(self.log, "no token is given, with status 401: it needs a pull secret")


class TlsTest(OciTest):
    tls = True

    def test_a_registry_over_tls(self):
        image = self.push_wasm()
        version = f"@{image['digest']}"
        trusted = ["--fetch-ca-file", self.authority.ca_file]
        self.assertEqual(self.serve(version, "", *trusted), (200, True))
        self.assertEqual(self.serve(version), (503, False))
        self.assertRegex(self.log, "certificate.*; trust its authority by --fetch-ca-file FILE")
        # Without TLS nobody is understood here.
        self.assertEqual(self.serve(version, "", *trusted, fetch={"plain_http": True}), (503, False))
        self.assertRegex(self.log, "status 400")


if __name__ == "__main__":
    unittest.main()
