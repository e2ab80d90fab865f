#!/bin/sh
# The registry keeps what is pushed in a volume. The stand-ins for public images
# lie in /seed and are copied in once for each SEED, the key of this image: a new
# image serves its new stand-ins and keeps what was pushed. What lies in a
# registry is named by its hash, so that a copy over another adds and nothing else.
set -eu

data=${REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY:?}
if [ -n "${SEED:-}" ] && [ "$(cat "$data/seed" 2>/dev/null)" != "$SEED" ]; then
	mkdir -p "$data"
	cp -a /seed/. "$data/"
	echo "$SEED" >"$data/seed"
fi
exec docker-registry serve /etc/docker/config.yml
