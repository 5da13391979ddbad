"""TLS settings: client certificates in every form, custom authorities, ciphers, and what is refused at once."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import load_pem_x509_certificate

from tests.certificates import Certificates
from tests.servers import Server, accept_all
from winpush import Client, ClientCertificate, ConfigurationError, Outcome, Tls, mpns
from winpush.channels import AllowedHosts, parse_origin
from winpush.client.encoder import Encoder
from winpush.client.options import Settings

TOAST = mpns.Toast("a")
LOGIN = "login.microsoftonline.com"
PASSPHRASE = "s3cret"


class Pair:
    """A client certificate in the forms that people have it in."""

    def __init__(self, authority: trustme.CA) -> None:
        issued = authority.issue_cert("push.example")
        self.certificate = issued.cert_chain_pems[0].bytes()
        self.key = issued.private_key_pem.bytes()
        self._loaded = serialization.load_pem_private_key(self.key, None)

    def encrypted_key(self) -> bytes:
        encryption = serialization.BestAvailableEncryption(PASSPHRASE.encode())
        return self._loaded.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)

    def pfx(self, passphrase: str | None) -> bytes:
        encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if passphrase is not None:
            encryption = serialization.BestAvailableEncryption(passphrase.encode())
        certificate = load_pem_x509_certificate(self.certificate)
        return pkcs12.serialize_key_and_certificates(b"push", self._loaded, certificate, None, encryption)  # type: ignore[arg-type]  # an EC key


def connected() -> tuple[socket.socket, socket.socket]:
    """Two ends of a TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        return ours, listener.accept()[0]


@pytest.fixture
def pair(certificates: Certificates) -> Pair:
    return Pair(certificates.authority)


def made_of(pair: Pair, form: str, folder: Path) -> ClientCertificate:
    (folder / "cert.pem").write_bytes(pair.certificate)
    (folder / "key.pem").write_bytes(pair.encrypted_key())
    (folder / "both.pem").write_bytes(pair.certificate + pair.key)
    (folder / "push.pfx").write_bytes(pair.pfx(PASSPHRASE))
    forms: dict[str, Callable[[], ClientCertificate]] = {
        "pem-bytes": lambda: ClientCertificate.from_pem(pair.certificate, pair.key),
        "pem-paths": lambda: ClientCertificate.from_pem(folder / "cert.pem", str(folder / "key.pem"), PASSPHRASE),
        "pem-one-file": lambda: ClientCertificate.from_pem(folder / "both.pem"),
        "pfx-path": lambda: ClientCertificate.from_pfx(folder / "push.pfx", PASSPHRASE),
        "pfx-bytes": lambda: ClientCertificate.from_pfx(pair.pfx(None)),
    }
    return forms[form]()


@pytest.mark.parametrize("form", ["pem-bytes", "pem-paths", "pem-one-file", "pfx-path", "pfx-bytes"])
def test_a_client_certificate_is_shown_in_whatever_form_it_came(
    form: str, pair: Pair, certificates: Certificates, tmp_path: Path
) -> None:
    certificate = made_of(pair, form, tmp_path)
    context = certificates.server(client_ca=certificates.authority)
    with (
        Server(accept_all, context) as server,
        Client(allow_hosts=[server.authority], tls=certificates.tls, mpns_certificate=certificate) as client,
    ):
        assert client.send(server.uri(), TOAST).ok
    assert "PRIVATE" not in repr(certificate)
    assert PASSPHRASE not in repr(certificate)


