#!/usr/bin/env bash
# Builds and runs a program that takes the library as a dependency by version: what is committed, in a
# git repository with a tag. The package has flags that SwiftPM used to refuse there.
#
#     consumer.sh [DIRECTORY]     where the build is kept; a temporary one, and minutes, without it
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git clone --quiet --bare . "$work/retort"
git -C "$work/retort" tag --force 1.0.0 HEAD >/dev/null
mkdir -p "$work/program/Sources/Program"
cat >"$work/program/Package.swift" <<EOF
// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "Program",
    dependencies: [.package(url: "file://$work/retort", from: "1.0.0")],
    targets: [
        .executableTarget(
            name: "Program", dependencies: [.product(name: "Retort", package: "retort")])
    ])
EOF
cat >"$work/program/Sources/Program/main.swift" <<'EOF'
import Retort

print(Kernels.levelNames.joined(separator: " "))
EOF
swift run --package-path "$work/program" --scratch-path "${1:-$work/build}" --quiet Program >"$work/levels"
read -r levels <"$work/levels"
case $levels in
*portable) echo "built by version; its levels here: $levels" ;;
*)
    echo "The program that uses the library printed: $levels" >&2
    exit 1
    ;;
esac
