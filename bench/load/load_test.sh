#!/bin/bash
# A few UEs through every phase, in both TLS versions: no error, all figures.
set -euo pipefail

load=$1
figures=$(mktemp)
for version in 1.2 1.3; do
  for shards in 1 2; do
    : > "$figures"
    out=$("$load" --tls=$version --shards=$shards --ues=30 --duration=300ms \
      --idle=100ms --in_flight=20 \
      --day=ping:4,reregister:2,message:2,reconnect:2 --figures="$figures" \
      --phases=handshake,handshake_resumed,visit,visit_resumed,register@200,reregister@200,reregister,ping,message,day,day@400,idle,leave,return@200)
    echo "$out"
    grep -q '^register: 30 in .*(asked for 200/s)' <<< "$out"
    grep -Eq '^reregister: (5[0-9]|60) in .*(asked for 200/s)' <<< "$out"
    grep -Eq '^message: [0-9]{2,} in .*(closed loop)' <<< "$out"
    grep -Eq '^day: [0-9]{2,} in .*(closed loop)' <<< "$out"
    grep -Eq '^day: 1(1[0-9]|20) in .*(asked for 400/s)' <<< "$out"
    grep -Eq '^  reconnect +p50 .* of [12][0-9]$' <<< "$out"
    grep -Eq '^ping: [0-9]{2,} in .*(closed loop)' <<< "$out"
    grep -q '^return: 30 in ' <<< "$out"
    grep -Eq 'p50 [0-9.]+ ms +p90 .* p99 .* p99.9 .* max [0-9.]+ ms' <<< "$out"
    grep -Eq 'proxy CPU +[0-9.]+ us each' <<< "$out"
    # A machine counts instructions in every phase, or says once that it cannot.
    counted=$(grep -c '"instructions_per_operation":[1-9]' "$figures") || true
    uncounted=$(grep -c '^no hardware counters$' <<< "$out") || true
    [[ $counted/$uncounted == 12/0 || $counted/$uncounted == 0/1 ]]
    grep -Eq 'PSS [0-9]+ bytes per idle registered UE' <<< "$out"
    grep -q '^errors: 0$' <<< "$out"
    [[ $(grep -c '"phase":.*"errors":0}$' "$figures") == 12 ]]
    grep -Eq '"phase":"day","rate":400,.*"ping":\{"done":[45].,.*"reregister":\{"done":[12].,.*"message":\{"done":[12].,.*"reconnect":\{"done":[12].,' "$figures"
    [[ $(grep -c '"phase":"idle","ues":30,"connected":30,' "$figures") == 1 ]]
    python3 -c 'import json,sys; [json.loads(l) for l in sys.stdin]' < "$figures"
  done
done
rm "$figures"

# All at once, and half of them may be in their handshake: nobody is turned away.
status=0
out=$("$load" --ues=400 --in_flight=400 --phases=register \
  --proxy_flags=--handshakes_max=200) || status=$?
echo "$out"
[[ $status == 0 ]]
grep -q '^register: 400 in ' <<< "$out"
grep -q '^errors: 0$' <<< "$out"

help=$("$load" --help)
grep -q 'no passwords and checks no digest' <<< "$help"

# It can fail: a proxy that does not know its UEs again is seen.
status=0
out=$("$load" --ues=3 --idle=0 --phases=register,leave,return \
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
status=0
"$load" --phases=reregister || status=$?
[[ $status == 2 ]]
status=0
"$load" --day=visit:1 || status=$?
[[ $status == 2 ]]
status=0
"$load" --phases=register,day --home_core=none --target=127.0.0.1:1 || status=$?
[[ $status == 2 ]]
status=0
"$load" --figures=/nonexistent/figures || status=$?
[[ $status == 2 ]]
