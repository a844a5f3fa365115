"""Installs what the judges need, runs every judge and prints one line for each. README.md says what they are."""

import importlib
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

HERE = Path(__file__).parent.resolve()
HOME = HERE.parent.parent / "target" / "tools" / "judges"
JUDGES = ["parameters", "permissions", "actions", "regions", "signatures"]


def install():
    """Makes the virtual environment and the Node packages, if the lists of packages have changed."""
    lists = (HERE / "requirements.txt").read_text() + (HERE / "package-lock.json").read_text()
    stamp = HOME / "installed.txt"
    if stamp.exists() and stamp.read_text() == lists and (HERE / "node_modules").is_dir():
        return
    if not shutil.which("npm"):
        sys.exit("the judges need Node with npm: install it")
    print("installing the judges: …", flush=True)
    venv.create(HOME, with_pip=True, clear=True)
    pip = [HOME / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    subprocess.run([*pip, "--requirement", HERE / "requirements.txt"], check=True)
    npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(npm, cwd=HERE, check=True)
    stamp.write_text(lists)


def main():
    if Path(sys.prefix).resolve() != HOME.resolve():
        install()
        python = HOME / "bin" / "python"
        os.execv(python, [python, *sys.argv])
    started, failed = time.monotonic(), 0
    for name in JUDGES:
        begun = time.monotonic()
        line, faults = importlib.import_module(name).judge()
        failed += bool(faults)
        print(f"{name:<12} {line} ({time.monotonic() - begun:.1f} s)", *faults, sep="\n  ", flush=True)
    print(f"{len(JUDGES)} judges, {failed} found faults, {time.monotonic() - started:.1f} s")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
