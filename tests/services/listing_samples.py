"""Zip and tar files."""

import io
import tarfile
import zipfile


def zipped(files: dict[str, bytes], before: bytes = b"") -> bytes:
    made = io.BytesIO(before)
    made.seek(len(before))
    with zipfile.ZipFile(made, "a" if before else "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return made.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w") -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode) as archive:  # type: ignore[call-overload]
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return made.getvalue()
