"""Requests per second of a run against a server that answers after 50 ms, next to what so many connections can have, and
the client's processor time for a request. The server is tests/servers/fault_server.py, without a fault.

Usage: http_throughput.py BBPROMPT [WORKERS] [REQUESTS]        (from the top folder, after `source jobs/mpi_environment.sh`)
"""

import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/servers"))

import toy_tokenizer
from started_server import StartedServer

BINARY = sys.argv[1]
WORKERS = int(sys.argv[2]) if len(sys.argv) > 2 else 4
REQUESTS = int(sys.argv[3]) if len(sys.argv) > 3 else 16
DELAY = 0.05
SETTINGS = {"few_shot": "{train_per_class: 16, dev_per_class: 16, max_test: 40}", "budget.evaluations": 320,
            "optimizer.cat_cma.population_size": 40, "seeds": "[1, 2, 3]", "model.requests": REQUESTS}


def main():
    with tempfile.TemporaryDirectory() as folder, StartedServer("--delay", DELAY, "--seconds", 600) as server:
        toy_tokenizer.made_of_words().write(pathlib.Path(folder) / "tokenizer")
        settings = {**SETTINGS, "model.url": f'["{server.url}"]', "model.name": "toy",
                    "model.tokenizer": pathlib.Path(folder) / "tokenizer"}
        options = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
        start = time.monotonic()
        subprocess.run(["mpirun", "-n", str(WORKERS + 1), BINARY, "run", ROOT / "configs/servers/vllm.yaml", *options, "--out",
                        f"{folder}/run", "--progress", "none"], check=True)
        seconds = time.monotonic() - start
        stats = server.stats()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)  # the server is still running
    possible = WORKERS * REQUESTS / DELAY
    print(json.dumps({"requests": stats["requests"], "seconds": seconds, "requests_per_second": stats["requests"] / seconds,
                      "share_of_possible": stats["requests"] / seconds / possible,
                      "best_second": stats["peak_in_a_second"] / possible,
                      "client_us_per_request": 1e6 * (used.ru_utime + used.ru_stime) / stats["requests"]}, indent=1))


main()
