"""Writes captures in which all frames differ, for `castnet diff`: one.pcap and other.pcap.

python3 differing.py FRAMES EVERY: of so many frames, each EVERYth is in both captures (0: none).
"""

import struct
import sys


def checksum(octets):
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)


def frame(number, variant):
    payload = struct.pack("!QQ", number, variant)
    port = 5000 + variant
    udp = struct.pack("!HHHH", port, port, 8 + len(payload), 0) + payload
    addresses = struct.pack("!II", 0x0A000000 + number, 0xEF010000 + number % 9999 + variant)
    head = struct.pack("!BBHHHBB", 0x45, 0, 20 + len(udp), 0, 0, 8 + variant, 17)
    head += checksum(head + addresses) + addresses
    ethernet = bytes.fromhex("01005e000001 020000000001 0800")
    return ethernet + head + udp


def main(frames, every):
    for name, variant in (("one.pcap", 1), ("other.pcap", 2)):
        with open(name, "wb") as file:
            file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
            for number in range(frames):
                octets = frame(number, 0 if every and number % every == 0 else variant)
                stamp = divmod(number, 1000000)
                file.write(struct.pack("<IIII", *stamp, len(octets), len(octets)) + octets)


main(int(sys.argv[1]), int(sys.argv[2]))
