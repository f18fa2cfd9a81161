"""Fails where two types of the program have one name: the linker keeps one of their functions, and the other type's
objects are then destroyed by the wrong one. Names within an anonymous namespace and members of classes are free.

Usage: names_test.py SOURCE_FOLDER
"""

import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
DEFINITION = re.compile(r"^(?:class|struct|enum(?: class)?) (\w+)(?: final)?(?: :[^:].*)?\s*\{")
ANONYMOUS_BEGIN, ANONYMOUS_END = re.compile(r"^namespace \{"), re.compile(r"^\}  // namespace$")


def definitions(path):
    """Names of the types that the file defines at the top level of a named namespace."""
    is_anonymous = False
    for line in path.read_text().splitlines():
        if ANONYMOUS_BEGIN.match(line):
            is_anonymous = True
        elif ANONYMOUS_END.match(line):
            is_anonymous = False
        elif not is_anonymous and (found := DEFINITION.match(line)):
            yield found[1]


def main():
    places = collections.defaultdict(list)
    files = [path for folder in ("include", "src") for path in sorted((ROOT / folder).rglob("*.[ch]pp"))]
    for path in files:
        for name in definitions(path):
            places[name].append(path.relative_to(ROOT))
    twice = {name: where for name, where in places.items() if len(where) > 1}
    for name, where in sorted(twice.items()):
        print(f"{name} is defined in {' and in '.join(map(str, where))}; give one of them another name")
    if not places:
        sys.exit(f"found no type in {ROOT}")
    print(f"{len(places)} types, {len(twice)} names twice")
    sys.exit(bool(twice))


main()
