"""Git servers on loopback: smart HTTP over TLS with names and passwords, and OpenSSH with keys."""

import base64
import getpass
import ipaddress
import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.conftest import free_port, require, until

NAMES = ("git.example", "other.example", "localhost")
ADDRESSES = ("127.0.0.1", "127.0.0.2")


def make_certificates(folder: Path) -> tuple[Path, Path]:
    """A certificate authority, and a server's certificate with its key, as files."""
    authority, key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    root = sign(authority, authority, "Tests", "Tests", None)
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in NAMES]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in ADDRESSES]
    leaf = sign(authority, key, "Tests", "Git server", x509.SubjectAlternativeName(names))
    trusted, served = folder / "authority.pem", folder / "server.pem"
    trusted.write_bytes(root.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    served.write_bytes(leaf.public_bytes(Encoding.PEM) + private)
    return trusted, served


def sign(
    signer: EllipticCurvePrivateKey, key: EllipticCurvePrivateKey, issuer: str, name: str,
    names: x509.SubjectAlternativeName | None,
) -> x509.Certificate:  # fmt: skip
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=names is None, path_length=None), critical=True)
    )
    return (made.add_extension(names, critical=False) if names else made).sign(signer, SHA256())


@dataclass
class Seen:
    """A request as it arrived, and the command lines of all processes meanwhile."""

    host: str
    path: str
    user: str | None
    password: str | None
    command_lines: str


@dataclass
class HttpsGit:
    """Serves the repositories below a folder; those below `private/` to whom `users` names."""

    root: Path
    port: int
    users: dict[str, str] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)  # what a path begins with -> what it becomes
    honest: int = 0  # requests that are answered before any is redirected
    seen: list[Seen] = field(default_factory=list)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"https://{host}:{self.port}/{path}"


@contextmanager
def https_git(root: Path, certificate: Path, address: str = "127.0.0.1") -> Iterator[HttpsGit]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *arguments: object) -> None: ...

        def do_GET(self) -> None:
            answer(self, git)

        do_POST = do_GET  # noqa: N815

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = True

        def handle_error(self, request: object, client_address: object) -> None: ...

    with Server((address, 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        git = HttpsGit(root, server.server_port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield git
        finally:
            server.shutdown()
            thread.join()


def answer(request: BaseHTTPRequestHandler, git: HttpsGit) -> None:
    request.close_connection = True
    path, _, query = request.path.partition("?")
    user, password = login_of(request.headers.get("authorization"))
    git.seen.append(Seen(request.headers["host"], request.path, user, password, command_lines()))
    for start, target in git.redirects.items():
        if path.startswith(start) and len(git.seen) > git.honest:
            reply(request, 301, {"Location": target + request.path.removeprefix(start)})
            return
    if path.startswith("/private/") and (user is None or git.users.get(user) != password):
        reply(request, 401, {"WWW-Authenticate": 'Basic realm="git"'})
        return
    variables = {
        "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(git.root), "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": unquote(path), "QUERY_STRING": query, "REQUEST_METHOD": request.command,
        "CONTENT_TYPE": request.headers.get("content-type", ""), "REMOTE_USER": user or "",
        "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
        "HTTP_GIT_PROTOCOL": request.headers.get("git-protocol", ""), "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "uploadpack.allowReachableSHA1InWant", "GIT_CONFIG_VALUE_0": "true",
    }  # fmt: skip
    body = request.rfile.read(int(request.headers.get("content-length", 0)))
    done = subprocess.run(["git", "http-backend"], env=variables, input=body, capture_output=True, check=True)
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
    reply(request, int(headers.pop("Status", "200").split()[0]), headers, content)


def login_of(header: str | None) -> tuple[str | None, str | None]:
    if header is None:
        return None, None
    user, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
    return user, password


def reply(request: BaseHTTPRequestHandler, status: int, headers: dict[str, str], content: bytes = b"") -> None:
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content)


def command_lines() -> str:
    """What every user of the machine sees of all processes."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it ended meanwhile
    return "\n".join(found)


@dataclass
class SshGit:
    """An OpenSSH server for the user of the tests; it takes the keys in `keys`."""

    port: int
    user: str
    keys: Path

    def url(self, path: Path, host: str = "127.0.0.1") -> str:
        return f"ssh://{self.user}@{host}:{self.port}{path}"


def make_key(path: Path, passphrase: str = "", kind: str = "ed25519") -> str:
    """The private key; the public one lies beside it."""
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-f", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path.read_text()


def require_ssh() -> None:
    require("OpenSSH", bool(shutil.which("ssh-keygen") and shutil.which("ssh") and sshd()))


def sshd() -> str | None:
    return shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextmanager
def ssh_git(folder: Path, port: int | None = None) -> Iterator[SshGit]:
    folder.mkdir()
    program = sshd()
    assert program is not None
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    make_key(folder / "host")
    git = SshGit(port or free_port(), getpass.getuser(), folder / "authorized")
    git.keys.touch()
    config = folder / "config"
    config.write_text(
        f"Port {git.port}\nListenAddress 127.0.0.1\nHostKey {folder / 'host'}\nPidFile none\nStrictModes no\n"
        f"AuthorizedKeysFile {git.keys}\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "-D", "-e", "-f", str(config)], stdout=log, stderr=log)
        try:
            until(lambda: process.poll() is None and "listening" in (folder / "log").read_text())
            yield git
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def connect_proxy(known: dict[str, tuple[str, int]]) -> Iterator[tuple[str, list[str]]]:
    """A proxy that looks names up itself: its address, and whom it was asked to connect to."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *arguments: object) -> None: ...

        def do_CONNECT(self) -> None:
            asked.append(self.path)
            self.close_connection = True
            with socket.create_connection(known[self.path]) as far:
                self.send_response(200)
                self.end_headers()
                back = threading.Thread(target=pump, args=(far, self.connection))
                back.start()
                pump(self.connection, far)
                back.join()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def pump(source: socket.socket, target: socket.socket) -> None:
    """All bytes until the source ends; the other side is told so."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return  # one of them has gone
