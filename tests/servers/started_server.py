"""Starts a server of this folder as a process of its own and talks to it: for tests."""

import http.client
import json
import pathlib
import socket
import subprocess
import sys

LONG = 120.0  # seconds; nothing waits for it that works
SHORT = 0.3    # to see that nothing more comes
FOLDER = pathlib.Path(__file__).resolve().parent


class StartedServer:
    """with StartedServer("--shape", "llama") as server: server.post("/v1/completions", {...})"""

    def __init__(self, *arguments, program="fault_server.py"):
        self.process = subprocess.Popen([sys.executable, str(FOLDER / program), *map(str, arguments)],
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{program} did not start, exit status {self.process.wait()}")
        self.ready = json.loads(line)
        self.port = self.ready["port"]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def exchange(self, method, path, body=None, headers=()):
        """(status, headers, bytes) on a connection of its own. A body that is not bytes is sent as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONG)
        try:
            data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
            connection.request(method, path, data, dict(headers))
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def get(self, path):
        return json.loads(self.exchange("GET", path)[2])

    def post(self, path, body, expect=200):
        status, _, data = self.exchange("POST", path, body)
        if status != expect:
            raise AssertionError(f"expected status {expect}, found {status}: {data[:300]}")
        return json.loads(data)

    def control(self, *behaviours, mix=0.0):
        """Other faults from now on."""
        self.post("/control", {"behaviours": behaviours, "mix": mix})

    def stats(self):
        return self.get("/stats")

    def raw(self, body, until=None, num_requests=1):
        """All bytes that come back on one connection, and how it ended: "closed" or "reset". With `until`: reads up to
        there, then waits a little for more, and "open" is an end, too."""
        data = json.dumps(body).encode()
        request = f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data
        answer = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=LONG) as connection:
            try:
                for number in range(num_requests):
                    connection.sendall(request)
                    if number + 1 < num_requests:
                        answer += connection.recv(1 << 20)
                while True:
                    connection.settimeout(LONG if until is None or until not in answer else SHORT)
                    piece = connection.recv(1 << 20)
                    if not piece:
                        return answer, "closed"
                    answer += piece
            except TimeoutError:
                return answer, "open"
            except ConnectionResetError:
                return answer, "reset"
