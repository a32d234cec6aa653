"""The way to a hub: where it is, who asks, and requests whose refusals are raised as errors."""

import json
import os
import random
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import BaseModel

from assethub.client.errors import Unreachable, refusal
from assethub.domain.errors import Damaged, HubError
from assethub.domain.names import AssetPath, FolderPath

if TYPE_CHECKING:
    from assethub.client.hub import Hub

DEFAULT_ENDPOINT = "http://127.0.0.1:7700"
ATTEMPTS = 8  # over about ten seconds: a hub that is restarted is back by then
ATTEMPTS_OF_FAULTY = 3  # of what the hub failed at with an error of its own
AGAIN = {429, 500, 502, 503, 504}
LONGEST_PAUSE = 5.0
LONGEST_TOLD_PAUSE = 120.0  # that a hub may ask for by Retry-After; what takes longer is refused
M = TypeVar("M", bound=BaseModel)


def connect(endpoint: str | None = None, api_key: str | None = None) -> "Hub":
    """The hub at `endpoint`, asked with `api_key`.

    What is left out comes from ASSETHUB_ENDPOINT and ASSETHUB_API_KEY, then (inside a run) from AH_ENDPOINT and
    AH_TOKEN, then from what `ah login` stored; the last resort is a hub on this machine. Nothing is asked yet.
    """
    from assethub.client.hub import Hub

    stored = load_login()
    address = (
        endpoint or os.environ.get("ASSETHUB_ENDPOINT") or os.environ.get("AH_ENDPOINT") or stored.get("endpoint")
        or DEFAULT_ENDPOINT
    ).rstrip("/")  # fmt: skip
    key = api_key or os.environ.get("ASSETHUB_API_KEY") or None
    if key is None and os.environ.get("AH_ENDPOINT", "").rstrip("/") == address:
        key = os.environ.get("AH_TOKEN")
    if key is None and stored.get("endpoint", "").rstrip("/") == address:  # a key is for the hub that made it
        key = stored.get("api_key")
    return Hub(Connection(address, key))


def login_file() -> Path:
    folder = os.environ.get("XDG_CONFIG_HOME")
    return (Path(folder) if folder else Path.home() / ".config") / "assethub" / "login.json"


def load_login() -> dict[str, str]:
    """What `ah login` stored, if it did."""
    try:
        value = json.loads(login_file().read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return {str(name): str(text) for name, text in value.items()} if isinstance(value, dict) else {}


def save_login(endpoint: str, api_key: str) -> Path:
    """Keep the key where only this user reads it."""
    path = login_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"endpoint": endpoint, "api_key": api_key}, file)
    fresh.rename(path)
    return path


