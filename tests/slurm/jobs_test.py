"""The scripts of jobs/slurm on a real Slurm: several nodes, arrays, a time that is too short, cancelled and requeued jobs."""

import os
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "e2e"))
import support  # noqa: E402

CLUSTER = pathlib.Path(os.environ.get("BBPROMPT_SHARED_DIR", "")) / "slurm"


class Jobs(support.RunCase):
    @classmethod
    def setUpClass(cls):
        folder = f"/tmp/bbprompt-slurm-{os.getpid()}"
        started = subprocess.run(["bash", CLUSTER / "start-local-slurm.sh"], env={**os.environ, "LOCAL_SLURM_DIR": folder},
                                 capture_output=True, text=True, timeout=300)
        assert started.returncode == 0, started.stderr
        cls.cluster = dict(re.findall(r"export (\w+)='?([^'\n;]*)'?", started.stdout))

    @classmethod
    def tearDownClass(cls):
        subprocess.run(["bash", CLUSTER / "stop-local-slurm.sh"], env={**os.environ, **cls.cluster}, capture_output=True,
                       timeout=120)

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
            time.sleep(0.5)

    def log(self):
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("job-*.log")))

    def wait_for_checkpoint_file(self, run):
        deadline = time.monotonic() + support.TIMEOUT
        while not list((self.folder / run / "trials").glob("*.checkpoint.h5")):
            self.assertLess(time.monotonic(), deadline, self.log())
            time.sleep(0.05)

    def expect_completed(self, job):
        self.assertEqual({state for state, _ in self.wait_for(job, "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT")},
                         {"COMPLETED"}, self.log())

    def test_two_nodes_give_the_digest_of_one_process(self):
        experiment = self.experiment()
        self.call("run", *experiment, "--out", "alone")
        job = self.submit("sweep.sh", *experiment, "--out", "nodes",
                          options=["--nodes=2", "--ntasks=4", "--ntasks-per-node=2", "--time=5"])
        report = self.submit("report.sh", "nodes", "--digest", options=[f"--dependency=afterok:{job}"])
        self.expect_completed(job)
        self.expect_completed(report)
        self.assertEqual(self.digest("nodes"), self.digest("alone"))
        self.assertIn(self.digest("alone"), (self.folder / f"job-{report}.log").read_text())

    def test_an_array_of_parts_is_the_whole_sweep(self):
        experiment = self.experiment()
        self.call("run", *experiment, "--out", "whole")
        job = self.submit("sweep.sh", *experiment, "--out", "array", options=["--array=1-4", "--ntasks=2", "--time=5"])
        self.expect_completed(job)
        parts = sorted((self.folder / "array").glob("part-*-of-4"))
        self.assertEqual(len(parts), 4)
        whole = self.call("report", "whole", "--csv", "--table", "matrix")[0]
        self.assertEqual(self.call("report", *parts, "--csv", "--table", "matrix")[0], whole)

    def test_a_job_that_is_asked_to_stop_requeues_itself_until_it_is_done(self):
        experiment = self.experiment(**{"seeds": "[1,2]", "budget.evaluations": 120})
        self.call("run", *experiment, "--out", "alone")
        job = self.submit("sweep.sh", *experiment, "--out", "requeued", options=["--ntasks=3", "--time=5"])
        self.wait_for(job, "RUNNING")
        self.wait_for_checkpoint_file("requeued")
        self.slurm("scancel", "--batch", "--signal=USR1", job)  # what --signal=B:USR1@120 does near the end
        self.expect_completed(job)
        self.assertIn("requeue 1 of at most 20", self.log())
        self.assertIn("resumed behind generation", (self.folder / "requeued/run.log").read_text())
        self.assertEqual(self.digest("requeued"), self.digest("alone"))

    def test_a_cancelled_and_a_requeued_job_go_on_where_they_were(self):
        experiment = self.experiment(**{"seeds": "[1,2]", "budget.evaluations": 120})
        self.call("run", *experiment, "--out", "alone")
        job = self.submit("sweep.sh", *experiment, "--out", "broken", options=["--ntasks=3", "--time=5"])
        self.wait_for(job, "RUNNING")
        self.wait_for_checkpoint_file("broken")
        self.slurm("scancel", job)
        self.wait_for(job, "CANCELLED")
        job = self.submit("sweep.sh", *experiment, "--out", "broken", options=["--ntasks=3", "--time=5"])
        self.wait_for(job, "RUNNING", "COMPLETED")
        self.slurm("scontrol", "requeue", job)
        self.expect_completed(job)
        self.assertEqual(self.digest("broken"), self.digest("alone"))

    def test_a_failure_is_not_requeued_and_keeps_its_code(self):
        job = self.submit("sweep.sh", self.folder / "absent.yaml", "--out", "none", options=["--ntasks=2", "--time=5"])
        ((state, code),) = self.wait_for(job, "FAILED", "COMPLETED")
        self.assertEqual((state, code), ("FAILED", "2:0"), self.log())
        job = self.submit("sweep.sh", "my.yaml", options=["--ntasks=2", "--time=5"])
        self.wait_for(job, "FAILED")
        self.assertIn("expected --out FOLDER", self.log())


if __name__ == "__main__":
    if not (CLUSTER / "start-local-slurm.sh").exists():
        print(f"skipped: {CLUSTER} has no script that starts a local Slurm")
        sys.exit(77)
    support.main()
