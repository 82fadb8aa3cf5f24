"""Load what Retort exports in the programs it is meant for, and compare the greedy answers.

    ~/.cache/retort-peers/venv/bin/python Tests/Interop/exports.py --model GGUF [--adapter DIR] [--requests 20]

Without --adapter, one is trained on 500 conversations of the smart-home recipe (about 25 steps): enough to change
every answer. Then, on requests spread over the held-out split:

    tokens       the ids of each prompt: Retort, transformers and llama.cpp, from the exported files
    huggingface  the merged folder: transformers, in float32
    peft         the adapter on the dequantized base: PEFT, in float32
    gguf-f16     the merged file with f16 weights: llama.cpp
    gguf-base    the merged file in the base's types: llama.cpp
    gguf-lora    the base file with the adapter beside it: llama.cpp
    checkpoint   a shard of the run's checkpoint, unpacked with `zstd -d`: the safetensors package

The answers of each export are compared with Retort's (float32) from the very same files, token by token up to the end of the turn.
Two programs that add in another order may differ where two tokens are all but equally likely. So at the first token
that differs, the peer's own logits decide: the peer's token may lead Retort's by no more than the figure in
`ALLOWED`, and no more than one answer in ten may differ at all (where the model's weights are 4-bit, any number may,
and the figure is the spread of llama.cpp's logits around the f32 ones, measured as up to 2.1). transformers and PEFT compute as Retort does, in
float32; llama.cpp rounds activations to f16 or, with 4-bit weights, to 8-bit integers.

Prints a row each; exit status 1 if one failed. The environment is made by ../shared/bench/prepare_peers.sh.
"""
import argparse
import ctypes
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HOME = Path(__file__).resolve().parents[2]
DATA = HOME / "Datasets" / "smart-home"
PEERS = Path.home() / ".cache" / "retort-peers"
LONGEST = 64
# By how much a peer's logit of its own token may exceed that of Retort's token where they differ.
ALLOWED = {"huggingface": 2e-3, "peft": 2e-3, "gguf-f16": 0.1, "gguf-base": 2.5, "gguf-lora": 2.5}
# Rows whose weights are 4-bit: llama.cpp rounds their activations to 8 bits.
ROUNDED = {"gguf-base", "gguf-lora"}


class Failure(Exception):
    """A comparison that does not hold; the text says where."""


class Retort:
    """The built command line program."""

    def __init__(self, path):
        self.path = str(Path(path).resolve())

    def run(self, *arguments):
        done = subprocess.run([self.path, *map(str, arguments)], capture_output=True, text=True, cwd=HOME)
        if done.returncode != 0:
            said = (done.stderr.strip().splitlines() or ["(no message)"])[-1]
            raise Failure(f"`retort {arguments[0]}` exit {done.returncode}: {said}")
        return done.stdout

    def answers(self, model, prompts, end, adapter=None):
        """The ids that Retort generates for each prompt, without the end token."""
        beside = ["--adapter", adapter] if adapter else []
        found = []
        for prompt in prompts:
            out = self.run("generate", "--model", model, *beside, "--prompt-ids", ",".join(map(str, prompt)),
                           "--max-tokens", LONGEST, "--temperature", 0, "--precision", "float32", "--json")
            ids = json.loads(out)["ids"]
            found.append(ids[:ids.index(end)] if end in ids else ids)
        return found


def transformers_answers(model, prompts, end):
    """Greedy ids and the logits that each was chosen from."""
    import torch

    for prompt in prompts:
        ids, rows, cache, feed = [], [], None, prompt
        with torch.no_grad():
            while len(ids) < LONGEST:
                out = model(input_ids=torch.tensor([feed]), past_key_values=cache, use_cache=True)
                cache = out.past_key_values
                rows.append(out.logits[0, -1].float().numpy())
                chosen = int(rows[-1].argmax())
                if chosen == end:
                    break
                ids.append(chosen)
                feed = [chosen]
        yield ids, rows


