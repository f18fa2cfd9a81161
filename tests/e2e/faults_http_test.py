"""Every fault of the fault server has the outcome that is written here.

ok: the run ends well, with the digest of the fault-free run. refuse: it does, or stops, by another way to the scores.
fail: the trial fails, and says why. fatal: the run stops, and says why.
"""

import dataclasses
import re

import http_run
import support
from behaviours import BEHAVIOURS

SPARE_PROBE = f"skip={http_run.PROBE}"


@dataclasses.dataclass
class Row:
    behaviour: str           # of the server: what follows --behaviour
    outcome: str             # ok, fail, refuse, fatal
    says: str = ""           # pattern in what the run prints or logs
    shape: str = "vllm"
    tries: int = 0           # most tries of a prompt that the server may see; 0: those of the configuration
    settings: dict = dataclasses.field(default_factory=dict)
    spares_probe: bool = True

    @property
    def arguments(self):
        text = self.behaviour
        if self.spares_probe:
            text += ("," if ":" in text else ":") + SPARE_PROBE
        return ["--shape", self.shape, "--behaviour", text]


def rows(number, kinds, outcome, says="", **more):
    """A row for each kind. What is tried again meets a few requests, not all: pauses add up."""
    few = ",select=first:4" if number in TRIED_AGAIN else ""
    return [Row(f"{number}:kind={kind}{few}", outcome, says, **more) for kind in kinds.split()]


TRIED_AGAIN = {8, 10, 16, 17, 18, 19, 22, 23, 26}

TABLE = [
    # Waiting.
    Row("1:seconds=2", "ok"),
    Row("2:select=first:3", "ok"),
    *rows(3, "ahead past unreadable", "ok"),
    Row("4:ms=300,seconds=60", "ok"),
    Row("5", "fatal", r"86400|until|429", settings={"model.patience_seconds": 5}),
    Row("6", "fatal", "quota", tries=1),
    *rows(7, "zero negative", "ok"),
    # Statuses.
    *rows(8, "500 502 503 504 529", "ok"),
    Row("9:select=seconds:3", "ok"),
    Row("9", "fatal", "503", settings={"model.patience_seconds": 3}),
    *rows(10, "408 409 425", "ok"),
    *rows(11, "400 404 405 413 415 422", "fail", "toy server does not like", tries=1),
    *rows(12, "401 403", "fatal", "401|403|[Kk]ey", tries=1),
    *rows(13, "openai vllm llama tgi", "fail", "4096", tries=1),
    Row("14", "fail", "content management|content_filter", tries=1),
    Row("15:kind=503,select=first:4", "ok"),
    Row("15:kind=400", "fail", "Provider returned error", tries=1),
    *rows(16, "html200 html502 empty", "ok"),
    Row("16:kind=html200,select=always", "fail", "Bad Gateway|page"),
    # The wire.
    *rows(17, "length chunk last_chunk header_body header", "ok"),
    *rows(18, "before half", "ok"),
    Row("18:kind=reuse,select=fraction:0.3", "ok"),
    *rows(19, "silence header drip", "ok"),
    Row("20:seconds=2", "ok"),
    *rows(21, "blanks nested headers gzip", "fail"),
    *rows(22, "text two comma utf8 surrogate", "ok"),
    Row("22:kind=text,select=always", "fail"),
    # Contents.
    *rows(23, "missing null empty fewer more double index texts", "ok"),
    Row("23:kind=empty,select=always", "fail", "choice"),
    Row("24", "ok"),
    Row("25:select=first:4", "ok"),
    *rows(26, "nan infinity text null 1e400 positive", "ok"),
    *rows(26, "nan infinity text null 1e400 positive", "ok", shape="llama"),
    Row("26:kind=-9999,select=always", "refuse", shape="topk", settings={"model.route": "top_list"}),
    Row("27:token= bad", "refuse", shape="topk", settings={"model.route": "top_list"}),
    *rows(28, "equal half", "ok", shape="llama"),
    *rows(29, "more fewer unsorted", "ok"),
    *rows(30, "ignored 400 500 zeros", "refuse", "echo", shape="vllm", settings={"model.route": "echo"}, spares_probe=False),
    Row("31:kind=ignored", "refuse", shape="topk", spares_probe=False),
    *rows(31, "clipped refused", "ok", spares_probe=False),
    Row("32", "refuse", "stream of events", spares_probe=False),
    *rows(33, "gzip deflate", "ok"),
    Row("33:kind=lie,select=first:4", "ok"),
    *rows(34, "301 307 308", "fail", "elsewhere|127.0.0.2", tries=1),
    Row("35", "ok", "another-model"),
    *rows(36, "missing zero larger", "ok"),
    *rows(37, "close hundred idle", "ok"),
    *rows(38, "continue twice http10", "ok"),
    Row("42", "ok", "64|tokens"),
]

