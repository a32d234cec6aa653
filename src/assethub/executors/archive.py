"""The runner as one file that any Python 3.9 or newer can execute."""

import hashlib
import os
import zipfile
from pathlib import Path

START = "from assethub.runner.main import main\n\nraise SystemExit(main())\n"


def write_archive(folder: Path) -> Path:
    """Put the runner of this version into the folder, if it is not there yet; its name changes with its content."""
    source = Path(__file__).parent.parent / "runner"
    files = {"__main__.py": START, "assethub/__init__.py": ""}
    for module in sorted(source.glob("*.py")):
        files[f"assethub/runner/{module.name}"] = module.read_text()
    digest = hashlib.sha256(repr(files).encode()).hexdigest()[:16]
    target = folder / f"runner-{digest}.pyz"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f"{target.name}.{os.getpid()}.new"
        with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in files.items():
                archive.writestr(zipfile.ZipInfo(name), content)
        fresh.rename(target)
    return target
