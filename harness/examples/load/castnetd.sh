#!/bin/sh
# castnetd, by its defaults, except that a flow of a slow source is not forgotten.
cat > /run/castnetd.toml <<'CONFIG'
interface = [{ name = "up" }, { name = "lan" }]
CONFIG
exec "${CASTNETD:-target/release/castnetd}" run /run/castnetd.toml