class Connection:
    """Requests to one hub. Safe to use from several threads."""

    def __init__(self, endpoint: str, api_key: str | None) -> None:
        self.endpoint = endpoint
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self.http = httpx2.Client(
            base_url=f"{endpoint}/api/v1", headers=headers, timeout=httpx2.Timeout(120, connect=10), trust_env=True,
            verify=True if endpoint.startswith("https:") else trusting_nobody(),
        )  # fmt: skip
        self.has_key = api_key is not None
        self.attempts = ATTEMPTS  # at a request, while the hub is away
        self.answered = False  # a hub that answered before is being restarted when it does not listen
        self.on_wait: Callable[[float, HubError], None] = lambda seconds, refused: None  # before a pause it asked for

    def request(self, method: str, url: str, *, again: bool | None = None, **options: Any) -> httpx2.Response:
        """The hub's answer; its refusals are raised. What changes nothing twice is asked again when the hub is away.

        Whatever was refused because of too many requests is asked again when the hub says, unless `again` is False.
        """
        with self.asking(method, url, again, options, stream=False) as response:
            return response

    @contextmanager
    def stream(self, method: str, url: str, *, again: bool | None = None, **options: Any) -> Iterator[httpx2.Response]:
        """An answer whose body is read piece by piece; it may take as long as it takes."""
        try:
            with self.asking(method, url, again, options, stream=True) as response:
                yield response
        except httpx2.TransportError as error:
            raise self.unreachable(error) from error

    @contextmanager
    def asking(
        self, method: str, url: str, again: bool | None, options: dict[str, Any], *, stream: bool
    ) -> Iterator[httpx2.Response]:
        attempt = 0
        repeatable = method in ("GET", "HEAD", "PUT") if again is None else again
        while True:
            attempt += 1
            response = self.attempt(method, url, options, stream, attempt, repeatable, later=again is not False)
            if not isinstance(response, float):
                try:
                    yield response
                finally:
                    response.close()
                return
            time.sleep(response)

    def attempt(
        self, method: str, url: str, options: dict[str, Any], stream: bool, attempt: int, again: bool, later: bool
    ) -> httpx2.Response | float:
        """The answer of one attempt, or the seconds after which another is worth it: `again` if something may have
        been done, `later` if nothing was, because there were too many requests.
        """
        try:
            request = self.http.build_request(method, url, **options)
            response = self.http.send(request, stream=stream)
        except httpx2.TransportError as error:
            away = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)  # and so nothing was done
            if attempt >= self.attempts or not (self.answered if away else again):
                raise self.unreachable(error) from error
            return pause(attempt)
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise Unreachable(f"{self.endpoint!r} is not the address of a hub: {error}.") from error
        self.answered = True
        if response.is_success or response.status_code == 304:
            return response
        response.read()
        response.close()
        most = ATTEMPTS_OF_FAULTY if response.status_code == 500 else self.attempts
        refused = refusal(response.status_code, body_of(response))
        worth_it = response.status_code in AGAIN and not isinstance(refused, Damaged)
        told = told_pause(response.headers.get("retry-after"))
        too_many = response.status_code == 429
        if attempt >= most or not worth_it or not (later if too_many else again):
            raise refused
        if told is None:
            return pause(attempt)
        if told > LONGEST_TOLD_PAUSE:
            raise refused
        if told >= 1:
            self.on_wait(told, refused)
        return told

    def unreachable(self, error: Exception) -> Unreachable:
        if isinstance(error, httpx2.ConnectError):
            return Unreachable(
                f"No hub answers at {self.endpoint}; is `ah serve` running, and is ASSETHUB_ENDPOINT right?"
            )
        return Unreachable(f"The connection to {self.endpoint} broke off: {error or type(error).__name__}.")

    def get(self, answer: type[M], url: str, **params: Any) -> M:
        return answer.model_validate(self.request("GET", url, params=given(params)).json())

    def get_list(self, answer: type[M], url: str, **params: Any) -> list[M]:
        return [answer.model_validate(one) for one in self.request("GET", url, params=given(params)).json()]

    def send(
        self, kind: type[M], method: str, url: str, message: BaseModel | None = None, *, again: bool | None = None,
        **params: Any,
    ) -> M:  # fmt: skip
        found = self.send_optional(kind, method, url, message, again=again, **params)
        assert found is not None  # only commits and merges answer null
        return found

    def send_optional(
        self, kind: type[M], method: str, url: str, message: BaseModel | None = None, *, again: bool | None = None,
        **params: Any,
    ) -> M | None:  # fmt: skip
        """None when the hub answers null: nothing changed."""
        content = message.model_dump(mode="json", exclude_unset=True) if message is not None else None
        answer = self.request(method, url, again=again, json=content, params=given(params)).json()
        return kind.model_validate(answer) if answer is not None else None

    def delete(self, url: str, **params: Any) -> None:
        self.request("DELETE", url, params=given(params))


def trusting_nobody() -> ssl.SSLContext:
    """For a hub without TLS: reading the system's certificates takes longer than many a command."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def pause(attempt: int) -> float:
    """Growing seconds, scattered so that clients that failed together do not come back together."""
    return min(0.1 * float(2**attempt), LONGEST_PAUSE) * random.uniform(0.5, 1.0)


def told_pause(told: str | None) -> float | None:
    """The seconds that a Retry-After header asks for; it holds a number of them or a date."""
    if told is None:
        return None
    from email.utils import parsedate_to_datetime

    if told.strip().isdecimal():
        seconds = float(told)
    else:
        try:
            at = parsedate_to_datetime(told)
        except ValueError:
            return None
        seconds = (at - datetime.now(at.tzinfo or UTC)).total_seconds() if at.tzinfo else 0.0
    return max(seconds, 0.0)


def given(params: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}


def body_of(response: httpx2.Response) -> object:
    try:
        return response.json()
    except ValueError:
        return None


def asset_url(path: AssetPath) -> str:
    return "/assets/" + quote(str(path))


def folder_url(path: FolderPath) -> str:
    return "/folders/" + quote(str(path))
