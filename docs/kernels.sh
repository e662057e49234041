#!/usr/bin/env bash
# Runs scenarios on kernels that the distribution offers, each in a machine that QEMU computes, and prints
# how many pass on which:
#     docs/kernels.sh [PATH...]        # by default scenarios/igmp/v2; PACKAGES="linux-image-..." names others
# Packages are fetched with apt-get and unpacked in castnet's folder of kernels; nothing is installed.
# Exit codes: 0 all that could run passed, 1 something did not, 2 a kernel could not be had.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${CASTNET_KERNELS:-${XDG_CACHE_HOME:-$HOME/.cache}/castnet/kernels}/images
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
mkdir -p "$folder"
[ $# -gt 0 ] || set -- scenarios/igmp/v2

# The newest kernel of each flavour that the distribution has, by what its metapackage depends on.
offered() {
    for meta in linux-image-cloud-amd64 linux-image-6.12-cloud-amd64 linux-image-6.12-rt-amd64; do
        apt-cache depends "$meta" 2>/dev/null | sed -n 's/ *Depends: \(linux-image-.*\)/\1/p' | head -1
    done
}

cargo build --quiet --bin castnet
for package in ${PACKAGES:-$(offered)}; do
    image=$folder/boot/vmlinuz-${package#linux-image-}
    if [ ! -e "$image" ]; then
        rm -rf "$out/deb" && mkdir "$out/deb"
        (cd "$out/deb" && apt-get download -qq "$package" >&2) || { echo "$package cannot be had" >&2; exit 2; }
        dpkg -x "$out"/deb/*.deb "$folder"
    fi
    target/debug/castnet run "$@" --backend netns --kernel "$image" ${JOBS:+-j "$JOBS"} --json --out "$out/runs" \
        >"$out/$package.json" || true
done

python3 - "$out" <<'PYTHON'
import collections, glob, json, os, sys

bad = 0
print("| kernel | runs | passed | failed | broken | wall time | virtual time |\n|-|-|-|-|-|-|-|")
for file in sorted(glob.glob(f"{sys.argv[1]}/*.json")):
    name = os.path.basename(file)[len("linux-image-"):-len(".json")]
    try:
        document = json.load(open(file))
    except ValueError:
        sys.exit(print(f"{name}: no verdicts") or 2)
    runs = [run for run in document["runs"] if run["outcome"] != "unsupported"]
    told = collections.Counter(run["outcome"] for run in runs)
    bad += len(runs) - told["pass"]
    virtual = sum(run["end"] for run in runs)
    print(f"| {name} | {len(runs)} | {told['pass']} | {told['fail'] + told['vacuous']} | {told['broken']} "
          f"| {document['seconds']:.0f} s | {virtual:.0f} s |")
    for run in runs:
        if run["outcome"] != "pass":
            why = [*run["reasons"], *(f["claim"] for f in run["findings"] if f["outcome"] != "pass")]
            print(f"  {run['outcome']} {run['scenario']}: {(why or [''])[0]}", file=sys.stderr)
sys.exit(bad > 0)
PYTHON
