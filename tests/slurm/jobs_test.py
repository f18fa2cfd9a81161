"""The scripts of jobs/slurm on a real Slurm: several nodes, arrays, a time that is too short, cancelled and requeued jobs."""

import collections
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "e2e"))
import http_run  # noqa: E402
import support  # noqa: E402

CLUSTER = pathlib.Path(os.environ.get("BBPROMPT_SHARED_DIR", "")) / "slurm"


class Cluster(support.RunCase):
    """A Slurm of three virtual nodes for the tests of one class."""

    @classmethod
    def setUpClass(cls):
        folder = f"/tmp/bbprompt-slurm-{os.getpid()}"
        stop = ["bash", str(CLUSTER / "stop-local-slurm.sh")]
        started = subprocess.run(["bash", CLUSTER / "start-local-slurm.sh"], env={**os.environ, "LOCAL_SLURM_DIR": folder},
                                 capture_output=True, text=True, timeout=300)
        assert started.returncode == 0, started.stderr
        cls.cluster = dict(re.findall(r"export (\w+)='?([^'\n;]*)'?", started.stdout))
        environment = {**os.environ, **cls.cluster}
        cls.addClassCleanup(subprocess.run, stop, env=environment, capture_output=True, timeout=120)
        # Should this process be killed, the cluster ends all the same.
        guard = 'while kill -0 "$1" 2>/dev/null; do sleep 1; done; shift; exec "$@"'
        guarding = subprocess.Popen(["bash", "-c", guard, "guard", str(os.getpid()), *stop], env=environment,
                                    start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cls.addClassCleanup(guarding.wait)
        cls.addClassCleanup(guarding.kill)

    def setUp(self):
        super().setUp()
        self.environment.update(self.cluster)
        profile = self.folder / "site.profile"
        profile.write_text(f'BBPROMPT={support.BINARY}\nsource "{support.SOURCE}/jobs/mpi_environment.sh"\n'
                           "LAUNCHER=(mpirun)\nexport OMPI_MCA_btl_tcp_if_include=lo OMPI_MCA_oob_tcp_if_include=lo\n"
                           "export OMPI_MCA_odls_base_sigkill_timeout=5\n")
        self.environment["PROFILE"] = str(profile)

    def slurm(self, *command):
        done = subprocess.run(command, env=self.environment, cwd=self.folder, text=True, capture_output=True,
                              timeout=support.TIMEOUT)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def behind_gate(self, *arguments):
        """Arguments of a run whose workers get no further than the gate lets them, in jobs from here on."""
        with open(self.environment["PROFILE"], "a", encoding="utf-8") as profile:
            profile.write(f'BBPROMPT="{self.gate().program}"\n')
        return [*arguments, "--query-log", str(self.gate().log)]

    def let_pass(self, run, items=40):
        """Lets about that many items through, and waits until a generation is on disk."""
        deadline = time.monotonic() + support.TIMEOUT
        self.gate().let(items, is_hopeless=lambda: time.monotonic() > deadline)
        self.wait_until(lambda: self.events(self.folder / run, "generation"))

    def submit(self, script, *arguments, options=()):
        output = self.slurm("sbatch", "--parsable", "--output", str(self.folder / "job-%j.log"), *options,
                            str(support.SOURCE / "jobs/slurm" / script), *map(str, arguments))
        return output.strip().split(";")[0]

    def states(self, job):
        """JobState and ExitCode of a job or of every task of an array."""
        shown = self.slurm("scontrol", "show", "job", job)
        return list(zip(re.findall(r"JobState=(\w+)", shown), re.findall(r"ExitCode=(\d+:\d+)", shown)))

    def wait_for(self, job, *wanted):
        deadline = time.monotonic() + support.TIMEOUT
        while True:
            states = self.states(job)
            if all(state in wanted for state, _ in states):
                return states
            self.assertLess(time.monotonic(), deadline, f"{states}\n{self.log()}")
            time.sleep(0.1)

    def log(self):
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("job-*.log")))

    def wait_for_text(self, text):
        """In the logs of the jobs."""
        self.wait_until(lambda: text in self.log())

    def expect_completed(self, job):
        self.assertEqual({state for state, _ in self.wait_for(job, "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT")},
                         {"COMPLETED"}, self.log())

    references = {}

    def digest_alone(self, experiment):
        """Of one process that nobody disturbs; it runs once for each experiment."""
        key = " ".join(map(str, experiment))
        if key not in Cluster.references:
            self.call("run", *experiment, "--out", "alone")
            Cluster.references[key] = self.digest("alone")
        return Cluster.references[key]

    @staticmethod
    def asked(lines):
        """How often each shard of each prompt was asked, by lines of the log of queries."""
        return collections.Counter((line["trial"], line["point"], line["split"], line["begin"]) for line in lines)


