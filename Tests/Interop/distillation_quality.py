"""What soft targets are worth: the same student, begun and fed alike, with labels alone and with a teacher.

    python3 distillation_quality.py --retort .build/release/retort --model Checkpoints/tiny [--layers 1]
        [--teacher MODEL | --tune-teacher] [--gsm8k FILE | --train FILE --validation FILE] [--seeds 1 2 3]
        [--batch N] [--epochs N] [--steps N] [--output DIR]

The student begins as some layers of the model, spread evenly; all its weights are trained, on the smart-home data unless
other files are named; with --gsm8k on 200 problems of that file and their answers, 60 held out. The teacher is the model
itself unless another is named, or tuned on the same data first: it has to know what the data teach. Per
seed (which decides the order of the data): labels alone, the live teacher, and the teacher's stored top 64. Printed is
the perplexity of the supervised tokens of the held-out file; --output keeps the runs for `retort report`.
Standard library only.
"""
import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
WAYS = ["labels", "teacher", "stored"]


def recipe(options, way, seed, folder):
    made = {
        "task": "sft" if way == "labels" else "distill",
        "output_dir": str(folder / f"{way}-{seed}"), "seed": seed,
        "model": {"path": options.model, "initialize": {"keep_layers": options.layers}},
        "data": {"train": options.train, "validation": options.validation, "format": options.format,
                 "max_length": 512, "overlength": "truncate"},
        "training": {"batch_size": options.batch}
        | ({"max_steps": options.steps} if options.steps else {"epochs": options.epochs}),
        "optimizer": {"learning_rate": options.rate}, "schedule": {"warmup_ratio": options.warmup},
        "checkpoint": {"every_steps": 100000, "keep": 1},
    }
    if way != "labels":
        teacher = {"teacher": {"path": options.teacher}} if way == "teacher" else {"targets": str(folder / "targets.h5")}
        made["distillation"] = teacher | {"loss": "forward_kl", "temperature": 1.0, "alpha": options.alpha}
    path = folder / f"{way}-{seed}.yaml"
    path.write_text(json.dumps(made, indent=1))
    return path


def tuned_teacher(options, folder):
    """The model with an adapter that two epochs of the same data made."""
    made = {
        "task": "sft", "output_dir": str(folder / "tuned"), "seed": 1, "model": {"path": options.model},
        "adapter": {"rank": 16, "alpha": 32},
        "data": {"train": options.train, "format": options.format, "max_length": 512, "overlength": "truncate"},
        "training": {"batch_size": 1, "epochs": 2}, "optimizer": {"learning_rate": 5e-4},
        "schedule": {"warmup_ratio": 0.1}, "checkpoint": {"every_steps": 100000, "keep": 1},
    }
    path = folder / "tuned.yaml"
    path.write_text(json.dumps(made, indent=1))
    run(options.retort, "train", path)
    return made["output_dir"]


def problems(file, split, count, path):
    """Writes the first problems of a split as texts: the question, a line break, the answer."""
    found = (json.loads(line) for line in Path(file).read_text().splitlines())
    chosen = [item for item in found if item["split"] == split][:count]
    path.write_text("".join(json.dumps({"text": item["question"] + "\n" + item["answer"]}) + "\n" for item in chosen))
    return str(path)


def run(*command):
    result = subprocess.run([str(word) for word in command], cwd=HOME, stderr=subprocess.PIPE, text=True)
    if result.returncode:
        sys.exit(f"{command}: exit {result.returncode}: {result.stderr.strip().splitlines()[-1:]}")


def perplexity(options, way, seed, folder):
    run(options.retort, "train", recipe(options, way, seed, folder))
    lines = (folder / f"{way}-{seed}" / "metrics.jsonl").read_text().splitlines()
    losses = [json.loads(line)["validation_loss"] for line in lines if "validation_loss" in line]
    return math.exp(losses[-1])


def measure(options, folder):
    if options.gsm8k:
        options.format = "text"
        options.train = problems(options.gsm8k, "train", 200, folder / "train.jsonl")
        options.validation = problems(options.gsm8k, "test", 60, folder / "validation.jsonl")
    if options.tune_teacher:
        options.teacher = tuned_teacher(options, folder)
    run(options.retort, "cache-targets", "--model", options.teacher, "--data", options.train, "--format", options.format,
        "--max-length", "512", "--overlength", "truncate", "--top-k", "64", "--output", folder / "targets.h5")
    print("seed  " + "  ".join(f"{way:>9}" for way in WAYS))
    for seed in options.seeds:
        values = [perplexity(options, way, seed, folder) for way in WAYS]
        print(f"{seed:<4}  " + "  ".join(f"{value:9.4f}" for value in values), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--retort", type=Path, default=HOME / ".build" / "release" / "retort")
    parser.add_argument("--model", required=True)
    parser.add_argument("--teacher")
    parser.add_argument("--tune-teacher", action="store_true")
    parser.add_argument("--gsm8k")
    parser.add_argument("--train", default="Datasets/smart-home/train.jsonl")
    parser.add_argument("--validation", default="Datasets/smart-home/test.jsonl")
    parser.add_argument("--format", default="messages", choices=["messages", "text"])
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--warmup", type=float, default=0.03)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--alpha", type=float, default=0.5)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    options.retort, options.teacher = options.retort.resolve(), options.teacher or options.model
    if options.output:
        options.output.mkdir(parents=True)
        measure(options, options.output.resolve())
    else:
        with tempfile.TemporaryDirectory() as folder:
            measure(options, Path(folder))


main()
