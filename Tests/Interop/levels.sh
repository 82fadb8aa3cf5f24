#!/usr/bin/env bash
# Looks into the objects of the CPU levels for functions that other modules may have too, such as the
# compiler's versions of the standard library's generics. Of those the linker keeps one for all: it
# must not have instructions or registers that only AVX-512 has.
#
#     levels.sh [DIRECTORY]       of a build; .build/release if it is not given
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

build=${1:-.build/release}
modules=0 failed=0
for objects in "$build"/Kernels*.build; do
    module=$(basename "$objects" .build)
    modules=$((modules + 1))
    for object in "$objects"/*.o; do
        # Weak functions that are not named after the module, with its length as Swift writes names.
        shared=$(nm "$object" | awk -v own="${#module}$module" \
            '$2 ~ /^[wWu]$/ && index($3, own) == 0 { print $3 }')
        [ -n "$shared" ] || continue
        found=$(objdump -d --no-show-raw-insn "$object" | awk -v shared="$shared" '
            BEGIN { split(shared, names, "\n"); for (i in names) wanted["<" names[i] ">:"] = 1 }
            / <.*>:$/ { name = $2; next }
            name in wanted && /%zmm|%[xy]mm(1[6-9]|2[0-9]|3[01])|%k[0-7]|\{1to/ { bad[name] = 1 }
            END { for (name in bad) print substr(name, 2, length(name) - 3) }')
        [ -n "$found" ] || continue
        failed=1
        printf 'FAIL  %s: other modules may be given these:\n%s\n' "$object" "$found"
    done
done
if [ $modules = 0 ]; then
    echo "There are no CPU levels in $build." >&2
    exit 1
fi
[ $failed = 0 ] || exit 1
echo "$modules CPU levels share nothing that needs AVX-512"
