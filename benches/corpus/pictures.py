"""Pictures by Pillow, ImageMagick and ExifTool."""

import io
import random

import pillow_heif
from PIL import Image, ImageDraw

from corpus import run

CONVERT = "/usr/bin/convert"


def write(corpus):
    pillow_heif.register_heif_opener()
    by_pillow(corpus)
    by_magick(corpus)
    by_exiftool(corpus)


def picture(number, mode="RGB", size=None):
    rng = random.Random(number)
    width, height = size or (40 + 30 * number, 30 + 25 * number)
    image = Image.new("RGB", (width, height), (rng.randrange(256), 120, 90))
    draw = ImageDraw.Draw(image)
    for _ in range(20):
        x, y = rng.randrange(width), rng.randrange(height)
        draw.ellipse([x, y, x + 20, y + 12], fill=tuple(rng.randrange(256) for _ in range(3)))
    return image.convert(mode)


# Media type, extension, Pillow's format, modes, and options for the first files.
FORMATS = [
    ("image/png", "png", "PNG", ["RGB", "RGBA", "L", "P", "1", "LA", "I;16"], [{}, {"optimize": True}, {"dpi": (300, 300)}]),
    ("image/jpeg", "jpg", "JPEG", ["RGB", "L", "CMYK"], [{}, {"progressive": True}, {"quality": 20}, {"subsampling": 0}, {"dpi": (72, 72)}]),
    ("image/gif", "gif", "GIF", ["P", "L", "RGB"], [{}, {"interlace": 0}]),
    ("image/webp", "webp", "WEBP", ["RGB", "RGBA"], [{}, {"lossless": True}, {"quality": 10}, {"exact": True}]),
    ("image/avif", "avif", "AVIF", ["RGB", "RGBA"], [{}, {"quality": 20}, {"subsampling": "4:4:4"}]),
    ("image/heic", "heic", "HEIF", ["RGB", "RGBA", "L"], [{}, {"quality": 20}]),
    ("image/tiff", "tiff", "TIFF", ["RGB", "L", "1", "CMYK", "P"], [{}, {"compression": "tiff_lzw"}, {"compression": "tiff_deflate"}, {"compression": "jpeg"}]),
    ("image/bmp", "bmp", "BMP", ["RGB", "L", "1", "P", "RGBA"], [{}]),
    ("image/jp2", "jp2", "JPEG2000", ["RGB", "L", "RGBA"], [{}, {"irreversible": True}]),
    ("image/vnd.microsoft.icon", "ico", "ICO", ["RGBA", "RGB"], [{}, {"sizes": [(16, 16), (32, 32)]}]),
    ("image/icns", "icns", "ICNS", ["RGBA"], [{}]),
    ("image/x-tga", "tga", "TGA", ["RGB", "L"], [{}, {"compression": "tga_rle"}]),
    ("image/x-pcx", "pcx", "PCX", ["RGB", "L"], [{}]),
    ("image/x-portable-pixmap", "ppm", "PPM", ["RGB"], [{}]),
    ("image/x-portable-graymap", "pgm", "PPM", ["L"], [{}]),
    ("image/x-sgi", "sgi", "SGI", ["RGB", "L"], [{}]),
    ("image/vnd.ms-dds", "dds", "DDS", ["RGBA"], [{}]),
    ("application/pdf", "pdf", "PDF", ["RGB", "L"], [{}]),
    ("application/postscript", "eps", "EPS", ["RGB", "L"], [{}]),
]


def by_pillow(corpus):
    for kind, extension, name, modes, options in FORMATS:
        for number in range(min(6, max(2, len(modes) + len(options) - 1))):
            option = options[number % len(options)]
            size = (64, 64) if name in ("ICO", "ICNS") else None
            mode = "RGB" if option.get("compression") == "jpeg" else modes[number % len(modes)]
            corpus.add("pillow", kind, extension, lambda path: picture(number, mode, size).save(path, name, **option))
    frames = [picture(i, size=(60, 40)) for i in range(4)]
    animated = {"save_all": True, "append_images": frames[1:]}
    for kind, extension, name in [
        ("image/gif", "gif", "GIF"), ("image/webp", "webp", "WEBP"), ("image/apng", "png", "PNG"),
        ("image/tiff", "tif", "TIFF"), ("image/avif", "avif", "AVIF"), ("application/pdf", "pdf", "PDF"),
        ("image/heic", "heic", "HEIF"), ("image/jpeg", "jpg", "MPO"),
    ]:
        corpus.add("pillow", kind, extension, lambda path: frames[0].save(path, name, **animated))


