"""Runs every judge and prints one line for each. README.md says what they are and how to install what they need."""

import importlib
import shutil
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
JUDGES = ["parameters", "permissions", "actions", "regions", "signatures"]


def main():
    if not shutil.which("node") or not (HERE / "node_modules").is_dir():
        sys.exit("the judges need Node: install it, and run `npm ci` in tests/judges")
    started, failed = time.monotonic(), 0
    for name in JUDGES:
        begun = time.monotonic()
        try:
            line, faults = importlib.import_module(name).judge()
        except ModuleNotFoundError as error:
            sys.exit(f"{error}: run `pip install -r tests/judges/requirements.txt`")
        failed += bool(faults)
        print(f"{name:<12} {line} ({time.monotonic() - begun:.1f} s)", *faults, sep="\n  ", flush=True)
    print(f"{len(JUDGES)} judges, {failed} found faults, {time.monotonic() - started:.1f} s")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
