#!/usr/bin/env bash
# Fails where clang-format would change a source file.  Usage: format_test.sh CLANG_FORMAT SOURCE_FOLDER
set -euo pipefail
find "$2/src" "$2/include" "$2/tests" -name '*.[ch]pp' -print0 | xargs -0 "$1" --dry-run -Werror
