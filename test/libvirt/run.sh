#!/usr/bin/env bash
# npm run test:libvirt [-- SUITE...]: runs the tests with the libvirt and the QEMU of each Debian suite (all by default) in the
# test guest. Exit status 0 only if at least one test ran, and none failed.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
kernel="$here/../kernel"
# libvirt 11.3, which knows type1 only, and the newest, which has a form for iommufd.
SUITES=(trixie unstable)
# shellcheck disable=SC2016 # the variable is the guest's
run_tests='bash test/libvirt/start-libvirt.sh && node node_modules/vitest/vitest.mjs run --config test/libvirt/vitest.config.mts \
  --reporter=default --reporter=json --outputFile.json="$VMATTACH_GUEST_RESULTS/tests.json"'

# $1 suite, $2 folder for its results
run_suite() {
  local status=0 started="$SECONDS" root
  printf '== libvirt of %s\n' "$1"
  mkdir -p "$2"
  "$kernel/nested/initramfs.sh" "$2/initramfs.gz"
  root="$("$here/root.sh" "$1")" || return 1
  VMATTACH_LIBVIRT_SUITE="$1" VMATTACH_GUEST_ROOT="$root" VMATTACH_RESULTS="$2" "$kernel/guest.sh" vtd -- "$run_tests" || status=$?
  printf '== libvirt of %s: exit status %s after %s s\n' "$1" "$status" "$((SECONDS - started))"
  return "$status"
}

main() {
  local suites=("$@") suite failed=0
  if [ "${#suites[@]}" -eq 0 ]; then suites=("${SUITES[@]}"); fi
  "$kernel/provision.sh"
  results="${VMATTACH_RESULTS:-}"
  if [ -z "$results" ]; then
    results="$(mktemp -d)"
    trap 'rm -rf "$results"' EXIT
  fi
  for suite in "${suites[@]}"; do
    run_suite "$suite" "$results/$suite" || failed=1
  done
  node "$kernel/summary.mjs" "$results" "${suites[@]}" || failed=1
  exit "$failed"
}

main "$@"
