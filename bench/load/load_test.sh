#!/bin/bash
# A few UEs through every phase, in both TLS versions: no error, all figures.
set -euo pipefail

load=$1
for version in 1.2 1.3; do
  for shards in 1 2; do
    out=$("$load" --tls=$version --shards=$shards --ues=30 --register_rate=200 \
      --rate=200 --duration=500ms --idle=100ms --resume)
    echo "$out"
    grep -q '^register: 30 in .* registrations/s' <<< "$out"
    grep -q '^reregister: 100 in ' <<< "$out"
    grep -q '^resume: 30 in ' <<< "$out"
    grep -Eq 'p50 [0-9.]+ ms +p90 .* p99 .* p99.9 .* max [0-9.]+ ms' <<< "$out"
    grep -Eq 'proxy CPU +[0-9.]+ us per REGISTER' <<< "$out"
    grep -Eq 'PSS [0-9]+ bytes per idle registered UE' <<< "$out"
    grep -q '^errors: 0$' <<< "$out"
  done
done

"$load" --help | grep -q 'no passwords and checks no digest'

# It can fail: a proxy that does not know its UEs again is seen.
status=0
out=$("$load" --ues=3 --duration=0 --idle=0 --resume \
  --proxy_flags=--resumption_policy=fresh) || status=$?
echo "$out"
[[ $status == 1 ]]
grep -q '^errors: 6 status=3 core=3$' <<< "$out"

status=0
"$load" --proxy=/nonexistent || status=$?
[[ $status == 2 ]]
status=0
"$load" --ues=0 || status=$?
[[ $status == 2 ]]
