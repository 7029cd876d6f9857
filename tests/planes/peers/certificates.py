"""Certificates of an authority that the test is, made by openssl."""

import pathlib
import ssl
import subprocess
import tempfile


def _openssl(*arguments, **options):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, **options)


class Certificate:
    """The files of a certificate and its key."""

    def __init__(self, folder, name):
        self.chain = folder / f"{name}.crt"
        self.key = folder / f"{name}.key"

    @property
    def sha256(self):
        printed = subprocess.run(
            ["openssl", "x509", "-in", str(self.chain), "-noout", "-fingerprint", "-sha256"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        return printed.strip().split("=")[1].replace(":", "").lower()

    @property
    def settings(self):
        """As an item of tls_certificates."""
        return {
            "certificate_chain": {"filename": str(self.chain)},
            "private_key": {"filename": str(self.key)},
        }

    @property
    def inline(self):
        return {
            "certificate_chain": {"inline_string": self.chain.read_text()},
            "private_key": {"inline_string": self.key.read_text()},
        }


class Authority:
    """Signs certificates. What it has made goes by close()."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="weir-certificates-")
        self.folder = pathlib.Path(self._folder.name)
        self.certificate = Certificate(self.folder, "authority")
        _openssl(
            *["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
            *["-nodes", "-days", "2", "-subj", "/CN=The test's authority"],
            *["-keyout", self.certificate.key, "-out", self.certificate.chain],
        )

    def issue(self, name, *alternatives, days=2, subject=None):
        """A certificate whose files are called `name`; `alternatives` as "DNS:a.test"."""
        made = Certificate(self.folder, name)
        request = self.folder / f"{name}.csr"
        extensions = self.folder / f"{name}.ext"
        names = f"subjectAltName={','.join(alternatives)}\n" if alternatives else ""
        extensions.write_text(f"basicConstraints=CA:FALSE\n{names}")
        _openssl(
            *["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
            *["-subj", subject or f"/O=Test/CN={name}", "-keyout", made.key, "-out", request],
        )
        _openssl(
            *["x509", "-req", "-in", request, "-CA", self.certificate.chain],
            *["-CAkey", self.certificate.key, "-CAcreateserial", "-days", days],
            *["-extfile", extensions, "-out", made.chain],
        )
        return made

    @property
    def source(self):
        """As a trusted_ca."""
        return {"filename": str(self.certificate.chain)}

    def server_context(self, certificate, alpn=(), client_certificates=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.chain, certificate.key)
        if alpn:
            context.set_alpn_protocols(list(alpn))
        if client_certificates:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.certificate.chain)
        return context

    def client_context(self, certificate=None, alpn=(), highest=None):
        context = ssl.create_default_context(cafile=self.certificate.chain)
        if certificate:
            context.load_cert_chain(certificate.chain, certificate.key)
        if alpn:
            context.set_alpn_protocols(list(alpn))
        if highest:
            context.maximum_version = highest
        return context

    def close(self):
        self._folder.cleanup()
