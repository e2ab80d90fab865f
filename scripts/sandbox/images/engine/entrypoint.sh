#!/bin/sh
set -eu
mkdir -p /run/dagger
# Networks for containers are made ahead of time: an exec then starts at once.
exec tini -- dagger-engine --config /etc/dagger/engine.toml --oci-cni-pool-size 16
