import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assethub.server.s3.errors import S3Error
from assethub.server.s3.signatures import read_signature, signing_key
from tests.server.s3.signing import ACCESS_KEY, SECRET, Sent, example, sign

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
BUCKET = "host:examplebucket.s3.amazonaws.com"
DATE = "x-amz-date:20130524T000000Z"
PRESIGNED = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
    "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
    "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
)
EXAMPLES = {
    "get": example(
        "GET", "/test.txt", "", f"{BUCKET}\nrange:bytes=0-9\nx-amz-content-sha256:{EMPTY}\n{DATE}",
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ),
    "put": example(
        "PUT", "/test%24file.text", "",
        f"date:Fri, 24 May 2013 00:00:00 GMT\n{BUCKET}\nx-amz-content-sha256:"
        f"44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072\n{DATE}\n"
        "x-amz-storage-class:REDUCED_REDUNDANCY",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    ),
    "lifecycle": example(
        "GET", "/", "lifecycle", f"{BUCKET}\nx-amz-content-sha256:{EMPTY}\n{DATE}",
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ),
    "list": example(
        "GET", "/", "max-keys=2&prefix=J", f"{BUCKET}\nx-amz-content-sha256:{EMPTY}\n{DATE}",
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
    "presigned": Sent("GET", b"/test.txt", PRESIGNED.encode(), ((b"Host", b"examplebucket.s3.amazonaws.com"),)),
}  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_examples_of_amazon_verify(name: str) -> None:
    signature = EXAMPLES[name].verify()
    assert signature.access_key == ACCESS_KEY
    assert (signature.date, signature.region) == ("20130524", "us-east-1")
    assert signature.time == datetime(2013, 5, 24, tzinfo=UTC)
    assert signature.presigned is (name == "presigned")


# One character for each byte: drawing bytes is several times as fast as drawing text.
LETTERS = "".join(map(chr, range(256))).replace("\x80", "数").replace("\x81", "🙂").replace("\x82", "\u200d")
words = st.binary(max_size=10).map(lambda raw: "".join(LETTERS[byte] for byte in raw))
odd = st.lists(
    st.sampled_from(["//", "/./", "/../", "%2F", "%", "+", "&", "=", "~", "*'()", " ", "a", "é"]), max_size=6
)
keys = words | odd.map("".join)
VISIBLE = "".join(chr(33 + byte % 94) if byte % 5 else "   " for byte in range(256))
values = st.binary(max_size=12).map(lambda raw: "".join(VISIBLE[byte] for byte in raw).strip())
META = ["x-amz-meta-a", "x-amz-meta-b", "X-Amz-Meta-A", "Content-Type", "Range"]


@st.composite
def requests(draw: st.DrawFn) -> list[Sent]:
    """One request in several methods, signed in its head and presigned."""
    host = draw(st.sampled_from(["hub.example", "hub.example:9000", "127.0.0.1:8080"]))
    url = f"http://{host}/bucket/" + quote(draw(keys), safe="/~")
    query = draw(st.dictionaries(keys.filter(bool), keys, max_size=3))
    if query:
        url += "?" + "&".join(quote(key, safe="-_.~") + "=" + quote(query[key], safe="-_.~") for key in query)
    headers = draw(st.lists(st.tuples(st.sampled_from(META), values), max_size=3))
    signed = [sign("PUT", url, headers, b"body"), sign("GET", url, headers)]
    return [*signed, *(sign(method, url, headers, presign=draw(st.integers(1, 604_800))) for method in ("GET", "PUT"))]


@settings(max_examples=2500, deadline=None)
@given(requests())
def test_what_botocore_signs_verifies(signed: list[Sent]) -> None:
    for sent in signed:
        assert sent.verify().access_key == ACCESS_KEY


def meaning(sent: Sent) -> object:
    """What the door would do: the method on the key with the parameters and headers."""
    query = sorted(parse_qsl(sent.query.decode(), keep_blank_values=True, encoding="latin-1"))
    return sent.method, unquote_to_bytes(sent.path), query, sorted((k, v.split()) for k, v in sent.headers)


def changed(text: bytes, position: int, byte: int) -> bytes:
    if not text:
        return bytes([byte])
    position %= len(text)
    return text[:position] + bytes([byte]) + text[position + 1 :]


def mutants(sent: Sent, position: int, byte: int) -> Iterator[Sent]:
    yield replace(sent, method=changed(sent.method.encode(), position, byte).decode())
    yield replace(sent, path=changed(sent.path, position, byte))
    yield replace(sent, path=sent.path + bytes([byte]))
    yield replace(sent, query=changed(sent.query, position, byte))
    yield replace(sent, query=sent.query + b"&" + bytes([byte]))
    for at, (name, value) in enumerate(sent.headers):
        if name == b"authorization":  # the last 64 are the signature
            value = value[:-64] + changed(value[-64:], position, byte)
        elif name != b"content-length":
            value = changed(value, position, byte)
        yield replace(sent, headers=(*sent.headers[:at], (name, value), *sent.headers[at + 1 :]))
    for added in ((b"x-amz-meta-z", b"1"), (b"x-amz-acl", b""), (b"host", b"other"), (b"x-amz-meta-a", b"")):
        yield replace(sent, headers=(*sent.headers, added))


@settings(max_examples=400, deadline=None)
@given(requests(), st.integers(0, 10_000), st.integers(33, 126))
def test_a_request_with_one_byte_changed_is_refused(signed: list[Sent], position: int, byte: int) -> None:
    for sent in (signed[0], signed[3]):
        now, last = sent.read().time, changed(SECRET.encode(), position, byte).decode()
        if last != SECRET:
            assert refusal(sent, now, last) == "SignatureDoesNotMatch"
        for mutant in mutants(sent, position, byte):
            if meaning(mutant) != meaning(sent):
                assert refusal(mutant, now), mutant


def refusal(sent: Sent, now: datetime | None = None, secret: str = SECRET) -> str:
    """The code of the refusal, the text itself if the request is let in."""
    try:
        signature = sent.read()
        signature.verify(secret, now or signature.time)
    except S3Error as error:
        return error.code
    return ""


def lower_escapes(match: re.Match[bytes]) -> bytes:
    return match[0].lower()


def bare(match: re.Match[bytes]) -> bytes:
    """What may stand in a path or query unescaped, though Amazon's canonical form escapes it."""
    letter = unquote_to_bytes(match[0])
    return letter if letter in b"!$'()*,:;@" else match[0]


@settings(max_examples=300, deadline=None)
@given(requests())
def test_the_way_of_escaping_does_not_matter(signed: list[Sent]) -> None:
    for sent in signed:
        for rewrite in (lower_escapes, bare):
            path, query = (re.sub(rb"%[0-9A-F]{2}", rewrite, text) for text in (sent.path, sent.query))
            replace(sent, path=path, query=query.replace(b"%20", b"+")).verify()
        replace(sent, path=sent.path.replace(b"a", b"%61"), query=sent.query.replace(b"-", b"%2D") + b"&").verify()


def test_parameters_are_sorted_by_name_and_then_value() -> None:
    url = "http://hub.example/bucket?"
    ordered = sign("GET", url + "a=1&a=10&a=2&a-b=&uploads=")
    for query in ("a=2&uploads&a-b&a=10&a=1", "uploads=&a-b=&a=1&a=2&a=10"):
        replace(ordered, query=query.encode()).verify()
    assert refusal(replace(ordered, query=b"a=1&a=10&a-b=&uploads=")) == "SignatureDoesNotMatch"


def test_an_unsigned_request_is_anonymous() -> None:
    assert read_signature("GET", b"/bucket/main/a", b"x-id=GetObject", [(b"host", b"hub.example")]) is None


PUT = sign("PUT", "http://hub.example/bucket/main/a", [("x-amz-meta-a", "1")], b"body")
URL = sign("GET", "http://hub.example/bucket/main/a", presign=600)


def authorized(old: str, new: str) -> Sent:
    value = PUT.value("authorization").decode()
    assert old in value
    return PUT.put("authorization", value.replace(old, new).encode())


def asked(old: str, new: str) -> Sent:
    assert old in URL.query.decode()
    return replace(URL, query=URL.query.replace(old.encode(), new.encode(), 1))


DAY = f"{PUT.read().time:%Y%m%d}"
REFUSED = [
    (authorized("AWS4-HMAC-SHA256 ", "AWS "), "InvalidRequest"),
    (authorized("AWS4-HMAC-SHA256 ", "Bearer "), "InvalidRequest"),
    (authorized("Signature=", "Signed="), "AuthorizationHeaderMalformed"),
    (authorized("Signature=", "SignedHeaders=host, Signature="), "AuthorizationHeaderMalformed"),
    (authorized("/s3/", "/sts/"), "AuthorizationHeaderMalformed"),
    (authorized("/aws4_request", ""), "AuthorizationHeaderMalformed"),
    (authorized("us-east-1", "us\u00e9"), "AuthorizationHeaderMalformed"),
    (authorized(DAY, "20130524"), "AuthorizationHeaderMalformed"),
    (authorized("host;", "Host;"), "AuthorizationHeaderMalformed"),
    (authorized("host;", "host;host;"), "AuthorizationHeaderMalformed"),
    (authorized("host;", ""), "AccessDenied"),
    (authorized(";x-amz-meta-a", ""), "AccessDenied"),
    (authorized("host;", "host;range;"), "SignatureDoesNotMatch"),
    (PUT.put("authorization", PUT.value("authorization")[:-1]), "AuthorizationHeaderMalformed"),
    (PUT.put("authorization", PUT.value("authorization")[:-2] + "é".encode()), "AuthorizationHeaderMalformed"),
    (PUT.put("authorization", b""), "InvalidRequest"),
    (PUT.put("x-amz-date", None), "AccessDenied"),
    (PUT.put("x-amz-date", b"yesterday"), "AuthorizationHeaderMalformed"),
    (PUT.put("x-amz-date", DAY.encode() + b"T250000Z"), "AuthorizationHeaderMalformed"),
    (PUT.put("x-amz-content-sha256", None), "InvalidRequest"),
    (PUT.put("x-amz-content-sha256", b"STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"), "InvalidArgument"),
    (PUT.put("host", None), "SignatureDoesNotMatch"),
    (PUT.put("x-amz-acl", b"private"), "AccessDenied"),
    (replace(PUT, query=URL.query), "InvalidArgument"),
    (replace(PUT, query=b"X-Amz-Signature=" + b"0" * 64), "InvalidArgument"),
    (replace(URL, query=b"AWSAccessKeyId=a&Expires=1&Signature=b"), "InvalidRequest"),
    (asked("X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Algorithm=AWS4"), "AuthorizationQueryParametersError"),
    (asked("X-Amz-Expires=600", "X-Amz-Expires=0"), "AuthorizationQueryParametersError"),
    (asked("X-Amz-Expires=600", "X-Amz-Expires=604801"), "AuthorizationQueryParametersError"),
    (asked("X-Amz-Expires=600", "X-Amz-Expires=-1"), "AuthorizationQueryParametersError"),
    (asked("X-Amz-Expires=600", "X-Amz-Expires=%D9%A1"), "AuthorizationQueryParametersError"),
    (asked("X-Amz-Expires=600", ""), "AuthorizationQueryParametersError"),
    (asked("X-Amz-Expires=600", "X-Amz-Expires=600&X-Amz-Expires=600"), "AuthorizationQueryParametersError"),
    (asked("X-Amz-SignedHeaders=host", "X-Amz-SignedHeaders="), "AccessDenied"),
    (asked("X-Amz-Signature=", "X-Amz-Signature=0"), "AuthorizationQueryParametersError"),
    (URL.put("x-amz-content-sha256", b"UNSIGNED-PAYLOAD"), "AccessDenied"),
    (URL.put("x-amz-meta-a", b"1"), "AccessDenied"),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "code"), REFUSED)
