"""Makes files with a good seal and a wrong inside: each case changes a copy of a good file with h5py
and seals it again. hostile_file_test.cpp reads them all and expects a refusal.

usage: damage.py RESULTS CHECKPOINT FOLDER      writes FOLDER/<case>.h5"""

import hashlib
import os
import shutil
import sys

import h5py
import numpy as np

CASES = {}
T = "trials/trec-soft-s1/"


def case(source):
    def add(function):
        CASES[function.__name__] = (source, function)
        return function
    return add


def reseal(path, kind):
    data = bytearray(open(path, "rb").read())
    head = "bbprompt-hdf5\nschema 2\nkind %s\nsize %d\nsha256 %s\n" % (
        kind, len(data), hashlib.sha256(data[512:]).hexdigest())
    data[:512] = head.encode().ljust(512, b"\0")
    open(path, "wb").write(data)


def put(f, name, value, **options):
    if name in f:
        del f[name]
    f.create_dataset(name, data=value, **options)


def fixed(text, pad=h5py.h5t.STR_NULLTERM, room=1):
    kind = h5py.h5t.C_S1.copy()
    kind.set_size(len(text) + room)
    kind.set_strpad(pad)
    kind.set_cset(h5py.h5t.CSET_UTF8)
    return kind


def put_string(f, name, text, **form):
    if name in f:
        del f[name]
    kind = fixed(text, **form)
    data = h5py.h5d.create(f.id, name.encode(), kind, h5py.h5s.create(h5py.h5s.SCALAR))
    data.write(h5py.h5s.ALL, h5py.h5s.ALL, np.frombuffer(text.ljust(kind.get_size(), b"\0"), "V1"), kind)


def put_attribute_string(node, name, text):
    kind = fixed(text)
    if name in node.attrs:
        del node.attrs[name]
    found = h5py.h5a.create(node.id, name.encode(), kind, h5py.h5s.create(h5py.h5s.SCALAR))
    found.write(np.frombuffer(text + b"\0", "V1"), kind)


def declare(f, name, shape, kind=h5py.h5t.IEEE_F64LE):
    """A contiguous dataset of that shape for which no storage was ever taken."""
    if name in f:
        del f[name]
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_layout(h5py.h5d.CONTIGUOUS)
    creation.set_alloc_time(h5py.h5d.ALLOC_TIME_LATE)
    h5py.h5d.create(f.id, name.encode(), kind, h5py.h5s.create_simple(shape), creation)


@case("results")
def missing_dataset(f): del f[T + "config"]
@case("results")
def missing_group(f): del f[T + "best/splits"]
@case("results")
def missing_attribute(f): del f[T].attrs["seed"]
@case("results")
def missing_run(f): del f["run"]
@case("results")
def float_attribute(f): f[T].attrs.create("seed", 1.0)
@case("results")
def narrow_attribute(f): f[T].attrs.create("seed", 1, dtype="<u4")
@case("results")
def array_attribute(f): f[T].attrs.create("seed", [1], dtype="<u8")
@case("results")
def variable_string_attribute(f): f[T].attrs["task"] = "trec"
@case("results")
def variable_string_dataset(f): put(f, T + "config", "task: trec\n")
@case("results")
def variable_string_list(f): put(f, T + "labels", ["LOC", "NUM", "DESC"])
@case("results")
def unterminated_kind_of_string(f): put_string(f, T + "config", b"abc", pad=h5py.h5t.STR_NULLPAD)
@case("results")
def unterminated_string(f): put_string(f, T + "config", b"abc", room=0)
@case("results")
def broken_utf8(f): put_string(f, T + "config", b"a\xc3(")
@case("results")
def narrow_column(f): put(f, T + "generations/sigma", np.ones(2, "<f4"))
@case("results")
def big_endian_column(f): put(f, T + "generations/sigma", np.ones(2, ">f8"))
@case("results")
def long_column(f): put(f, T + "generations/sigma", np.ones(3))
@case("results")
def short_column(f): put(f, T + "generations/num_queries", np.ones(1, "<i8"))
@case("results")
def long_timing(f): put(f, T + "timings/generation_seconds", np.ones(3))
@case("results")
def matrix_for_vector(f): put(f, T + "best/prompt/point", np.ones((3, 1)))
@case("results")
def vector_for_matrix(f): put(f, T + "best/prompt/vectors", np.ones(6, "<f4"))
@case("results")
def scalar_for_vector(f): put(f, T + "best/prompt/point", 1.0)
@case("results")
def no_dataspace(f): put(f, T + "best/prompt/point", h5py.Empty("f8"))
@case("results")
def compound_dataset(f): put(f, T + "gold/test", np.zeros(4, [("a", "<i4"), ("b", "<i4")]))
@case("results")
def group_for_dataset(f):
    del f[T + "config"]
    f.create_group(T + "config")
