#!/usr/bin/env bash
# test/libvirt/root.sh SUITE: makes a system root of a Debian suite (trixie, unstable) with libvirt, its QEMU and Node, once, and
# prints the folder it is kept in. Nothing of it runs here and nothing is installed on this machine: the packages are unpacked,
# and the test guest boots into them. Another version of libvirt or QEMU, or a change of this file, makes another root.
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
VMATTACH_CACHE="${XDG_CACHE_HOME:-$HOME/.cache}/vmattach"
# shellcheck source=../kernel/private-apt.sh
. "$here/../kernel/private-apt.sh"
# shellcheck source=../kernel/lock.sh
. "$here/../kernel/lock.sh"

# libvirt-daemon-driver-qemu wants systemd or sysvinit; neither is started, and the latter is smaller.
PACKAGES=(
  '?essential' libvirt-daemon-driver-qemu libvirt-daemon libvirt-clients qemu-system-x86 nodejs
  busybox-static kmod sysvinit-core systemd-standalone-sysusers
)
LIBVIRT_QEMU_ID=64055

# $1 suite, $2 package
candidate_version() {
  private_apt "$1" apt-cache policy "$2" | awk '/Candidate:/ { print $2 }'
}

# $1 suite
root_name() {
  local libvirt qemu
  libvirt="$(candidate_version "$1" libvirt-daemon-driver-qemu)"
  qemu="$(candidate_version "$1" qemu-system-x86)"
  if [ -z "$libvirt" ] || [ "$libvirt" = '(none)' ]; then
    printf 'vmattach: the Debian archive of this machine has no libvirt in %s\n' "$1" >&2
    return 1
  fi
  printf '%s-%s-%s\n' "$1" "$libvirt" "$({ echo "$qemu"; cat "$here/root.sh"; } | sha256sum | cut -c1-16)"
}

# $1 suite, $2 scratch folder. An empty status file makes apt believe that nothing is installed.
download() {
  mkdir -p "$2/debs/partial"
  : >"$2/status"
  private_apt "$1" apt-get -qq -y -d -o Dir::State::status="$2/status" -o Dir::Cache::archives="$2/debs" \
    -o APT::Install-Recommends=false install "${PACKAGES[@]}" >&2
}

# $1 folder with packages, $2 root
unpack() {
  local folder package
  for folder in bin sbin lib lib64; do
    mkdir -p "$2/usr/$folder"
    ln -s "usr/$folder" "$2/$folder"
  done
  for package in "$1"/*.deb; do dpkg-deb -x "$package" "$2"; done
}

# $1 root. What the packages' own scripts would have made.
configure() {
  local file
  for file in passwd group; do sed 's/:\*:/:x:/' "$1/usr/share/base-passwd/$file.master" >"$1/etc/$file"; done
  printf 'libvirt-qemu:x:%s:994:Libvirt Qemu:/var/lib/libvirt:/usr/sbin/nologin\n' "$LIBVIRT_QEMU_ID" >>"$1/etc/passwd"
  printf 'kvm:x:994:libvirt-qemu\nlibvirt:x:995:\nlibvirt-qemu:x:%s:libvirt-qemu\n' "$LIBVIRT_QEMU_ID" >>"$1/etc/group"
  chown -R "$LIBVIRT_QEMU_ID:$LIBVIRT_QEMU_ID" "$1/var/lib/libvirt/qemu"
  chmod 750 "$1/var/lib/libvirt/qemu"
  rm -rf "$1/var/run" "$1/var/lock"
  ln -s /run "$1/var/run"
  ln -s /run/lock "$1/var/lock"
}

# $1 suite, $2 final folder, which appears only when it is complete
build() {
  if [ -e "$2" ]; then return; fi
  work="$(mktemp -d "$VMATTACH_CACHE/build.XXXXXX")"
  trap 'rm -rf "$work"' EXIT
  printf 'vmattach: making a system root of Debian %s with libvirt (once; under a minute)\n' "$1" >&2
  mkdir -m 755 "$work/root"
  download "$1" "$work"
  unpack "$work/debs" "$work/root"
  configure "$work/root"
  mv -T "$work/root" "$2"
}

main() {
  local root
  if [ "$(id -u)" -ne 0 ]; then
    printf 'vmattach: the files of a system root belong to root: run this as root\n' >&2
    exit 1
  fi
  with_lock "$VMATTACH_CACHE/apt/lock" private_lists "$1" - "$1"
  root="$VMATTACH_CACHE/libvirt/$(root_name "$1")"
  with_lock "$root.lock" build "$1" "$root"
  printf '%s\n' "$root"
}

main "$@"
