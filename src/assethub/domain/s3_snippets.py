"""What people paste into the tools that speak S3: one text for each tool, quoted as the tool reads it."""

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

KEY, SECRET, BUCKET = "ACCESS_KEY", "SECRET_KEY", "BUCKET"  # stand where the values are not known


@dataclass(frozen=True)
class S3Access:
    """Where the S3 door is, what opens it, and the bucket that is meant."""

    endpoint: str
    region: str
    access_key: str = KEY
    secret: str = SECRET
    bucket: str | None = None

    @property
    def variables(self) -> dict[str, str]:
        named = {
            "AWS_ACCESS_KEY_ID": self.access_key, "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": self.region,
        }  # fmt: skip
        return named | ({"ASSET_BUCKET": self.bucket} if self.bucket else {})

    @property
    def host(self) -> str:
        """The endpoint without its scheme, for tools that ask for it in this way."""
        return self.endpoint.partition("://")[2]

    @property
    def encrypted(self) -> bool:
        return urlsplit(self.endpoint).scheme == "https"


def env(access: S3Access) -> str:
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in access.variables.items())


def s3cfg(access: S3Access) -> str:
    return (
        "[default]\n"
        f"access_key = {access.access_key}\n"
        f"secret_key = {access.secret}\n"
        f"host_base = {access.host}\n"
        f"host_bucket = {access.host}\n"
        f"use_https = {access.encrypted}\n"
        f"bucket_location = {access.region}\n"
    )


def kubernetes(access: S3Access) -> str:
    """Values stand in double quotes with JSON's escapes, which are YAML's too."""
    name = f"assethub-{access.bucket}" if access.bucket else "assethub-s3"
    head = f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: {json.dumps(name)}\ntype: Opaque\nstringData:\n"
    return head + "".join(f"  {name}: {json.dumps(value)}\n" for name, value in access.variables.items())


def rclone(access: S3Access) -> str:
    return (
        "[assethub]\n"
        "type = s3\n"
        "provider = Other\n"
        f"access_key_id = {access.access_key}\n"
        f"secret_access_key = {access.secret}\n"
        f"endpoint = {access.endpoint}\n"
        f"region = {access.region}\n"
        "force_path_style = true\n"
    )


def boto3(access: S3Access) -> str:
    return (
        "import boto3\n"
        "from botocore.config import Config\n\n"
        "s3 = boto3.client(\n"
        '    "s3",\n'
        f"    endpoint_url={json.dumps(access.endpoint)},\n"
        f"    region_name={json.dumps(access.region)},\n"
        f"    aws_access_key_id={json.dumps(access.access_key)},\n"
        f"    aws_secret_access_key={json.dumps(access.secret)},\n"
        '    config=Config(s3={"addressing_style": "path"}),\n'
        ")\n"
        f's3.download_file({json.dumps(access.bucket or BUCKET)}, "main/README.md", "README.md")\n'
    )


def duckdb(access: S3Access) -> str:
    key, secret, region, host = (
        "'" + text.replace("'", "''") + "'" for text in (access.access_key, access.secret, access.region, access.host)
    )
    return (
        "INSTALL httpfs;\n"
        "LOAD httpfs;\n"
        "CREATE OR REPLACE SECRET assethub (\n"
        f"    TYPE s3, KEY_ID {key}, SECRET {secret}, REGION {region},\n"
        f"    ENDPOINT {host}, URL_STYLE 'path', USE_SSL {str(access.encrypted).lower()}\n"
        ");\n"
        f"SELECT * FROM 's3://{access.bucket or BUCKET}/main/data.parquet';\n"
    )


SNIPPETS: dict[str, Callable[[S3Access], str]] = {
    "env": env, "s3cfg": s3cfg, "secret": kubernetes, "rclone": rclone, "boto3": boto3, "duckdb": duckdb,
}  # fmt: skip
