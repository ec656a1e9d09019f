#!/bin/sh
# Starts and stops a PostgreSQL server for the tests: an own cluster in an own folder, on a free port of the loopback
# address, run by an unprivileged user, thrown away afterwards.
#
#   url=$(tests/servers/postgres.sh start FOLDER)     prints the URL of an empty database
#   tests/servers/postgres.sh stop FOLDER
#
# It has TLS by a certificate authority of its own, FOLDER/ca.pem, a Unix socket in FOLDER/data, and asks members of the
# role `guarded` for a password.
#
# Exits 77 (skipped) where there is no PostgreSQL. LILONG_POSTGRES_BIN names the folder of its programs.
set -eu

usage() {
    echo "usage: $0 start|stop FOLDER" >&2
    exit 2
}

[ $# -eq 2 ] || usage
action=$1 folder=$2
here=$(cd "$(dirname "$0")" && pwd)

programs() {
    if [ -n "${LILONG_POSTGRES_BIN:-}" ]; then
        echo "$LILONG_POSTGRES_BIN"
    elif command -v initdb > /dev/null 2>&1; then
        dirname "$(readlink -f "$(command -v initdb)")"
    else
        # Debian keeps them out of the path; the newest version comes last.
        ls -d /usr/lib/postgresql/*/bin 2> /dev/null | sort -V | tail -n 1
    fi
}

bin=$(programs)
if [ -z "$bin" ] || [ ! -x "$bin/initdb" ]; then
    echo "no PostgreSQL here" >&2
    exit 77
fi

# The server refuses to be run by root.
unprivileged() {
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
    elif id postgres > /dev/null 2>&1; then
        setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
    else
        setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$@"
    fi
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

case $action in
start)
    mkdir -p "$folder"
    [ "$(id -u)" -ne 0 ] || chown "$(id -u postgres 2> /dev/null || id -u nobody)" "$folder"
    cd "$folder"
    "$here/certificates.sh" . > certificates.log 2>&1 || {
        cat certificates.log >&2
        exit 1
    }
    [ "$(id -u)" -ne 0 ] || chown "$(id -u postgres 2> /dev/null || id -u nobody)" server.key
    unprivileged "$bin/initdb" -D data -U lilong -A trust -E UTF8 --locale=C.UTF-8 --no-sync > initdb.log 2>&1 || {
        cat initdb.log >&2
        exit 1
    }
    printf 'host all +guarded 127.0.0.1/32 scram-sha-256\n%s\n' "$(cat data/pg_hba.conf)" > hba
    cat hba > data/pg_hba.conf
    port=$(free_port)
    cat >> data/postgresql.conf <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = '.'
ssl = on
ssl_cert_file = '../server.pem'
ssl_key_file = '../server.key'
fsync = off
max_connections = 200
logging_collector = off
CONF
    unprivileged "$bin/pg_ctl" -D data -l server.log -w -t 60 start > /dev/null || {
        cat server.log >&2
        exit 1
    }
    "$bin/psql" -q "postgres://lilong@127.0.0.1:$port/postgres" -c 'CREATE ROLE guarded' > /dev/null
    echo "postgres://lilong@127.0.0.1:$port/postgres"
    ;;
stop)
    unprivileged "$bin/pg_ctl" -D "$folder/data" -m immediate -w stop > /dev/null
    ;;
*) usage ;;
esac