def llama_answers(model, prompts, end):
    """The same from llama.cpp."""
    for prompt in prompts:
        ids, rows, feed = [], [], prompt
        model.reset()
        while len(ids) < LONGEST:
            model.eval(feed)
            rows.append(np.array(model.scores[model.n_tokens - 1]))
            chosen = int(rows[-1].argmax())
            if chosen == end:
                break
            ids.append(chosen)
            feed = [chosen]
        yield ids, rows


def compare(name, ours, theirs, end):
    """Judge a peer's answers; returns the row's text."""
    differ, worst = 0, 0.0
    for number, (mine, (ids, rows)) in enumerate(zip(ours, theirs)):
        # The end token takes part: an answer that goes on where the other ends differs there.
        left, right = [*mine, end], [*ids, end]
        at = next((i for i, (a, b) in enumerate(zip(left, right)) if a != b), None)
        if at is None:
            continue
        differ += 1
        lead = float(rows[at][right[at]] - rows[at][left[at]])
        worst = max(worst, lead)
        if lead > ALLOWED[name]:
            raise Failure(f"answer {number}, token {at}: Retort {left[at]}, the peer {right[at]}, which leads by "
                          f"{lead:.4f} (allowed {ALLOWED[name]})")
    if differ * 10 > len(ours) and name not in ROUNDED:
        raise Failure(f"{differ} of {len(ours)} answers differ")
    return f"{len(ours) - differ} of {len(ours)} answers equal" + (f", lead at most {worst:.4f}" if differ else "")


def load_llama(path, lora=None):
    import llama_cpp

    silent = llama_cpp.llama_log_callback(lambda level, text, data: None)
    llama_cpp.llama_log_set(silent, ctypes.c_void_p())
    load_llama.kept = silent  # C keeps the pointer
    return llama_cpp.Llama(str(path), n_ctx=512, n_threads=2, n_threads_batch=2, logits_all=True, verbose=False,
                           lora_path=str(lora) if lora else None)


def load_transformers(folder):
    import torch
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def train(retort, model, work):
    """A short run of the recipe; returns its adapter."""
    few = work / "train.jsonl"
    few.write_text("".join((DATA / "train.jsonl").read_text().splitlines(keepends=True)[:500]))
    retort.run("train", "Recipes/smart-home-lora.yaml", "--set", f"model.path={model}", "--set",
               f"output_dir={work / 'run'}", "--set", f"data.train={few}", "--set", "training.epochs=1",
               "--set", "checkpoint.every_steps=20")
    return work / "run" / "adapter"


def tokens(retort, folder, files, texts, prompts, work):
    """The three programs must read the rendered prompts as the same ids."""
    source = work / "texts.jsonl"
    source.write_text("".join(json.dumps({"text": t}) + "\n" for t in texts))
    for path in [folder, *files]:
        out = retort.run("tokenize", "--model", path, "--input", source, "--no-special", "--json")
        for number, (line, want) in enumerate(zip(out.splitlines(), prompts, strict=True)):
            if json.loads(line)["ids"] != want:
                raise Failure(f"{Path(path).name}: Retort reads prompt {number} in another way than transformers")
    for path in files:
        llama = load_llama(path)
        for number, (text, want) in enumerate(zip(texts, prompts)):
            if llama.tokenize(text.encode(), add_bos=False, special=True) != want:
                raise Failure(f"{path.name}: llama.cpp reads prompt {number} in another way than transformers")
        llama.close()
    return f"{len(prompts)} prompts, {sum(map(len, prompts))} ids equal"


