"""Installs schemathesis, checks docs/openapi.json, and drives a running stack from it. README.md says how."""

import argparse
import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent.resolve()
ROOT = HERE.parent.parent
HOME = ROOT / "target" / "tools" / "openapi"


def install():
    """Makes the virtual environment if the list of packages has changed."""
    packages = (HERE / "requirements.txt").read_text()
    stamp = HOME / "installed.txt"
    if stamp.exists() and stamp.read_text() == packages:
        return
    print("installing schemathesis: …", flush=True)
    venv.create(HOME, with_pip=True, clear=True)
    pip = [HOME / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    subprocess.run([*pip, "--requirement", HERE / "requirements.txt"], check=True)
    stamp.write_text(packages)


def main():
    if Path(sys.prefix).resolve() != HOME.resolve():
        install()
        python = HOME / "bin" / "python"
        os.execv(python, [python, *sys.argv])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stack", type=Path, default=ROOT / "target" / "local" / "stack.json", help="the stack's stack.json")
    parser.add_argument("--requests", type=int, default=500, help="how many requests to send to the API")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other requests")
    parser.add_argument("--description", type=Path, default=ROOT / "docs" / "openapi.json")
    parser.add_argument("--only-check", action="store_true", help="send no request")
    arguments = parser.parse_args()
    import check

    if not check.check(arguments.description):
        return 1
    if arguments.only_check:
        return 0
    if not arguments.stack.exists():
        sys.exit(f"{arguments.stack} does not exist: start the local stack with `cargo xtask up`")
    import drive

    return 0 if drive.drive(arguments.description, arguments.stack, arguments.requests, arguments.seed) else 1


if __name__ == "__main__":
    sys.exit(main())
