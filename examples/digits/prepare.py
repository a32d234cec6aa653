"""Write scikit-learn's digits as a dataset: PNG files in train/, validation/ and test/, and a table of their labels."""

import argparse
import csv
import random
from pathlib import Path

from PIL import Image
from sklearn.datasets import load_digits

SHARES = {"train": 0.7, "validation": 0.15, "test": 0.15}
CARD = """\
# Handwritten digits

{count} scanned handwritten digits, 8x8 pixels in 16 shades of grey, written by 43 people.

| folder | images |
|---|---|
{rows}

`labels.csv` gives each image's digit and folder. Every folder holds the ten digits in equal shares.

**Source**: E. Alpaydin and C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI Machine Learning Repository,
1998, <https://doi.org/10.24432/C50P49>, CC BY 4.0; the test part of it, as it comes with scikit-learn.
"""


def split(labels: list[int]) -> list[str]:
    """The folder of each image: the same for everyone, with every digit in equal shares."""
    folders = [""] * len(labels)
    for digit in range(10):
        places = [at for at, label in enumerate(labels) if label == digit]
        random.Random(digit).shuffle(places)
        start = 0
        for name, share in SHARES.items():
            stop = len(places) if name == "test" else start + round(share * len(places))
            for at in places[start:stop]:
                folders[at] = name
            start = stop
    return folders


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    out = parser.parse_args().out
    digits = load_digits()
    labels = [int(label) for label in digits.target]
    folders = split(labels)
    for name in SHARES:
        (out / name).mkdir(parents=True, exist_ok=True)
    with (out / "labels.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["path", "digit", "split"])
        for at, (pixels, label, folder) in enumerate(zip(digits.images, labels, folders, strict=True)):
            path = f"{folder}/{at:04}.png"
            Image.fromarray((pixels * 255 / 16).round().astype("uint8")).save(out / path, optimize=True)
            table.writerow([path, label, folder])
    rows = "\n".join(f"| `{name}/` | {folders.count(name):,} |" for name in SHARES)
    (out / "README.md").write_text(CARD.format(count=f"{len(labels):,}", rows=rows))
    print(f"Wrote {len(labels):,} images to {out}")


if __name__ == "__main__":
    main()
