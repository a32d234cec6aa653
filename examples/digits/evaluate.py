"""Measure a saved model on the test images."""

import argparse
import csv
import json
from pathlib import Path

import joblib
import numpy as np
from data import load
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()

    images, digits = load(given.data, "test")
    model = joblib.load(given.model / "model.joblib")
    found, chances = model.predict(images), model.predict_proba(images)
    each = f1_score(digits, found, average=None, labels=np.arange(10))
    metrics = {
        "accuracy": accuracy_score(digits, found),
        "macro_f1": f1_score(digits, found, average="macro"),
        "loss": log_loss(digits, chances, labels=np.arange(10)),
        "f1": {str(digit): score for digit, score in enumerate(each)},
    }
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    with (given.out / "confusion_matrix.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["digit", *(f"taken for {digit}" for digit in range(10))])
        for digit, row in enumerate(confusion_matrix(digits, found, labels=np.arange(10))):
            table.writerow([digit, *row])
    print(f"accuracy {metrics['accuracy']:.4f} on {len(digits):,} test images")


if __name__ == "__main__":
    main()
