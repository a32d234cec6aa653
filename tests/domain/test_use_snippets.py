"""Snippets to use a version: each is what its tool reads, whatever the ref and the files are called."""

import ast
import shlex

import pytest

from assethub.domain.names import parse_asset_path
from assethub.domain.s3_snippets import S3Access
from assethub.domain.use_snippets import Use, ways_of

FILES = ('it\'s "here" 数/a b.parquet', 'weights/it\'s "w".safetensors', "c.txt")
PYTHON = ("sdk", "pandas", "pytorch", "fsspec", "boto3")


def use(kind: str, ref: str = "v1/beta", files: tuple[str, ...] = FILES) -> Use:
    access = S3Access("http://hub:7700/s3", "us-east-1", bucket="ada-f-a")
    return Use(parse_asset_path(f"ada/{kind}/f/a"), ref, "http://hub:7700", access, files)


@pytest.mark.parametrize("kind", ["model", "dataset"])
@pytest.mark.parametrize("ref", ["main", "v1/beta", "it's"])
def test_python_is_python_and_names_the_version_and_its_file(kind: str, ref: str) -> None:
    ways = ways_of(use(kind, ref))
    for way in PYTHON:
        texts = [one.value for one in ast.walk(ast.parse(ways[way])) if isinstance(one, ast.Constant)]
        strings = [one for one in texts if isinstance(one, str)]
        assert any(file in one for file in FILES[:2] for one in strings) or (way, kind) == ("pytorch", "dataset"), way
        assert ref == "main" or any(ref in one for one in strings), way


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_shell_is_shell_and_sql_is_sql(kind: str) -> None:
    ways = ways_of(use(kind))
    words = [shlex.split(line) for line in ways["ah"].splitlines()]
    assert words[2][:3] == ["ah", "download", f"ada/{kind}/f/a:v1/beta"]
    assert words[3][3] == (FILES[1] if kind == "model" else FILES[0])
    assert shlex.split(ways["rclone"].splitlines()[-1])[2:] == ["assethub:ada-f-a/v1/beta", "a"]
    assert "FROM 's3://ada-f-a/v1/beta/it''s \"here\" 数/a b.parquet'" in ways["duckdb"]


def test_ways_without_a_file_to_work_on_are_left_out() -> None:
    assert set(ways_of(use("model", files=("a.txt",)))) == {"ah", "sdk", "fsspec", "boto3", "rclone"}
    assert set(ways_of(use("dataset", files=()))) == {"ah", "sdk", "pytorch", "fsspec", "boto3", "rclone"}
