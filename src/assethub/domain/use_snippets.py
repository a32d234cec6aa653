"""What people paste to use a version elsewhere: one text for each way, with its own ref and the names of its files."""

import json
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from assethub.domain.names import AssetPath, Kind
from assethub.domain.s3_snippets import S3Access
from assethub.domain.s3_snippets import duckdb as s3_duckdb
from assethub.domain.s3_snippets import rclone as s3_rclone

TABLES = (".parquet", ".csv", ".jsonl", ".tsv", ".json")  # what data frames are read of, the best first
WEIGHTS = (".safetensors", ".pt", ".pth", ".bin", ".onnx", ".gguf")


@dataclass(frozen=True)
class Use:
    """A version, where the hub is, and some of the version's files."""

    path: AssetPath
    ref: str
    endpoint: str
    s3: S3Access
    files: tuple[str, ...]

    def first(self, endings: Iterable[str]) -> str | None:
        """The first file with one of these endings, the first ending before all."""
        return next((file for ending in endings for file in self.files if file.lower().endswith(ending)), None)

    @property
    def some(self) -> str:
        """The file that an example reads: weights of a model, a table of a dataset, else any."""
        wanted = WEIGHTS + TABLES if self.path.kind is Kind.MODEL else TABLES + WEIGHTS
        return self.first(wanted) or next(iter(self.files), "README.md")

    @property
    def reference(self) -> str:
        return str(self.path) if self.ref == "main" else f"{self.path}:{self.ref}"

    @property
    def key(self) -> str:
        """Of the file in the asset's bucket."""
        return f"{self.ref}/{self.some}"

    def address(self, file: str) -> str:
        return f"ah://{self.path}@{self.ref}/{file}"


def text(value: str) -> str:
    """A Python string; JSON's escapes are Python's, except for what it writes as two."""
    return json.dumps(value, ensure_ascii=False)


def command_line(use: Use) -> str:
    reference, file = shlex.quote(use.reference), shlex.quote(use.some)
    return (
        f"ah login {use.endpoint}\n"
        f"ah ls {reference}\n"
        f"ah download {reference} -o {use.path.name}\n"
        f"ah download {reference} {file} -o {use.path.name}\n"
    )


def sdk(use: Use) -> str:
    return (
        "import assethub\n\n"
        f"hub = assethub.connect({text(use.endpoint)})\n"
        f"version = hub.version({text(use.reference)})\n"
        f"version.download(to={text(use.path.name)})\n"
        f"data = version.read({text(use.some)})\n"
    )


def boto3(use: Use) -> str:
    key = text(use.key)
    return (
        "import boto3\n"
        "from botocore.config import Config\n\n"
        "s3 = boto3.client(\n"
        '    "s3",\n'
        f"    endpoint_url={text(use.s3.endpoint)},\n"
        f"    region_name={text(use.s3.region)},\n"
        f"    aws_access_key_id={text(use.s3.access_key)},\n"
        f"    aws_secret_access_key={text(use.s3.secret)},\n"
        '    config=Config(s3={"addressing_style": "path"}),\n'
        ")\n"
        f"s3.download_file({text(use.s3.bucket or '')}, {key}, {text(use.some.rsplit('/', 1)[-1])})\n"
    )


def pandas(use: Use) -> str | None:
    file = use.first(TABLES)
    if file is None:
        return None
    ending = "." + file.lower().rsplit(".", 1)[-1]
    call = {
        ".parquet": "pd.read_parquet({})", ".csv": "pd.read_csv({})", ".tsv": 'pd.read_csv({}, sep="\\t")',
        ".jsonl": "pd.read_json({}, lines=True)", ".json": "pd.read_json({})",
    }[ending]  # fmt: skip
    return (
        '# pip install "assethub[fsspec]" pandas, then: ah login\n'
        f"import pandas as pd\n\nframe = {call.format(text(use.address(file)))}\n"
    )


def duckdb(use: Use) -> str | None:
    file = use.first((".parquet", ".csv", ".jsonl", ".json", ".tsv"))
    if file is None:
        return None
    place = f"s3://{use.s3.bucket}/{use.ref}/{file}".replace("'", "''")
    secret = s3_duckdb(use.s3).partition("SELECT")[0]
    return f"{secret}SELECT * FROM '{place}' LIMIT 10;\n"


def pytorch(use: Use) -> str | None:
    file = use.first((".safetensors", ".pt", ".pth"))
    if use.path.kind is Kind.MODEL:
        if file is None:
            return None
        load = "load_file(path)" if file.lower().endswith(".safetensors") else "torch.load(path, weights_only=True)"
        module = "from safetensors.torch import load_file" if load.startswith("load_file") else "import torch"
        return (
            f"import assethub\n{module}\n\n"
            f"version = assethub.connect({text(use.endpoint)}).version({text(use.reference)})\n"
            f"[path] = version.download([{text(file)}], to={text(use.path.name)})\n"
            f"weights = {load}\n"
        )
    return (
        "import assethub\n"
        "from torch.utils.data import DataLoader, Dataset\n\n\n"
        "class Files(Dataset):\n"
        '    """Each sample is a file of the version: its path and its bytes."""\n\n'
        "    def __init__(self, version):\n"
        "        self.version, self.paths = version, [file.path for file in version.list_object()]\n\n"
        "    def __len__(self):\n"
        "        return len(self.paths)\n\n"
        "    def __getitem__(self, index):\n"
        "        return self.paths[index], self.version.read(self.paths[index])\n\n\n"
        f"version = assethub.connect({text(use.endpoint)}).version({text(use.reference)})\n"
        "loader = DataLoader(Files(version), batch_size=32, collate_fn=list)\n"
    )


def rclone(use: Use) -> str:
    return (
        "cat >> ~/.config/rclone/rclone.conf <<'END'\n"
        f"{s3_rclone(use.s3)}"
        "END\n"
        f"rclone copy {shlex.quote(f'assethub:{use.s3.bucket}/{use.ref}')} {use.path.name}\n"
    )


def fsspec(use: Use) -> str:
    return (
        '# pip install "assethub[fsspec]", then: ah login\n'
        "import fsspec\n\n"
        f'fs = fsspec.filesystem("ah", endpoint={text(use.endpoint)})\n'
        f"print(fs.ls({text(f'{use.path}@{use.ref}')}, detail=False))\n"
        f"with fs.open({text(f'{use.path}@{use.ref}/{use.some}')}) as file:\n"
        "    data = file.read()\n"
    )


WAYS: dict[str, Callable[[Use], str | None]] = {
    "ah": command_line, "sdk": sdk, "pandas": pandas, "duckdb": duckdb, "pytorch": pytorch, "fsspec": fsspec,
    "boto3": boto3, "rclone": rclone,
}  # fmt: skip


def ways_of(use: Use) -> dict[str, str]:
    """The texts by way, without those that have no file to work on."""
    written = {name: write(use) for name, write in WAYS.items()}
    return {name: found for name, found in written.items() if found is not None}
