"""A file of every format that the console shows."""

import io
import json
import pickle
import wave
from base64 import b64encode

import numpy as np
from PIL import Image

from tests.services.listing_samples import tarred, zipped
from tests.services.weights import field, gguf, row, safetensors, tensor, texts

CARD = """\
---
license: apache-2.0
tags: [images, digits]
metrics:
  - name: accuracy
    value: 0.97
---
# A dataset

![A picture](images/one.png) and ![theirs](https://example.org/remote.png), <img src="images/two.png" width="40">.
See [the code](src/code.py#L2), [the folder](images/) and [below](#how-to-use).

## How to use

```python
print("hello")
```

## Sources
| a | b |
|---|---|
| 1 | 2 |
## Limits
"""
TABLE = "<style>td{color:red}</style><table><tr><td>cell 7</td></tr></table>"
CODE = "".join(f"def function_{n}(value):\n    return value + {n}  # a comment\n" for n in range(30))
LONG = "".join(f"line {n} of a long text\n" for n in range(1, 40_001))


def picture(colour: str, size: int = 64, kind: str = "PNG") -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(made, kind)
    return made.getvalue()


def sound() -> bytes:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16000))
    return made.getvalue()


def notebook() -> bytes:
    teal, red = b64encode(picture("teal")).decode() + "\n", "\x1b[0;31mValueError\x1b[0m: no"
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# A study\n", "of **digits**"]},
        {
            "cell_type": "code", "metadata": {}, "execution_count": 3, "source": "import numpy\nprint('hi')",
            "outputs": [
                {"output_type": "stream", "name": "stdout", "text": ["hi\n"]},
                {
                    "output_type": "execute_result", "execution_count": 3, "metadata": {},
                    "data": {"text/plain": "a table", "text/html": TABLE},
                },
                {"output_type": "display_data", "metadata": {}, "data": {"image/png": teal}},
                {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": [red]},
            ],
        },
    ]  # fmt: skip
    language = {"language_info": {"name": "python"}}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": language, "cells": cells}).encode()


def weights() -> bytes:
    fields = {
        "__metadata__": {"format": "pt"},
        "model.embed.weight": tensor("F32", [10, 4], 0, 160),
        "model.layers.0.attention.weight": tensor("BF16", [4, 4], 160, 192),
        "model.layers.1.attention.weight": tensor("BF16", [4, 4], 192, 224),
        "model.layers.10.attention.weight": tensor("BF16", [4, 4], 224, 256),
        "head": tensor("I64", [2], 256, 272),
    }
    return safetensors(fields, bytes(272))


def quantised() -> bytes:
    fields = [field("general.architecture", "llama"), field("llama.context_length", 4096)]
    fields.append(field("tokenizer.ggml.tokens", texts([f"word{n}" for n in range(40)])))
    return gguf(fields, [row("token_embd.weight", [256, 2], 12, 0), row("output_norm.weight", [4], 0, 288)], bytes(320))


def array(values: np.ndarray) -> bytes:
    made = io.BytesIO()
    np.save(made, values)
    return made.getvalue()


def arrays() -> bytes:
    made = io.BytesIO()
    np.savez_compressed(made, images=np.zeros((3, 8, 8), "uint8"), labels=np.arange(3))
    return made.getvalue()


def document(pages: int = 2) -> bytes:
    """A PDF with a line of text on each page."""
    kids = " ".join(f"{3 + 2 * n} 0 R" for n in range(pages))
    parts = ["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>"]
    for n in range(pages):
        text = f"BT /F1 24 Tf 40 100 Td (Page {n + 1} of the paper) Tj ET"
        font = "<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >>"
        parts.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 200] /Contents {4 + 2 * n} 0 R /Resources {font} >>"
        )
        parts.append(f"<< /Length {len(text)} >>\nstream\n{text}\nendstream")
    body, offsets = "%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{part}\nendobj\n"
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    end = f"xref\n0 {len(parts) + 1}\n0000000000 65535 f \n{table}"
    return f"{body}{end}trailer << /Size {len(parts) + 1} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n".encode()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><circle cx="20" cy="10" r="9" fill="teal"/></svg>'


def samples() -> dict[str, bytes]:
    inside = {"data/one.txt": b"one", "data/two.txt": b"two" * 1000}
    return {
        "README.md": CARD.encode(), "src/code.py": CODE.encode(), "long.txt": LONG.encode(),
        "images/one.png": picture("navy"), "images/two.png": picture("orange"), "images/drawing.svg": SVG,
        "images/photo.jpg": picture("green", 600, "JPEG"), "images/note.txt": b"a note",
        "tone.wav": sound(), "clip.mp4": b"no film", "paper.pdf": document(), "study.ipynb": notebook(),
        "model.safetensors": weights(), "model.gguf": quantised(), "broken.safetensors": b"\xff" * 40,
        "files.zip": zipped(inside), "files.tar": tarred(inside), "files.tar.gz": tarred(inside, "w:gz"),
        "values.npy": array(np.linspace(-1, 1, 60).reshape(12, 5)), "objects.npy": array(np.array([{}, None], object)),
        "arrays.npz": arrays(), "weights.pt": zipped({"archive/data.pkl": pickle.dumps({"a": 1})}),
        "weights.pkl": pickle.dumps({"a": 1}),
        "config.json": json.dumps({"a": [1, 2, {"b": None}], "text": "x"}).encode(),
        "settings.toml": b'[part]\nname = "x"\n', "data.yaml": b"a: 1\nb: [x, y]\n", "unknown.bin": b"\0\1\2",
    }  # fmt: skip
