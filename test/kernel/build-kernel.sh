#!/usr/bin/env bash
# Builds the kernel of the test guest once and prints the folder it is kept in: bzImage, config, release, modules/.
# A change of the source package's version, of kernel.config or of kernel-recipe.sh makes another one.
# VMATTACH_KERNEL_PACKAGE picks the source (linux-source-6.12); by default it is the newest the archive has.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
VMATTACH_CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/vmattach"
# shellcheck source=private-apt.sh
. "$here/private-apt.sh"
# shellcheck source=lock.sh
. "$here/lock.sh"
# shellcheck source=kernel-recipe.sh
. "$here/kernel-recipe.sh"

newest_source_package() {
  private_apt kernel apt-cache search --names-only '^linux-source-[0-9]+\.[0-9]+$' | awk '{ print $1 }' | sort -V | tail -n 1
}

# $1 package
candidate_version() {
  private_apt kernel apt-cache policy "$1" | awk '/Candidate:/ { print $2 }'
}

recipe_digest() {
  cat "$here/kernel.config" "$here/kernel-recipe.sh" | sha256sum | cut -c1-16
}

# $1 package, $2 final folder, which appears only when it is complete
build() {
  if [ -e "$2" ]; then return; fi
  work="$(mktemp -d "$VMATTACH_CACHE/build.XXXXXX")"
  trap 'rm -rf "$work"' EXIT
  printf 'vmattach: building the test kernel from %s (once; 5-10 minutes on two CPUs)\n' "$1" >&2
  unpack_source "$1" "$work"
  configure "$work/source"
  mkdir "$work/result"
  compile "$work/source" "$work/result"
  mv -T "$work/result" "$2"
}

main() {
  local suites=(stable testing unstable "$(codename)-backports") package version kernel
  with_lock "$VMATTACH_CACHE/apt/lock" private_lists kernel - "${suites[@]}"
  package="${VMATTACH_KERNEL_PACKAGE:-$(newest_source_package)}"
  version="$(candidate_version "$package")"
  if [ -z "$version" ] || [ "$version" = '(none)' ]; then
    printf 'vmattach: no package %s in %s\n' "$package" "${suites[*]}" >&2
    exit 1
  fi
  kernel="$VMATTACH_CACHE/kernel/$package-$version-$(recipe_digest)"
  with_lock "$kernel.lock" build "$package" "$kernel"
  printf '%s\n' "$kernel"
}

main
