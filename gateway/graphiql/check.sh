#!/bin/sh
# Says whether graphiql.tar is what the sources here make. Prints one line; exits 0 if it is, 1 if not or if it cannot tell.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! (cmp -s package-lock.json node_modules/.lilong-lock 2>/dev/null ||
    { npm ci --prefer-offline --loglevel=error && cp package-lock.json node_modules/.lilong-lock; }) >"$work/log" 2>&1; then
    echo "graphiql.tar: not checked, npm ci failed: $(tail -n 1 "$work/log")"
    exit 1
fi
if ! node build.mjs "$work/graphiql.tar" >"$work/log" 2>&1; then
    echo "graphiql.tar: not checked, the build failed: $(grep -m 1 -i error "$work/log")"
    exit 1
fi
if ! cmp -s "$work/graphiql.tar" graphiql.tar; then
    echo "graphiql.tar: differs from what the sources make; run: npm ci && npm run build"
    exit 1
fi
echo "graphiql.tar: as built ($(wc -c <graphiql.tar) bytes)"
