"""The XML that S3 clients send and get: small documents, with one namespace and no attributes that matter."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import quote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from starlette.responses import Response

from assethub.server.s3.errors import S3Error

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
DECLARATION, MEDIA_TYPE = b'<?xml version="1.0" encoding="UTF-8"?>\n', "application/xml"
UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # what XML 1.0 cannot hold
Value = "str | int | bool | datetime | Iterable[Field] | None"
Field = tuple[str, object]


def element(name: str, value: object) -> str:
    """`<name>value</name>`; fields make elements inside, None nothing at all. Behind a name may stand attributes."""
    if value is None:
        return ""
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, datetime):
        text = moment(value)
    elif isinstance(value, str | int):
        text = escape(UNFIT.sub("\ufffd", str(value)))
    else:
        assert isinstance(value, Iterable)
        text = "".join(element(*field) for field in value)
    return f"<{name}>{text}</{name.partition(' ')[0]}>"


def document(name: str, fields: Iterable[Field], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    inside = "".join(element(*field) for field in fields)
    space = "" if name == "Error" else f' xmlns="{NAMESPACE}"'  # as Amazon has it, and clients read it
    body = DECLARATION + f"<{name}{space}>{inside}</{name}>".encode()
    return Response(body, status, headers, MEDIA_TYPE)


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def encoded(text: str | None, encoding: str | None) -> str | None:
    """A key or prefix, percent-encoded if the client asked for that."""
    return quote(text, safe="/~") if text is not None and encoding == "url" else text


def parsed(body: bytes, root: str) -> ElementTree.Element:
    """The document, its namespaces forgotten. MalformedXML if it is another, or says what XML it is made of."""
    refusal = S3Error("MalformedXML", f"The body is no {root} document.")
    try:
        text = body.decode()  # any other encoding could hide what is refused here
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise refusal
        found = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, LookupError):
        raise refusal from None
    for one in found.iter():
        one.tag = one.tag.rpartition("}")[2]
    if found.tag != root:
        raise refusal
    return found
