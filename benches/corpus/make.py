"""Writes a corpus of files that common programs made, with a list of their types. README.md says how to use it."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent

# Program and Debian package.
PACKAGES = {
    "soffice": "libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui libreoffice-draw-nogui",
    "ffmpeg": "ffmpeg",
    "pandoc": "pandoc",
    "7zz": "7zip",
    "exiftool": "libimage-exiftool-perl",
    "/usr/bin/convert": "imagemagick",
    "zip": "zip",
    "zstd": "zstd",
    "openssl": "openssl",
}


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make.py FOLDER")
    folder = Path(sys.argv[1]).resolve()
    home = folder / "venv"
    if not (home / "complete").exists():
        venv.create(home, with_pip=True, clear=True)
        pip = [home / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*pip, "--requirement", HERE / "requirements.txt"], check=True)
        (home / "complete").touch()
    missing = [package for program, package in PACKAGES.items() if shutil.which(program) is None]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        install = "apt-get install --yes --quiet --no-install-recommends " + " ".join(missing)
        subprocess.run(install.split(), env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, check=False)
    for name in ["files", "work", "tools"]:
        shutil.rmtree(folder / name, ignore_errors=True)
    subprocess.run([home / "bin" / "python", HERE / "recipes.py", folder], check=True)
    shutil.rmtree(folder / "work")
    (folder / "tools").mkdir()
    shutil.copy(HERE / "aliases.tsv", folder / "tools")
    shutil.copy(HERE / "core-types.txt", folder)


if __name__ == "__main__":
    main()
