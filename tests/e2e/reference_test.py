"""The quickstart gives the scores, losses, prompts and counts of the reference, to the last digit.

By hand, with any Release build: python3 tests/e2e/reference_test.py build/release/bin/bbprompt .   (about three minutes of
processor time; a build without optimisation rounds otherwise, and the test is skipped then)
The reference is shared/reference/quickstart.csv; set BBPROMPT_SHARED_DIR where it is not next to the sources.
"""

import csv
import io
import os
import pathlib
import re
import subprocess

import support

KEY = ("task", "method", "seed")
# What may differ: the time, and the hashes that also cover names and the version.
EXEMPT = {"id", "seconds", "config_hash", "digest"}


def reference_file():
    shared = os.environ.get("BBPROMPT_SHARED_DIR") or support.SOURCE.parent / "shared"
    return pathlib.Path(shared) / "reference/quickstart.csv"


def why_other_bits(environment):
    """Why this binary on this machine rounds in another way than the reference; None where it does not."""
    told = subprocess.run([support.BINARY, "--version"], capture_output=True, text=True,
                          env={**environment, "OPENBLAS_VERBOSE": "2"})
    build = re.search(r"(\w+), matrix products by (\w+)$", told.stdout, re.MULTILINE)
    if build is None or build.groups() != ("Release", "libopenblas"):
        return f"the reference was made by a Release build with OpenBLAS, and {support.BINARY} is none"
    flags = re.search(r"^flags\s*:(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    if not flags or not {"avx2", "fma"} <= set(flags.group(1).split()):
        return "the reference was made with AVX2 and FMA, which this processor has not"
    if "Haswell" not in told.stdout + told.stderr:
        return "this OpenBLAS cannot be told to use its Haswell kernel, with which the reference was made"
    return None


def rows_by_key(text):
    return {tuple(row[name] for name in KEY): row for row in csv.DictReader(io.StringIO(text))}


class Reference(support.RunCase):
    def test_the_quickstart_gives_the_numbers_of_the_reference(self):
        if not reference_file().exists():
            self.skipTest(f"{reference_file()} is absent")
        self.environment["OPENBLAS_CORETYPE"] = "Haswell"
        reason = why_other_bits(self.environment)
        if reason:
            self.skipTest(reason)
        quickstart = support.SOURCE / "configs/quickstart/quickstart.yaml"
        self.call("run", quickstart, "--out", "run", "--progress", "none", ranks=3)
        expected = rows_by_key(reference_file().read_text())
        found = rows_by_key(self.call("report", "run", "--csv")[0])
        self.assertEqual(set(found), set(expected))
        self.assertEqual(len(expected), 12)
        for key, row in expected.items():
            for name in row.keys() - EXEMPT:
                with self.subTest(trial="-".join(key), column=name):
                    self.assertEqual(found[key].get(name, "no such column"), row[name])
            self.assertEqual(found[key]["id"].rsplit("-", 1)[0], row["id"].rsplit("-", 1)[0])


if __name__ == "__main__":
    support.main()
