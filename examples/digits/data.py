"""Reading the dataset that prepare.py writes."""

import csv
from pathlib import Path

import numpy as np
from PIL import Image


def load(folder: Path, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Images as rows of 64 brightness values from 0 to 1, shape (n, 64), and their digits, shape (n,)."""
    with (folder / "labels.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split]
    images = np.stack([np.asarray(Image.open(folder / row["path"]), dtype=np.float64).ravel() for row in rows])
    return images / 255, np.array([int(row["digit"]) for row in rows])
