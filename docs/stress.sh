#!/usr/bin/env bash
# Runs scenarios N times with every CPU kept busy, and counts the failures:
#     docs/stress.sh                                              # all of them, 50 times
#     docs/stress.sh 200 $(grep -rl '^golden.*netns' scenarios)   # those whose kernel trace is kept
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --quiet --bin castnet
out=$(mktemp -d)
hogs=()
trap 'kill "${hogs[@]}" 2>/dev/null || true; rm -rf "$out"' EXIT
for _ in $(seq "$(nproc)"); do
    bash -c 'while :; do :; done' &
    hogs+=($!)
done
# One run of many that is otherwise than it is kept is shown, and does not wait for review.
what=("${@:2}")
[ ${#what[@]} -gt 0 ] || what=(scenarios)
CI=true target/debug/castnet run --backend netns --repeat "${1:-50}" --jobs "${JOBS:-24}" --out "$out" "${what[@]}"
