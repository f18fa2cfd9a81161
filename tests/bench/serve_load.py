"""Asks a running `bbprompt serve` with many clients for a while, and prints answers per second, statuses, the longest wait
of /health, and the server's memory at the begin and end. Fails where a status is neither 200 nor 429, or where a request
got two different answers.

Usage: serve_load.py PORT PROCESS_ID [SECONDS] [CLIENTS]
"""

import collections
import concurrent.futures
import http.client
import json
import sys
import time

PORT, PROCESS_ID = int(sys.argv[1]), int(sys.argv[2])
SECONDS = float(sys.argv[3]) if len(sys.argv) > 3 else 60
CLIENTS = int(sys.argv[4]) if len(sys.argv) > 4 else 64


def ask(connection, path, body=None):
    connection.request("GET" if body is None else "POST", path, None if body is None else json.dumps(body),
                       {"Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, answer.read()


def connect():
    return http.client.HTTPConnection("127.0.0.1", PORT, timeout=600)


def memory():
    """Bytes of the server's resident memory."""
    with open(f"/proc/{PROCESS_ID}/status", encoding="ascii") as status:
        return int(next(line for line in status if line.startswith("VmRSS")).split()[1]) * 1024


def requests(family):
    for i in range(50):
        ids = [[(7 * i + j) % 250 for j in range(1 + (i + k) % 30)] for k in range(1 + i % 4)]
        if family == "causal":
            yield "/v1/completions", {"prompt": ids, "logprobs": 5, "return_tokens_as_token_ids": True}
        else:
            yield "/v1/mask_scores", {"inputs": [{"segments": [{"tokens": row}, {"mask": True}]} for row in ids],
                                      "answers": [10, 11]}


def without_time(body):
    return {key: value for key, value in json.loads(body).items() if key != "created"}


def client(first, cases, expected, end):
    statuses = collections.Counter()
    connection = connect()
    number = first
    while time.monotonic() < end:
        number = (number + 1) % len(cases)
        status, body = ask(connection, *cases[number])
        statuses[status] += 1
        if status == 429:
            time.sleep(0.01)
        elif status != 200 or without_time(body) != expected[number]:
            raise RuntimeError(f"request {number}: {status} {body[:500]}")
    return statuses


def main():
    model = json.loads(ask(connect(), "/v1/models")[1])["data"][0]
    cases = list(requests(model["family"]))
    expected = [without_time(ask(connect(), *case)[1]) for case in cases]
    end = time.monotonic() + SECONDS
    longest = 0.0
    sizes = []
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(client, i, cases, expected, end) for i in range(CLIENTS)]
        while time.monotonic() < end:
            begin = time.monotonic()
            if ask(connect(), "/health")[0] != 200:
                raise RuntimeError("/health failed")
            longest = max(longest, time.monotonic() - begin)
            sizes.append(memory())
            time.sleep(0.2)
        statuses = sum((each.result() for each in clients), collections.Counter())
    print(f"{CLIENTS} clients, {SECONDS:g} s: {statuses[200] / SECONDS:.0f} answers/s, statuses {dict(statuses)}, "
          f"/health at most {longest:.3f} s, memory {sizes[len(sizes) // 4] / 1e6:.1f} MB after a quarter, "
          f"{sizes[-1] / 1e6:.1f} MB at the end")


main()
