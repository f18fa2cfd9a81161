#!/usr/bin/env python3
"""Makes the definitions data set from the noun glosses of WordNet 3.0.

    make_definitions.py [DATA_NOUN [FOLDER]]          writes train.jsonl, dev.jsonl and test.jsonl
    make_definitions.py --check [DATA_NOUN [FOLDER]]  compares them with FOLDER instead

DATA_NOUN is the file data.noun of Debian's package wordnet-base, FOLDER the folder of this script
unless given. Python's standard library only. The outcome depends on DATA_NOUN alone: whatever has
to be chosen or ordered goes by the SHA-256 of the text. ../README.md says what is kept and why.

Exit codes: 0 done, or no difference; 1 --check found a difference; 2 wrong usage; 77 DATA_NOUN is
missing or is another version (a test counts this as skipped).
"""

import argparse
import hashlib
import json
import pathlib
import re
import sys
from typing import NamedTuple

DATA_NOUN_SHA256 = "fea17d2f9656611334eac790e5d69e47645fa180c4aa481fb4cd9b3520754ca2"
SIZES = {"test": 100, "dev": 60, "train": 360}  # definitions per class, handed out in this order
WORDS_MIN, WORDS_MAX = 4, 30

# lex_filenum (lexnames(5WN)) -> label and the synsets, by offset, of which it must be a hyponym.
CLASSES = {
    "05": ("animal", {"00015388"}),  # animal
    "08": ("body", {"05220461"}),  # body part
    "13": ("food", {"00021265", "07555863"}),  # food, nutrient; solid food
    "15": ("location", {"00027167"}),  # location
    "18": ("person", {"00007846"}),  # person
    "20": ("plant", {"00017222"}),  # plant, flora
}
CLASS_WORDS = frozenset(
    "animal animals body bodies food foods location locations place places person persons people "
    "peoples plant plants".split()
)
UNSUITABLE_WORDS = frozenset(
    "coitus contemptuous copulation derogatory disparaging ejaculates erotic genital genitalia "
    "genitals obscene offensive offensively penis prostitute prostitutes semen sex sexes sexual "
    "sexually slang slur ugly vagina vulgar vulva".split()
)


class Synset(NamedTuple):
    lex_file: str
    word: str
    hypernyms: list
    has_usage_domain: bool
    gloss: str


class Row(NamedTuple):
    definition: str
    label: str
    word: str


class WrongSource(Exception):
    """DATA_NOUN cannot be read or is not the version that the data set is made from."""


def parse_synset(line):
    """One line of data.noun, format wndb(5WN), to its offset and Synset."""
    head, gloss = line.split(" | ", 1)
    fields = head.split()
    num_words = int(fields[3], 16)
    first_pointer = 5 + 2 * num_words
    num_pointers = int(fields[first_pointer - 1])
    pointers = [
        fields[first_pointer + 4 * i : first_pointer + 4 * i + 2] for i in range(num_pointers)
    ]
    return fields[0], Synset(
        lex_file=fields[1],
        word=fields[4].replace("_", " "),
        hypernyms=[offset for symbol, offset in pointers if symbol in ("@", "@i")],
        has_usage_domain=any(symbol == ";u" for symbol, _ in pointers),
        gloss=gloss.strip(),
    )


def read_synsets(path):
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WrongSource(f"cannot read {path}: {error.strerror}; install wordnet-base") from error
    found = hashlib.sha256(data).hexdigest()
    if found != DATA_NOUN_SHA256:
        raise WrongSource(f"{path}: expected SHA-256 {DATA_NOUN_SHA256}, found {found}")
    lines = data.decode("ascii").splitlines()
    return dict(parse_synset(line) for line in lines if not line.startswith("  "))


def descends_from(synsets, offset, roots):
    pending, seen = [offset], set()
    while pending:
        offset = pending.pop()
        if offset in roots:
            return True
        if offset not in seen:
            seen.add(offset)
            pending.extend(synsets[offset].hypernyms)
    return False


def definition_of(gloss):
    """The gloss up to its first quoted example."""
    return re.split(r"[;,:]?\s*\"", gloss, maxsplit=1)[0].strip(" ;")


def words_of(text):
    return re.findall(r"[a-z0-9]+", text.lower())


def is_usable(definition):
    words = words_of(definition)
    return (
        WORDS_MIN <= len(definition.split()) <= WORDS_MAX
        and CLASS_WORDS.isdisjoint(words)
        and UNSUITABLE_WORDS.isdisjoint(words)
        and "`" not in definition
        and definition.count("(") == definition.count(")")
    )


def usable_rows(synsets):
    """The rows that pass every filter; of equal texts in one class one, in several classes none."""
    rows_of_text = {}
    for offset, synset in synsets.items():
        label, roots = CLASSES.get(synset.lex_file, (None, None))
        definition = definition_of(synset.gloss)
        if label is None or synset.has_usage_domain or not is_usable(definition):
            continue
        if descends_from(synsets, offset, roots):
            row = Row(definition, label, synset.word)
            rows_of_text.setdefault(" ".join(words_of(definition)), []).append(row)
    groups = rows_of_text.values()
    return [min(rows) for rows in groups if len({row.label for row in rows}) == 1]


def text_digest(row):
    return hashlib.sha256(row.definition.encode()).hexdigest()


def make_splits(rows):
    splits = {name: [] for name in SIZES}
    for label, _ in CLASSES.values():
        of_class = sorted((row for row in rows if row.label == label), key=text_digest)
        if len(of_class) < sum(SIZES.values()):
            sys.exit(f"class {label}: {len(of_class)} definitions, {sum(SIZES.values())} needed")
        for name, size in SIZES.items():
            splits[name] += of_class[:size]
            of_class = of_class[size:]
    return {name: sorted(split, key=text_digest) for name, split in splits.items()}


def as_jsonl(rows):
    return "".join(json.dumps(row._asdict()) + "\n" for row in rows).encode()


def check(folder, contents):
    num_different = 0
    for name, content in contents.items():
        path = folder / name
        if not path.is_file():
            num_different += 1
            print(f"{path}: missing", file=sys.stderr)
        elif path.read_bytes() != content:
            num_different += 1
            print(f"{path}: differs from what this script makes", file=sys.stderr)
    return 1 if num_different else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    here = pathlib.Path(__file__).resolve().parent
    source = pathlib.Path("/usr/share/wordnet/data.noun")
    parser.add_argument("data_noun", nargs="?", type=pathlib.Path, default=source)
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=here)
    parser.add_argument("--check", action="store_true", help="compare with FOLDER, write nothing")
    arguments = parser.parse_args()

    try:
        rows = usable_rows(read_synsets(arguments.data_noun))
    except WrongSource as error:
        print(error, file=sys.stderr)
        return 77
    contents = {f"{name}.jsonl": as_jsonl(split) for name, split in make_splits(rows).items()}
    if arguments.check:
        return check(arguments.folder, contents)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (arguments.folder / name).write_bytes(content)
    for label, _ in CLASSES.values():
        print(f"{label}: {sum(row.label == label for row in rows)} usable definitions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
