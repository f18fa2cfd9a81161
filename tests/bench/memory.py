"""Memory of the ranks of one node that share a model: called by memory.sh, which says how."""

import argparse
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
QUICKSTART = SOURCE / "configs/quickstart"

# Words that keep sign and mantissa at random and set the exponent: numbers of 1/64 to 1/32. A dtype is
# (bytes a word, mask of the random bits, the bits set), in one word.
DTYPES = {"F32": (4, 0x807FFFFF, 121 << 23), "F16": (2, 0x83FF, 9 << 10), "BF16": (2, 0x807F, 121 << 7)}
BLOCK = 1 << 22
CONFIG = """name: memory
model: {{path: {model}}}
task: {task}
few_shot: {{train_per_class: 3, dev_per_class: 1, max_test: 18}}
prompt: {{kind: discrete, length: 40}}
optimizer: {{cma_es: {{population_size: {population}}}}}
budget: {{evaluations: {population}}}
output: {{folder: memory}}
"""
FIELDS = ("Rss", "Pss", "Private_Clean", "Private_Dirty", "Shared_Clean", "Shared_Dirty")


def tensor_shapes(config):
    """Names and shapes of the tensors of a RoBERTa."""
    hidden, inner, vocabulary = config["hidden_size"], config["intermediate_size"], config["vocab_size"]
    embeddings = "roberta.embeddings."
    shapes = {embeddings + "word_embeddings.weight": [vocabulary, hidden],
              embeddings + "position_embeddings.weight": [config["max_position_embeddings"], hidden],
              embeddings + "token_type_embeddings.weight": [1, hidden]}

    def linear(path, outputs, inputs):
        shapes.update({path + ".weight": [outputs, inputs], path + ".bias": [outputs]})

    def norm(path):
        shapes.update({path + ".weight": [hidden], path + ".bias": [hidden]})

    norm(embeddings + "LayerNorm")
    for number in range(config["num_hidden_layers"]):
        layer = f"roberta.encoder.layer.{number}."
        for name in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            linear(layer + name, hidden, hidden)
        norm(layer + "attention.output.LayerNorm")
        linear(layer + "intermediate.dense", inner, hidden)
        linear(layer + "output.dense", hidden, inner)
        norm(layer + "output.LayerNorm")
    linear("lm_head.dense", hidden, hidden)
    norm("lm_head.layer_norm")
    shapes["lm_head.bias"] = [vocabulary]
    return shapes


def write_weights(file, config, dtype):
    """A safetensors file of random numbers; returns its size."""
    size, mask, bits = DTYPES[dtype]
    header, end = {}, 0
    for name, shape in tensor_shapes(config).items():
        begin = end
        count = 1
        for extent in shape:
            count *= extent
        end += count * size
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    repeat = BLOCK // size
    wide_mask = int.from_bytes(mask.to_bytes(size, "little") * repeat, "little")
    wide_bits = int.from_bytes(bits.to_bytes(size, "little") * repeat, "little")
    stream = random.Random(1)
    with open(file, "wb") as out:
        out.write(len(text).to_bytes(8, "little") + text)
        for begin in range(0, end, BLOCK):
            words = stream.getrandbits(8 * BLOCK) & wide_mask | wide_bits
            out.write(words.to_bytes(BLOCK, "little")[:end - begin])
    return file.stat().st_size


def write_tokenizer(folder, vocabulary_size):
    """The quickstart's byte-level BPE with merges added until it has `vocabulary_size` tokens."""
    model = QUICKSTART / "tiny-roberta"
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        shutil.copy(model / name, folder)
    vocabulary = json.loads((model / "vocab.json").read_text())
    merges = (model / "merges.txt").read_text().rstrip("\n").split("\n")
    pieces = [token for token in vocabulary if token.isalpha()]
    stream = random.Random(2)
    while len(vocabulary) < vocabulary_size:
        left, right = stream.choice(pieces), stream.choice(pieces)
        if left + right not in vocabulary and right[0] != "\u0120":
            vocabulary[left + right] = len(vocabulary)
            merges.append(f"{left} {right}")
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False))
    (folder / "merges.txt").write_text("\n".join(merges) + "\n")


def write_model(folder, layers, dtype):
    folder.mkdir(parents=True)
    config = {"model_type": "roberta", "vocab_size": 50265, "hidden_size": 768, "num_hidden_layers": layers,
              "num_attention_heads": 12, "intermediate_size": 3072, "max_position_embeddings": 514,
              "type_vocab_size": 1, "layer_norm_eps": 1e-5, "pad_token_id": 1}
    (folder / "config.json").write_text(json.dumps(config))
    write_tokenizer(folder, config["vocab_size"])
    return write_weights(folder / "model.safetensors", config, dtype)


