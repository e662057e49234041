"""A chain of nodes by pyroute2, as its documentation does it: one NetNS object for each node.

Reads the lines of `Chain::lines` from standard input; prints the seconds that the work took, the
start of the interpreter and its imports left out.
"""
import sys
import time

from pyroute2 import IPRoute, NetNS, netns


def up(nodes, links):
    spaces = {node: NetNS(node) for node in nodes}
    with IPRoute() as here:
        for number, (a, a_if, _, b, b_if, _) in enumerate(links):
            here.link("add", ifname=a_if, kind="veth", net_ns_fd=a,
                      peer={"ifname": b_if, "net_ns_fd": b})
    for space in spaces.values():
        space.link("set", index=1, state="up")
    for a, a_if, a_addr, b, b_if, b_addr in links:
        for node, ifname, address in ((a, a_if, a_addr), (b, b_if, b_addr)):
            space = spaces[node]
            index = space.link_lookup(ifname=ifname)[0]
            ip, prefix = address.split("/")
            space.addr("add", index=index, address=ip, prefixlen=int(prefix))
            space.link("set", index=index, state="up")
    for space in spaces.values():
        space.close()


def down(nodes, _links):
    for node in nodes:
        netns.remove(node)


def main():
    lines = [line.split() for line in sys.stdin]
    nodes = [words[1] for words in lines if words[0] == "node"]
    links = [words[1:] for words in lines if words[0] == "link"]
    work = {"up": up, "down": down}[sys.argv[1]]
    start = time.monotonic()
    work(nodes, links)
    print(time.monotonic() - start, flush=True)


main()
