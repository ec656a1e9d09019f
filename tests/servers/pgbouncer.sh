#!/bin/sh
# Starts and stops a PgBouncer for the tests, in front of a PostgreSQL server that trusts its clients.
#
#   url=$(tests/servers/pgbouncer.sh start FOLDER POSTGRES-URL)     prints the URL of the same database behind it
#   tests/servers/pgbouncer.sh stop FOLDER
#
# Each transaction may have another connection, and there are few: what a session keeps is gone or somebody else's.
# Exits 77 (skipped) where there is no PgBouncer.
set -eu

usage() {
    sed -n '4,5p' "$0" >&2
    exit 2
}

[ $# -ge 2 ] || usage
action=$1 folder=$2
program=$(PATH=$PATH:/usr/sbin command -v pgbouncer) || {
    echo "no PgBouncer here" >&2
    exit 77
}

# It refuses to be run by root.
unprivileged() {
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
    else
        setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$@"
    fi
}

case $action in
start)
    [ $# -eq 3 ] || usage
    address=${3#*@}
    address=${address%%/*}
    mkdir -p "$folder"
    [ "$(id -u)" -ne 0 ] || chown nobody "$folder"
    cd "$folder"
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    cat > pgbouncer.ini <<INI
[databases]
* = host=${address%:*} port=${address##*:}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = $port
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
max_client_conn = 500
server_reset_query_always = 1
logfile = $PWD/pgbouncer.log
pidfile = $PWD/pgbouncer.pid
INI
    # Without authentication it logs in as whom the database's line names.
    sed -i "s|^\* = .*|& user=lilong|" pgbouncer.ini
    unprivileged "$program" -d pgbouncer.ini > start.log 2>&1 || {
        cat start.log >&2
        exit 1
    }
    echo "postgres://lilong@127.0.0.1:$port/${3##*/}"
    ;;
stop)
    [ -f "$folder/pgbouncer.pid" ] && kill "$(cat "$folder/pgbouncer.pid")"
    ;;
*) usage ;;
esac