def ranks_below(launcher):
    """Processes of bbprompt below `launcher`."""
    parents, names = {}, {}
    for file in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            text = file.read_text()
        except OSError:
            continue
        pid = int(file.parent.name)
        names[pid] = text[text.index("(") + 1:text.rindex(")")]
        parents[pid] = int(text[text.rindex(")") + 1:].split()[1])

    def is_below(pid):
        while pid in parents and pid != launcher:
            pid = parents[pid]
        return pid == launcher

    return [pid for pid, name in names.items() if name.startswith("bbprompt") and is_below(pid)]


def read_memory(pids):
    """Sums of the fields of smaps_rollup in bytes; nothing when a process is gone."""
    sums = dict.fromkeys(FIELDS, 0)
    for pid in pids:
        try:
            text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            return None
        for field in FIELDS:
            found = re.search(rf"^{field}:\s+(\d+) kB", text, re.M)
            sums[field] += 1024 * int(found[1]) if found else 0
    return sums


def is_master(pid):
    """Whether the process is rank 0, by the launcher's environment (Open MPI's, or another's that speaks PMI)."""
    try:
        variables = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return any(name + b"=0" in variables for name in (b"OMPI_COMM_WORLD_RANK", b"PMIX_RANK", b"PMI_RANK"))


def send(signal_number, pids):
    for pid in pids:
        try:
            os.kill(pid, signal_number)
        except ProcessLookupError:
            pass


def memory_of(pids):
    """read_memory of processes that stand still: a page that one maps while others are read counts twice. "Master" is the
    proportional set size of rank 0 alone."""
    send(signal.SIGSTOP, pids)
    try:
        sums = read_memory(pids)
        master = read_memory([pid for pid in pids if is_master(pid)])
        return dict(sums, Master=master["Pss"]) if sums and master else None
    finally:
        send(signal.SIGCONT, pids)


def measure(binary, folder, model, ranks):
    """Sum over the ranks while a search runs that fills a batch of 1024 tokens on each: the largest of the later half of
    the looks, when every rank has its model. While a model in half precision loads, its file is in memory too, once a node.
    Of rank 0 the largest of all looks."""
    out = folder / f"out-{ranks}"
    config = folder / "memory.yaml"
    config.write_text(CONFIG.format(model=model, task=QUICKSTART / "definitions.yaml", population=max(4, ranks)))
    command = [os.environ.get("MPIRUN", "mpirun"), "-n", str(ranks), str(binary), "run", str(config), "--out", str(out)]
    log = open(folder / f"log-{ranks}", "wb")
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    looks = []
    try:
        while process.poll() is None:
            before = time.monotonic()
            pids = ranks_below(process.pid)
            sums = memory_of(pids) if len(pids) == ranks else None
            if sums:
                looks.append(sums)
            time.sleep(max(0.5, 5 * (time.monotonic() - before)))  # so that the ranks get somewhere
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
        log.close()
    if process.returncode != 0 or not looks:
        sys.exit(f"expected a run on {ranks} ranks to end with 0, found {process.returncode}:\n"
                 + (folder / f"log-{ranks}").read_text(errors="replace"))
    peak = max(looks[len(looks) // 2:], key=lambda sums: sums["Pss"])
    peak["Master"] = max(sums["Master"] for sums in looks)
    peak["seconds"] = time.monotonic() - started
    shutil.rmtree(out, ignore_errors=True)
    return peak


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary", type=pathlib.Path, help="bbprompt, of a release build")
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--dtypes", nargs="+", default=["F32", "F16", "BF16"], choices=DTYPES)
    parser.add_argument("--layers", type=int, default=12, help="12: 124 million numbers, RoBERTa-base")
    parser.add_argument("--limit", type=float, help="exit 1 when a ratio is above it")
    parser.add_argument("--master-limit", type=float, metavar="MB",
                        help="exit 1 when rank 0 takes more at any time while there are workers; it loads no weights")
    options = parser.parse_args()
    is_within = True
    print("dtype  file MB  ranks  sum of PSS MB  rank 0 MB  private MB  ratio to the first  seconds")
    with tempfile.TemporaryDirectory(prefix="bbprompt_memory_") as name:
        folder = pathlib.Path(name)
        for dtype in options.dtypes:
            model = folder / dtype
            size = write_model(model, options.layers, dtype)
            first = None
            for ranks in options.ranks:
                peak = measure(options.binary, folder, model, ranks)
                first = first or peak["Pss"]
                ratio = peak["Pss"] / first
                is_within = is_within and (options.limit is None or ratio <= options.limit)
                if options.master_limit is not None and ranks > 1:
                    is_within = is_within and peak["Master"] <= 1e6 * options.master_limit
                private = peak["Private_Clean"] + peak["Private_Dirty"]
                print(f"{dtype:5} {size / 1e6:8.1f} {ranks:6} {peak['Pss'] / 1e6:14.1f} {peak['Master'] / 1e6:10.1f} "
                      f"{private / 1e6:11.1f} "
                      f"{ratio:19.2f} {peak['seconds']:8.1f}", flush=True)
            shutil.rmtree(model)
    return 0 if is_within else 1


if __name__ == "__main__":
    sys.exit(main())
