"""A table's file as the rows that it has, by the machine names of its columns, whatever words stand at their heads."""

import csv
import io

from jindi.doors.console.words.heads import WORDS

NAMES = {word: name.removeprefix("head.") for name, words in WORDS.items() for word in words}


def csv_rows(content):
    """The rows of a CSV file."""
    head, *lines = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    return [dict(zip([NAMES[word] for word in head], line, strict=True)) for line in lines]
