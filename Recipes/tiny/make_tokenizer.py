#!/usr/bin/env python3
"""Learns the tiny model's tokenizer: byte-level BPE over a file of conversations.

    Recipes/tiny/make_tokenizer.py Datasets/smart-home/train.jsonl > Recipes/tiny/tokenizer.json

Three special tokens, the 256 bytes, and merges up to 512 tokens. The pair that occurs most often is
merged next; of equally frequent ones the first in byte order, so that the same file gives the same
tokenizer. Source: Sennrich et al. 2016, arXiv:1508.07909; byte alphabet and pattern as in GPT-2.
"""

import collections
import json
import re
import sys

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
SIZE = 512

# Digits stand alone; then GPT-2's pattern, in which \p{L} is [^\W\d_] here.
DIGIT = re.compile(r"(\d)")
WORD = re.compile(r"'(?:s|t|re|ve|m|ll|d)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


def byte_alphabet():
    """A printable character for every byte: its own where it has one, else one from U+0100 on."""
    own = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in own]
    return {byte: chr(byte) for byte in own} | {
        byte: chr(0x100 + index) for index, byte in enumerate(others)
    }


def words(path, alphabet):
    """How often each word occurs, as tuples of characters of the byte alphabet."""
    counts = collections.Counter()
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            for message in json.loads(line)["messages"]:
                text = message["role"] + "\n" + message["content"]
                for part in DIGIT.split(text):
                    for word in WORD.findall(part):
                        counts[tuple(alphabet[byte] for byte in word.encode())] += 1
    return counts


def joined(word, pair):
    """The word with every occurrence of the pair as one symbol."""
    result = []
    for symbol in word:
        if result and (result[-1], symbol) == pair:
            result[-1] += symbol
            # A symbol just made is not the left half of the next pair.
            result.append("")
        else:
            result.append(symbol)
    return tuple(symbol for symbol in result if symbol)


def learn(counts, number):
    """The merges, most frequent pair first."""
    merges = []
    while len(merges) < number:
        pairs = collections.Counter()
        for word, count in counts.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += count
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        merged = collections.Counter()
        for word, count in counts.items():
            merged[joined(word, best)] += count
        counts = merged
    return merges


def main(path):
    alphabet = byte_alphabet()
    tokens = SPECIAL + sorted(alphabet.values())
    merges = learn(words(path, alphabet), SIZE - len(tokens))
    tokens += ["".join(pair) for pair in merges]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            {
                "id": index, "content": token, "single_word": False, "lstrip": False,
                "rstrip": False, "normalized": False, "special": True,
            }
            for index, token in enumerate(SPECIAL)
        ],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Digits", "individual_digits": True}, byte_level | {"use_regex": True},
            ],
        },
        "post_processor": None,
        "decoder": byte_level | {"use_regex": True},
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {token: index for index, token in enumerate(tokens)},
            "merges": [list(pair) for pair in merges],
        },
    }
    json.dump(tokenizer, sys.stdout, ensure_ascii=False, indent=1)
    print()


if __name__ == "__main__":
    main(sys.argv[1])
