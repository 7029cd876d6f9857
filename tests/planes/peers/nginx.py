"""nginx as an upstream."""

import pathlib
import subprocess
import tempfile
import urllib.error
import urllib.request

from .ports import free_port
from .weir import eventually

_SETTINGS = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{ready}; location / {{ return 200 ready; }} }}
  server {{
    listen 127.0.0.1:{port} {flags};
    {directives}
  }}
}}
"""


class Nginx:
    """Serves by `directives` of a server block. `flags` are of its listen directive."""

    scheme = "http"

    def __init__(self, directives, flags=""):
        self._folder = tempfile.TemporaryDirectory(prefix="weir-nginx-")
        self.folder = pathlib.Path(self._folder.name)
        self.port = free_port()
        ready = free_port()
        settings = self.folder / "nginx.conf"
        settings.write_text(
            _SETTINGS.format(
                folder=self.folder, port=self.port, ready=ready, flags=flags, directives=directives
            )
        )
        self._process = subprocess.Popen(
            ["nginx", "-c", settings, "-e", self.folder / "error.log"], stderr=subprocess.DEVNULL
        )
        eventually(lambda: self._answers(ready), "nginx to be ready")

    def _answers(self, port):
        if self._process.poll() is not None:
            raise AssertionError((self.folder / "error.log").read_text())
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                return answer.read() == b"ready"
        except (urllib.error.URLError, ConnectionError):
            return False

    def close(self):
        self._process.terminate()
        self._process.wait(10)
        self._folder.cleanup()
