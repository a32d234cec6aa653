"""Train a small neural network on the digits, epoch by epoch; --resume goes on from a model that was saved here."""

import argparse
import json
import os
import time
from pathlib import Path

import joblib
import numpy as np
from data import load
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier

CARD = """\
# Digits classifier

A neural network with one hidden layer of {hidden} units that reads 8x8 scans of handwritten digits.
Trained for {epochs} epochs; accuracy on the validation images: **{accuracy:.3f}**.

```python
import joblib

model = joblib.load("model.joblib")
model.predict(pixels)  # pixels: shape (n, 64), brightness from 0 to 1
```
"""


def log(**values: float) -> None:
    """One point of the run's live curves."""
    if path := os.environ.get("AH_METRICS_FILE"):
        with Path(path).open("a") as file:
            file.write(json.dumps(values) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--lr", type=float, default=0.001)
    parser.add_argument("--hidden", type=int, default=64)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--resume", type=Path, help="folder of a saved model to go on from")
    parser.add_argument("--pause", type=float, default=0, help="seconds to wait after each epoch, to watch the curves")
    given = parser.parse_args()

    images, digits = load(given.data, "train")
    held_out, truth = load(given.data, "validation")
    if given.resume:
        model = joblib.load(given.resume / "model.joblib")
        config = json.loads((given.resume / "config.json").read_text())
        model.set_params(learning_rate_init=given.lr)
        print(f"Resuming after {config['epochs']} epochs")
    else:
        model = MLPClassifier((given.hidden,), batch_size=32, learning_rate_init=given.lr, random_state=given.seed)
        config = {"epochs": 0, "hidden": given.hidden, "seed": given.seed}
    print(f"{len(images):,} images to train on, {len(held_out):,} held out")
    for epoch in range(config["epochs"] + 1, config["epochs"] + given.epochs + 1):
        order = np.random.default_rng([config["seed"], epoch]).permutation(len(images))
        model.partial_fit(images[order], digits[order], classes=np.arange(10))
        accuracy = float(model.score(held_out, truth))
        loss = float(log_loss(truth, model.predict_proba(held_out), labels=np.arange(10)))
        log(step=epoch, loss=float(model.loss_), validation_loss=loss, validation_accuracy=accuracy)
        print(
            f"epoch {epoch:3}  loss {model.loss_:.4f}  validation loss {loss:.4f}  accuracy {accuracy:.4f}", flush=True
        )
        time.sleep(given.pause)
    config |= {"epochs": config["epochs"] + given.epochs, "lr": given.lr}
    given.out.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, given.out / "model.joblib")
    (given.out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    card = CARD.format(hidden=config["hidden"], epochs=config["epochs"], accuracy=accuracy)
    (given.out / "README.md").write_text(card)


if __name__ == "__main__":
    main()
