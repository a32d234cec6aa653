"""Reading the tables of answers, and asking every operation as everybody."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from tests.matrix.requests import Ask
from tests.matrix.world import PEOPLE, World

HERE = Path(__file__).parent
API_COLUMNS = ("visitor", *PEOPLE, "run", "read", "here", "there")
CONSOLE_COLUMNS = ("visitor", *PEOPLE)
GET = ("GET", "HEAD")


def table(name: str) -> dict[str, list[int]]:
    """Statuses by operation, in the order of the columns."""
    rows: dict[str, list[int]] = {}
    for line in (HERE / name).read_text().splitlines():
        if line and not line.startswith("#"):
            method, path, *statuses = line.split()
            rows[f"{method} {path}"] = [int(status) for status in statuses]
    return rows


def api_operations(api: FastAPI) -> list[str]:
    return [f"{method.upper()} {path}" for path, operations in api.openapi()["paths"].items() for method in operations]


def filled(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda match: names.get(match.group(1), match.group(0)), value)
    if isinstance(value, dict):
        return {key: filled(one, names) for key, one in value.items()}
    return [filled(one, names) for one in value] if isinstance(value, list) else value


def statuses(world: World, prefix: str, operation: str, ask: Ask, columns: tuple[str, ...]) -> list[int]:
    """What everybody is answered; the world is put back after each change."""
    method, path = operation.split(" ", 1)
    names = dict(world.names)
    address = prefix + re.sub(r"\{(\w+)(?::path)?\}", lambda part: filled(ask.path[part.group(1)], names), path)
    found = []
    for who in columns:
        with world.client() as client:
            found.append(answer(world, client, method, address, ask, who, console=not prefix))
        if method not in GET:
            world.put_back()
    return found


def answer(world: World, client: TestClient, method: str, address: str, ask: Ask, who: str, *, console: bool) -> int:
    names, headers = dict(world.names), {}
    data: dict[str, str] | None = None
    if console and who in world.cookies:
        client.cookies.set("ah_session", world.cookies[who])
    elif not console and who in world.secrets:
        headers["Authorization"] = f"Bearer {world.secrets[who]}"
    if console and method not in GET:
        headers["X-CSRF-Token"] = "0" * 64 + world.csrf.get(who, "none")
    if console and method == "POST" and ask.json is None and ask.content is None:
        data = {"csrf": "0" * 64 + world.csrf.get(who, "none"), **filled(ask.form or {}, names)}
    json = filled(ask.json, names) if ask.json is not None else None
    response = client.request(
        method, address, params=filled(ask.query, names), json=json, content=ask.content, data=data, headers=headers
    )
    return response.status_code


def console_operations(console: FastAPI) -> Iterator[str]:
    for route in iter_route_contexts(console.routes):
        for method in sorted(set(route.methods or ()) - {"HEAD"}):  # mounts have none
            yield f"{method} {route.path}"
