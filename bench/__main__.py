"""python -m bench NAME"""

import sys
from importlib import import_module

NAMES = ("console", "overlay", "people", "runs", "s3", "store", "transfer", "upload")

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
        sys.exit(f"usage: python -m bench {'|'.join(NAMES)}")
    import_module(f"bench.{sys.argv[1]}").main(sys.argv[2:])
