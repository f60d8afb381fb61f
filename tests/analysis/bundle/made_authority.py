"""A time-stamp authority of the tests: certificates made here, answers by the machine's openssl. Nothing is sent."""

from __future__ import annotations

import datetime
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_SETTINGS = """\
[tsa]
default_tsa = here
[here]
serial = serial
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


class Authority:
    """Stamps requests in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        found = shutil.which("openssl")
        if found is None:
            pytest.skip("SKIPPED LOUDLY: there is no openssl here")
        self._openssl, self._folder = found, folder
        now = datetime.datetime.now(datetime.UTC)
        root_key, key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
        self.root = _certificate("Test Root", root_key, "Test Root", root_key, now, authority=True)
        leaf = _certificate("Test Stamps", key, "Test Root", root_key, now, authority=False)
        pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        (folder / "root.pem").write_bytes(self.root.public_bytes(pem))
        (folder / "leaf.pem").write_bytes(leaf.public_bytes(pem))
        (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
        (folder / "serial").write_text("01")
        (folder / "tsa.conf").write_text(_SETTINGS)

    def answer(self, request: bytes) -> bytes:
        """What it answers to a request."""
        (self._folder / "request.tsq").write_bytes(request)
        files = ["-queryfile", "request.tsq", "-signer", "leaf.pem", "-inkey", "key.pem", "-out", "answer.tsr"]
        subprocess.run(
            [self._openssl, "ts", "-reply", "-config", "tsa.conf", *files],
            cwd=self._folder, check=True, capture_output=True,
        )  # fmt: skip
        return (self._folder / "answer.tsr").read_bytes()


def _certificate(
    name: str,
    key: rsa.RSAPrivateKey,
    issuer: str,
    signer: rsa.RSAPrivateKey,
    now: datetime.datetime,
    *,
    authority: bool,
) -> x509.Certificate:
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not authority:
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return made.sign(signer, hashes.SHA256())
