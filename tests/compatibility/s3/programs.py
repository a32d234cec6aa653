"""python programs.py CLIENT BUCKET BIG SCRATCH, run by the Python that has the clients.

Each reads data.txt below main, lists, writes NEW, sends BIG in parts, reads it back, and removes data.txt.
"""

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
KEYS = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
WORDS = b"one two three\n"
NEW = "main/new/a b+ü.txt"
PART = 16 << 20


def same(file: Any, big: Path) -> bool:
    with big.open("rb") as mine:
        return hashlib.file_digest(file, "sha256").digest() == hashlib.file_digest(mine, "sha256").digest()


def use_s3fs(bucket: str, big: Path, scratch: Path) -> None:
    import s3fs

    files = s3fs.S3FileSystem(key=KEYS[0], secret=KEYS[1], endpoint_url=ENDPOINT, use_listings_cache=False)
    assert files.cat(f"{bucket}/main/data.txt") == WORDS
    assert files.find(f"{bucket}/main") == [f"{bucket}/main/data.txt", f"{bucket}/main/deep/er/a.txt"]
    files.pipe(f"{bucket}/{NEW}", b"new")
    assert files.cat(f"{bucket}/{NEW}") == b"new"
    files.put(str(big), f"{bucket}/main/big.bin")
    with files.open(f"{bucket}/main/big.bin") as file:
        assert same(file, big)
    files.rm(f"{bucket}/main/data.txt")
    assert sorted(files.ls(f"{bucket}/main", detail=False)) == [
        f"{bucket}/main/{name}" for name in ("big.bin", "deep", "new")
    ]


def use_pyarrow(bucket: str, big: Path, scratch: Path) -> None:
    import pyarrow as pa
    import pyarrow.dataset as ds
    from pyarrow import fs

    files = fs.S3FileSystem(
        access_key=KEYS[0], secret_key=KEYS[1], endpoint_override=ENDPOINT.removeprefix("http://"), scheme="http",
        region="us-east-1",
    )  # fmt: skip
    with files.open_input_stream(f"{bucket}/main/data.txt") as file:
        assert file.read() == WORDS
    table = pa.table({"id": list(range(100_000)), "half": [number % 2 for number in range(100_000)]})
    ds.write_dataset(table, f"{bucket}/main/rows", filesystem=files, format="parquet", partitioning=["half"])
    read = ds.dataset(f"{bucket}/main/rows", filesystem=files, format="parquet", partitioning=["half"])
    assert read.count_rows() == 100_000
    assert read.to_table(columns=["id"], filter=ds.field("id") > 99_997).num_rows == 2
    files.delete_dir(f"{bucket}/main/rows")
    with files.open_output_stream(f"{bucket}/{NEW}") as file:
        file.write(b"new")
    with files.open_output_stream(f"{bucket}/main/big.bin") as file, big.open("rb") as mine:
        while piece := mine.read(PART):
            file.write(piece)
    with files.open_input_file(f"{bucket}/main/big.bin") as file:
        assert same(file, big)
    files.delete_file(f"{bucket}/main/data.txt")
    found = files.get_file_info(fs.FileSelector(f"{bucket}/main", recursive=True))
    names = {one.path for one in found if one.type == fs.FileType.File}
    assert names == {f"{bucket}/{name}" for name in (NEW, "main/big.bin", "main/deep/er/a.txt")}


