#!/usr/bin/env bash
# Two makes of smcrouted side by side, by turns in one run: what a reload, a typo, an interface that returns, a
# pattern, thousands of routes, impolite clients and a kill cost. As root; everything happens in network
# namespaces of its own.
#
#   docs/smcroute.sh NAME=FOLDER NAME=FOLDER
#
# where FOLDER holds smcrouted and smcroutectl:
#
#   docs/smcroute.sh castnet=target/release smcroute=/usr/sbin
set -euo pipefail

if [ "${1:-}" != inside ]; then
    [ $# -gt 0 ] || { sed -n '2,11s/^# \{0,1\}//p' "$0"; exit 2; }
    for make in "$@"; do
        folder=$(realpath "${make#*=}")
        unshare --mount --net --pid --fork --mount-proc "$0" inside "${make%%=*}" "$folder"
    done
    exit
fi

name=$2 folder=$3
mount -t tmpfs none /run
mount -t sysfs none /sys
daemon() { "$folder/smcrouted" -N -f /run/c.conf -u /run/s.sock -P /run/s.pid -l none "$@"; }
ctl() { "$folder/smcroutectl" -u /run/s.sock -p "$@"; }
seconds() { date +%s.%N; }
since() { echo "$1 $(seconds)" | awk '{ printf "%.2f s", $2 - $1 }'; }
row() { printf '%-10s %-44s %s\n' "$name" "$1" "$2"; }

link() { # NAME ADDRESS: an interface here, whose other end is in the same namespace and only counts
    ip link add "$1" type veth peer name "x$1"
    ip link set "x$1" up
    ip address add "$2" dev "$1"
    ip link set "$1" up
}
arrived() { cat "/sys/class/net/x$1/statistics/rx_packets"; }
serve() {
    # The kernel may need a moment to take the table from one that was killed.
    for _ in $(seq 500); do daemon 2>/dev/null && break; sleep 0.01; done
    for _ in $(seq 500); do [ -s /run/s.pid ] && return; sleep 0.01; done
    row "it serves" "not within 5 s"
}
end() {
    [ -s /run/s.pid ] && kill -9 "$(cat /run/s.pid)" 2>/dev/null || true
    sleep 0.2
    rm -f /run/s.pid /run/s.sock
}

# A stream of numbered datagrams from 10.0.0.9 into e0: COUNT of them, a thousand a second.
cat > /run/stream.py <<'P'
import socket, struct, sys, time
count, group = int(sys.argv[1]), sys.argv[2]
def checksum(octets):
    total = sum(struct.unpack('!%dH' % (len(octets) // 2), octets))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff
payload = struct.pack('!HHHH', 5000, 5000, 72, 0) + bytes(64)
head = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 92, 0, 0, 9, 17, 0,
                   socket.inet_aton('10.0.0.9'), socket.inet_aton(group))
head = head[:10] + struct.pack('!H', checksum(head)) + head[12:]
g = socket.inet_aton(group)
frame = bytes([1, 0, 0x5e, g[1] & 127, g[2], g[3], 2, 0, 0, 0, 0, 9, 8, 0]) + head + payload
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(('xe0', 0))
start = time.monotonic()
for number in range(count):
    wait = start + number / 1000 - time.monotonic()
    if wait > 0:
        time.sleep(wait)
    out.send(frame)
P
stream() { python3 /run/stream.py "$1" 239.1.1.1; }

sysctl -qw net.ipv6.conf.default.disable_ipv6=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
ip link set lo up
link e0 10.0.0.1/24
link e1 10.0.1.1/24
conf() {
    printf 'phyint e0 enable\nphyint e1 enable\n%s\n' \
        'mroute from e0 source 10.0.0.9 group 239.1.1.1 to e1' > /run/c.conf
}

# Lost datagrams of 2,000 while something happens ten times.
beside() { # WHAT COMMAND
    conf; serve
    local before; before=$(arrived e1)
    stream 2000 & local streaming=$!
    for _ in $(seq 10); do sleep 0.12; eval "$2" >/dev/null 2>&1 || true; done
    wait "$streaming"
    sleep 0.1
    row "$1" "$((2000 - $(arrived e1) + before)) of 2,000 lost"
    end
}
beside "reload, unchanged, 10 times" "ctl reload"
beside "reload with another route, 10 times" \
    "echo mroute from e0 group 239.2.\$RANDOM.0/24 to e1 >> /run/c.conf; ctl reload"
beside "reload with a typo" "sed -i 's/239.1.1.1/239.1.1/' /run/c.conf; ctl reload"
conf; echo mroute from e0 group 239.1.1 to e1 >> /run/c.conf; serve
code=0; ctl reload >/dev/null 2>&1 || code=$?
row "exit code of such a reload" "$code"
end

conf; serve
ip link delete e1; link e1 10.0.1.1/24
sleep 0.5
before=$(arrived e1); stream 200
row "e1 vanishes and returns, no reload" "$(($(arrived e1) - before)) of 200 arrive"
end

printf 'phyint e0 enable\nphyint tun+ enable\nmroute from e0 group 239.1.1.1 to tun+\n' > /run/c.conf
for at in 0 1 2; do link "tun$at" "10.1.$at.1/24"; done
serve
stream 200
row "tun+ with three matches" "$(for at in 0 1 2; do arrived "tun$at"; done | paste -sd' ') arrive of 200 each"
end
for at in 0 1 2; do ip link delete "tun$at"; done

for count in 1000 5000; do
    conf; serve
    pid=$(cat /run/s.pid)
    for at in $(seq "$count"); do
        echo "add e0 10.0.0.9 239.5.$((at / 250)).$((at % 250)) e1"
    done > /run/batch
    start=$(seconds)
    ctl -b < /run/batch >/dev/null 2>&1 || true
    took=$(since "$start")
    cpu=$(awk -v hz="$(getconf CLK_TCK)" '{ printf "%.2f", ($14 + $15) / hz }' "/proc/$pid/stat")
    memory=$(awk '/VmRSS/ { print $2 }' "/proc/$pid/status")
    there=$(($(wc -l < /proc/net/ip_mr_cache) - 2))
    row "$count routes added by one batch" "$took, CPU $cpu s, $memory KiB, $there there"
    end
done

conf; serve
pid=$(cat /run/s.pid)
python3 - <<'P'
import socket, struct
message = struct.pack('NHH4x', 24, ord('s'), 1) + b'routes\0\0'
for _ in range(40):
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect('/run/s.sock')
            client.send(message)
        except OSError:
            break
P
sleep 0.2
row "40 clients that do not wait for their answer" "$(kill -0 "$pid" 2>/dev/null && echo it serves || echo it has died)"
end
conf; serve
python3 -c "import socket, time
s = socket.socket(socket.AF_UNIX)
s.connect('/run/s.sock')
time.sleep(3)" & idle=$!
sleep 0.3
start=$(seconds)
timeout 10 "$folder/smcroutectl" -u /run/s.sock -p show >/dev/null 2>&1 || true
row "an answer beside a client that says nothing" "$(since "$start")"
kill "$idle" 2>/dev/null || true
end

conf; serve
before=$(arrived e1)
stream 3000 & streaming=$!
sleep 1
kill -9 "$(cat /run/s.pid)"; rm -f /run/s.pid /run/s.sock
serve
wait "$streaming"
sleep 0.1
row "kill -9, and started again at once" "$((3000 - $(arrived e1) + before)) of 3,000 lost"
end
