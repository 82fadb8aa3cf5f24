# shellcheck shell=bash disable=SC2034 # what is set here is used by those who source it
# What the scripts here share. Sourced, not run; the sourcing script is then in the project's folder.
set -euo pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "${BASH_SOURCE[0]}")/.."

model_name=SmolLM2-135M-Instruct.Q4_1.gguf
retort=.build/release/retort
# Reference values and checks that lie beside the project on some machines.
shared=../shared
# The other programs that Retort is compared with, where ../shared/bench/prepare_peers.sh has put them.
peers=$HOME/.cache/retort-peers

say() { printf '%s\n' "$*" >&2; }
die() {
    say "$*"
    exit 1
}
