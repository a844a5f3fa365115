"""The words and numbers that the files contain."""

import random

PARAGRAPHS = [
    "The ferry leaves at seven. Whoever misses it waits until noon, because the second boat is being painted.",
    "Der Fluss führt seit gestern Hochwasser; die Schleuse bleibt bis Freitag geschlossen.",
    "Le pont a été repeint en vert. Personne ne sait qui l'a décidé, mais tout le monde en est content.",
    "渡し船は朝七時に出ます。乗り遅れた人は昼まで待たなければなりません。",
    "Паром отправляется в семь часов утра, если нет тумана.",
    "תעודת המעבר תקפה לשלושה חודשים בלבד.",
    "La barca sale temprano y vuelve cargada de pescado, naranjas y cartas.",
    "Boats under nine metres pass for free; all others pay by length, not by weight.",
]

HARBOURS = ["Anholt", "Brest", "Cuxhaven", "Dover", "Esbjerg", "Faro", "Gdańsk", "Hoorn", "Izmir", "Jávea"]


def text(number, length=3):
    return [PARAGRAPHS[(number + i) % len(PARAGRAPHS)] for i in range(length)]


def table(number, rows=12):
    rng = random.Random(number)
    head = ["harbour", "date", "depth", "boats", "open"]
    body = [
        [rng.choice(HARBOURS), f"2026-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}", round(rng.uniform(1, 30), 2),
         rng.randint(0, 400), rng.choice(["yes", "no"])]
        for _ in range(rows)
    ]
    return head, body