@pytest.mark.parametrize(
    ("uri", "is_shown"),
    [
        ("https://sn1.notify.live.net/unthrottledthirdparty/01.00/AAE", True),
        ("https://own.test/throttledthirdparty/01.00/AAE", True),
        ("https://db5.notify.windows.com/?token=a", False),
        ("https://db5.notify.windows.com/w/?token=a", False),
        ("https://fcm.googleapis.com/fcm/send/a", False),
        ("https://updates.push.services.mozilla.com/wpush/v2/a", False),
        ("https://web.push.apple.com/a", False),
        ("https://own.test/?token=a", False),
        ("https://own.test/wpush/v2/a", False),
    ],
)
def test_a_client_certificate_is_only_shown_to_phones_hosts(uri: str, is_shown: bool, pair: Pair) -> None:
    certificate = ClientCertificate.from_pem(pair.certificate, pair.key)
    encoder = Encoder(Settings.of(mpns_certificate=certificate, allow_hosts=["own.test"]))
    bare = encoder.trust(parse_origin("https://login.microsoftonline.com", AllowedHosts(frozenset({LOGIN}))))
    assert (encoder.resolve(uri)[0].route.context is not bare.route.context) == is_shown


@pytest.mark.parametrize("newline", ["\r", "\r\n"])
def test_pem_is_read_with_any_line_end(newline: str, pair: Pair) -> None:
    ClientCertificate.from_pem((pair.certificate + pair.key).replace(b"\n", newline.encode()))


def test_a_passphrase_in_bytes_is_refused_in_words(pair: Pair) -> None:
    with pytest.raises(ConfigurationError, match="passphrase: must be a str, not bytes"):
        ClientCertificate.from_pem(pair.certificate, pair.encrypted_key(), PASSPHRASE.encode())  # type: ignore[arg-type]  # the mistake


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_pem_is_read_as_windows_tools_save_it(encoding: str, pair: Pair, certificates: Certificates) -> None:
    def saved(pem: bytes) -> bytes:
        return pem.decode().replace("\n", "\r\n").encode(encoding)

    both = ClientCertificate.from_pem(saved(pair.certificate + pair.key))
    two = ClientCertificate.from_pem(saved(pair.certificate), saved(pair.encrypted_key()), PASSPHRASE)
    tls = Tls(ca=saved(certificates.authority.cert_pem.bytes()))
    for certificate in (both, two):
        with Server(context=certificates.server(client_ca=certificates.authority)) as server:
            options = {"tls": tls, "mpns_certificate": certificate, "allow_hosts": [server.authority]}
            with Client(**options) as client:  # type: ignore[arg-type]  # three of its options
                assert client.send(server.uri(), TOAST).ok


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_the_words_around_a_certificate_may_be_in_any_encoding(encoding: str, certificates: Certificates) -> None:
    words = "subject=O = Zürich Öffentlich\n".encode(encoding)
    context = Tls(ca=words + certificates.authority.cert_pem.bytes()).make_context()
    assert any("trustme" in str(each["subject"]) for each in context.get_ca_certs())


def test_a_ready_context_is_used_as_it_is(pair: Pair, certificates: Certificates) -> None:
    context = ssl.create_default_context(cadata=certificates.authority.cert_pem.bytes().decode())
    with (
        Server(accept_all, certificates.server()) as server,
        Client(allow_hosts=[server.authority], tls=Tls(context=context)) as client,
    ):
        assert client.send(server.uri(), TOAST).ok
    certificate = ClientCertificate.from_pem(pair.certificate, pair.key)
    with pytest.raises(ConfigurationError, match="own context"):
        Client(tls=Tls(context=context), mpns_certificate=certificate)


