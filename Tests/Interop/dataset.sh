#!/usr/bin/env bash
# Makes the smart-home data set again: the generator must give the very bytes that are committed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

from=Datasets/smart-home
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
swiftc -O "$from/generate.swift" -o "$work/generate"
"$work/generate" "$work"
for file in train.jsonl test.jsonl; do
    cmp "$work/$file" "$from/$file" || {
        echo "$from/$file is not what $from/generate.swift makes." >&2
        exit 1
    }
done
echo "smart-home: train.jsonl and test.jsonl are what generate.swift makes"
