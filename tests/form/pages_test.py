"""Fails where a page names a path of this project that does not exist.

Usage: pages_test.py SOURCE_FOLDER
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
NAMED = re.compile(r"`((?:src|include|jobs|configs|tests|results)/[A-Za-z0-9_./-]+)`|\]\(([^)#:]+)(?:#[^)]*)?\)")


def main():
    problems = []
    num_named = 0
    for page in sorted(ROOT.rglob("*.md")):
        if any(part in ("build", "out", ".git") for part in page.relative_to(ROOT).parts):
            continue
        for match in NAMED.finditer(page.read_text()):
            name = match.group(1) or match.group(2)
            num_named += 1
            if not ((ROOT / name).exists() or (page.parent / name).exists()):
                problems.append(f"{page.relative_to(ROOT)} names {name}, which does not exist")
    print("\n".join(problems) if problems else f"{num_named} paths named, all exist")
    return 1 if problems else 0


sys.exit(main())
