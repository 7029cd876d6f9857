"""One configuration in the three forms that it may have, each served: YAML, JSON and protobuf's wire form, which
protoc writes."""

import json
import os
import pathlib
import subprocess
import tempfile
import textwrap
import unittest

from peers.bootstrap import bootstrap, cluster, listener, plugin
from peers.case import PlaneTest, guest
from peers.weir import eventually, run_to_end

_PROTOS = pathlib.Path(__file__).parents[2] / "src/config/proto"
_TYPES = "type.googleapis.com/"
_MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_ROUTER = "envoy.extensions.filters.http.router.v3.Router"
_WASM = "envoy.extensions.filters.http.wasm.v3.Wasm"

_YAML = """
    static_resources:
      listeners:
      - name: main
        address:
          socket_address: {{address: 127.0.0.1, port_value: 0}}
        filter_chains:
        - filters:
          - name: http
            typed_config:
              "@type": {types}{manager}
              stat_prefix: main
              route_config:
                virtual_hosts:
                - name: all
                  domains: ["*"]
                  routes: [{{match: {{prefix: /}}, route: {{cluster: upstream}}}}]
              http_filters:
              - name: edit
                typed_config:
                  "@type": {types}{wasm}
                  config:
                    name: edit
                    configuration:
                      "@type": {types}google.protobuf.StringValue
                      value: |-
                        scenario=/headers
                    vmConfig:  # either name of a field will do
                      code: {{local: {{filename: {file}}}}}
              - name: router
                typed_config: {{"@type": {types}{router}}}
      clusters:
      - name: upstream
        load_assignment:
          cluster_name: upstream
          endpoints:
          - lb_endpoints:
            - endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}}}
"""

_TEXT = """
    static_resources {{
      listeners {{
        name: "main"
        address {{ socket_address {{ address: "127.0.0.1" port_value: 0 }} }}
        filter_chains {{ filters {{
          name: "http"
          typed_config {{ [{types}{manager}] {{
            stat_prefix: "main"
            route_config {{ virtual_hosts {{
              name: "all"
              domains: "*"
              routes {{ match {{ prefix: "/" }} route {{ cluster: "upstream" }} }}
            }} }}
            http_filters {{
              name: "edit"
              typed_config {{ [{types}{wasm}] {{ config {{
                name: "edit"
                configuration {{ {configuration} }}
                vm_config {{ code {{ local {{ filename: "{file}" }} }} }}
              }} }} }}
            }}
            http_filters {{ name: "router" typed_config {{ [{types}{router}] {{}} }} }}
          }} }}
        }} }}
      }}
      clusters {{
        name: "upstream"
        load_assignment {{
          cluster_name: "upstream"
          endpoints {{ lb_endpoints {{ endpoint {{
            address {{ socket_address {{ address: "127.0.0.1" port_value: {port} }} }}
          }} }} }}
        }}
      }}
    }}
"""


class FormsTest(PlaneTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.up = self.upstream()

    def fill(self, template, **values):
        names = {"types": _TYPES, "manager": _MANAGER, "router": _ROUTER, "wasm": _WASM}
        values = {"file": guest("http_all"), "port": self.up.port, **names, **values}
        return textwrap.dedent(template).format(**values)

    def binary(self, text):
        """The message in protobuf's wire form."""
        files = ["bootstrap", "http_connection_manager", "router", "http_wasm"]
        done = subprocess.run(
            ["protoc", "-I", _PROTOS, "--encode=envoy.config.bootstrap.v3.Bootstrap"]
            + [f"weir/envoy/{name}.proto" for name in files]
            + ["google/protobuf/wrappers.proto"],
            input=text.encode(),
            capture_output=True,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def put(self, name, content):
        aside = self.folder / "aside"
        aside.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.rename(aside, self.folder / name)
        return self.folder / name

    def string(self, value):
        return f'[{_TYPES}google.protobuf.StringValue] {{ value: "{value}" }}'

    def check_serves(self, name, content):
        weir = self.weir("-c", self.put(name, content))
        response = self.client(weir.port).request("/any")
        self.assertEqual((response.status, response.headers.get("x-set")), (200, "guest"))
        return weir

    def test_yaml(self):
        self.check_serves("weir.yaml", self.fill(_YAML))

    def test_json(self):
        edit = plugin("edit", guest("http_all"), "scenario=/headers")
        config = bootstrap([listener("main", edit)], [cluster("upstream", self.up)])
        self.check_serves("weir.json", json.dumps(config))

    def test_the_wire_form_and_its_updates(self):
        text = self.fill(_TEXT, configuration=self.string("scenario=/headers"))
        weir = self.check_serves("weir.pb", self.binary(text))

        def updates():
            return json.loads(weir.page("/updates")[1])

        self.put("weir.pb", self.binary(text) + b"\x80\x7d\x01")
        eventually(lambda: updates()["rejected"] == 1, "the rejection")
        self.assertRegex(updates()["rejection"], r"weir\.pb: .*Bootstrap has no field 2000$")
        other = self.fill(_TEXT, configuration=self.string("scenario=/local-response"))
        self.put("weir.pb", self.binary(other))
        eventually(lambda: updates()["accepted"] == 1, "the update")
        self.assertEqual(self.client(weir.port).request("/any").status, 403)

    def test_a_message_that_nobody_knows_reaches_the_plugin_as_it_is(self):
        configuration = f'type_url: "{_TYPES}my.own.Message" value: "\\x08A"'
        told = self.fill(_TEXT, file=self.module("telltale"), configuration=configuration)
        weir = self.weir("-c", self.put("weir.pb", self.binary(told)))
        self.assertTrue(weir.lines(r": plugin: \\x08A$"), weir.log)

    def test_what_is_wrong_is_told_alike(self):
        """The same mistake in each form, with the field's path."""
        path = r"static_resources\.listeners\[0\].*http_filters\[0\]\.typed_config\.config\.configuration"
        text = self.fill(_TEXT, configuration=self.string("fail=configure"))
        yaml = self.fill(_YAML).replace("scenario=/headers", "fail=configure")
        for name, content, place in [("weir.yaml", yaml, r":\d+:\d+"), ("weir.pb", self.binary(text), "")]:
            with self.subTest(name):
                code, printed = run_to_end("serve", "-c", str(self.put(name, content)))
                self.assertEqual(code, 1)
                self.assertRegex(printed, rf"{name}{place}: {path}: plugin 'edit': the plugin refused")


if __name__ == "__main__":
    unittest.main()
