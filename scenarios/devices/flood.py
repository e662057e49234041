#!/usr/bin/env python3
"""A multicast router of thirty lines: it forwards every flow to all interfaces except the one it came in on."""
import socket
import struct
import sys

MRT_INIT, MRT_ADD_VIF, MRT_ADD_MFC = 200, 202, 204
VIFF_USE_IFINDEX = 0x8
NOCACHE = 1

interfaces = sys.argv[1:]
kernel = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IGMP)
kernel.setsockopt(socket.IPPROTO_IP, MRT_INIT, 1)
for vif, name in enumerate(interfaces):
    # struct vifctl: number, flags, threshold, rate limit, interface index, remote address
    index = socket.if_nametoindex(name)
    vifctl = struct.pack("HBBIi4s", vif, VIFF_USE_IFINDEX, 1, 0, index, bytes(4))
    kernel.setsockopt(socket.IPPROTO_IP, MRT_ADD_VIF, vifctl)
print("ready", flush=True)

while True:
    packet = kernel.recv(2048)
    # An upcall is a struct igmpmsg in the place of an IP header: its protocol field is zero.
    if packet[9] != 0 or packet[8] != NOCACHE:
        continue
    came_in, source, group = packet[10], packet[12:16], packet[16:20]
    thresholds = bytes(0 if vif == came_in else 1 for vif in range(len(interfaces)))
    # struct mfcctl: source, group, incoming VIF, a threshold for each of 32 VIFs, four counters
    mfcctl = struct.pack("4s4sH32sIIIi", source, group, came_in, thresholds, 0, 0, 0, 0)
    kernel.setsockopt(socket.IPPROTO_IP, MRT_ADD_MFC, mfcctl)