class Jobs(Cluster):
    def test_two_nodes_give_the_digest_of_one_process(self):
        experiment = self.experiment()
        job = self.submit("sweep.sh", *experiment, "--out", "nodes",
                          options=["--nodes=2", "--ntasks=4", "--ntasks-per-node=2", "--time=60"])
        report = self.submit("report.sh", "nodes", "--digest", options=[f"--dependency=afterok:{job}"])
        self.expect_completed(job)
        self.expect_completed(report)
        self.assertEqual(self.digest("nodes"), self.digest_alone(experiment))
        self.assertIn(self.digest_alone(experiment), (self.folder / f"job-{report}.log").read_text())

    def test_an_array_of_parts_is_the_whole_sweep(self):
        experiment = self.experiment()
        self.finished_run("whole")
        job = self.submit("sweep.sh", *experiment, "--out", "array", options=["--array=1-4", "--ntasks=2", "--time=60"])
        self.expect_completed(job)
        parts = sorted((self.folder / "array").glob("part-*-of-4"))
        self.assertEqual(len(parts), 4)
        whole = self.call("report", "whole", "--csv", "--table", "matrix")[0]
        self.assertEqual(self.call("report", *parts, "--csv", "--table", "matrix")[0], whole)

    def test_what_is_done_may_be_submitted_and_requeued_again(self):
        experiment = self.experiment()
        job = self.submit("sweep.sh", *experiment, "--out", "array", options=["--array=1-2", "--ntasks=2", "--time=60"])
        self.expect_completed(job)
        self.slurm("scontrol", "requeue", f"{job}_1")  # as in the moment after "done"
        self.wait_for_text(", start 2, ")
        self.expect_completed(job)
        # One part alone, then all of it with its report.
        (part,) = (self.folder / "array").glob("part-2-of-2")
        digest = self.digest(part)
        job = self.submit("sweep.sh", *experiment, "--out", "array", "--parts", 2,
                          options=["--array=2", "--ntasks=2", "--time=60"])
        self.expect_completed(job)
        job = self.submit("sweep.sh", *experiment, "--out", "array", options=["--array=1-2", "--ntasks=2", "--time=60"])
        report = self.submit("report.sh", "array/part-1-of-2", "array/part-2-of-2", options=[f"--dependency=afterok:{job}"])
        self.expect_completed(job)
        self.expect_completed(report)
        self.assertEqual(len(list((self.folder / "array").glob("part-*"))), 2)
        self.assertEqual(self.digest(part), digest)

    def test_a_launcher_that_loses_exit_codes_stops_and_completes_all_the_same(self):
        launcher = self.folder / "forgetful"  # as Hydra after a signal
        launcher.write_text('#!/bin/bash\ntrap \'kill -USR1 "$job"\' USR1\nmpirun "$@" &\njob=$!\n'
                            'until wait "$job"; ! kill -0 "$job" 2>/dev/null; do :; done\n'
                            f'if [ -e "{self.folder}/was-here" ]; then exit 9; fi\n: >"{self.folder}/was-here"\nexit 0\n')
        launcher.chmod(0o755)
        profile = self.folder / "site.profile"
        profile.write_text(profile.read_text().replace("(mpirun)", f'("{launcher}")'))
        experiment = self.experiment()
        job = self.submit("sweep.sh", *self.behind_gate(*experiment), "--out", "codes", options=["--ntasks=3", "--time=60"])
        self.let_pass("codes")
        self.slurm("scancel", "--batch", "--signal=USR1", job)
        self.wait_for_text("requeue 1 of at most 20")  # after 0 for a run that stopped
        self.gate().open()
        self.expect_completed(job)  # after 9 for a run that is done
        self.assertEqual(self.digest("codes"), self.digest_alone(experiment))

    def test_a_launcher_that_starts_nothing_is_tried_again(self):
        launcher = self.folder / "tardy"  # as srun when the last job's step is still in the way
        launcher.write_text(f'#!/bin/bash\nif [ -e "{self.folder}/tried" ]; then exec mpirun "$@"; fi\n'
                            f': >"{self.folder}/tried"\n')
        launcher.chmod(0o755)
        profile = self.folder / "site.profile"
        profile.write_text(profile.read_text().replace("(mpirun)", f'("{launcher}")'))
        job = self.submit("sweep.sh", *self.experiment(), "--out", "late", options=["--ntasks=2", "--time=60"])
        self.expect_completed(job)
        self.assertIn("bbprompt never began; another try in 5 s", self.log())

    def test_a_cancelled_and_a_requeued_job_go_on_where_they_were(self):
        experiment = self.experiment(**{"seeds": "[1,2]"})
        arguments = [*self.behind_gate(*experiment), "--out", "broken"]
        job = self.submit("sweep.sh", *arguments, options=["--ntasks=3", "--time=60"])
        self.let_pass("broken")
        self.slurm("scancel", job)
        self.wait_for(job, "CANCELLED")
        self.gate().shut()
        job = self.submit("sweep.sh", *arguments, options=["--ntasks=3", "--time=60"])
        self.let_pass("broken")
        self.slurm("scontrol", "requeue", job)
        self.wait_for_text("start 2, ")
        self.gate().open()
        self.expect_completed(job)
        self.assertEqual(self.digest("broken"), self.digest_alone(experiment))

    def test_a_job_asked_to_stop_before_its_program_is_up_is_requeued(self):
        experiment = self.experiment()
        slow = self.folder / "slow"  # as the program is on a busy file system
        slow.write_text(f'#!/bin/sh\n[ "$1" = run ] || exec "{support.BINARY}" "$@"\n'
                        f': >"{self.folder}/loading"\nuntil [ -e "{self.folder}/loaded" ]; do sleep 0.1; done\n'
                        f'exec "{support.BINARY}" "$@"\n')
        slow.chmod(0o755)
        with open(self.environment["PROFILE"], "a") as profile:
            profile.write(f'BBPROMPT="{slow}"\n')
        job = self.submit("sweep.sh", *experiment, "--out", "early", options=["--ntasks=2", "--time=60"])
        self.wait_until((self.folder / "loading").exists)
        self.slurm("scancel", "--batch", "--signal=USR1", job)
        self.wait_for_text("asked to stop before it had begun; requeue 1 of")
        (self.folder / "loaded").touch()
        self.expect_completed(job)
        self.assertEqual(self.log().count("asked to stop before it had begun"), 1, self.log())
        self.assertEqual(self.digest("early"), self.digest_alone(experiment))

    def test_a_failure_is_not_requeued_and_keeps_its_code(self):
        job = self.submit("sweep.sh", self.folder / "absent.yaml", "--out", "none", options=["--ntasks=2", "--time=60"])
        ((state, code),) = self.wait_for(job, "FAILED", "COMPLETED")
        self.assertEqual((state, code), ("FAILED", "2:0"), self.log())
        job = self.submit("sweep.sh", "my.yaml", options=["--ntasks=2", "--time=60"])
        self.wait_for(job, "FAILED")
        self.assertIn("expected --out FOLDER", self.log())

    def test_a_job_whose_time_is_too_short_requeues_itself_until_it_is_done_and_pays_nothing_twice(self):
        experiment = self.experiment(**{"seeds": "[1,2]"})
        self.call("run", *experiment, "--out", "alone", "--query-log", "alone-log")
        # A minute is the least that Slurm knows; the run stops 52 seconds before its end. Sanitized it takes most of these
        # 8 seconds to start.
        minutes, before, options = (1, 52, []) if support.FACTOR == 1 else (3, 120, ["--signal=B:USR1@20"])
        job = self.submit("sweep.sh", *self.behind_gate(*experiment), "--out", "short", "--stop-before", f"{before}s",
                          options=["--ntasks=3", f"--time={minutes}", *options])
        # Some of the work in the first start, the rest in later ones: nothing passes until the time of the first is over.
        self.let_pass("short")
        self.wait_for_text("start 2, ")
        self.gate().open()
        self.expect_completed(job)
        starts = self.log().count("sweep.sh: job ")
        self.assertGreater(starts, 1)
        self.assertEqual(self.digest("short"), self.digest("alone"))
        alone = self.asked(json.loads(line) for path in (self.folder / "alone-log").glob("*.jsonl")
                           for line in path.read_text().splitlines())
        paid = self.asked(self.gate().lines)
        self.assertEqual(alone - paid, collections.Counter())
        # What was being evaluated when the time was over: at most an item of each worker.
        self.assertLessEqual(sum((paid - alone).values()), 2 * (starts - 1))

    def test_one_part_of_an_array_requeues_itself_alone(self):
        experiment = self.experiment()
        job = self.submit("sweep.sh", *self.behind_gate(*experiment), "--out", "parts",
                          options=["--array=1-2", "--ntasks=2", "--time=60"])
        self.let_pass("parts/part-2-of-2")
        self.slurm("scancel", "--batch", "--signal=USR1", f"{job}_2")
        self.wait_for_text("; requeue 1 of at most 20")
        self.gate().open()
        self.expect_completed(job)
        self.assertEqual(self.log().count("; requeue 1 of at most 20"), 1)
        self.assertEqual(len([line for line in self.log().splitlines() if ", start 2, " in line]), 1)

    def test_a_second_run_in_the_folder_is_refused_on_another_node(self):
        arguments = [*self.behind_gate(*self.experiment()), "--out", "taken"]
        first = self.submit("sweep.sh", *arguments, options=["--nodelist=n1", "--ntasks=2", "--time=60"])
        self.let_pass("taken")
        second = self.submit("sweep.sh", *arguments, options=["--nodelist=n2", "--ntasks=1", "--time=60"])
        ((state, code),) = self.wait_for(second, "FAILED", "COMPLETED", "CANCELLED")
        self.assertEqual((state, code), ("FAILED", "1:0"), self.log())
        self.assertRegex(self.log(), rf"another bbprompt is running in this folder \(process \d+ on n1 since .*job {first}")
        self.assertEqual(self.states(first)[0][0], "RUNNING")
        self.slurm("scancel", first)
        self.wait_for(first, "CANCELLED")

    def test_submit_runs_a_sweep_and_its_report_in_folders_with_blanks(self):
        blank = self.folder / "a b"
        blank.mkdir()
        (self.folder / "site.profile").rename(blank / "my profile")
        del self.environment["PROFILE"]
        shown, _ = self.call("submit", *self.experiment(), "--nodes", 1, "--ntasks-per-node", 3, "--time", "5m",
                             "--profile", blank / "my profile", "--out", blank / "out", "--report")
        job, report = re.findall(r"job (\d+)", shown)
        self.expect_completed(job)
        self.expect_completed(report)
        self.assertEqual(self.digest(blank / "out"), self.digest_alone(self.experiment()))
        self.assertIn("definitions", (blank / "out/report.txt").read_text())

    def test_srun_as_launcher_is_stopped_and_requeued_too(self):
        profile = self.folder / "site.profile"
        profile.write_text(profile.read_text().replace("(mpirun)", "(srun --mpi=pmix --kill-on-bad-exit=1)"))
        experiment = self.experiment()
        job = self.submit("sweep.sh", *self.behind_gate(*experiment), "--out", "srun",
                          options=["--nodes=1", "--ntasks=3", "--time=60"])
        self.let_pass("srun")
        self.slurm("scancel", "--batch", "--signal=USR1", job)
        self.wait_for_text("requeue 1 of at most 20")
        self.gate().open()
        self.expect_completed(job)
        self.assertIn("requeue 1 of at most 20", self.log())
        self.assertEqual(self.digest("srun"), self.digest_alone(experiment))