@case("results")
def dataset_for_group(f): put(f, T + "best", 1.0)
@case("results")
def type_for_dataset(f):
    del f[T + "config"]
    f[T + "config"] = np.dtype("<f8")
@case("results")
def huge_vector(f): declare(f, T + "best/prompt/point", (2**40,))
@case("results")
def huge_table(f): declare(f, T + "generations/generation", (2**47,), h5py.h5t.STD_I64LE)
@case("results")
def huge_overflowing(f): declare(f, T + "best/prompt/vectors", (2**30, 2**31), h5py.h5t.IEEE_F32LE)
@case("results")
def huge_but_empty(f): declare(f, T + "best/prompt/vectors", (0, 2**62), h5py.h5t.IEEE_F32LE)
@case("results")
def huge_strings(f):
    kind = h5py.h5t.C_S1.copy()
    kind.set_size(2**30)
    declare(f, T + "labels", (2,), kind)
@case("results")
def huge_string(f):
    del f[T + "config"]
    kind = h5py.h5t.C_S1.copy()
    kind.set_size(2**31)
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_alloc_time(h5py.h5d.ALLOC_TIME_LATE)
    h5py.h5d.create(f.id, (T + "config").encode(), kind, h5py.h5s.create(h5py.h5s.SCALAR), creation)
@case("results")
def chunked(f): put(f, T + "gold/test", np.zeros(4, "<i4"), chunks=(2,))
@case("results")
def compressed(f): put(f, T + "gold/test", np.zeros(10**6, "<i4"), compression="gzip")
@case("results")
def compact(f):
    del f[T + "gold/test"]
    creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    creation.set_layout(h5py.h5d.COMPACT)
    h5py.h5d.create(f.id, (T + "gold/test").encode(), h5py.h5t.STD_I32LE, h5py.h5s.create_simple((4,)), creation)
@case("results")
def virtual(f):
    layout = h5py.VirtualLayout(shape=(4,), dtype="<i4")
    layout[:] = h5py.VirtualSource(f[T + "gold/test"])
    f.create_virtual_dataset(T + "gold/other", layout)
@case("results")
def external_storage(f):
    del f[T + "gold/test"]
    f.create_dataset(T + "gold/test", (4,), "<i4", external=[("outside.bin", 0, 16)])
@case("results")
def soft_link(f):
    f.move(T + "config", T + "kept")
    f[T + "config"] = h5py.SoftLink("/" + T + "kept")
@case("results")
def soft_link_to_itself(f):
    del f[T + "best"]
    f[T + "best"] = h5py.SoftLink("/" + T + "best")
@case("results")
def external_link(f):
    del f["run"]
    f["run"] = h5py.ExternalLink("outside.h5", "/run")
@case("results")
def external_link_as_trial(f):
    del f["trials/a-failed"]
    f["trials/a-failed"] = h5py.ExternalLink("outside.h5", "/trials/a-failed")
