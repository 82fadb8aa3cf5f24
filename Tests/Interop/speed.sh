#!/usr/bin/env bash
# Training speed beside PEFT: the same LoRA step (4 rows of 512 tokens, rank 16, bfloat16) on the
# same weights, the two programs in turn. Exit status 1 if Retort is the slower one or needs more
# than 2 GiB. Only an idle machine gives figures that mean something.
#
#     speed.sh [ROUNDS]       5 unless told
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

bench=../shared/bench
peers=$HOME/.cache/retort-peers
python=$peers/venv/bin/python
for needed in "$bench/side_by_side.py" "$python" "$peers/smollm2.gguf" .build/release/retort; do
    [ -e "$needed" ] || {
        echo "skipped: there is no $needed" >&2
        exit 0
    }
done

ours=".build/release/retort bench train --model $peers/smollm2.gguf --batch 4 --length 512 --rank 16 --json"
theirs="$python $bench/peft_lora.py --model $peers/smollm2-f32 --dtype bfloat16 --autocast"
# Both print the loss before the first update: proof that they do the same work.
"$python" "$bench/side_by_side.py" "$ours" "$theirs" --rounds "${1:-5}" \
    --agree first_loss --within 2e-3 --min-ratio 1

memory=$($ours --steps 3 | sed -n 's/.*"peak_rss_mib" *: *\([0-9.]*\).*/\1/p' | tail -n 1)
echo "peak memory: ${memory:?bench gave no peak_rss_mib} MiB"
awk -v m="$memory" 'BEGIN { exit m > 2048 }'