class ModelServers(Cluster):
    """A job that starts its own model servers. The virtual nodes share one network, so each is reached by loopback."""

    def setUp(self):
        super().setUp()
        self.model = support.model()
        library = support.SOURCE / "jobs/slurm/model_servers.sh"
        self.servers = self.folder / "my.servers"
        self.servers.write_text(
            f'source "{library}"\nserver_host() {{ echo 127.0.0.1; }}\n'
            f'run_server() {{ exec "{support.BINARY}" serve "{self.model}" --port "$1"; }}\n')

    def served(self):
        """An experiment that a model behind a server takes: no vectors."""
        (self.folder / "task.yaml").write_text(http_run.TASK.format(data=support.SOURCE / "configs/quickstart/reviews"))
        (self.folder / "served.yaml").write_text(http_run.EXPERIMENT)
        model = {"kind": "server", "url": '["http://127.0.0.1:9"]', "name": pathlib.Path(self.model).name,
                 "tokenizer": self.model, "max_tokens": 128, "is_masked": "true"}
        return [self.folder / "served.yaml", "--set", "seeds=[1,2]",
                "--set", "model={%s}" % ", ".join(f"{key}: {value}" for key, value in model.items())]

    def test_servers_start_with_the_job_and_again_with_its_requeue(self):
        shown, _ = self.call("submit", *self.served(), "--nodes", 2, "--ntasks-per-node", 2, "--time", "1h",
                             "--out", "whole", "--with-servers", self.servers)
        (job,) = re.findall(r"submitted  job (\d+)", shown)
        self.expect_completed(job)
        self.log_of_servers("whole", starts=1)
        arguments = [*self.behind_gate(*self.served()), "--out", "broken", "--servers", self.servers]
        job = self.submit("sweep.sh", *arguments, options=["--nodes=2", "--ntasks-per-node=2", "--time=60"])
        self.let_pass("broken", items=10)
        self.slurm("scancel", "--batch", "--signal=USR1", job)
        self.wait_for_text("requeue 1 of at most 20")
        self.gate().open()
        self.expect_completed(job)
        self.log_of_servers("broken", starts=2)
        self.assertEqual(self.digest("broken"), self.digest("whole"))

    def log_of_servers(self, run, starts):
        logs = sorted((self.folder / run).glob("server-*.log"))
        self.assertEqual([log.name for log in logs], ["server-n1-0.log", "server-n2-0.log"])
        for log in logs:
            self.assertEqual(log.read_text().count("listening on"), starts, log.read_text())

    def test_a_server_that_does_not_start_ends_the_job_with_its_reason(self):
        self.servers.write_text(self.servers.read_text() + "run_server() { echo 'no such model' >&2; exit 4; }\n")
        job = self.submit("sweep.sh", *self.served(), "--out", "none", "--servers", self.servers,
                          options=["--ntasks=2", "--time=60"])
        ((state, code),) = self.wait_for(job, "FAILED", "COMPLETED")
        self.assertEqual((state, code), ("FAILED", "1:0"), self.log())
        self.assertIn("ended before it was ready: see its log", self.log())
        self.assertIn("no such model", (self.folder / "none/server-n1-0.log").read_text())


