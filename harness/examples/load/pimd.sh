#!/bin/sh
# pimd 2.3 (IPv4): it forwards some 20 s after its start.
cat > /run/pimd.conf <<'CONFIG'
phyint up enable
phyint lan enable
rp-address 10.0.1.2 224.0.0.0/4
CONFIG
exec pimd -f -s info -c /run/pimd.conf
