"""Fails on an #include that crosses a forbidden edge between modules, or on a CMake dependency that the
table does not allow. The table is the one of src/README.md, which is read, so page and test cannot differ.

Usage: layering_test.py SOURCE_FOLDER
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
INCLUDE = re.compile(r'^\s*#\s*include\s*"(?:bbprompt/)?([a-z_]+)/[A-Za-z0-9_./]+"', re.MULTILINE)
# Headers of these folders carry options structs only and may be used where the table says "options".
OPTIONS_SUFFIX = re.compile(r'#\s*include\s*"bbprompt/([a-z_]+)/[a-z_]*(?:options|spec)\.hpp"')


def read_table():
    """Module name -> (layer, set of modules it may use)."""
    table = {}
    for line in (ROOT / "src/README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) != 5 or not cells[0].isdigit():
            continue
        name = cells[1].strip("`")
        allowed = {word for word in re.findall(r"[a-z_]+", cells[4])}
        table[name] = (int(cells[0]), allowed)
    return table


def main():
    table = read_table()
    folders = {path.name for path in (ROOT / "src").iterdir() if path.is_dir()}
    problems = []
    if len(table) < 10:
        problems.append(f"src/README.md: expected the table of modules, found {len(table)} rows")
    for name in sorted(folders - set(table)):
        problems.append(f"src/{name}: not in the table of src/README.md")
    for name, (layer, allowed) in table.items():
        everything_below = "everything" in allowed
        uses = {other for other in table if other in allowed or (everything_below and table[other][0] < layer)}
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
