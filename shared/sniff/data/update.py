#!/usr/bin/env python3
"""Updates mime-db.tsv and LICENSE-mime-db from a release of mime-db, and prints the difference.

    python3 shared/sniff/data/update.py 1.54.0

mime-db (https://github.com/jshttp/mime-db, MIT licence) collects the registrations of IANA and the type tables of
Apache and nginx. Needs npm, which the build does not.
"""

import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile

TABLE = pathlib.Path(__file__).with_name("mime-db.tsv")
LICENCE = TABLE.with_name("LICENSE-mime-db")
# The most trustworthy source first; the table keeps this order for each extension.
SOURCES = ["iana", "apache", "nginx", None]


def extensions(database):
    """Extension -> types, the type of the best source first."""
    found = {}
    for kind, entry in database.items():
        for extension in entry.get("extensions", []):
            found.setdefault(extension, []).append((SOURCES.index(entry.get("source")), kind))
    # Types that every player also writes for sound or pictures come after the common type.
    rank = lambda pair: (pair[0], pair[1].startswith("application/mp4"), pair[1])
    return {extension: [kind for _, kind in sorted(kinds, key=rank)] for extension, kinds in found.items()}


def main(version):
    with tempfile.TemporaryDirectory() as folder:
        name = subprocess.run(["npm", "pack", "--silent", f"mime-db@{version}"], cwd=folder, check=True,
                              capture_output=True, text=True).stdout.split()[-1]
        with tarfile.open(pathlib.Path(folder, name)) as archive:
            database = json.load(archive.extractfile("package/db.json"))
            licence = archive.extractfile("package/LICENSE").read()
    lines = [f"# mime-db {version}, MIT licence, https://github.com/jshttp/mime-db. Written by update.py."]
    lines += ["\t".join([extension, *kinds]) for extension, kinds in sorted(extensions(database).items())]
    old = set(TABLE.read_text().splitlines()) if TABLE.exists() else set()
    for line in sorted(set(lines) ^ old, key=lambda line: (line.split("\t")[0], line in lines)):
        print("+" if line in lines else "-", line.replace("\t", " "))
    TABLE.write_text("\n".join(lines) + "\n")
    LICENCE.write_bytes(licence)


if __name__ == "__main__":
    main(sys.argv[1])
