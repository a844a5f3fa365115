"""Archives, programs, fonts and certificates."""

import os
import random
import tarfile
import zipfile

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

from corpus import run
from pictures import encoded
from words import table, text


def write(corpus):
    folders = [folder(corpus, number) for number in range(3)]
    for number, source in enumerate(folders):
        by_7z(corpus, number, source)
        by_tools(corpus, number, source)
        by_python(corpus, source)
        for kind, extension, flavour in [("font/ttf", "ttf", None), ("font/otf", "otf", None), ("font/woff", "woff", "woff")]:
            corpus.add("fonttools", kind, extension, lambda path: font(path, number, extension == "otf", flavour))
    certificates(corpus)


def folder(corpus, number):
    """A folder of ordinary files."""
    path = corpus.work / f"harbour-{number}"
    (path / "pictures").mkdir(parents=True)
    (path / "notes.txt").write_text("\n".join(text(number, 4)) * (1 + 20 * number))
    (path / "depths.csv").write_text("\n".join(",".join(map(str, row)) for row in table(number, 50)[1]))
    for picture in range(number + 1):
        (path / "pictures" / f"boat {picture}.jpg").write_bytes(encoded("JPEG", picture))
    (path / "noise.bin").write_bytes(random.Random(number).randbytes(5_000 * (number + 1)))
    return path


def by_7z(corpus, number, source):
    for kind, extension, options in [
        ("application/x-7z-compressed", "7z", ["-t7z", "-mx=1"]),
        ("application/x-7z-compressed", "7z", ["-t7z", "-psecret", "-mhe=on"]),
        ("application/zip", "zip", ["-tzip"]),
        ("application/zip", "zip", ["-tzip", "-mm=Copy"]),
        ("application/zip", "zip", ["-tzip", "-psecret", "-mem=AES256"]),
        ("application/x-tar", "tar", ["-ttar"]),
    ]:
        corpus.add("7zip", kind, extension, lambda path: run("7zz", "a", *options, path, source) and None)
    for kind, extension, name in [
        ("application/gzip", "gz", "gzip"), ("application/x-bzip2", "bz2", "bzip2"), ("application/x-xz", "xz", "xz"),
    ]:
        corpus.add("7zip", kind, extension, lambda path: run("7zz", "a", "-t" + name, path, source / "notes.txt") and None)


def by_tools(corpus, number, source):
    parent, name = source.parent, source.name
    corpus.add("info-zip", "application/zip", "zip", lambda path: run("zip", "-r", path, name, cwd=parent) and None)
    for kind, extension, options in [
        ("application/x-tar", "tar", ["--format=gnu"]), ("application/x-tar", "tar", ["--format=pax"]),
        ("application/gzip", "tgz", ["-z"]), ("application/x-bzip2", "tar.bz2", ["-j"]), ("application/x-xz", "tar.xz", ["-J"]),
        ("application/zstd", "tar.zst", ["--zstd"]),
    ]:
        corpus.add("tar", kind, extension, lambda path: run("tar", *options, "-cf", path, name, cwd=parent) and None)
    for kind, extension, command in [
        ("application/gzip", "gz", "gzip"), ("application/zstd", "zst", "zstd"), ("application/x-bzip2", "bz2", "bzip2"),
        ("application/x-xz", "xz", "xz"), ("application/x-lzma", "lzma", "lzma"),
    ]:
        corpus.add(command, kind, extension, lambda path: run(command, "-c", source / "depths.csv").stdout)


def by_python(corpus, source):
    def pack(path):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for root, _, names in os.walk(source):
                for name in names:
                    archive.write(os.path.join(root, name), name)
    corpus.add("python", "application/zip", "zip", pack)

    def bundle(path):
        with tarfile.open(path, "w") as archive:
            archive.add(source, source.name)
    corpus.add("python", "application/x-tar", "tar", bundle)


def font(path, number, cff, flavour):
    builder = FontBuilder(1000, isTTF=not cff)
    builder.setupGlyphOrder([".notdef", "A"])
    builder.setupCharacterMap({65: "A"})
    pens = {}
    for name in [".notdef", "A"]:
        pen = T2CharStringPen(600, None) if cff else TTGlyphPen(None)
        pen.moveTo((0, 0))
        pen.lineTo((500, 100 * number))
        pen.lineTo((250, 700))
        pen.closePath()
        pens[name] = pen.getCharString() if cff else pen.glyph()
    if cff:
        builder.setupCFF("Harbour", {}, pens, {})
    else:
        builder.setupGlyf(pens)
    builder.setupHorizontalMetrics({".notdef": (600, 0), "A": (600, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": f"Harbour {number}", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    if flavour:
        font = TTFont(path)
        font.flavor = flavour
        font.save(path)


def certificates(corpus):
    key, certificate = corpus.work / "key.pem", corpus.work / "certificate.pem"
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=example.com", "-keyout", key, "-out", certificate)
    corpus.add("openssl", "application/x-x509-der", "cer", lambda path: run("openssl", "x509", "-in", certificate, "-outform", "der", "-out", path) and None)
