"""A server in a thread of this process: its socket, its worker, its first user, and a clean stop."""

import errno
import gc
import logging
import socket
import threading
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Self

import uvicorn

from assethub.domain.errors import Unavailable
from assethub.domain.owners import Scope, User
from assethub.server.app import Ports, create_app
from assethub.server.s3.app import create_s3
from assethub.server.settings import Settings
from assethub.services import accounts, keys, sessions
from assethub.services.opening import open_hub
from assethub.worker.collecting import Collector
from assethub.worker.indexing import Indexing
from assethub.worker.loop import Worker

log = logging.getLogger("assethub")
STOP_SECONDS = 5  # how long open requests may go on after a stop


@dataclass(frozen=True)
class FirstUser:
    name: str
    password: str
    link: str


class RunningServer:
    """A hub that listens. Use it as a context, or `start` and `stop` it.

    Unavailable if the port is taken or the data folder is in use; Invalid if the folder is not a hub's.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.socket = listen(settings.host, settings.port)
        self.port: int = self.socket.getsockname()[1]
        try:
            self.s3_socket = self.listen_for_s3()
        except Unavailable:
            self.socket.close()
            raise
        self.s3_port: int | None = self.s3_socket.getsockname()[1] if self.s3_socket else None
        host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "") else settings.host
        self.local_url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}"
        self.url = settings.url.rstrip("/") or self.local_url
        try:
            self.opened = open_hub(
                settings.data, database=settings.database or None, store=settings.store or None,
                git_roots=settings.git_roots, slots=settings.slots, machine=settings.machine,
                grace=timedelta(hours=settings.grace_hours),
                sandbox=settings.sandbox, sandbox_folders=settings.sandbox_folders,
                quota=settings.quota_bytes, run_disk=settings.run_disk_bytes, audit_kept=settings.audit_kept,
                requests_per_minute=settings.requests_per_minute, outbound=settings.outbound,
                s3_url=settings.s3_address, accel=settings.accel, public=settings.public_folders,
                provider=settings.provider, settings=settings.shown, serving=True,
            )  # fmt: skip
        except BaseException:
            for one in self.sockets:
                one.close()
            raise
        self.hub = self.opened.hub
        if self.hub.provider is not None:
            self.hub.provider.redirect = f"{self.url}/sign-in/oidc/callback"
        self.first_user = self.make_first_user()
        domains = (settings.s3_domain.lower(),) if settings.s3_domain else ()
        config = uvicorn.Config(
            Ports(create_app(self.hub), self.s3_port, create_s3(self.hub, domains)),
            lifespan="off", log_config=None, access_log=False, server_header=False,
            timeout_graceful_shutdown=STOP_SECONDS, forwarded_allow_ips=settings.proxies,
        )  # fmt: skip
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": self.sockets}, name="server")
        self.worker = Worker(self.hub, self.local_url)  # runs on this machine reach the hub here
        self.collector = Collector(self.hub, settings.collect_hours)
        self.indexing = Indexing(self.hub)

    @property
    def sockets(self) -> list[socket.socket]:
        return [self.socket, self.s3_socket] if self.s3_socket else [self.socket]

    def listen_for_s3(self) -> socket.socket | None:
        """The S3 door's own port; where the one that nobody chose is taken, it is at /s3 alone."""
        wanted = self.settings.s3_port
        if wanted >= 0:
            return listen(self.settings.host, wanted)
        try:
            return listen(self.settings.host, self.port + 1 if self.settings.port else 0)
        except Unavailable as error:
            log.warning("the S3 door is at /s3 and has no port of its own: %s", error)
            return None

    def make_first_user(self) -> FirstUser | None:
        made = accounts.ensure_first_user(self.hub, self.settings.admin_user, self.settings.admin_password or None)
        return FirstUser(made[0].name, made[1], self.sign_in_link(made[0])) if made else None

    def sign_in_link(self, user: User) -> str:
        """An address that signs the user in once."""
        return f"{self.url}/sign-in/link?token={sessions.create_link(self.hub, user)}"

    def create_key(self, user: str, name: str, scope: Scope) -> str:
        """The secret of a new API key."""
        with self.hub.work(None) as work:
            return keys.make_key(work, accounts.get_user(work, user), name, scope)[1]

    def start(self) -> None:
        self.thread.start()
        self.worker.start()
        self.collector.start()
        self.indexing.start()
        log.info("listening on %s", self.url)

    def stop(self) -> None:
        """Answer what is under way, then close. Runs go on; the next start finds them again."""
        self.worker.stop()
        self.collector.stop()
        self.indexing.stop()
        self.server.should_exit = True
        self.thread.join()
        self.opened.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def settle() -> None:
    """Keep what is loaded by now out of garbage collection: going through it holds up requests for 100 ms and more."""
    gc.collect()
    gc.freeze()


def listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(2048)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise Unavailable(
                f"Port {port} on {host} is taken; stop what listens there, or choose another with --port."
            ) from None
        raise Unavailable(f"Cannot listen on {host}:{port}: {error.strerror}.") from error
    return listening
