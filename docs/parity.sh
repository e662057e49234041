#!/usr/bin/env bash
# Runs scenarios in the simulator, on this machine's kernel and on one in virtual time, and prints where
# verdicts differ:
#     docs/parity.sh [PATH...]         # by default scenarios; PLACES="sim uml" leaves some out
# Exit codes: 0 all verdicts are equal, 1 some differ, 2 a place gave no verdicts.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --quiet --bin castnet
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
[ $# -gt 0 ] || set -- scenarios

for place in ${PLACES:-sim host uml}; do
    case $place in
    sim) where=(--backend sim) ;;
    *) where=(--backend netns --kernel "$place") ;;
    esac
    # What does not pass is what this is about; no document at all is noticed below.
    target/debug/castnet run "$@" "${where[@]}" --json --out "$out/$place" >"$out/$place.json" || true
done

python3 - "$out" ${PLACES:-sim host uml} <<'PYTHON'
import collections, json, sys

out, places = sys.argv[1], sys.argv[2:]
verdicts = collections.defaultdict(dict)
for place in places:
    try:
        runs = json.load(open(f"{out}/{place}.json"))["runs"]
    except ValueError:
        sys.exit(print(f"{place}: no verdicts") or 2)
    for run in runs:
        why = [*run["reasons"], *(f["claim"] for f in run["findings"] if f["outcome"] != "pass")]
        verdicts[run["scenario"]][place] = run["outcome"], (why or [""])[0]

differ = 0
for scenario, by_place in sorted(verdicts.items()):
    # A scenario that is not for a place has no verdict there.
    judged = {place: told for place, told in by_place.items() if told[0].lower() != "unsupported"}
    if len({outcome for outcome, _ in judged.values()}) > 1:
        differ += 1
        print(scenario)
        for place, (outcome, why) in judged.items():
            print(f"    {place:<5} {outcome:<12} {why}")
for place in places:
    told = collections.Counter(of[place][0] for of in verdicts.values() if place in of)
    print(f"{place:<5}", ", ".join(f"{number} {outcome}" for outcome, number in sorted(told.items())))
print(f"{differ} of {len(verdicts)} scenarios differ")
sys.exit(differ > 0)
PYTHON
