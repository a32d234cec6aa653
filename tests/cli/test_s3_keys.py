"""S3 keys, as they are typed."""

import json

import yaml

from assethub.client.connection import connect
from assethub.services import s3_keys
from tests.cli.conftest import Typing
from tests.conftest import Live


def test_an_s3_key_is_made_listed_and_revoked(ah: Typing, live: Live) -> None:
    ah("create", "model/vision/net")
    env = ah("s3key", "create", "--asset", "model/vision/net", "--write", "--commit-after", "30s", "--days", "9").stdout
    read = dict(line.removeprefix("export ").split("=", 1) for line in env.splitlines())
    assert read["AWS_ENDPOINT_URL"] == f"{live.url}/s3"
    assert (read["AWS_REGION"], read["ASSET_BUCKET"]) == ("us-east-1", "ada-vision-net")
    found = s3_keys.find_s3_key(live.hub, read["AWS_ACCESS_KEY_ID"], "")
    assert found is not None
    assert (found[1].commit_after, found[2]) == (30, read["AWS_SECRET_ACCESS_KEY"])
    told = yaml.safe_load(
        ah("s3key", "create", "--name", "pod", "--format", "secret", "--folder", "model/vision", "--write").stdout
    )
    assert "ASSET_BUCKET" not in told["stringData"]
    (first, second) = json.loads(ah("s3key", "ls", "--json").stdout)
    assert (first["asset"], first["bucket"], first["write"], first["commit_after"]) == (
        "ada/model/vision/net", "ada-vision-net", True, 30,
    )  # fmt: skip
    assert (second["name"], second["folder"], second["asset"]) == ("pod", "ada/model/vision", None)
    listed = ah("s3key", "ls").stdout
    assert read["AWS_ACCESS_KEY_ID"] in listed
    assert read["AWS_SECRET_ACCESS_KEY"] not in listed
    ah("s3key", "revoke", first["access_key"])
    assert s3_keys.find_s3_key(live.hub, first["access_key"], "") is None
    ah("s3key", "revoke", first["access_key"], status=3)
    assert "ada-vision-net" in ah("ls", "model/vision").stdout


def test_terms_of_a_key_that_do_not_go_together_are_told(ah: Typing) -> None:
    assert "30s, 5m" in ah("s3key", "create", "--write", "--commit-after", "soon", status=1).stderr
    assert "makes no buckets" in ah("s3key", "create", "--folder", "model/vision", status=1).stderr
    assert "is a folder" in ah("s3key", "create", "--asset", "model/vision", status=1).stderr


def test_a_service_accounts_key_is_its_administrators_business(ah: Typing, live: Live) -> None:
    ah("user", "create", "ci", "--service")
    ah("create", "model/vision/net")
    made = json.loads(
        ah("s3key", "create", "--user", "ci", "--asset", "ada/model/vision/net", "--format", "json").stdout
    )
    assert (made["asset"], made["write"]) == ("ada/model/vision/net", False)
    assert made["access_key"] in ah("s3key", "ls", "--user", "ci").stdout
    assert made["access_key"] not in ah("s3key", "ls").stdout
    ah("s3key", "revoke", made["access_key"], "--user", "ci")
    with connect(live.url, live.api_key) as hub:
        assert hub.s3_keys(user="ci") == []
        assert hub.s3().model_dump() == {"endpoint": f"{live.url}/s3", "region": "us-east-1"}
