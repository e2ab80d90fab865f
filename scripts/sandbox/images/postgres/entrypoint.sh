#!/bin/sh
# The part of the official image's contract that a service needs: a database
# made from POSTGRES_* on the first start, then the server as process 1.
set -eu

if [ "${1#-}" != "$1" ]; then set -- postgres "$@"; fi
if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
	user=${POSTGRES_USER:-postgres}
	: "${POSTGRES_PASSWORD_FILE:?set POSTGRES_PASSWORD_FILE}"
	mkdir -p "$PGDATA"
	chmod 700 "$PGDATA"
	# A user without an entry, as OpenShift chooses one, is nobody to initdb: as in the official image, it gets one here.
	if ! getent passwd "$(id -u)" >/dev/null; then
		NSS_WRAPPER_PASSWD=$(mktemp) NSS_WRAPPER_GROUP=/etc/group
		echo "postgres:x:$(id -u):$(id -g)::$PGDATA:/bin/false" >"$NSS_WRAPPER_PASSWD"
		export LD_PRELOAD=libnss_wrapper.so NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
	fi
	# shellcheck disable=SC2086 # several options in one variable
	initdb --username="$user" --pwfile="$POSTGRES_PASSWORD_FILE" --auth-host=scram-sha-256 ${POSTGRES_INITDB_ARGS:-}
	echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
	echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
	if [ "${POSTGRES_DB:-$user}" != postgres ]; then
		echo "CREATE DATABASE \"${POSTGRES_DB:-$user}\";" | postgres --single -j -D "$PGDATA" postgres >/dev/null
	fi
	if [ -n "${NSS_WRAPPER_PASSWD:-}" ]; then
		rm "$NSS_WRAPPER_PASSWD"
		unset LD_PRELOAD NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
	fi
fi
exec "$@"
