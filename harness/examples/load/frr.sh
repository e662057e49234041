#!/bin/sh
# FRR: zebra, pimd and, where it is there, pim6d. FRR names the folder of the programs.
FRR="${FRR:-/usr/lib/frr}"
# Its daemons want a user and groups of their own; the mounts are of the benchmark's namespace.
if ! id frr >/dev/null 2>&1; then
    { cat /etc/passwd; echo "frr:x:92:92::/run/frr:/bin/false"; } > /run/passwd
    { cat /etc/group; echo "frr:x:92:"; echo "frrvty:x:93:frr"; } > /run/group
    mount --bind /run/passwd /etc/passwd
    mount --bind /run/group /etc/group
fi
rm -rf /run/frr
mkdir -p /run/frr && chown frr:frr /run/frr
cat > /run/frr/zebra.conf <<'CONFIG'
hostname r1
CONFIG
cat > /run/frr/pimd.conf <<'CONFIG'
ip pim rp 10.0.1.2 224.0.0.0/4
interface up
 ip pim
interface lan
 ip pim
 ip igmp
 ip igmp version 3
CONFIG
cat > /run/frr/pim6d.conf <<'CONFIG'
ipv6 pim rp 2001:db8:1::2 ff00::/8
interface up
 ipv6 pim
interface lan
 ipv6 pim
 ipv6 mld
CONFIG
start() {
    "$FRR/$1" -f "/run/frr/$1.conf" -z /run/frr/zserv.api -i "/run/frr/$1.pid" \
        --vty_socket /run/frr -P 0 -A 127.0.0.1 --log stdout
}
start zebra &
until [ -S /run/frr/zserv.api ]; do sleep 0.05; done
[ -x "$FRR/pim6d" ] && start pim6d &
start pimd
