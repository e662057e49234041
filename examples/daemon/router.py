#!/usr/bin/env python3
"""An IGMPv2 router of sixty lines: it asks, remembers who answers, and forwards where somebody wants it."""
import select
import socket
import struct
import sys
import time

interval, *interfaces = open(sys.argv[1]).read().split()
INTERVAL, RESPONSE = float(interval), 10.0
index = [socket.if_nametoindex(name) for name in interfaces]
members, flows = {}, {}  # (vif, group): until when; (source, group): where it comes in

kernel = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IGMP)
kernel.setsockopt(socket.IPPROTO_IP, 200, 1)  # MRT_INIT
kernel.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO
kernel.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
kernel.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"\x94\x04\x00\x00")  # Router Alert
for vif, number in enumerate(index):
    kernel.setsockopt(socket.IPPROTO_IP, 202, struct.pack("HBBIi4s", vif, 8, 1, 0, number, bytes(4)))
    # Leaves go to all routers, and the kernel hands them up only to a member.
    all_routers = socket.inet_aton("224.0.0.2") + bytes(4) + struct.pack("i", number)
    kernel.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, all_routers)
print("ready", flush=True)


def ask():
    message = struct.pack("!BBH4s", 0x11, int(RESPONSE * 10), 0xFFFF - (0x1100 + int(RESPONSE * 10)), bytes(4))
    for number in index:
        kernel.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, struct.pack("8si", bytes(8), number))
        kernel.sendto(message, ("224.0.0.1", 0))


def forward(group):
    for (source, of), came_in in flows.items():
        if of == group:
            to = bytes(int(vif != came_in and (vif, group) in members) for vif in range(len(index)))
            mfcctl = struct.pack("4s4sH32sIIIi", source, group, came_in, to, 0, 0, 0, 0)
            kernel.setsockopt(socket.IPPROTO_IP, 204, mfcctl)  # MRT_ADD_MFC


due = 0.0
while True:
    now = time.monotonic()
    if now >= due:
        ask()
        due = now + INTERVAL
    for vif, group in [member for member, until in members.items() if until <= now]:
        del members[vif, group]
        forward(group)
    if not select.select([kernel], [], [], min([due, *members.values()]) - now)[0]:
        continue
    packet, ancillary, _, _ = kernel.recvmsg(2048, 256)
    if packet[9] == 0:  # An upcall in the place of an IP header: nobody knows this flow yet.
        flows[packet[12:16], packet[16:20]] = packet[10]
        forward(packet[16:20])
    elif len(message := packet[(packet[0] & 15) * 4 :]) >= 8:
        member = index.index(struct.unpack("I", ancillary[0][2][:4])[0]), message[4:8]
        if message[0] == 0x16:
            members[member] = time.monotonic() + 2 * INTERVAL + RESPONSE
        elif message[0] == 0x17:
            members.pop(member, None)
        forward(message[4:8])