CERTIFICATES = BEHAVIOURS[39].kinds


class Faults(http_run.HttpRunCase):
    """One test for each row; they are made below."""

    def check(self, row):
        server = self.server("--api-key", http_run.KEY, *row.arguments)
        self.environment["TOY_KEY"] = http_run.KEY
        settings = {"model.key_variable": "TOY_KEY", **row.settings}
        said = self.run_against(server, expect=None, **settings)
        self.assertNotIn(http_run.KEY, said)
        self.assertLess(len(max(said.splitlines(), key=len, default="")), 2000)
        if row.says:
            self.assertRegex(said, row.says)
        state = self.trial_state()
        if row.outcome == "ok":
            self.assertEqual(state, "done", said)
            free, _ = self.fault_free("--shape", row.shape, "--api-key", http_run.KEY, **settings)
            self.assertEqual(self.digest("run"), free)
        elif row.outcome in ("fail", "fatal"):
            self.assertNotEqual(state, "done", said)
        self.assertLessEqual(self.most_tries(server), row.tries or http_run.SETTINGS["model.tries"])
        self.check_waiting(server.stats())

    def check_waiting(self, stats, ranks=1):
        """Nothing is sent while the server wants to be left alone, but what was on its way already."""
        self.assertLess(stats["requests_during_retry_after"], http_run.SETTINGS["model.requests"] * ranks)

    def trial_state(self):
        status = self.status(self.folder / "run")
        return None if status is None else status["trials"][0]["state"]

    def test_the_table_has_every_behaviour(self):
        numbers = {int(re.match(r"\d+", row.behaviour)[0]) for row in TABLE}
        self.assertEqual(numbers | {39, 40, 41}, set(range(1, 43)))

    def test_a_certificate_that_nobody_trusts_stops_the_run(self):
        for kind in CERTIFICATES:
            server = self.server("--behaviour", f"39:kind={kind}")
            said = self.run_against(server, out=kind, expect=1, url=f"https://localhost:{server.port}")
            self.assertRegex(said, "(?i)certificate|ssl|tls")

    def test_an_own_certificate_is_trusted(self):
        server = self.server("--behaviour", "39:kind=self_signed")
        self.run_against(server, url=f"https://localhost:{server.port}", **{"model.ca_file": server.ready["certificate"]})

    def test_a_proxy_is_named(self):
        server = self.server("--behaviour", "40:kind=407")
        self.environment["http_proxy"] = server.url
        said = self.run_against(server, expect=1, url="http://model.invalid:8000")
        self.assertRegex(said, "(?i)proxy")

    def test_localhost_is_found_where_only_127_0_0_1_listens(self):
        server = self.server("--behaviour", "41")
        self.run_against(server, url=f"http://localhost:{server.port}")

    def test_a_mix_of_faults_changes_nothing(self):
        for ranks in (0, 2, 4):
            with self.subTest(ranks=ranks):
                quiet = self.server()
                self.run_against(quiet, out=f"quiet-{ranks}", ranks=ranks)
                server = self.server("--mix", "0.2", "--seed", "1")
                self.run_against(server, out=f"mixed-{ranks}", ranks=ranks, **{"model.tries": 12})
                self.assertEqual(self.digest(f"mixed-{ranks}"), self.digest("quiet-0"))
                stats = server.stats()
                self.assertGreater(sum(stats["behaviours"].values()), 10)
                # One rank asks nothing twice. Several may ask the same for two trials at a time.
                if ranks < 4:
                    self.assertEqual(stats["prompts_answered_again"], quiet.stats()["prompts_answered_again"])
                pauses = sum(stats["behaviours"].get(number, 0) for number in ("1", "4"))
                self.assertLessEqual(stats["requests_during_retry_after"],
                                     pauses * http_run.SETTINGS["model.requests"] * max(ranks - 1, 1))


def add_rows():
    for place, row in enumerate(TABLE):
        name = re.sub(r"\W+", "_", f"{row.behaviour}_{row.shape}")
        setattr(Faults, f"test_{place:03}_{name}_{row.outcome}", lambda self, row=row: self.check(row))


add_rows()

if __name__ == "__main__":
    support.main()