def checkpoint(run, work):
    """Every shard of the run's checkpoints, once unpacked, must be a sound safetensors file."""
    from safetensors import safe_open

    shards, count = sorted(run.glob("step-*/*.safetensors.zst")), 0
    if not shards:
        raise Failure(f"there is no checkpoint in {run}")
    for shard in shards:
        plain = work / "shard.safetensors"
        subprocess.run(["zstd", "-d", "-q", "-f", str(shard), "-o", str(plain)], check=True)
        with safe_open(plain, framework="np") as file:
            for name in file.keys():
                count += 1
                if not np.isfinite(file.get_tensor(name)).all():
                    raise Failure(f"{shard.name}: {name} holds a value that is not finite")
    return f"{len(shards)} shards, {count} tensors"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retort", default=HOME / ".build" / "release" / "retort")
    parser.add_argument("--model", type=Path, required=True, help="the base: SmolLM2-135M-Instruct, Q4_1")
    parser.add_argument("--adapter", type=Path, help="the adapter of a finished run")
    parser.add_argument("--requests", type=int, default=20)
    parser.add_argument("--only", nargs="+", metavar="ROW", help="these comparisons alone")
    options = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    retort, base = Retort(options.retort), options.model.resolve()
    with tempfile.TemporaryDirectory(prefix="retort-interop-") as folder:
        work = Path(folder)
        try:
            adapter = options.adapter.resolve() if options.adapter else train(retort, base, work)
            made = {}
            for name, *how in [("huggingface", "huggingface"), ("gguf-f16", "gguf", "--type", "f16"),
                               ("gguf-base", "gguf", "--type", "base"), ("peft", "peft"), ("gguf-lora", "gguf-lora")]:
                made[name] = work / (name if name in ("huggingface", "peft") else f"{name}.gguf")
                retort.run("export", "--model", base, "--adapter", adapter, "--format", *how, "--output", made[name])
            from transformers import AutoTokenizer
            tokenizer = AutoTokenizer.from_pretrained(made["huggingface"])
            asked = [json.loads(line) for line in (DATA / "test.jsonl").read_text().splitlines()]
            asked = asked[::max(1, len(asked) // options.requests)][:options.requests]
            texts = [tokenizer.apply_chat_template(r["messages"][:-1], add_generation_prompt=True, tokenize=False)
                     for r in asked]
            prompts = [tokenizer.encode(t, add_special_tokens=False) for t in texts]
            end = tokenizer.eos_token_id
        except Failure as problem:
            print(f"FAIL  {problem}")
            sys.exit(1)

        beside = []  # Retort's answers of the base with the adapter beside it, which two rows share

        def with_adapter():
            if not beside:
                beside.extend(retort.answers(base, prompts, end, adapter))
            return beside

        def peft():
            from peft import PeftModel
            model = PeftModel.from_pretrained(load_transformers(PEERS / "smollm2-f32"), made["peft"]).eval()
            return compare("peft", with_adapter(), transformers_answers(model, prompts, end), end)

        def huggingface():
            ours = retort.answers(made["huggingface"], prompts, end)
            theirs = transformers_answers(load_transformers(made["huggingface"]), prompts, end)
            return compare("huggingface", ours, theirs, end)

        def gguf(name):
            ours = retort.answers(made[name], prompts, end)
            return compare(name, ours, llama_answers(load_llama(made[name]), prompts, end), end)

        def gguf_lora():
            theirs = llama_answers(load_llama(base, made["gguf-lora"]), prompts, end)
            return compare("gguf-lora", with_adapter(), theirs, end)

        rows = {
            "tokens": lambda: tokens(retort, made["huggingface"], [made["gguf-f16"], made["gguf-base"]], texts,
                                     prompts, work),
            "huggingface": huggingface, "peft": peft, "gguf-f16": lambda: gguf("gguf-f16"),
            "gguf-base": lambda: gguf("gguf-base"), "gguf-lora": gguf_lora,
            "checkpoint": lambda: checkpoint(adapter.parent, work),
        }
        if options.only:
            rows = {name: act for name, act in rows.items() if name in options.only}
        failed = 0
        for name, act in rows.items():
            try:
                print(f"ok    {name:12} {act()}", flush=True)
            except Exception as problem:  # whatever a peer raises on a file is a failure of that file
                failed += 1
                kind = "" if isinstance(problem, Failure) else f"{type(problem).__name__}: "
                print(f"FAIL  {name:12} {kind}{problem}", flush=True)
    print(f"{len(rows) - failed} of {len(rows)} comparisons hold")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
