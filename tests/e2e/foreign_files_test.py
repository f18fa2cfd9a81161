"""An output folder with things in it that are not bbprompt's: none is written over, removed or followed, and no pipe or device
is opened."""

import os
import pathlib
import shutil
import socket

import support

WRITTEN = ("config.yaml", "resolved.yaml", "plan.txt", "status.json", "run.log", "events.jsonl", "lock")


class ForeignFiles(support.RunCase):
    def small(self, out, expect=0):
        return self.call("run", *self.experiment(**{"budget.evaluations": 6, "sweep.axes.task": "[reviews.yaml]"}),
                         "--out", out, "--progress", "none", expect=expect)[1]

    def test_files_of_other_names_stay_as_they_are(self):
        run = self.folder / "run"
        (run / "trials").mkdir(parents=True)
        names = ("thesis.tmp.docx", "thesis.tmp.12", "notes.txt", "trials/notes.tmp.txt", "trials/other.h5.tmp.12",
                 f"status.json.tmp.{os.getpid()}x")
        for name in names:
            (run / name).write_text("mine")
        (run / "empty.tmp.folder").mkdir()
        (run / "trials/link.tmp.3").symlink_to(run / "notes.txt")
        for _ in range(2):
            self.small(run)
            self.assertEqual({(run / name).read_text() for name in names}, {"mine"})
            self.assertTrue((run / "empty.tmp.folder").is_dir())
            self.assertTrue((run / "trials/link.tmp.3").is_symlink())

    def test_a_folder_with_files_of_a_runs_names_is_refused(self):
        for name in WRITTEN:
            with self.subTest(name=name):
                run = self.folder / f"run-{name}"
                run.mkdir()
                (run / name).write_text("mine")
                self.assertIn(f"{name}: not ", self.small(run, expect=1))
                self.assertEqual((run / name).read_text(), "mine")
                self.assertEqual(os.listdir(run), [name])

    def test_links_are_not_followed(self):
        for name in (*WRITTEN, "trials", "results.h5"):
            with self.subTest(name=name):
                run, other = self.folder / f"run-{name}", self.folder / f"other-{name}"
                run.mkdir()
                other.mkdir()
                (other / "notes.tmp.1").write_text("mine")
                (run / name).symlink_to(other if name == "trials" else other / "notes.tmp.1")
                self.assertIn("found a symbolic link", self.small(run, expect=1))
                self.assertEqual((other / "notes.tmp.1").read_text(), "mine")
                self.assertEqual(os.listdir(other), ["notes.tmp.1"])

    def test_pipes_and_sockets_are_refused_wherever_a_file_is_expected(self):
        self.finished_run()
        whole = self.folder / "run"
        for name in (*WRITTEN, "results.h5", "trials/x.h5"):
            with self.subTest(name=name):
                run = self.folder / f"pipe-{pathlib.Path(name).name}"
                shutil.copytree(whole, run)
                (run / name).unlink(missing_ok=True)
                os.mkfifo(run / name)
                self.assertIn("expected a regular file, found a FIFO",
                              self.call("run", *self.experiment(), "--out", run, expect=1)[1])
        for name, arguments in (("status.json", ["status", "run"]), ("results.h5", ["report", "run"]),
                                ("results.h5", ["report", "run/results.h5"]),
                                ("explanations.json", ["report", "run", "--html", "page.html"])):
            with self.subTest(arguments=arguments):
                file = whole / name
                saved = file.read_bytes() if file.exists() else None
                file.unlink(missing_ok=True)
                os.mkfifo(file)
                self.assertIn(f"{name}: expected a", self.call(*arguments, expect=1)[1])
                file.unlink()
                if saved is not None:
                    file.write_bytes(saved)
        place = socket.socket(socket.AF_UNIX)
        self.addCleanup(place.close)
        (whole / "lock").unlink()
        here = os.getcwd()
        os.chdir(whole)  # a socket's name is short
        place.bind("lock")
        os.chdir(here)
        self.assertIn("found a socket", self.call("run", *self.experiment(), "--out", whole, expect=1)[1])

    def test_an_output_that_is_no_file_is_refused(self):
        self.finished_run()
        (self.folder / "mine").write_text("mine")
        (self.folder / "link.html").symlink_to("mine")
        os.mkfifo(self.folder / "pipe.html")
        for file, found in (("link.html", "a symbolic link"), ("pipe.html", "a FIFO"), ("/dev/null", "a device"),
                            (".", "a folder")):
            self.assertIn(f"{file}: expected a", self.call("report", "run", "--html", file, expect=1)[1])
            self.assertIn(found, self.call("report", "run", "--html", file, expect=1)[1])
        self.assertEqual((self.folder / "mine").read_text(), "mine")
        (self.folder / "run/explanations.json").write_text("mine")
        self.call("explain", "run", "--save", "--config-folder", support.SOURCE / "configs/quickstart", expect=1)
        self.assertEqual((self.folder / "run/explanations.json").read_text(), "mine")


if __name__ == "__main__":
    support.main()
