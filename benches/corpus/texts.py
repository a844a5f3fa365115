"""Text, data and mail by Python's standard library and small packages."""

import csv
import datetime
import io
import json
import mailbox
import plistlib
import sqlite3
from email.message import EmailMessage

import icalendar
import tomli_w
import vobject
import yaml

from words import HARBOURS, table, text

WHEN = datetime.datetime(2026, 5, 4, 7, 30, tzinfo=datetime.timezone.utc)


def write(corpus):
    plain(corpus)
    tables(corpus)
    data(corpus)
    calendars(corpus)
    mail(corpus)
    subtitles(corpus)


def plain(corpus):
    encodings = ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "utf-8", "utf-8", "utf-8"]
    for number, encoding in enumerate(encodings):
        words = "\r\n".join(text(number if encoding != "cp1252" else 6, 1 + number % 4 * (encoding != "cp1252")))
        corpus.add("python", "text/plain", "txt", words.encode(encoding))
    lines = [f"{WHEN:%Y-%m-%d %H:%M:%S} INFO gate: {harbour} opened" for harbour in HARBOURS]
    corpus.add("python", "text/plain", "log", "\n".join(lines).encode())
    corpus.add("python", "text/plain", "txt", b"ok\n")


def tables(corpus):
    for number in range(10):
        dialects = [",", ",", ";", ",", ",", ";", ",", ",", ",", ","]
        head, body = table(number, [12, 1, 40, 5, 300, 3, 12, 2, 12, 12][number])
        if number in (6, 7):
            head, body = head[2:4], [row[2:4] for row in body]
        quoting = csv.QUOTE_ALL if number == 8 else csv.QUOTE_MINIMAL
        lines = body if number == 9 else [head, *body]
        corpus.add("python", "text/csv", "csv", rows(lines, dialects[number], quoting, "utf-8-sig" if number == 3 else "utf-8"))
        if number < 6:
            corpus.add("python", "text/tab-separated-values", "tsv", rows(lines, "\t", quoting, "utf-8"))


def rows(lines, delimiter, quoting, encoding):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=quoting).writerows(lines)
    return out.getvalue().encode(encoding)


def data(corpus):
    for number in range(6):
        head, body = table(number, 3 + number * 7)
        records = [dict(zip(head, row)) for row in body]
        content = [records, {"records": records}, records[0], {"depths": [row[2] for row in body]}, {}, [1, 2, 3]][number]
        corpus.add("python", "application/json", "json", json.dumps(content, indent=[2, None][number % 2]).encode())
        if number < 4:
            corpus.add("python", "application/yaml", "yaml", yaml.safe_dump(content or {"a": 1}).encode())
            corpus.add("python", "application/toml", "toml", tomli_w.dumps({"title": "depths", "harbour": records}).encode())
            lines = "\n".join(json.dumps(record) for record in records) + "\n"
            corpus.add("python", "application/x-ndjson", ["jsonl", "ndjson"][number % 2], lines.encode())
            corpus.add("python", "application/geo+json", "geojson", json.dumps(features(number)).encode())
            corpus.add("python", "application/x-plist", "plist", plistlib.dumps({"records": records}, fmt=list(plistlib.PlistFormat)[number % 2]))
            corpus.add("python", "application/vnd.sqlite3", "sqlite", lambda path: database(path, body))
            tree = "".join(f'<harbour depth="{row[2]}">{row[0]}</harbour>' for row in body)
            head = ['<?xml version="1.0" encoding="UTF-8"?>\n', "", '<?xml version="1.0"?>\n<!-- depths -->\n', "\ufeff<?xml version='1.0'?>"][number]
            corpus.add("python", "application/xml", "xml", f"{head}<harbours>{tree}</harbours>\n".encode())


def features(number):
    points = [{"type": "Feature", "properties": {"name": name}, "geometry": {"type": "Point", "coordinates": [number, i]}} for i, name in enumerate(HARBOURS)]
    return points[0] if number == 3 else {"type": "FeatureCollection", "features": points[: 2 + number]}


def database(path, body):
    with sqlite3.connect(path) as connection:
        connection.execute("create table harbours (name text, date text, depth real, boats int, open text)")
        connection.executemany("insert into harbours values (?, ?, ?, ?, ?)", body)
    connection.close()


def calendars(corpus):
    for number in range(4):
        calendar = icalendar.Calendar()
        calendar.add("prodid", "-//harbour//EN")
        calendar.add("version", "2.0")
        for i in range(number + 1):
            event = icalendar.Event()
            event.add("summary", text(number + i)[0])
            event.add("dtstart", WHEN + datetime.timedelta(days=i))
            event.add("uid", f"{number}-{i}@example.com")
            calendar.add_component(event)
        corpus.add("icalendar", "text/calendar", "ics", calendar.to_ical())
        cards = []
        for i in range(1 + number):
            card = vobject.vCard()
            card.add("n").value = vobject.vcard.Name(family=HARBOURS[i], given="Ada")
            card.add("fn").value = f"Ada {HARBOURS[i]}"
            card.add("email").value = "ada@example.com"
            cards.append(card.serialize())
        corpus.add("vobject", "text/vcard", "vcf", "".join(cards).encode())


def message(number):
    mail = EmailMessage()
    mail["From"], mail["To"] = "ada@example.com", "bob@example.com"
    mail["Subject"], mail["Date"] = text(number)[0][:60], WHEN
    mail.set_content("\n\n".join(text(number)))
    if number % 2:
        mail.add_alternative(f"<p>{text(number)[0]}</p>", subtype="html")
    if number > 2:
        mail.add_attachment(b"a,b\n1,2\n", maintype="text", subtype="csv", filename="a.csv")
    return mail


def mail(corpus):
    for number in range(6):
        corpus.add("python", "message/rfc822", "eml", message(number).as_bytes())
    for number in range(3):
        def fill(path, number=number):
            box = mailbox.mbox(path)
            for i in range(number + 2):
                box.add(message(i))
            box.close()
        corpus.add("python", "application/mbox", "mbox", fill)


def subtitles(corpus):
    for number in range(3):
        cues = [(f"00:00:{i * 3:02}", f"00:00:{i * 3 + 2:02}", line) for i, line in enumerate(text(number, 4 + number))]
        srt = "\n".join(f"{i}\n{start},000 --> {end},500\n{line}\n" for i, (start, end, line) in enumerate(cues, 1))
        vtt = "WEBVTT\n\n" + "\n".join(f"{start}.000 --> {end}.500\n{line}\n" for start, end, line in cues)
        corpus.add("python", "application/x-subrip", "srt", srt.encode())
        corpus.add("python", "text/vtt", "vtt", vtt.encode())
