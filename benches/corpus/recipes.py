"""Runs all recipes."""

import sys

import archives
import documents
import media
import office
import pictures
import texts
from corpus import Corpus

corpus = Corpus(sys.argv[1])
for module in [texts, pictures, media, archives, documents, office]:
    module.write(corpus)
corpus.finish()
