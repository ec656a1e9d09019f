#!/usr/bin/env bash
# A MariaDB server for tests: small, on a free port of the loopback address, never as root.
#
#   tests/servers/mariadb.sh start FOLDER    makes the server in FOLDER, an empty or missing folder, and prints its URL
#   tests/servers/mariadb.sh stop FOLDER     stops it
#
# It has TLS by a certificate authority of its own, FOLDER/ca.pem, and a Unix socket, FOLDER/socket.
#
# Exit codes: 0 done, 2 usage, 3 there is no server program, 4 it did not start (its log is FOLDER/server.log).
set -euo pipefail

usage() {
    sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

[ $# -eq 2 ] || usage
folder=$2
here=$(cd "$(dirname "$0")" && pwd)

start() {
    local server install port user=()
    server=$(PATH=$PATH:/usr/sbin:/usr/local/sbin command -v mariadbd) || {
        echo "mariadbd is not installed" >&2
        exit 3
    }
    install=$(command -v mariadb-install-db) || {
        echo "mariadb-install-db is not installed" >&2
        exit 3
    }
    mkdir -p "$folder/data"
    folder=$(cd "$folder" && pwd)
    if [ "$(id -u)" -eq 0 ]; then
        user=(--user=nobody)
        chown nobody "$folder" "$folder/data"
        # The way to the folder must be open to it.
        chmod a+x "$folder"
    fi
    "$here/certificates.sh" "$folder" >"$folder/certificates.log" 2>&1 || {
        cat "$folder/certificates.log" >&2
        exit 4
    }
    [ "$(id -u)" -ne 0 ] || chown nobody "$folder/server.key"
    "$install" --no-defaults "${user[@]}" --datadir="$folder/data" --auth-root-authentication-method=normal \
        --skip-test-db >"$folder/install.log" 2>&1 || {
        cat "$folder/install.log" >&2
        exit 4
    }
    for _ in 1 2 3 4 5; do
        port=$((20000 + RANDOM % 10000))
        if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            continue
        fi
        "$server" --no-defaults "${user[@]}" --datadir="$folder/data" --socket="$folder/socket" \
            --pid-file="$folder/pid" --log-error="$folder/server.log" --bind-address=127.0.0.1 --port="$port" \
            --skip-name-resolve --innodb-buffer-pool-size=64M --innodb-log-file-size=16M \
            --innodb-flush-log-at-trx-commit=0 --innodb-flush-method=nosync --performance-schema=OFF --aria-pagecache-buffer-size=8M \
            --innodb-file-per-table=OFF --key-buffer-size=1M --max-connections=200 \
            --ssl-ca="$folder/ca.pem" --ssl-cert="$folder/server.pem" --ssl-key="$folder/server.key" --max-allowed-packet=64M </dev/null >/dev/null 2>&1 &
        local pid=$!
        for _ in $(seq 1 300); do
            if [ -S "$folder/socket" ] && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
                echo "mysql://root@127.0.0.1:$port/mysql"
                exit 0
            fi
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        kill "$pid" 2>/dev/null || true
    done
    tail -20 "$folder/server.log" >&2 || true
    exit 4
}

stop() {
    local pid
    [ -f "$folder/pid" ] || exit 0
    pid=$(cat "$folder/pid")
    kill "$pid" 2>/dev/null || exit 0
    for _ in $(seq 1 300); do
        kill -0 "$pid" 2>/dev/null || exit 0
        sleep 0.1
    done
    echo "the server $pid does not stop" >&2
    exit 4
}

case $1 in
start) start ;;
stop) stop ;;
*) usage ;;
esac
