"""Fails on an #include that crosses a forbidden edge between modules, on a CMake dependency that the table does not
allow, and where a kind of language model is named outside its own module and the factory's. The table is the one of
src/README.md, which is read, so page and test cannot differ.

Usage: layering_test.py SOURCE_FOLDER
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
INCLUDE = re.compile(r'^\s*#\s*include\s*"(?:bbprompt/)?([a-z_]+)/[A-Za-z0-9_./]+"', re.MULTILINE)
# Headers of these folders carry options structs only and may be used where the table says "options".
OPTIONS_SUFFIX = re.compile(r'#\s*include\s*"bbprompt/([a-z_]+)/[a-z_]*(?:options|spec)\.hpp"')
# Modules of one kind of language model each, and the class names of the kind. Everyone else, tests included, has a
# LanguageModel or a ModelView from the factory.
MODEL_KINDS = {"replica": re.compile(r"\bReplica[A-Z]?\w*\b|\bload_replica\b|#\s*include\s*\"(?:bbprompt/|tests/)?replica/"),
               "query": re.compile(r"\bServer(?:Model|View|Findings)\b|\bprobe_server\b|"
                                   r"#\s*include\s*\"(?:bbprompt/|tests/)?query/(?!server_options)")}
FACTORY = "model"
MAY_NAME_KINDS = {"bench"}  # tests that measure one kind


def read_table():
    """Module name -> (layer, set of modules it may use)."""
    table = {}
    for line in (ROOT / "src/README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) != 5 or not cells[0].isdigit():
            continue
        name = cells[1].strip("`")
        may_use, _, but = cells[4].partition(" but ")
        table[name] = (int(cells[0]), set(words(may_use)), set(words(but)))
    return table


def words(text):
    return re.findall(r"[a-z_]+", text)


def without_comments(text):
    return re.sub(r"//.*", "", text)


def names_of_kinds():
    """Problems: a kind of model named where only models as such are known."""
    problems = []
    for kind, names in MODEL_KINDS.items():
        for top in ("src", "include/bbprompt", "tests"):
            for folder in sorted(path for path in (ROOT / top).iterdir() if path.is_dir()):
                if folder.name in (kind, FACTORY) or (top == "tests" and folder.name in MAY_NAME_KINDS):
                    continue
                for file in sorted(folder.rglob("*.?pp")):
                    found = names.search(without_comments(file.read_text()))
                    if found:
                        problems.append(f"{file.relative_to(ROOT)}: names {found.group(0)}; only {kind} and {FACTORY} may")
    return problems


def main():
    table = read_table()
    folders = {path.name for path in (ROOT / "src").iterdir() if path.is_dir()}
    problems = []
    if len(table) < 10:
        problems.append(f"src/README.md: expected the table of modules, found {len(table)} rows")
    for name in sorted(folders - set(table)):
        problems.append(f"src/{name}: not in the table of src/README.md")
    problems += names_of_kinds()
    for name, (layer, allowed, but) in table.items():
        everything_below = "everything" in allowed
        uses = {other for other in table if other in allowed or (everything_below and table[other][0] < layer)} - but
        for other in sorted(uses):
            if table[other][0] >= layer:
                problems.append(f"src/README.md: {name} (layer {layer}) may not use {other} "
                                f"(layer {table[other][0]})")
        files = [*(ROOT / "src" / name).rglob("*.?pp"), *(ROOT / "include/bbprompt" / name).rglob("*.hpp")]
        for file in sorted(files):
            text = file.read_text()
            for match in INCLUDE.finditer(text):
                other = match.group(1)
                if other == name or other in uses:
                    continue
                if "options" in allowed and OPTIONS_SUFFIX.search(match.group(0).strip()):
                    if other in table and table[other][0] < layer:
                        continue
                problems.append(f"{file.relative_to(ROOT)}: {name} may not include a header of {other}")
        cmake = ROOT / "src" / name / "CMakeLists.txt"
        if cmake.exists():
            match = re.search(r"USES((?:\s+[a-z_]+)+)", cmake.read_text())
            for other in (match.group(1).split() if match else []):
                if other not in uses:
                    problems.append(f"{cmake.relative_to(ROOT)}: {name} may not depend on {other}")
    print("\n".join(problems) if problems else f"{len(table)} modules, no forbidden edge")
    return 1 if problems else 0


sys.exit(main())
