#!/usr/bin/env bash
# Builds a kernel of User-Mode Linux for `castnet run --kernel`, from the distribution's source:
#     docs/kernel.sh FOLDER            # some 10 minutes and 4 GB; the kernel is FOLDER/linux
# Started again, it goes on where it ended. VERSION names another package than linux-source-6.12.
set -euo pipefail
config=$(realpath "$(dirname "$0")/../harness/kernel/uml.config")
folder=${1:?usage: docs/kernel.sh FOLDER}
version=${VERSION:-6.12}

missing=()
for tool in flex bison bc gcc make xz dpkg apt-get; do
    command -v "$tool" >/dev/null || missing+=("$tool")
done
if [ ${#missing[@]} -gt 0 ]; then
    echo "not there: ${missing[*]} (apt-get install flex bison bc build-essential xz-utils)" >&2
    exit 1
fi

mkdir -p "$folder"
cd "$folder"
source=linux-source-$version
if [ ! -e "$source/Makefile" ]; then
    ls "$source"_*.deb >/dev/null 2>&1 || apt-get download "$source"
    dpkg -x "$source"_*.deb unpacked
    tar xf "unpacked/usr/src/$source.tar.xz"
fi
# User-Mode Linux keeps 2,696 octets of a process's vector registers; with AMX a CPU has 11,008, and
# the host takes no fewer (PTRACE_SETREGSET). The host shortens what is longer.
sed -i 's/DEFINE_LONGS(HOST_FP_SIZE, 2696);/DEFINE_LONGS(HOST_FP_SIZE, 12288);/' \
    "$source/arch/x86/um/user-offsets.c"
cd "$source"
if [ ! -e ../build/.config ]; then
    make -s ARCH=um O=../build tinyconfig
    ARCH=um scripts/kconfig/merge_config.sh -m -O ../build ../build/.config "$config" >/dev/null
    make -s ARCH=um O=../build olddefconfig
fi
make -s -j"$(nproc)" ARCH=um O=../build linux
strip -o ../linux ../build/linux
echo "$(realpath ../linux)"
