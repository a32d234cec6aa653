"""The way to a hub: where it is, who asks, and requests whose refusals are raised as errors."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import BaseModel

from assethub.client.errors import Unreachable, refusal
from assethub.domain.names import AssetPath, FolderPath

if TYPE_CHECKING:
    from assethub.client.hub import Hub

DEFAULT_ENDPOINT = "http://127.0.0.1:7700"
ATTEMPTS = 6
AGAIN = {429, 502, 503, 504}
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
            base_url=f"{endpoint}/api/v1", headers=headers, timeout=httpx2.Timeout(120, connect=10), trust_env=True
        )
        self.has_key = api_key is not None

    def request(self, method: str, url: str, *, again: bool | None = None, **options: Any) -> httpx2.Response:
        """The hub's answer; its refusals are raised. What changes nothing twice is asked again when the hub is away."""
        repeat = method in ("GET", "HEAD", "PUT") if again is None else again
        for attempt in range(ATTEMPTS if repeat else 1):
            last = attempt + 1 == (ATTEMPTS if repeat else 1)
            try:
                response = self.http.request(method, url, **options)
            except httpx2.TransportError as error:
                if last or isinstance(error, httpx2.ConnectError):
                    raise self.unreachable(error) from error
            except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
                raise Unreachable(f"{self.endpoint!r} is not the address of a hub: {error}.") from error
            else:
                if response.is_success or response.status_code == 304:
                    return response
                if last or response.status_code not in AGAIN:
                    raise refusal(response.status_code, body_of(response))
            time.sleep(0.1 * 2**attempt)
        raise AssertionError("the last attempt answers or raises")

    @contextmanager
    def stream(self, method: str, url: str, **options: Any) -> Iterator[httpx2.Response]:
        """An answer whose body is read piece by piece."""
        try:
            with self.http.stream(method, url, **options) as response:
                if not response.is_success:
                    response.read()
                    raise refusal(response.status_code, body_of(response))
                yield response
        except httpx2.TransportError as error:
            raise self.unreachable(error) from error

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

    def send(self, kind: type[M], method: str, url: str, message: BaseModel | None = None, **params: Any) -> M:
        found = self.send_optional(kind, method, url, message, **params)
        assert found is not None  # only commits and merges answer null
        return found

    def send_optional(
        self, kind: type[M], method: str, url: str, message: BaseModel | None = None, **params: Any
    ) -> M | None:
        """None when the hub answers null: nothing changed."""
        content = message.model_dump(mode="json", exclude_unset=True) if message is not None else None
        answer = self.request(method, url, json=content, params=given(params)).json()
        return kind.model_validate(answer) if answer is not None else None

    def delete(self, url: str, **params: Any) -> None:
        self.request("DELETE", url, params=given(params))


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
