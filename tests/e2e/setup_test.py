"""The scripts of jobs/, the configurations of configs/, and an installed copy, as a newcomer meets them."""

import os
import pathlib
import shutil
import subprocess

import support


class Setup(support.RunCase):
    def script(self, name, *arguments, **variables):
        done = subprocess.run(["bash", str(support.SOURCE / "jobs" / name), *map(str, arguments)], text=True,
                              env={**os.environ, **variables}, capture_output=True, timeout=support.TIMEOUT)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout, done.stderr

    def test_every_script_is_known_to_this_test(self):
        self.assertEqual({path.name for path in (support.SOURCE / "jobs").iterdir()},
                         {"README.md", "install_dependencies.sh", "mpi_environment.sh", "quickstart.sh", "slurm"})
        # Run by tests/slurm/jobs_test.py.
        self.assertEqual({path.name for path in (support.SOURCE / "jobs/slurm").iterdir()},
                         {"model_servers.sh", "profile.example", "report.sh", "servers.example", "sweep.sh"})

    def test_quickstart_ends_in_a_table_of_results(self):
        options = self.experiment()[1:]
        shown, _ = self.script("quickstart.sh", self.folder / "out", *options, BBPROMPT=str(support.BINARY))
        for word in ("definitions", "reviews", "discrete", "soft", "manual", "gain"):
            self.assertIn(word, shown)

    def test_without_apt_the_packages_are_listed_and_set_up_goes_on(self):
        tools = self.folder / "tools"
        tools.mkdir()
        for name in ("bash", "cat"):
            (tools / name).symlink_to(shutil.which(name))
        _, errors = self.script("install_dependencies.sh", "tests", PATH=str(tools))
        for word in ("Debian", "Spack", "Fedora", "libhdf5-dev", "openmpi-devel", "eigen@"):
            self.assertIn(word, errors)

    def test_every_configuration_loads_and_expands(self):
        experiments, tasks = [], []
        for path in sorted((support.SOURCE / "configs").rglob("*.yaml")):
            (experiments if "\nmodel:" in path.read_text() else tasks).append(path)
        self.assertTrue(experiments)
        quickstart = support.SOURCE / "configs/quickstart/quickstart.yaml"
        plans = [(path, [path]) for path in experiments]
        plans += [(path, [quickstart, "--set", f"sweep.axes.task=[{path}]"]) for path in tasks]
        shared = pathlib.Path(os.environ.get("BBPROMPT_SHARED_DIR", "")) / "datasets"
        self.environment["BBPROMPT_DATA"] = str(shared)
        self.finished_run("source")  # for configurations that start from a run
        for path, arguments in plans:
            text = path.read_text()
            if "prompts_from:" in text:
                arguments = [*arguments, "--set", f"sweep.prompts_from.run={self.folder / 'source'}"]
            if "tokenizer:" in text:  # of a model that is not here
                arguments = [*arguments, "--set", f"model.tokenizer={support.model()}"]
            with self.subTest(configuration=path.name):
                shown, errors = self.call("plan", *arguments, "--set", "seeds=1", expect=0 if shared.exists() else None)
                if shared.exists() or not errors:
                    self.assertRegex(shown, r"\b\d+ trials?,")
                else:  # the configuration is good, its data are not here
                    self.assertRegex(errors, "set data_folder or BBPROMPT_DATA")

    def test_an_installed_copy_works(self):
        build = next(parent for parent in support.BINARY.parents if (parent / "CMakeCache.txt").exists())
        done = subprocess.run(["cmake", "--install", str(build), "--prefix", str(self.folder / "prefix")],
                              capture_output=True, text=True, timeout=support.TIMEOUT)
        self.assertEqual(done.returncode, 0, done.stderr)
        binary = self.folder / "prefix/bin/bbprompt"
        shared = self.folder / "prefix/share/bbprompt"
        version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True).stdout
        self.assertRegex(version, r"^bbprompt \d+\.\d+\.\d+.*\nbuilt by .*\noptions .*-march.*\n.*MPI.*\nHDF5 \d+\.\d+\.\d+, (serial|parallel)\n$")
        for name in ("jobs/quickstart.sh", "jobs/slurm/sweep.sh", "configs/quickstart/quickstart.yaml"):
            self.assertTrue((shared / name).exists(), name)
        plan = subprocess.run([binary, "plan", shared / "configs/quickstart/quickstart.yaml"], capture_output=True,
                              text=True, timeout=support.TIMEOUT)
        self.assertIn("12 trials", plan.stdout, plan.stderr)


if __name__ == "__main__":
    support.main()
