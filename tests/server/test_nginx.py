"""The hub behind nginx as docs/nginx.md has it: large files are sent by nginx, and answered as the hub would."""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx2
import pytest
from botocore.exceptions import ClientError

from assethub.client.connection import connect
from assethub.domain.names import parse_asset_path
from assethub.domain.owners import Caller, Scope
from assethub.server.running import RunningServer
from assethub.server.settings import Settings
from assethub.services import accounts, s3_keys
from tests.conftest import PASSWORD, free_port, require, responds, until

PAGE = Path(__file__).parents[2] / "docs" / "nginx.md"
BODY = os.urandom(1 << 20)
FRAME = """
pid {folder}/pid; error_log {folder}/errors; daemon off; worker_processes 1; {user}
events {{ worker_connections 64; }}
http {{
access_log {folder}/log;
client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d;
scgi_temp_path {folder}/e;
{server}
}}
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    settings = Settings(
        data=tmp_path / "data", port=0, s3_port=0, admin_user="ada", admin_password=PASSWORD, accel="/-/store"
    )
    with RunningServer(settings) as running:
        yield running


@pytest.fixture
def address(server: RunningServer, tmp_path: Path) -> Iterator[str]:
    """Where nginx answers before the hub."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    require("nginx", program is not None)
    assert program is not None
    (described,) = re.findall(r"```nginx\n(.*?)```", PAGE.read_text(), re.S)
    port = free_port()
    described = described.replace("127.0.0.1:7700", f"127.0.0.1:{server.port}")
    described = described.replace("listen 8080", f"listen 127.0.0.1:{port}")
    described = described.replace("/var/lib/assethub/store/", f"{tmp_path}/data/store/")
    # It is seen that nginx sent it, and not the hub.
    described = described.replace("internal;", "internal; add_header X-Sent-By nginx;")
    user = "user root;" if os.geteuid() == 0 else ""
    config = tmp_path / "nginx.conf"
    config.write_text(FRAME.format(folder=tmp_path, user=user, server=described))
    process = subprocess.Popen([program, "-c", str(config), "-p", str(tmp_path)], stderr=subprocess.DEVNULL)
    try:
        until(lambda: responds(f"http://127.0.0.1:{port}/sign-in"))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def test_nginx_sends_large_files_and_answers_as_the_hub_does(server: RunningServer, address: str) -> None:
    with server.hub.work(None, reading=True) as work:
        ada = Caller(accounts.get_user(work, "ada"), Scope.WRITE)
    api_key = server.create_key("ada", "tests", Scope.WRITE)
    with connect(address, api_key) as hub:
        hub.create("dataset/texts/words")
    with server.hub.work(ada) as work:
        bucket = work.assets.find(parse_asset_path("ada/dataset/texts/words"))[0].bucket  # type: ignore[index]
        key, secret = s3_keys.create_s3_key(work, "tests", write=True)
    boto = boto3.client(
        "s3", endpoint_url=f"{address}/s3", aws_access_key_id=key.access_key, aws_secret_access_key=secret,
        region_name="us-east-1",
    )  # fmt: skip
    at: dict[str, Any] = {"Bucket": bucket, "Key": "main/large.bin"}
    put = boto.put_object(**at, Body=BODY, ContentType="application/x-large")
    got = boto.get_object(**at)
    assert got["Body"].read() == BODY
    assert sent_by(got) == "nginx"
    assert (got["ETag"], got["ContentType"], got["ContentLength"]) == (put["ETag"], "application/x-large", len(BODY))
    assert got["LastModified"] == boto.head_object(**at)["LastModified"]
    part = boto.get_object(**at, Range="bytes=1000-1999")
    assert (part["Body"].read(), part["ContentRange"]) == (BODY[1000:2000], f"bytes 1000-1999/{len(BODY)}")
    assert (sent_by(part), part["ETag"]) == ("nginx", put["ETag"])
    with pytest.raises(ClientError, match="304"):
        boto.get_object(**at, IfNoneMatch=put["ETag"])
    assert sent_by(boto.get_object(**at, IfMatch=put["ETag"])) is None  # nginx would compare with a tag of its own
    boto.put_object(**at | {"Key": "main/told.bin"}, Body=BODY, Metadata={"a": "b"})
    told = boto.get_object(**at | {"Key": "main/told.bin"})
    assert (told["Metadata"], sent_by(told), told["Body"].read()) == ({"a": "b"}, None, BODY)

    with connect(address, api_key) as hub:
        hub.dataset("dataset/texts/words").main.commit("Add it", staged=True)
    rest = httpx2.get(
        f"{address}/api/v1/assets/ada/dataset/texts/words/files/large.bin",
        headers={"Authorization": f"Bearer {api_key}"},
    )
    assert rest.content == BODY
    assert rest.headers["etag"] == f'"{hashlib.sha256(BODY).hexdigest()}"'
    assert rest.headers["x-sent-by"] == "nginx"
    assert "x-accel-redirect" not in rest.headers
    (file,) = (path for path in (server.hub.folder / "store" / "objects").rglob("*") if path.is_file())
    outside = f"{address}/-/store/{file.relative_to(server.hub.folder / 'store')}"
    assert httpx2.get(outside).status_code == 404  # internal


def sent_by(answer: Any) -> str | None:
    told: str | None = answer["ResponseMetadata"]["HTTPHeaders"].get("x-sent-by")
    return told
