#!/usr/bin/env bash
# npm run test:kernel [-- PROFILE...]: runs the tests of each boot profile (all by default) in the test guest.
# Exit status 0 only if at least one test ran, and none failed.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck disable=SC2016 # the variable is the guest's
run_tests='node node_modules/vitest/vitest.mjs run --config test/kernel/vitest.config.mts \
  --reporter=default --reporter=json --outputFile.json="$VMATTACH_GUEST_RESULTS/tests.json"'

# $1 profile, $2 folder for its results
run_profile() {
  local status=0 started="$SECONDS"
  printf '== %s\n' "$1"
  VMATTACH_RESULTS="$2" "$here/guest.sh" "$1" -- "$run_tests" || status=$?
  printf '== %s: exit status %s after %s s\n' "$1" "$status" "$((SECONDS - started))"
  return "$status"
}

main() {
  local profiles=("$@") profile failed=0
  if [ "${#profiles[@]}" -eq 0 ]; then mapfile -t profiles < <(node "$here/profile.mjs" names); fi
  "$here/provision.sh"
  results="$(mktemp -d)"
  trap 'rm -rf "$results"' EXIT
  for profile in "${profiles[@]}"; do
    run_profile "$profile" "$results/$profile" || failed=1
  done
  node "$here/summary.mjs" "$results" "${profiles[@]}" || failed=1
  exit "$failed"
}

main "$@"