def use_duckdb(bucket: str, big: Path, scratch: Path) -> None:
    """It cannot remove; beyond the rows that it writes, the rest is done by obstore."""
    import duckdb
    import duckdb_extension_httpfs

    folder = Path(duckdb_extension_httpfs.__file__).parent
    (extension,) = folder.glob("extensions/*/httpfs.duckdb_extension")
    rows = duckdb.connect(config={"extension_directory": str(scratch), "home_directory": str(scratch)})
    rows.execute(f"LOAD '{extension}'")
    rows.execute(
        f"CREATE SECRET (TYPE s3, KEY_ID '{KEYS[0]}', SECRET '{KEYS[1]}', REGION 'us-east-1', USE_SSL false, "
        f"ENDPOINT '{ENDPOINT.removeprefix('http://')}', URL_STYLE 'path')"
    )
    here = f"s3://{bucket}/main"
    assert rows.execute(f"SELECT content FROM read_text('{here}/data.txt')").fetchone() == (WORDS.decode(),)
    # Numbers that do not compress make a file of some 200 MB, which goes up in parts.
    source = "SELECT i, hash(i) a, hash(i + 1) b, hash(i + 2) c FROM range(6_500_000) t(i)"
    rows.execute(f"COPY ({source}) TO '{here}/rows/a.parquet' (COMPRESSION uncompressed)")
    rows.execute(f"COPY (SELECT 7 i) TO '{here}/rows/b.parquet'")
    found = rows.execute(f"SELECT count(*), sum(i) FROM read_parquet('{here}/rows/*.parquet', union_by_name = true)")
    assert found.fetchone() == (6_500_001, 6_500_000 * 6_499_999 // 2 + 7)
    files = rows.execute(f"SELECT file FROM glob('{here}/rows/*')").fetchall()
    assert files == [(f"{here}/rows/a.parquet",), (f"{here}/rows/b.parquet",)]
    use_obstore(bucket, big, scratch)
    store = store_of(bucket)
    store.delete(["main/rows/a.parquet", "main/rows/b.parquet"])


def store_of(bucket: str) -> Any:
    from obstore.store import S3Store

    return S3Store(
        bucket, endpoint=ENDPOINT, access_key_id=KEYS[0], secret_access_key=KEYS[1], region="us-east-1",
        client_options={"allow_http": True}, virtual_hosted_style_request=False,
    )  # fmt: skip


def use_obstore(bucket: str, big: Path, scratch: Path) -> None:
    from obstore.exceptions import AlreadyExistsError

    store = store_of(bucket)
    assert store.get("main/data.txt").bytes() == WORDS
    assert bytes(store.get_range("main/data.txt", start=4, end=7)) == b"two"
    store.put(NEW, b"new", mode="create")
    try:
        store.put(NEW, b"other", mode="create")
        raise AssertionError("an object was created twice")
    except AlreadyExistsError:
        pass
    store.put("main/big.bin", big, use_multipart=True, chunk_size=PART)
    digest = hashlib.sha256()
    for piece in store.get("main/big.bin").stream():
        digest.update(piece)
    assert digest.digest() == hashlib.sha256(big.read_bytes()).digest()
    store.delete("main/data.txt")
    names = [one["path"] for page in store.list("main/") for one in page if "/rows/" not in one["path"]]
    assert sorted(names) == sorted([NEW, "main/big.bin", "main/deep/er/a.txt"])


def use_minio(bucket: str, big: Path, scratch: Path) -> None:
    import io

    from minio import Minio
    from minio.deleteobjects import DeleteObject

    made = Minio(ENDPOINT.removeprefix("http://"), *KEYS, secure=False)
    assert made.bucket_exists(bucket)
    assert bucket in [one.name for one in made.list_buckets()]
    assert made.get_object(bucket, "main/data.txt").read() == WORDS
    made.put_object(bucket, NEW, io.BytesIO(b"new"), 3)
    assert made.stat_object(bucket, NEW).size == 3
    made.fput_object(bucket, "main/big.bin", str(big), part_size=PART)
    made.fget_object(bucket, "main/big.bin", str(scratch / "back"))
    with (scratch / "back").open("rb") as file:
        assert same(file, big)
    assert not list(made.remove_objects(bucket, [DeleteObject("main/data.txt")]))
    names = [one.object_name for one in made.list_objects(bucket, "main/", recursive=True)]
    assert names == ["main/big.bin", "main/deep/er/a.txt", NEW]


def use_s3torchconnector(bucket: str, big: Path, scratch: Path) -> None:
    from s3torchconnectorclient._mountpoint_s3_client import MountpointS3Client

    made = MountpointS3Client(
        region="us-east-1", user_agent_prefix="tests", endpoint=ENDPOINT, force_path_style=True, part_size=PART
    )
    assert b"".join(made.get_object(bucket, "main/data.txt")) == WORDS
    for key, file in ((NEW, scratch / "new"), ("main/big.bin", big)):
        (scratch / "new").write_bytes(b"new")
        stream = made.put_object(bucket, key)
        with file.open("rb") as mine:
            while piece := mine.read(1 << 20):
                stream.write(piece)
        stream.close()
    digest = hashlib.sha256()
    for piece in made.get_object(bucket, "main/big.bin"):
        digest.update(piece)
    assert digest.digest() == hashlib.sha256(big.read_bytes()).digest()
    made.delete_object(bucket, "main/data.txt")
    names = [one.key for page in made.list_objects(bucket, "main/") for one in page.object_info]
    assert names == ["main/big.bin", "main/deep/er/a.txt", NEW]


if __name__ == "__main__":
    name, bucket, big, scratch = sys.argv[1:]
    globals()[f"use_{name}"](bucket, Path(big), Path(scratch))