class NodeFailures(Cluster):
    def setUp(self):
        super().setUp()
        # The time after which Slurm gives up a node: a minute here, five on most clusters.
        configuration = pathlib.Path(self.cluster["SLURM_CONF"])
        configuration.write_text(configuration.read_text().replace("SlurmdTimeout=60", "SlurmdTimeout=10"))
        self.slurm("scontrol", "reconfigure")

    def kill_node(self, name):
        """SIGKILL to every process of a virtual node: its daemon, the steps, and what they started."""
        folder = pathlib.Path(self.cluster["LOCAL_SLURM_DIR"])
        daemon = (folder / f"run/slurmd.{name}.pid").read_text().strip()
        machine = os.readlink(f"/proc/{daemon}/ns/uts")
        if machine == os.readlink("/proc/self/ns/uts"):
            self.skipTest("virtual nodes without a host name of their own cannot be told apart")
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.readlink(entry / "ns/uts") == machine:
                    os.kill(int(entry.name), signal.SIGKILL)
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                pass
        for socket in (folder / "spool" / name).glob("n*_*"):  # else the end of the cluster waits for the steps
            socket.unlink()

    def shown(self, job, name):
        return re.search(rf" {name}=(\S+)", self.slurm("scontrol", "show", "job", job)).group(1)

    def test_a_job_survives_the_loss_of_any_node(self):
        experiment = self.experiment()
        held = self.behind_gate(*experiment)
        # Another node than the first: the launcher notices at once, and the script has the job started again.
        job = self.submit("sweep.sh", *held, "--out", "second", options=["--nodes=2", "--ntasks-per-node=2", "--time=60"])
        self.let_pass("second")
        self.assertEqual((self.shown(job, "NodeList"), self.shown(job, "BatchHost")), ("n[1-2]", "n1"))
        self.kill_node("n2")
        self.gate().open()
        self.wait_for_text("a node does not answer; requeue 1 of at most 20")
        self.expect_completed(job)
        self.assertIn(", start 2, on n[1,3], into second", self.log())
        self.assertEqual(self.digest("second"), self.digest_alone(experiment))
        # The first node, with the script and rank 0: Slurm notices after a while, and starts the job on another one,
        # where the run takes the folder over once the lost one has been silent for long enough.
        self.gate().shut()
        job = self.submit("sweep.sh", *held, "--out", "first", "--lock-timeout", "20s",
                          options=["--nodes=1", "--ntasks=3", "--time=60"])
        self.let_pass("first")
        lost = self.shown(job, "BatchHost")
        self.kill_node(lost)
        self.gate().open()
        self.expect_completed(job)
        self.assertIn(f", start 2, on {({'n1', 'n3'} - {lost}).pop()}, into first", self.log())
        self.assertEqual(self.digest("first"), self.digest_alone(experiment))


if __name__ == "__main__":
    if not (CLUSTER / "start-local-slurm.sh").exists():
        print(f"skipped: {CLUSTER} has no script that starts a local Slurm")
        sys.exit(77)
    support.main()
