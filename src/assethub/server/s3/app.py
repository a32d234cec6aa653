"""The S3 door: requests are signed, every asset is a bucket, refusals are XML."""

import logging
import secrets
from collections.abc import Awaitable
from datetime import UTC, datetime
from inspect import iscoroutinefunction

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assethub.domain.owners import Asking, Origin, Visitor
from assethub.domain.s3_keys import S3Key
from assethub.server.dependencies import address_of
from assethub.server.s3 import buckets, multipart, objects
from assethub.server.s3.errors import S3Error
from assethub.server.s3.refusals import refused
from assethub.server.s3.requests import Call, Operation, Operations, read_place, read_query
from assethub.server.s3.signatures import read_signature
from assethub.services import s3_keys
from assethub.services.work import Hub

log = logging.getLogger("assethub.s3")
SERVICE: Operations = {("GET", ""): buckets.list_buckets}
BUCKET: Operations = {**buckets.OPERATIONS, ("GET", "uploads"): multipart.list_uploads}
OBJECT: Operations = {**objects.OPERATIONS, **multipart.OPERATIONS}
MOST_DRAINED = 4 << 20


class Arriving:
    """What is received, and whether all of it was."""

    def __init__(self, receive: Receive) -> None:
        self.receive, self.done = receive, False

    async def __call__(self) -> Message:
        message = await self.receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            self.done = True
        return message

    async def drained(self, request: Request) -> bool:
        """Read on to the end of a refused body, if that is near; who waits for leave to send it sends nothing."""
        left = MOST_DRAINED if "expect" not in request.headers else 0
        while not self.done and left > 0:
            message = await self()
            left -= len(message.get("body", b""))
        return self.done


def has_body(request: Request) -> bool:
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"


class Door:
    """`domains` are those before which a bucket may stand in the host."""

    def __init__(self, hub: Hub, domains: tuple[str, ...] = ()) -> None:
        self.hub, self.domains = hub, domains

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        arriving = Arriving(receive)
        request, id = Request(scope, arriving), secrets.token_hex(8).upper()
        try:
            answer = await self.answered(request, id)
            if answer.status_code >= 400 and has_body(request) and not await arriving.drained(request):
                answer.headers["Connection"] = "close"  # or what is still sent would be read as the next request
        except ClientDisconnect:
            return
        answer.headers["x-amz-request-id"] = id
        await answer(scope, arriving, send)

    async def answered(self, request: Request, id: str) -> Response:
        try:
            call = await run_in_threadpool(self.read, request, id)
            operation = found_operation(call)
            work = operation(call) if iscoroutinefunction(operation) else run_in_threadpool(operation, call)
            assert isinstance(work, Awaitable)
            answer = await work
            assert isinstance(answer, Response)
            return answer
        except ClientDisconnect:
            raise
        except Exception as error:
            return refused(request, error, id)

    def read(self, request: Request, id: str) -> Call:
        scope = request.scope
        signature = read_signature(
            request.method, scope["raw_path"], scope["query_string"], scope["headers"]
        )  # fmt: skip
        now = datetime.now(UTC)
        try:
            caller, by, secret = self.caller_of(request, signature.access_key if signature else None)
            if signature is not None:
                signature.verify(secret, now)
        except S3Error:  # whoever only knows an access key uses up the requests of their address, not of the key
            self.hub.rates.spend(None, address_of(request))
            raise
        self.hub.rates.spend(signature.access_key if signature else None, address_of(request))
        if signature is not None:
            self.hub.rates.learn(signature.access_key)
        if by is not None:
            s3_keys.note_use(self.hub, by, now)
        bucket, key = read_place(
            scope["raw_path"], scope.get("root_path", ""), request.headers.get("host", ""), self.domains
        )
        query = read_query(scope["query_string"])
        return Call(self.hub, request, caller, by, signature, secret, bucket, key, query, id)

    def caller_of(self, request: Request, access_key: str | None) -> tuple[Asking, S3Key | None, str]:
        address = address_of(request)
        if access_key is None:
            return Visitor(Origin("S3", address)), None, ""
        found = s3_keys.find_s3_key(self.hub, access_key, address)
        if found is None:
            raise S3Error("InvalidAccessKeyId", "There is no such S3 key, or it has expired.")
        return found


def found_operation(call: Call) -> Operation:
    table = OBJECT if call.key else BUCKET if call.bucket else SERVICE
    operation = table.get((call.method, call.subresource))
    if operation is not None:
        return operation
    if any(method == call.method for method, name in table if not name) or call.subresource:
        raise S3Error("NotImplemented", f"This hub does not know {call.method} with ?{call.subresource} here.")
    raise S3Error("MethodNotAllowed", f"{call.method} is not possible here.")


def create_s3(hub: Hub, domains: tuple[str, ...] = ()) -> ASGIApp:
    return Door(hub, domains)
