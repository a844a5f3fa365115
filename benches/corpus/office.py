"""Documents, tables, presentations and drawings by LibreOffice."""

import csv

from corpus import run
from documents import MARKDOWN, ODF, OOXML, slides
from words import table, text

# Kind of source, media type, extension, LibreOffice's filter.
FILTERS = [
    ("writer", ODF + "text", "odt", "odt"),
    ("writer", ODF + "text-template", "ott", "ott"),
    ("writer", ODF + "text-flat-xml", "fodt", "fodt"),
    ("writer", OOXML + "wordprocessingml.document", "docx", "docx"),
    ("writer", OOXML + "wordprocessingml.template", "dotx", "dotx:MS Word 2007 XML Template"),
    ("writer", "application/msword", "doc", "doc:MS Word 97"),
    ("writer", "application/rtf", "rtf", "rtf"),
    ("writer", "application/pdf", "pdf", "pdf"),
    ("writer", "application/epub+zip", "epub", "epub"),
    ("writer", "text/html", "html", "html:HTML (StarWriter)"),
    ("writer", "application/xhtml+xml", "xhtml", "xhtml:XHTML Writer File"),
    ("writer", "text/plain", "txt", "txt:Text (encoded):UTF8"),
    ("calc", ODF + "spreadsheet", "ods", "ods"),
    ("calc", ODF + "spreadsheet-template", "ots", "ots"),
    ("calc", ODF + "spreadsheet-flat-xml", "fods", "fods"),
    ("calc", OOXML + "spreadsheetml.sheet", "xlsx", "xlsx"),
    ("calc", OOXML + "spreadsheetml.template", "xltx", "xltx:Calc MS Excel 2007 XML Template"),
    ("calc", "application/vnd.ms-excel", "xls", "xls:MS Excel 97"),
    ("calc", "application/pdf", "pdf", "pdf"),
    ("calc", "text/csv", "csv", "csv"),
    ("impress", ODF + "presentation", "odp", "odp"),
    ("impress", ODF + "presentation-template", "otp", "otp"),
    ("impress", OOXML + "presentationml.presentation", "pptx", "pptx:Impress MS PowerPoint 2007 XML"),
    # LibreOffice gives a slide show the content type of a presentation.
    ("impress", OOXML + "presentationml.presentation", "ppsx", "ppsx:Impress MS PowerPoint 2007 XML AutoPlay"),
    ("impress", OOXML + "presentationml.template", "potx", "potx:Impress MS PowerPoint 2007 XML Template"),
    ("impress", "application/vnd.ms-powerpoint", "ppt", "ppt"),
    ("impress", "application/pdf", "pdf", "pdf"),
    ("draw", ODF + "graphics", "odg", "odg"),
    ("draw", ODF + "graphics-template", "otg", "otg"),
    ("draw", "image/svg+xml", "svg", "svg:draw_svg_Export"),
    ("draw", "image/emf", "emf", "emf:draw_emf_Export"),
    ("draw", "image/wmf", "wmf", "wmf:draw_wmf_Export"),
    ("draw", "image/png", "png", "png:draw_png_Export"),
    ("draw", "image/jpeg", "jpg", "jpg:draw_jpg_Export"),
]


def write(corpus):
    sources = {"writer": [], "calc": [], "impress": [], "draw": []}
    for number in range(3):
        stem = corpus.work / f"office-{number}"
        markdown = stem.with_suffix(".md")
        first, second, third = text(number)
        markdown.write_text(MARKDOWN.format(number=number, first=first, second=second, third=third))
        run("pandoc", "--standalone", "--output", stem.with_suffix(".docx"), markdown)
        sources["writer"].append(stem.with_suffix(".docx"))
        with stem.with_suffix(".csv").open("w") as file:
            head, body = table(number, 8 + 20 * number)
            csv.writer(file).writerows([head, *body])
        sources["calc"].append(stem.with_suffix(".csv"))
        slides(stem.with_suffix(".pptx"), number)
        sources["impress"].append(stem.with_suffix(".pptx"))
        stem.with_suffix(".svg").write_text(DRAWING.format(number=number * 20))
        sources["draw"].append(stem.with_suffix(".svg"))
    for kind, media_type, extension, name in FILTERS:
        out = corpus.work / f"{kind}-{extension}"
        try:
            run("soffice", "--headless", "--norestore", "--convert-to", name, "--outdir", out, *sources[kind])
        except Exception as error:
            corpus.skipped.append(f"libreoffice: {name}: {error}")
            continue
        for source in sources[kind]:
            corpus.add("libreoffice", media_type, extension, lambda _: (out / source.name).with_suffix("." + extension).read_bytes())


DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" width="200" height="120">
<rect width="200" height="120" fill="#cde"/><circle cx="{number}" cy="60" r="30"/><text x="20" y="20">Harbour {number}</text>
</svg>
"""
