#!/bin/sh
# Makes a certificate authority and a certificate of a server on this machine, for tests of TLS.
#
#   tests/servers/certificates.sh FOLDER     makes ca.pem, server.pem and server.key in FOLDER
set -eu

[ $# -eq 1 ] || {
    sed -n '2,4p' "$0" >&2
    exit 2
}
cd "$1"
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=tests of lilong" -keyout ca.key -out ca.pem \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign"
openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" -keyout server.key -out server.csr
cat > server.ext <<EXT
subjectAltName = DNS:localhost, IP:127.0.0.1
extendedKeyUsage = serverAuth
basicConstraints = critical, CA:FALSE
EXT
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile server.ext -out server.pem
chmod 600 server.key ca.key