def test_the_systems_authorities_are_read_for_the_first_https_channel_and_files_when_the_client_is_made(
    certificates: Certificates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[ssl.SSLContext] = []
    create = ssl.create_default_context

    def count() -> ssl.SSLContext:
        made.append(create())
        return made[-1]

    monkeypatch.setattr(ssl, "create_default_context", count)
    ca = tmp_path / "ca.pem"
    ca.write_bytes(certificates.authority.cert_pem.bytes())
    with (
        Server() as plain,
        Server(context=certificates.server()) as server,
        Client(allow_hosts=[plain.authority, server.authority], tls=Tls(ca=ca)) as client,
    ):
        ca.unlink()
        assert client.send(plain.uri(), TOAST).ok
        assert not made
        for _ in range(2):
            assert client.send(server.uri(), TOAST).ok
    assert len(made) == 1


@pytest.mark.parametrize("side", ["client", "server"])
def test_a_connection_that_is_reset_before_tls_begins_leaves_no_socket_behind(
    side: str, certificates: Certificates, no_leaks: Callable[[], None]
) -> None:
    """Python before 3.13 would: its own socket class forgets what it has made when it is not connected any more."""
    name = "127.0.0.1" if side == "client" else None
    context = certificates.tls.make_context() if name else certificates.server()
    ours, theirs = connected()
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # its close is a reset
    theirs.close()
    kept = []
    try:
        context.wrap_socket(ours, server_side=not name, do_handshake_on_connect=False, server_hostname=name)
    except ConnectionResetError as error:
        kept.append(error)  # with its frames, as a result may keep it
    assert kept
    no_leaks()


def test_verification_is_off_only_when_turned_off_by_name(certificates: Certificates) -> None:
    with Server(accept_all, certificates.server("other.example")) as server:
        with Client(allow_hosts=[server.authority], tls=Tls(verify=False)) as client:
            assert client.send(server.uri(), TOAST).ok
        with Client(allow_hosts=[server.authority], tls=certificates.tls) as client:
            assert client.send(server.uri(), TOAST).outcome is Outcome.TLS_FAILED


def test_the_ciphers_are_the_callers(certificates: Certificates) -> None:
    seen: list[object] = []
    context = certificates.server()
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    with Server(lambda peer: (seen.append(peer.sock.cipher()), accept_all(peer))[1], context) as server:  # type: ignore[func-returns-value, attr-defined]  # an SSL socket
        tls = Tls(ca=certificates.authority.cert_pem.bytes(), ciphers="ECDHE-ECDSA-AES256-GCM-SHA384")
        with Client(allow_hosts=[server.authority], tls=tls) as client:
            assert client.send(server.uri(), TOAST).ok
    assert seen[0][0] == "ECDHE-ECDSA-AES256-GCM-SHA384"  # type: ignore[index]  # a triple


@pytest.mark.parametrize(
    "wrong", ["passphrase", "pfx-passphrase", "other-key", "no-key", "missing", "ca", "ciphers", "pfx"]
)
def test_what_can_not_work_is_told_when_it_is_made(wrong: str, pair: Pair, tmp_path: Path) -> None:
    other = Pair(trustme.CA())
    attempts: dict[str, Callable[[], object]] = {
        "passphrase": lambda: ClientCertificate.from_pem(pair.certificate, pair.encrypted_key(), "wrong"),
        "pfx-passphrase": lambda: ClientCertificate.from_pfx(pair.pfx(PASSPHRASE), "wrong"),
        "other-key": lambda: ClientCertificate.from_pem(pair.certificate, other.key),
        "no-key": lambda: ClientCertificate.from_pem(pair.certificate),
        "missing": lambda: ClientCertificate.from_pem(tmp_path / "nothing.pem"),
        "pfx": lambda: ClientCertificate.from_pfx(b"no pfx"),
        "ca": lambda: Client(tls=Tls(ca=b"no certificate")),
        "ciphers": lambda: Client(tls=Tls(ciphers="no cipher")),
    }
    with pytest.raises(ConfigurationError) as caught:
        attempts[wrong]()
    assert "wrong" not in str(caught.value).replace("wrong passphrase", "")


@pytest.mark.parametrize("option", ["timeout", "connect_timeout"])
@pytest.mark.parametrize("value", [0, -1, 10_000, True, "15", float("nan")])
def test_a_timeout_of_the_wrong_unit_is_refused(option: str, value: float) -> None:
    with pytest.raises(ConfigurationError, match=option):
        Client(**{option: value})  # type: ignore[arg-type]  # one option by its name


@pytest.mark.parametrize("option", ["max_connections", "max_connections_per_host"])
def test_a_limit_is_a_whole_number_from_1(option: str) -> None:
    with pytest.raises(ConfigurationError, match=option):
        Client(**{option: 0})  # type: ignore[arg-type]  # one option by its name
