"""What people paste into other tools: each snippet is read as its tool reads it, whatever the values are."""

import configparser
import json
import subprocess

import pytest
import yaml

from assethub.domain.errors import Invalid
from assethub.domain.s3_keys import parse_wait
from assethub.domain.s3_snippets import SNIPPETS, S3Access

PLAIN = S3Access("http://127.0.0.1:7700/s3", "us-east-1", "AHKEY", "s3cret", "ada-vision-net")
HARD = S3Access("https://h.example/a'b$(id)\"#", "eu: 'x' # \"y\"", "A'H; id", "s\\'\"`$x: #{}", "b")


@pytest.mark.parametrize("access", [PLAIN, HARD])
def test_a_shell_and_kubernetes_read_the_values_as_they_are(access: S3Access) -> None:
    script = SNIPPETS["env"](access) + 'env -0 | grep -z "^AWS_\\|^ASSET_"'
    told = subprocess.run(
        ["sh", "-c", script], env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True
    )
    read = dict(line.split("=", 1) for line in told.stdout.rstrip("\0").split("\0"))
    secret = yaml.safe_load(SNIPPETS["secret"](access))
    assert (secret["kind"], secret["metadata"]["name"]) == ("Secret", f"assethub-{access.bucket}")
    assert read == secret["stringData"] == {
        "AWS_ACCESS_KEY_ID": access.access_key, "AWS_SECRET_ACCESS_KEY": access.secret,
        "AWS_ENDPOINT_URL": access.endpoint, "AWS_REGION": access.region, "ASSET_BUCKET": access.bucket,
    }  # fmt: skip


@pytest.mark.parametrize("access", [PLAIN, HARD])
def test_python_and_duckdb_read_the_values_as_they_are(access: S3Access) -> None:
    scope: dict[str, object] = {"json": json}
    line = next(line for line in SNIPPETS["boto3"](access).splitlines() if "aws_secret_access_key" in line)
    exec(line.strip().rstrip(",").replace("=", " = ", 1), scope)
    assert scope["aws_secret_access_key"] == access.secret
    compile(SNIPPETS["boto3"](access), "snippet", "exec")
    assert f"SECRET '{access.secret.replace(chr(39), chr(39) * 2)}'" in SNIPPETS["duckdb"](access)


def test_s3cmd_and_rclone_are_told_where_the_door_is() -> None:
    s3cfg, rclone = (configparser.ConfigParser(interpolation=None) for _ in range(2))
    s3cfg.read_string(SNIPPETS["s3cfg"](PLAIN))
    rclone.read_string(SNIPPETS["rclone"](PLAIN))
    assert dict(s3cfg["default"]) == {
        "access_key": "AHKEY", "secret_key": "s3cret", "host_base": "127.0.0.1:7700/s3",
        "host_bucket": "127.0.0.1:7700/s3", "use_https": "False", "bucket_location": "us-east-1",
    }  # fmt: skip
    assert (rclone["assethub"]["endpoint"], rclone["assethub"]["secret_access_key"]) == (PLAIN.endpoint, "s3cret")


def test_without_a_key_words_stand_for_it() -> None:
    for name, snippet in SNIPPETS.items():
        text = snippet(S3Access("https://h", "us-east-1"))
        assert "ACCESS_KEY" in text
        assert "SECRET_KEY" in text
        assert ("ASSET_BUCKET" in text) is False, name


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("5m", 300), ("1h30m", 5400)])
def test_a_time_to_wait(text: str, seconds: int) -> None:
    assert parse_wait(text) == seconds
    for wrong in ("", "0s", "30", "soon", "-5s"):
        with pytest.raises(Invalid, match="30s, 5m or 1h30m"):
            parse_wait(wrong)