# Media type, extension, ImageMagick's format, and options of each file.
MAGICK = [
    ("image/png", "png", "png", [[], ["-depth", "16"], ["-colors", "8"]]),
    ("image/png", "png", "png8", [[]]),
    ("image/jpeg", "jpg", "jpg", [[], ["-interlace", "plane"], ["-colorspace", "gray"], ["-quality", "5"]]),
    ("image/gif", "gif", "gif", [[], ["-colors", "4"]]),
    ("image/gif", "gif", "gif87", [[]]),
    ("image/bmp", "bmp", "bmp", [[], ["-monochrome"]]),
    ("image/bmp", "bmp", "bmp2", [[]]),
    ("image/bmp", "bmp", "bmp3", [[]]),
    ("image/tiff", "tif", "tiff", [["-compress", "none"], ["-compress", "zip"], ["-endian", "MSB"], ["-depth", "16"]]),
    ("image/tiff", "tif", "tiff64", [[]]),
    ("image/webp", "webp", "webp", [[], ["-define", "webp:lossless=true"]]),
    ("image/vnd.adobe.photoshop", "psd", "psd", [[], ["-colorspace", "gray"], ["-compress", "rle"]]),
    ("image/vnd.microsoft.icon", "ico", "ico", [["-resize", "32x32"]]),
    ("image/x-xpixmap", "xpm", "xpm", [["-colors", "8"]]),
    ("image/x-portable-bitmap", "pbm", "pbm", [[]]),
    ("image/x-portable-pixmap", "ppm", "ppm", [[], ["-compress", "none"]]),
    ("image/x-pcx", "pcx", "pcx", [[]]),
    ("image/x-tga", "tga", "tga", [[], ["-compress", "rle"]]),
    ("image/x-sgi", "sgi", "sgi", [[]]),
    ("image/vnd.radiance", "hdr", "hdr", [[]]),
    ("application/fits", "fits", "fits", [[]]),
    ("application/postscript", "ps", "ps", [[]]),
    ("application/postscript", "eps", "eps", [[]]),
    ("application/pdf", "pdf", "pdf", [[], ["-compress", "jpeg"]]),
    ("image/x-dpx", "dpx", "dpx", [[]]),
]


def by_magick(corpus):
    for kind, extension, name, options in MAGICK:
        for number, option in enumerate(options):
            source = corpus.work / f"magick-{number}.png"
            picture(number + 2).save(source)
            corpus.add("imagemagick", kind, extension, lambda path: run(CONVERT, source, *option, f"{name}:{path}") and None)


def by_exiftool(corpus):
    tags = [
        ["-Artist=Ada", "-Copyright=Harbour office"], ["-GPSLatitude=54.3", "-GPSLatitudeRef=N", "-XMP:Subject=boats"],
        ["-Comment=" + "a long comment " * 200], ["-Orientation#=6", "-XMP:Rating=4"],
    ]
    for kind, extension, name in [
        ("image/jpeg", "jpg", "JPEG"), ("image/png", "png", "PNG"), ("image/tiff", "tif", "TIFF"), ("image/gif", "gif", "GIF"),
        ("image/webp", "webp", "WEBP"), ("application/pdf", "pdf", "PDF"), ("image/heic", "heic", "HEIF"), ("image/jp2", "jp2", "JPEG2000"),
    ]:
        for number, tag in enumerate(tags):
            source = corpus.work / f"plain-{number}.{extension}"
            picture(number + 4).save(source, name)
            corpus.add("exiftool", kind, extension, lambda path: run("exiftool", *tag, "-o", path, source) and None)


def encoded(name, number):
    out = io.BytesIO()
    picture(number).save(out, name)
    return out.getvalue()
