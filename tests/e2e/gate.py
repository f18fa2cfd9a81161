"""Holds the workers of a run where a test wants them, however fast the machine is.

Each worker writes a line to its log of queries before it answers a work item. Here that log is a pipe of one page, which
the test empties line by line: when it stops, every worker goes on for the dozen lines that the page holds and then waits.
So a run that is held cannot end before the test has done with it what it wants."""

import fcntl
import json
import os
import select
import shlex
import threading
import time

F_SETPIPE_SZ = 1031
PAGE = 4096


class Gate:
    def __init__(self, folder, binary):
        self.log = folder / "gate"
        self.log.mkdir()
        # The program to start in place of the binary: it makes the pipe of its rank and becomes the binary.
        self.program = folder / "gated"
        pipe = f'"{self.log}/$(uname -n)-$$.jsonl"'
        self.program.write_text(f'#!/bin/sh\nmkfifo {pipe}\nexec {shlex.quote(str(binary))} "$@"\n')
        self.program.chmod(0o755)
        self.lines = []  # all that were let through
        self._left = 0  # how many more may pass; None: all
        self._lock = threading.Condition()
        self._pipes = {}
        self._is_over = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def let(self, count, is_hopeless=lambda: False):
        """Lets about that many more items through, and returns when they are."""
        with self._lock:
            self._left = count
            while self._left > 0:
                if is_hopeless():
                    raise AssertionError(f"the run ended with {self._left} items still to come")
                self._lock.wait(0.05)
            self._left = 0

    def open(self):
        """Nothing is held any more, also of runs that start later."""
        with self._lock:
            self._left = None

    def end(self):
        self._is_over = True
        self._thread.join()

    def _serve(self):
        while not self._is_over:
            self._find_pipes()
            with self._lock:
                is_shut = self._left == 0
            if is_shut or not self._read(timeout=0.01):
                time.sleep(0.002)
        for pipe in self._pipes.values():
            os.close(pipe["file"])

    def _find_pipes(self):
        for path in self.log.glob("*.jsonl"):
            if path not in self._pipes:
                file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
                fcntl.fcntl(file, F_SETPIPE_SZ, PAGE)
                self._pipes[path] = {"file": file, "rest": b""}

    def _read(self, timeout):
        """What the workers have written; False if nothing."""
        poll = select.poll()
        for pipe in self._pipes.values():
            poll.register(pipe["file"], select.POLLIN)
        ready = {file for file, event in poll.poll(1000 * timeout) if event & select.POLLIN}
        for pipe in self._pipes.values():
            if pipe["file"] in ready:
                text = pipe["rest"] + os.read(pipe["file"], PAGE)
                *whole, pipe["rest"] = text.split(b"\n")
                with self._lock:
                    self.lines += [json.loads(line) for line in whole]
                    if self._left is not None:
                        self._left = max(0, self._left - len(whole))
                    self._lock.notify_all()
        return bool(ready)
