# shellcheck shell=bash disable=SC2154
# Sourced by build-kernel.sh, and part of the key a built kernel is kept under: a change here builds another one.
# Needs: here (this folder), private_apt.

# $1 package, $2 folder to unpack the kernel tree into
unpack_source() {
  mkdir -p "$2/deb" "$2/source"
  (cd "$2/deb" && private_apt kernel apt-get -q download "$1" >&2 && dpkg-deb -x ./*.deb tree)
  tar -xf "$2/deb/tree/usr/src/$1".tar.* -C "$2/source" --strip-components=1
  rm -rf "$2/deb"
}

# $1 kernel tree
configure() {
  make -C "$1" -s tinyconfig >&2
  (cd "$1" && scripts/kconfig/merge_config.sh -m .config "$here/kernel.config" >/dev/null)
  make -C "$1" -s olddefconfig >&2
  verify_config "$1/.config"
}

# $1 .config. Every symbol asked for must have been granted: Kconfig drops one with an unmet dependency without a word.
verify_config() {
  local line symbol missing=0
  while read -r line; do
    symbol="${line%%=*}"
    if [ "${line#*=}" = n ] && ! grep -q "^$symbol=" "$1"; then continue; fi
    if grep -qx "$line" "$1"; then continue; fi
    if grep -qx "$symbol" "$here/kernel.optional"; then
      printf 'vmattach: this kernel has no %s\n' "$symbol" >&2
    else
      printf 'vmattach: %s did not stick\n' "$line" >&2
      missing=1
    fi
  done < <(grep '^CONFIG_' "$here/kernel.config")
  return "$missing"
}

# $1 kernel tree, $2 folder for the results
compile() {
  nice make -C "$1" -s -j"$(nproc)" bzImage modules >&2
  make -C "$1" -s INSTALL_MOD_PATH="$2" INSTALL_MOD_STRIP=1 modules_install >&2
  mv "$2/lib/modules" "$2/modules"
  rmdir "$2/lib"
  rm -f "$2"/modules/*/build "$2"/modules/*/source
  cp "$1/arch/x86/boot/bzImage" "$2/bzImage"
  cp "$1/.config" "$2/config"
  make -C "$1" -s kernelrelease >"$2/release"
}
