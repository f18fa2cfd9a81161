"""bbprompt submit: what it checks, writes and hands to sbatch. The sbatch here only notes its arguments."""

import os
import pathlib
import subprocess

import support


class Submit(support.RunCase):
    def setUp(self):
        super().setUp()
        self.base = self.folder / "a folder with blanks"  # every path below has some
        self.base.mkdir()
        self.profile = self.base / "my profile"
        self.profile.write_text("BBPROMPT=bbprompt\nLAUNCHER=(mpirun)\n")
        self.out = self.base / "out 1"
        self.tools = self.folder / "tools"
        self.tools.mkdir()

    def tool(self, name, body):
        path = self.tools / name
        path.write_text(f"#!/bin/bash\n{body}\n")
        path.chmod(0o755)

    def with_sbatch(self, body='n=$(ls "$NOTES" | wc -l); printf "%s\\0" "$@" >"$NOTES/$n"; echo "$((41 + n));cluster"'):
        notes = self.folder / "notes"
        notes.mkdir(exist_ok=True)
        self.environment["NOTES"] = str(notes)
        self.tool("sbatch", body)
        self.environment["PATH"] = f"{self.tools}:{os.environ['PATH']}"

    def noted(self, index):
        return (self.folder / "notes" / str(index)).read_bytes().decode().split("\0")[:-1]

    def submit(self, *options, expect=0, ranks=("--nodes", 2, "--ntasks-per-node", 4), **settings):
        return self.call("submit", *self.experiment(**settings), "--profile", self.profile, "--out", self.out, *ranks,
                         *options, expect=expect)

    def test_a_dry_run_shows_all_and_writes_nothing(self):
        shown, _ = self.submit("--time", "2h", "--seconds-per-query", 0.01, "--report", "--dry-run")
        for words in ("4 trials", "2 nodes x 4 ranks", "7 workers", "02:00:00", "within the limit",
                      "submits    sbatch --parsable", "and then   sbatch", "--dependency=afterok:JOB", "#!/bin/bash",
                      f"'{self.out}/job/sweep.sh'"):
            self.assertIn(words, shown)
        self.assertFalse(self.out.exists())

    def test_it_submits_the_script_it_writes_and_the_report_behind_it(self):
        self.with_sbatch()
        shown, _ = self.submit("--time", "30m", "--report", "--account", "my account", "--sbatch=--mem=4G")
        self.assertIn("job 41;", shown)
        self.assertIn("job 42, which writes the report", shown)
        words = self.noted(0)
        for word in ("--nodes=2", "--ntasks-per-node=4", "--time=00:30:00", "--account=my account", "--mem=4G",
                     f"--output={self.out}/job/sweep-%j.log", str(self.profile)):
            self.assertIn(word, words)
        self.assertEqual((self.out / "job/sweep.sh").read_text(),
                         (support.SOURCE / "jobs/slurm/sweep.sh").read_text())
        self.assertEqual((self.out / "job/report.sh").read_text(),
                         (support.SOURCE / "jobs/slurm/report.sh").read_text())
        self.assertIn("--dependency=afterok:41", self.noted(1))
        # The command line that is left in the folder says the same to sbatch.
        subprocess.run([self.out / "job/submit.sh"], env=self.environment, check=True, capture_output=True)
        self.assertEqual(self.noted(2), words)

    def test_an_array_hands_out_parts(self):
        self.with_sbatch()
        self.submit("--time", "30m", "--array", 3, "--report")
        self.assertIn("--array=1-3", self.noted(0))
        self.assertEqual([word for word in self.noted(1) if "part-" in word],
                         [f"{self.out}/part-{part}-of-3" for part in (1, 2, 3)])
        self.assertIn("expected at most 4, the number of trials", self.submit("--time", "30m", "--array", 5, expect=2)[1])

    def test_a_time_limit_that_does_not_do_is_refused_unless_forced(self):
        self.with_sbatch()
        # About 3100 queries on 7 workers, in starts of 7 minutes.
        _, errors = self.submit("--time", "10m", "--seconds-per-query", 500, expect=2)
        self.assertRegex(errors, r"expected at most 20 requeues .*, the forecast has about \d\d+")
        shown, _ = self.submit("--time", "10m", "--seconds-per-query", 10, "--dry-run")
        self.assertRegex(shown, r"about .*: \d+ requeues, 20 allowed")
        self.assertIn("expected at least 4m", self.submit("--time", "3m", expect=2)[1])
        self.assertIn("job 41;", self.submit("--time", "10m", "--seconds-per-query", 500, "--force")[0])

    def test_idle_ranks_are_told(self):
        shown, _ = self.submit("--time", "1h", "--seconds-per-query", 1, "--dry-run",
                               ranks=("--nodes", 10, "--ntasks-per-node", 100))
        self.assertRegex(shown, r"idle +\d+ of 999 workers")
        self.assertNotIn("idle ", self.submit("--time", "1h", "--dry-run")[0].split("#!/bin/bash")[0])

    def test_it_measures_a_query_when_asked(self):
        shown, _ = self.submit("--time", "1h", "--measure", "--dry-run")
        self.assertRegex(shown, r"wall time  about .*within the limit")

    def test_the_ranks_of_a_node_are_its_cores_where_sinfo_tells(self):
        self.with_sbatch()
        self.tool("sinfo", 'case "$*" in *fast*) printf "64\\n" ;; *) printf "32\\n16+\\n" ;; esac')
        self.assertIn("1 node x 16 ranks", self.submit("--time", "1h", "--dry-run", ranks=())[0])
        self.assertIn("1 node x 64 ranks", self.submit("--time", "1h", "--dry-run", "--partition", "fast", ranks=())[0])
        self.tool("sinfo", "exit 1")
        self.assertIn("--ntasks-per-node: expected", self.submit("--time", "1h", "--dry-run", ranks=(), expect=2)[1])

    def test_a_folder_of_another_configuration_is_refused_before_it_waits_in_a_queue(self):
        self.finished_run(self.out)
        self.assertIn("4 trials", self.submit("--time", "1h", "--dry-run")[0])
        errors = self.submit("--time", "1h", "--dry-run", expect=2, seeds="[7]")[1]
        self.assertIn("holds the run of another configuration", errors)
        self.assertIn("4 trials", self.submit("--time", "1h", "--dry-run", "--array", 2, seeds="[7]")[0])

    def test_a_folder_that_is_in_use_is_refused_unless_the_job_waits_for_it(self):
        self.with_sbatch()
        self.tool("squeue", '[ -e "$NOTES/../queued" ] && echo "${*##*=}"')
        self.submit("--time", "1h")
        (self.folder / "queued").touch()
        self.assertIn("its job 41 waits or runs", self.submit("--time", "1h", expect=2)[1])
        self.assertIn("job 42;", self.submit("--time", "1h", "--sbatch=--dependency=afterany:41")[0])
        (self.folder / "queued").unlink()
        process = self.start_and_hold("run", *self.experiment(), "--out", self.out)
        errors = self.submit("--time", "1h", expect=2)[1]
        self.assertRegex(errors, rf"a run is going on there, process {process.pid} on ")
        self.gate().open()
        process.communicate(timeout=support.TIMEOUT)
        self.assertEqual(process.returncode, 0)
        self.assertIn("job 43;", self.submit("--time", "1h")[0])

    def test_options_of_the_run_are_passed_on_and_a_gpu_for_nothing_is_told(self):
        self.with_sbatch()
        given = ["--stop-before", "5m", "--query-log", "a log", "--model-memory", "300", "--progress-seconds", "2.5"]
        shown = self.submit("--time", "1h", *given, "--sbatch=--gres=gpu:1")[0]
        self.assertIn("nothing in this job uses a GPU", shown)
        words = self.noted(0)
        for name, value in zip(given[::2], given[1::2]):
            self.assertEqual(words[words.index(name) + 1], value)
        self.assertNotIn("--lock-timeout", words)
        self.assertNotIn("GPU", self.submit("--time", "1h")[0])
        servers = self.folder / "my.servers"
        errors = self.submit("--time", "1h", "--with-servers", servers, expect=2)[1]
        self.assertIn("expected your copy of jobs/slurm/servers.example", errors)
        servers.touch()
        self.assertIn("expected a configuration with model.kind: server",
                      self.submit("--time", "1h", "--with-servers", servers, expect=2)[1])

    def test_what_is_missing_is_named(self):
        self.environment["PATH"] = str(self.tools)
        self.assertIn("expected the program sbatch", self.submit("--time", "1h", expect=1)[1])
        self.with_sbatch("echo 'Invalid account' >&2; exit 1")
        errors = self.submit("--time", "1h", expect=1)[1]
        self.assertIn("Invalid account", errors)
        self.assertIn("sbatch ended with code 1", errors)
        self.assertIn("expected a time limit", self.submit(expect=2)[1])
        self.assertIn("expected a unit, such as 90m", self.submit("--time", "90", expect=2)[1])
        self.profile.unlink()
        self.assertIn("profile.example", self.submit("--time", "1h", expect=2)[1])
        absent = self.folder / "absent.yaml"
        self.assertIn("absent.yaml", self.call("submit", absent, "--time", "1h", expect=None)[1])


if __name__ == "__main__":
    support.main()
