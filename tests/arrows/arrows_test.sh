#!/bin/bash
# Lays the packages of wrong/ over the tree, so that they stand in core/, net/
# and proxy/, and asks Bazel to build them. Each must be refused for its reason.
set -euo pipefail

root=$(dirname "$(realpath "${1:-WORKSPACE}")")
scratch=${TEST_TMPDIR:?run it as bazel test //tests/arrows:arrows_test}
log=$scratch/log

# Who may not depend on whom: refused before anything is compiled.
hidden=(
  "//core/wrong:sees_net //net:limits"
  "//core/wrong:sees_boringssl @boringssl//:ssl"
  "//core/wrong:sees_io_uring @liburing//:liburing"
  "//core/wrong:sees_dns //net/dns:resolver"
  "//core/wrong:sees_xml @pugixml//:pugixml"
  "//net/wrong:sees_protocol //core/sip:message"
  "//net/wrong:sees_boringssl @boringssl//:ssl"
  "//net/wrong:sees_admin @httplib//:httplib"
  "//proxy/wrong:sees_boringssl @boringssl//:ssl"
  "//proxy/wrong:sees_io_uring @liburing//:liburing"
  "//proxy/wrong:sees_cares @cares//:cares"
)
# Who includes what it does not depend on: the sandbox has no such header; and
# OpenSSL's, where the machine has them, stop with an #error.
undeclared=(
  "//core/wrong:undeclared_net net/limits.h: No such file"
  "//net/wrong:undeclared_openssl (openssl/ssl.h: No such file|#error OPENSSL)"
)
# And one that is right, so that a tree where nothing builds is no success.
accepted=//core/wrong:sees_base

main() {
  cd "$root"
  bazel --batch --output_user_root="$scratch/user" \
    --output_base="$scratch/base" build --keep_going --jobs=2 \
    --package_path="$root:$root/tests/arrows/wrong" \
    --spawn_strategy=linux-sandbox,processwrapper-sandbox \
    --experimental_convenience_symlinks=ignore \
    "${hidden[@]%% *}" "${undeclared[@]%% *}" "$accepted" > "$log" 2>&1 || true

  local row failed=0
  for row in "${hidden[@]}"; do
    expect "${row%% *}" \
      "target '${row#* }' is not visible from target '${row%% *}'"
  done
  for row in "${undeclared[@]}"; do
    expect "${row%% *}" "error: ${row#* }"
  done
  if ! compgen -G \
    "$scratch/base/execroot/*/bazel-out/*/bin/core/wrong/libsees_base.a"; then
    echo "NOT BUILT: $accepted"
    failed=1
  fi
  [ $failed -eq 0 ] || cat "$log"
  exit $failed
}

expect() {
  if grep -qE -e "$2" "$log"; then
    echo "refused, as it must be: $1"
  else
    echo "NOT REFUSED: $1"
    failed=1
  fi
}

main
