#!/usr/bin/env bash
# test/kernel/nested/initramfs.sh FILE: builds the archive that a nested guest boots from; its one program is init.c.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

main() {
  work="$(mktemp -d)"
  trap 'rm -rf "$work"' EXIT
  mkdir "$work/tree"
  gcc -std=gnu17 -Os -static -s -Wall -Wextra -Werror -o "$work/tree/init" "$here/init.c"
  (cd "$work/tree" && echo init | cpio --quiet -o -H newc | gzip -1) >"$1.part"
  mv "$1.part" "$1"
}

main "$@"