def test_a_malformed_signature_is_refused(sent: Sent, code: str) -> None:
    assert refusal(sent) == code


@pytest.mark.parametrize("sent", [PUT, URL])
def test_the_order_and_the_case_of_headers_do_not_matter(sent: Sent) -> None:
    replace(sent, headers=tuple((name.title(), b"  " + value + b" ") for name, value in sent.headers[::-1])).verify()


@pytest.mark.parametrize("separator", [",", " ,  "])
def test_the_parts_of_the_authorization_may_be_spaced_as_clients_like(separator: str) -> None:
    authorized(", ", separator).verify()


def test_a_request_may_be_dated_by_its_date_header() -> None:
    sent = sign("GET", "http://hub.example/bucket", [("Date", "now")])
    assert [name for name, _ in sent.headers].count(b"x-amz-date") == 0
    sent.verify()
    assert refusal(sent.put("date", b"now")) == "AccessDenied"


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("sent", "after", "code"),
    [
        (PUT, 15 * MINUTE, ""), (PUT, -15 * MINUTE, ""),
        (PUT, 16 * MINUTE, "RequestTimeTooSkewed"), (PUT, -16 * MINUTE, "RequestTimeTooSkewed"),
        (URL, 10 * MINUTE, ""), (URL, -15 * MINUTE, ""),
        (URL, 11 * MINUTE, "AccessDenied"), (URL, -16 * MINUTE, "AccessDenied"),
    ],
)  # fmt: skip
def test_a_signature_holds_for_its_time(sent: Sent, after: timedelta, code: str) -> None:
    assert refusal(sent, sent.read().time + after) == code


def test_a_presigned_time_at_the_end_of_the_calendar_is_refused() -> None:
    query = re.sub(rb"X-Amz-Date=\d{8}T\d{6}Z", b"X-Amz-Date=99991231T235959Z", URL.query)
    sent = replace(URL, query=query.replace(DAY.encode() + b"%2F", b"99991231%2F"))
    assert refusal(sent, URL.read().time) == "AccessDenied"


def test_the_hash_of_the_payload_may_come_in_the_query() -> None:
    sent = sign("PUT", "http://hub.example/bucket/a?X-Amz-Content-Sha256=UNSIGNED-PAYLOAD", presign=60)
    assert sent.verify().payload == "UNSIGNED-PAYLOAD"


def test_nothing_secret_is_shown() -> None:
    signature = PUT.verify()
    assert SECRET not in repr(signature) + repr(signing_key)
    assert signature.claimed not in repr(signature)
    assert signing_key.cache_info().maxsize is not None
