#!/usr/bin/env python3
"""Checks the reviews data set: counts, balance, form, variety, disjoint splits.

    check_reviews.py [FOLDER]            checks train.csv, dev.csv and test.csv of FOLDER
    check_reviews.py --deal [FOLDER]     deals all rows of the three files anew, then checks

FOLDER is the folder of this script unless given. Python's standard library only. Which split a row
belongs to is no one's choice: within each label the rows go by the SHA-256 of their text, the first
ones to test, the next to dev, the rest to train. `--deal` restores that after rows were edited.

Exit codes: 0 all well; 1 something was found, each finding printed with its rows; 2 wrong usage.
"""

import argparse
import collections
import csv
import hashlib
import itertools
import pathlib
import re
import sys
from typing import NamedTuple

LABELS = ("positive", "negative")
DEALT = {"test": 128, "dev": 32}  # rows per label; what is left goes to train
TRAIN_MIN = 120  # rows per label
WORDS_MIN, WORDS_MAX = 6, 28
TRIGRAM_OVERLAP_MAX = 0.10  # Jaccard index of the sets of word 3-grams of two rows
WORD_OVERLAP_MAX = 0.40  # Jaccard index of the sets of words of two rows
SAME_PHRASE_MAX = {3: 6, 4: 3, 5: 2}  # n: rows that may share one word n-gram
SAME_OPENING_MAX = {1: 86, 2: 8, 3: 3}  # n: rows that may open with one word n-gram


class Row(NamedTuple):
    text: str
    label: str
    split: str


def words_of(text):
    return re.findall(r"[a-z0-9]+(?:'[a-z]+)?", text.lower())


def ngrams_of(text, n):
    words = words_of(text)
    return [" ".join(words[i : i + n]) for i in range(len(words) - n + 1)]


class BadFile(Exception):
    """A file cannot be read as the table it should be."""


def read_split(folder, split):
    path = folder / f"{split}.csv"
    try:
        with open(path, encoding="ascii", newline="") as file:
            table = list(csv.reader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadFile(f"{path}: {error}") from error
    if table[:1] != [["text", "label"]]:
        raise BadFile(f"{path}: expected the header text,label")
    for fields in table[1:]:
        if len(fields) != 2 or fields[1] not in LABELS:
            raise BadFile(f"{path}: expected a text and one of {LABELS}, found {fields}")
    return [Row(*fields, split) for fields in table[1:]]


def read_splits(folder):
    return [row for split in ("train", *DEALT) for row in read_split(folder, split)]


def text_digest(row):
    return hashlib.sha256(row.text.encode()).hexdigest()


def deal(rows):
    """The rows with the split that each belongs to, in the order of their digests."""
    dealt = []
    for label in LABELS:
        pool = iter(sorted((row for row in rows if row.label == label), key=text_digest))
        for split, size in DEALT.items():
            dealt += [row._replace(split=split) for row in itertools.islice(pool, size)]
        dealt += [row._replace(split="train") for row in pool]
    return sorted(dealt, key=text_digest)


def write_splits(folder, rows):
    for split in ("train", *DEALT):
        with open(folder / f"{split}.csv", "w", encoding="ascii", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["text", "label"])
            writer.writerows([row.text, row.label] for row in rows if row.split == split)


def check_counts(rows):
    counts = collections.Counter((row.split, row.label) for row in rows)
    for split, label in itertools.product(("train", *DEALT), LABELS):
        found = counts[split, label]
        if split == "train" and found < TRAIN_MIN:
            yield f"{split} {label}: at least {TRAIN_MIN} rows expected, {found} found", []
        if split != "train" and found != DEALT[split]:
            yield f"{split} {label}: {DEALT[split]} rows expected, {found} found", []
    balance = collections.Counter(row.label for row in rows)
    if len(set(balance.values())) > 1:
        yield f"labels out of balance: {dict(balance)}", []


def check_form(rows):
    for row in rows:
        if not re.fullmatch(r"[A-Z0-9\"][ -~]*[.!?]\"?", row.text) or "  " in row.text:
            yield "not a plain printable sentence", [row]
        if not WORDS_MIN <= len(row.text.split()) <= WORDS_MAX:
            yield f"not of {WORDS_MIN} to {WORDS_MAX} words", [row]


def check_splits(rows):
    if rows != [row for split in ("train", *DEALT) for row in deal(rows) if row.split == split]:
        yield "rows are not where their SHA-256 puts them; run with --deal", []


def jaccard(a, b):
    return len(a & b) / max(1, len(a | b))


def check_pairs(rows):
    """Exact and near duplicates, within a split and across."""
    trigrams = [set(ngrams_of(row.text, 3)) for row in rows]
    words = [set(words_of(row.text)) for row in rows]
    for i, j in itertools.combinations(range(len(rows)), 2):
        if words_of(rows[i].text) == words_of(rows[j].text):
            yield "same text", [rows[i], rows[j]]
        elif jaccard(trigrams[i], trigrams[j]) > TRIGRAM_OVERLAP_MAX:
            yield "too many common 3-grams", [rows[i], rows[j]]
        elif jaccard(words[i], words[j]) > WORD_OVERLAP_MAX:
            yield "too many common words", [rows[i], rows[j]]


def check_phrases(rows):
    for n, limit in SAME_PHRASE_MAX.items():
        rows_of = collections.defaultdict(list)
        for row in rows:
            for ngram in sorted(set(ngrams_of(row.text, n))):
                rows_of[ngram].append(row)
        for ngram, found in rows_of.items():
            if len(found) > limit:
                yield f'"{ngram}" in {len(found)} rows, {limit} allowed', found
    for n, limit in SAME_OPENING_MAX.items():
        rows_of = collections.defaultdict(list)
        for row in rows:
            rows_of[" ".join(words_of(row.text)[:n])].append(row)
        for opening, found in rows_of.items():
            if len(found) > limit:
                yield f'{len(found)} rows open with "{opening}", {limit} allowed', found


def summary(rows):
    counts = collections.Counter((row.split, row.label) for row in rows)
    lengths = [len(row.text.split()) for row in rows]
    words = collections.Counter(word for row in rows for word in words_of(row.text))
    lines = [
        f"{split}: " + ", ".join(f"{counts[split, label]} {label}" for label in LABELS)
        for split in ("train", *DEALT)
    ]
    lines.append(
        f"{len(rows)} rows, {min(lengths)} to {max(lengths)} words, "
        f"mean {sum(lengths) / len(lengths):.1f}, {len(words)} distinct words"
    )
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    here = pathlib.Path(__file__).resolve().parent
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=here)
    parser.add_argument("--deal", action="store_true", help="deal the rows to the splits anew")
    arguments = parser.parse_args()

    try:
        rows = read_splits(arguments.folder)
        if arguments.deal:
            write_splits(arguments.folder, deal(rows))
            rows = read_splits(arguments.folder)
    except BadFile as error:
        print(error, file=sys.stderr)
        return 1
    checks = (check_counts, check_form, check_splits, check_pairs, check_phrases)
    findings = [finding for run_check in checks for finding in run_check(rows)]
    for what, found in findings:
        print(what, *(f"    {row.split} {row.label}: {row.text}" for row in found), sep="\n")
    print(summary(rows))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