@case("results")
def hard_link_cycle(f): f[T + "best/splits/again"] = f[T + "best/splits"]
@case("results")
def deep_groups(f): f.create_group(T + "gold/" + "/".join(["deep"] * 2000))
@case("results")
def order_too_long(f): put(f, "trial_order", np.array([b"a", b"b", b"c", b"d"], "S2"))
@case("results")
def extra_trial(f): f.create_group("trials/unlisted")
@case("results")
def other_id(f): put_attribute_string(f[T], "id", b"another")
@case("results")
def unknown_state(f): put_attribute_string(f[T], "state", b"maybe")
@case("results")
def unknown_prompt_kind(f): put_attribute_string(f[T + "best/prompt"], "kind", b"hard")
@case("results")
def label_too_high(f): f[T + "best/splits/test/predicted"][1] = 3
@case("results")
def label_negative(f): f[T + "gold/dev"][0] = -1
@case("results")
def predicted_too_short(f): put(f, T + "best/splits/test/predicted", np.zeros(3, "<i4"))
@case("results")
def tokens_too_few(f): put(f, T + "best/prompt/ids", np.zeros(3, "<i4"))
@case("results")
def base_ids_too_many(f): put(f, T + "best/prompt/base_ids", np.zeros(3, "<i4"))
@case("results")
def token_negative(f): put(f, T + "best/prompt/ids", np.array([1, -2], "<i4"))
@case("results")
def count_negative(f): f[T + "usage/search"].attrs.modify("num_queries", np.int64(-1))
@case("results")
def generations_descend(f): f[T + "generations/generation"][:] = [3, 2]
@case("results")
def cached_negative(f): f[T + "usage/dev"].attrs.modify("num_cached", np.int64(-1))
@case("results")
def layers_do_not_divide(f): f[T + "best/prompt"].attrs.modify("num_layers", np.int64(3))
@case("results")
def layers_none(f): f[T + "best/prompt"].attrs.modify("num_layers", np.int64(0))
@case("results")
def shares_too_wide(f): put(f, T + "position_shares", np.zeros((2, 4)))
@case("results")
def value_changed(f): f[T + "generations/sigma"][0] = 0.5
@case("results")
def run_changed(f): put_attribute_string(f["run"], "name", b"other")
@case("checkpoint")
def shared_bytes(f):
    group = f["checkpoint/optimizer/arrays"]
    group.create_dataset("big", data=np.ones((300, 300)))
    for i in range(20):
        group["again%d" % i] = group["big"]
@case("checkpoint")
def integer_is_array(f): put(f, "checkpoint/optimizer/integers/generation", np.zeros(1, "<i8"))
@case("checkpoint")
def integer_is_float(f): put(f, "checkpoint/optimizer/integers/generation", 1.0)
@case("checkpoint")
def array_is_group(f): f.create_group("checkpoint/optimizer/arrays/other")
@case("checkpoint")
def fitness_too_long(f): put(f, "checkpoint/selection/fitness", np.zeros(3))
@case("checkpoint")
def selection_generation_too_short(f): put(f, "checkpoint/selection/generation", np.zeros(1, "<i8"))
@case("checkpoint")
def selection_means_too_few(f): put(f, "checkpoint/selection/label_means", np.zeros((2, 1)))
@case("checkpoint")
def cache_losses_too_few(f): put(f, "checkpoint/cache/losses", np.zeros(2))
@case("checkpoint")
def cache_means_too_few(f): put(f, "checkpoint/cache/label_means", np.zeros((2, 2)))
@case("checkpoint")
def open_scores_too_few(f): put(f, "checkpoint/open/scores", np.zeros(2))
@case("checkpoint")
def incumbent_too_long(f): put(f, "checkpoint/incumbent", np.zeros(3))
@case("checkpoint")
def no_checkpoint_group(f): del f["checkpoint"]
@case("checkpoint")
def no_trial(f):
    del f["trials/trec-soft-s1"]
    del f["trial_order"]
    kind = h5py.h5t.C_S1.copy()
    h5py.h5d.create(f.id, b"trial_order", kind, h5py.h5s.create_simple((0,)))


def main():
    sources = {"results": sys.argv[1], "checkpoint": sys.argv[2]}
    folder = sys.argv[3]
    open(os.path.join(folder, "outside.bin"), "wb").write(b"\0" * 16)
    shutil.copy(sys.argv[1], os.path.join(folder, "outside.h5"))
    for name, (source, change) in CASES.items():
        path = os.path.join(folder, name + ".h5")
        shutil.copy(sources[source], path)
        with h5py.File(path, "r+", libver=("v108", "v110")) as f:
            change(f)
        reseal(path, source)


main()
