"""Documents by Python packages and pandoc."""

import docx
import openpyxl
import pptx
import xlsxwriter
import xlwt
from fpdf import FPDF
from odf import table as odf_table
from odf.opendocument import OpenDocumentSpreadsheet, OpenDocumentText
from odf.text import P
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from corpus import run
from pictures import encoded
from words import table, text

OOXML = "application/vnd.openxmlformats-officedocument."
ODF = "application/vnd.oasis.opendocument."


def write(corpus):
    for number in range(5):
        corpus.add("python-docx", OOXML + "wordprocessingml.document", "docx", lambda path: word(path, number, corpus))
        corpus.add("openpyxl", OOXML + "spreadsheetml.sheet", "xlsx", lambda path: workbook(path, number))
        corpus.add("xlsxwriter", OOXML + "spreadsheetml.sheet", "xlsx", lambda path: second_workbook(path, number))
        corpus.add("python-pptx", OOXML + "presentationml.presentation", "pptx", lambda path: slides(path, number))
        corpus.add("xlwt", "application/vnd.ms-excel", "xls", lambda path: old_workbook(path, number))
        corpus.add("reportlab", "application/pdf", "pdf", lambda path: canvas(path, number))
        corpus.add("fpdf2", "application/pdf", "pdf", lambda path: pages(path, number))
        corpus.add("odfpy", ODF + "text", "odt", lambda path: odf_text(path, number))
        corpus.add("odfpy", ODF + "spreadsheet", "ods", lambda path: odf_sheet(path, number))
    corpus.add("openpyxl", OOXML + "spreadsheetml.template", "xltx", template)
    by_pandoc(corpus)


def word(path, number, corpus):
    document = docx.Document()
    document.add_heading(f"Harbour report {number}")
    for paragraph in text(number, 2 + number):
        document.add_paragraph(paragraph)
    if number % 2:
        picture = corpus.work / f"word-{number}.jpg"
        picture.write_bytes(encoded("JPEG", number))
        document.add_picture(str(picture))
    if number > 2:
        head, body = table(number)
        grid = document.add_table(rows=1, cols=len(head))
        for row in body:
            for cell, value in zip(grid.add_row().cells, row):
                cell.text = str(value)
    document.save(path)


def workbook(path, number):
    book = openpyxl.Workbook()
    for sheet in range(1 + number):
        page = book.active if sheet == 0 else book.create_sheet(f"Sheet {sheet}")
        head, body = table(sheet, 10 * (number + 1))
        for row in [head, *body]:
            page.append(row)
    book.active["G1"] = "=SUM(D2:D9)"
    book.save(path)


def template(path):
    book = openpyxl.Workbook()
    book.template = True
    book.active.append(["harbour", "depth"])
    book.save(path)


def second_workbook(path, number):
    with xlsxwriter.Workbook(path, {"in_memory": True, "constant_memory": number == 4}) as book:
        sheet = book.add_worksheet("Depths")
        head, body = table(number, 20)
        for at, row in enumerate([head, *body]):
            sheet.write_row(at, 0, row)
        if number % 2:
            chart = book.add_chart({"type": "line"})
            chart.add_series({"values": "=Depths!$C$2:$C$20"})
            sheet.insert_chart("H2", chart)
        if number == 2:
            sheet.write_url("H1", "https://example.com/")
            sheet.write_comment("A1", "Where the boat lies")


def old_workbook(path, number):
    book = xlwt.Workbook()
    head, body = table(number, 5 + 30 * number)
    for name in range(1 + number % 3):
        sheet = book.add_sheet(f"Sheet {name}")
        for at, row in enumerate([head, *body]):
            for column, value in enumerate(row):
                sheet.write(at, column, value)
    book.save(str(path))


def slides(path, number):
    deck = pptx.Presentation()
    for line in text(number, 1 + number):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = "Harbour"
        slide.placeholders[1].text = line
    deck.save(path)


def canvas(path, number):
    encryption = StandardEncryption("", ownerPassword="owner", canPrint=0) if number == 4 else None
    page = Canvas(str(path), pageCompression=number % 2, encrypt=encryption)
    for sheet in range(1 + number):
        page.drawString(72, 720, f"Harbour report, sheet {sheet}")
        page.linkURL("https://example.com/", (72, 600, 200, 620))
        page.showPage()
    page.save()


def pages(path, number):
    pdf = FPDF()
    pdf.set_compression(number % 2 == 0)
    for sheet in range(1 + number * 4):
        pdf.add_page()
        pdf.set_font("Helvetica", size=12)
        pdf.multi_cell(0, 8, text(0, 1)[0] + f" Sheet {sheet}.")
    if number == 3:
        pdf.set_title("Harbour")
        pdf.start_section("One")
    pdf.output(str(path))


def odf_text(path, number):
    document = OpenDocumentText()
    for paragraph in text(number, 1 + number):
        document.text.addElement(P(text=paragraph))
    document.save(str(path))


def odf_sheet(path, number):
    document = OpenDocumentSpreadsheet()
    sheet = odf_table.Table(name="Depths")
    for values in table(number)[1]:
        row = odf_table.TableRow()
        for value in values:
            cell = odf_table.TableCell()
            cell.addElement(P(text=str(value)))
            row.addElement(cell)
        sheet.addElement(row)
    document.spreadsheet.addElement(sheet)
    document.save(str(path))


MARKDOWN = """---
title: Harbour report {number}
lang: en
---

# Harbour report {number}

{first}

* *Anholt*: [open](https://example.com/)
* **Brest**: `closed`

| harbour | depth |
|---------|------:|
| Dover   |   4.2 |
| Faro    |  12.0 |

## Remarks

{second}

> {third}
"""

# Media type, extension, and pandoc's format.
PANDOC = [
    (OOXML + "wordprocessingml.document", "docx", "docx"),
    (OOXML + "presentationml.presentation", "pptx", "pptx"),
    (ODF + "text", "odt", "odt"),
    ("application/epub+zip", "epub", "epub3"),
    ("application/epub+zip", "epub", "epub2"),
    ("application/rtf", "rtf", "rtf"),
    ("text/html", "html", "html5"),
    ("text/html", "html", "revealjs"),
    ("application/xhtml+xml", "xhtml", "html4"),
    ("text/markdown", "md", "gfm"),
    ("text/markdown", "md", "markdown"),
    ("text/x-rst", "rst", "rst"),
    ("text/x-tex", "tex", "latex"),
    ("application/x-ipynb+json", "ipynb", "ipynb"),
    ("application/json", "json", "json"),
    ("application/xml", "xml", "docbook5"),
    ("application/xml", "xml", "jats"),
    ("application/x-fictionbook+xml", "fb2", "fb2"),
    ("text/plain", "txt", "plain"),
]


def by_pandoc(corpus):
    for number in range(3):
        first, second, third = text(number)
        source = corpus.work / f"pandoc-{number}.md"
        source.write_text(MARKDOWN.format(number=number, first=first, second=second, third=third))
        for kind, extension, name in PANDOC:
            corpus.add("pandoc", kind, extension, lambda path: run("pandoc", "--standalone", "--to", name, "--output", path, source) and None)
