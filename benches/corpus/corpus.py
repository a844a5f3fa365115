"""Collects the files of the recipes, and writes their list."""

import hashlib
import subprocess
from collections import Counter
from pathlib import Path

# The most files of one type that one program writes.
MOST = 10

COLUMNS = ["sha256", "path", "expected_mime", "family", "tier", "size", "program"]


class Corpus:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.work = self.folder / "work"
        self.work.mkdir(parents=True)
        self.rows = []
        self.counts = Counter()
        self.skipped = []

    def add(self, program, kind, extension, write):
        """Lets `write`, a function of a path, write a file of type `kind`; or takes its bytes."""
        number = self.counts[program, kind] + 1
        if number > MOST:
            self.skipped.append(f"{program}: more than {MOST} files of {kind}")
            return
        family = "office" if "office" in kind or "opendocument" in kind else kind.split("/")[0]
        name = f"files/{family}/{program}-{kind.split('/')[1].split('.')[-1]}-{number}.{extension}"
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            content = write if isinstance(write, bytes) else write(path)
            if isinstance(content, bytes):
                path.write_bytes(content)
            data = path.read_bytes()
            if not data:
                raise ValueError("an empty file")
        except (Exception, subprocess.SubprocessError) as error:  # Each program has its own errors.
            reason = getattr(error, "stderr", None) or error
            self.skipped.append(f"{program}: {name}: {str(reason).strip()[-200:]}")
            path.unlink(missing_ok=True)
            return
        digest = hashlib.sha256(data).hexdigest()
        if any(row[0] == digest for row in self.rows):
            self.skipped.append(f"{program}: {name}: the same bytes as an earlier file")
            path.unlink()
            return
        self.counts[program, kind] = number
        self.rows.append([digest, name, kind, family, "real", str(len(data)), program])

    def finish(self):
        lines = ["\t".join(row) for row in [COLUMNS, *self.rows]]
        (self.folder / "list.tsv").write_text("\n".join(lines) + "\n")
        for line in self.skipped:
            print("skipped:", line.replace("\n", " "))
        kinds, programs = {row[2] for row in self.rows}, {row[6] for row in self.rows}
        print(f"{len(self.rows)} files of {len(kinds)} types by {len(programs)} programs, {len(self.skipped)} skipped")


def run(*command, **options):
    """Runs a program without a terminal. Its output goes into the error."""
    return subprocess.run(
        [str(word) for word in command], check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=240, **options
    )
