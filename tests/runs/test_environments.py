"""Environments of runs: built once, of requirements files, or of lock files that are installed exactly as they are."""

import hashlib
import io
import zipfile

import pytest

from assethub.client.errors import RunFailed
from assethub.executors.local import uv_program
from tests.conftest import make_repository, require
from tests.runs.conftest import Bench, log_of

WHEEL = "wheels/{name}-1.0-py3-none-any.whl"
PYLOCK = """\
lock-version = "1.0"
created-by = "hand"
[[packages]]
name = "tiny"
version = "1.0"
wheels = [{path = "WHEEL", hashes = {sha256 = "SHA"}}]
"""


def wheel(name: str, *needs: str) -> bytes:
    """A package of one module, the same bytes each time."""
    info = f"{name}-1.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n" + "".join(
        f"Requires-Dist: {one}\n" for one in needs
    )
    files = {
        f"{name}.py": f"NAME = {name!r}\n", f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }  # fmt: skip
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return held.getvalue()


@pytest.fixture
def packages(bench: Bench) -> dict[str, str]:
    """The sha256s of two packages that lie in the repository."""
    require("uv", uv_program() is not None)
    (bench.repository / "wheels").mkdir()
    made = {}
    for name, body in (("tiny", wheel("tiny")), ("needy", wheel("needy", "tiny"))):
        (bench.repository / WHEEL.format(name=name)).write_bytes(body)
        made[name] = hashlib.sha256(body).hexdigest()
    bench.command("python -c 'import tiny; print(tiny.NAME)' > {output}/name", "    environment: SOFTWARE\n")
    return made


def software(bench: Bench, told: str, files: dict[str, str]) -> None:
    text = (bench.repository / "assethub.yaml").read_text()
    make_repository(
        bench.repository, {"assethub.yaml": text.replace("SOFTWARE", told), **files}, message="Need packages"
    )


def test_a_pylock_is_installed_as_it_is(bench: Bench, packages: dict[str, str]) -> None:
    lock = PYLOCK.replace("WHEEL", WHEEL.format(name="tiny")).replace("SHA", packages["tiny"])
    software(bench, "{lock: pylock.toml}", {"pylock.toml": lock})
    first = bench.train("one").wait()
    assert first.branch.read("name") == b"tiny\n"
    assert first.info.environment["lock"] == lock
    assert "with 1 packages" in log_of(first)
    assert "Resolving" not in log_of(first)
    assert "is there already" in log_of(bench.train("two").wait())


def test_a_requirements_file_with_hashes_is_installed_as_it_is(bench: Bench, packages: dict[str, str]) -> None:
    lock = f"./{WHEEL.format(name='tiny')} --hash=sha256:{packages['tiny']}\n"
    software(bench, "{lock: locked.txt}", {"locked.txt": lock})
    assert bench.train("one").wait().branch.read("name") == b"tiny\n"


@pytest.mark.parametrize(
    ("name", "lock", "sentence"),
    [
        ("pylock.toml", PYLOCK.replace("SHA", "0" * 64), "cannot be installed: .*[Hh]ash mismatch"),
        ("l.txt", f"./WHEEL --hash=sha256:{'0' * 64}\n", "cannot be installed: .*[Hh]ash mismatch"),
        ("l.txt", "./WHEEL\n", r"'l\.txt' has no hashes; make it with"),
        ("l.txt", "./wheels/needy-1.0-py3-none-any.whl --hash=sha256:NEEDY\n", "cannot be installed: .*tiny"),
        ("pylock.toml", PYLOCK.replace("wheels = [", 'directory = {path = "."}\n#'), "a package in a folder"),
        ("pylock.toml", "lock-version = \n", "cannot be installed"),
    ],
)  # fmt: skip
def test_a_lock_that_does_not_pin_what_it_installs_fails_the_run(
    bench: Bench, packages: dict[str, str], name: str, lock: str, sentence: str
) -> None:
    text = lock.replace("WHEEL", WHEEL.format(name="tiny")).replace("NEEDY", packages["needy"])
    software(bench, f"{{lock: {name}}}", {name: text})
    with pytest.raises(RunFailed, match=sentence):
        bench.train().wait()


def test_several_requirements_files_are_resolved_together(bench: Bench, packages: dict[str, str]) -> None:
    files = {"a.txt": "./wheels/needy-1.0-py3-none-any.whl\n", "more/b.txt": "./wheels/tiny-1.0-py3-none-any.whl\n"}
    software(bench, "{requirements: [a.txt, more/b.txt]}", files)
    run = bench.train().wait()
    assert run.branch.read("name") == b"tiny\n"
    assert "Resolving a.txt and b.txt" in log_of(run)
    assert run.info.environment["lock"].count("-1.0-py3-none-any.whl") == 2


def test_an_environment_is_built_once_and_reused(bench: Bench) -> None:
    require("uv", uv_program() is not None)
    make_repository(bench.repository, {"r.txt": "six==1.17.0\n"}, message="Require six")
    command = (
        "python -c 'import six; print(six.__version__)' > {output}/six; touch $VIRTUAL_ENV/new 2>/dev/null || true; "
        "ls $VIRTUAL_ENV/lib/python*/site-packages/six.py"
    )
    bench.command(command, "    environment: {requirements: r.txt}\n")
    first = bench.train("one").wait()
    second = bench.train("two").wait()
    assert second.branch.read("six") == b"1.17.0\n"
    assert "Building environment" in log_of(first)
    assert "is there already" in log_of(second)
    assert "six==1.17.0" in first.info.environment["lock"]
    assert first.branch.head().metadata["provenance"]["environment"]["lock"] == first.info.environment["lock"]


def test_requirements_that_cannot_be_installed_fail_the_run_with_uvs_reason(bench: Bench) -> None:
    make_repository(bench.repository, {"r.txt": "six==0.0.999\n"}, message="Require what is not there")
    bench.command("true", "    environment: {requirements: r.txt}\n")
    with pytest.raises(RunFailed, match=r"requirements in r\.txt cannot be resolved.*six"):
        bench.train().wait()
