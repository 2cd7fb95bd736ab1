#!/usr/bin/env bash
# npm run test:peer [-- FILE...]: gives the same inputs to vmattach and to the QEMU of this machine (10 or later), which is installed
# on Debian as root; anywhere else it is said what is missing.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cd "$here/../.."
test/kernel/provision.sh
exec node node_modules/vitest/vitest.mjs run --config test/peer/vitest.config.mts "$@"
