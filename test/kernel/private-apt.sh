# shellcheck shell=bash
# Sourced. apt with its own package lists in the cache: suites newer than this machine's become visible to the calls
# made here and to nothing else; the machine's apt configuration stays as it is. Needs VMATTACH_CACHE.

DEBIAN_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
LISTS_MAX_AGE_MINUTES=1440

# Prints "uri release component" of every Debian index this machine uses.
own_indexes() {
  # shellcheck disable=SC2016 # the fields are apt's
  apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk '$1 == "Debian" { print $2, $3, $4 }' | sort -u
}

codename() {
  local VERSION_CODENAME=''
  # shellcheck source=/dev/null
  . /etc/os-release
  printf '%s\n' "${VERSION_CODENAME:-unstable}"
}

# Prints the URI of the main archive: the one that serves this machine's release itself.
main_archive() {
  own_indexes | awk -v release="$(codename)" '$2 == release || $2 == "stable" || $2 == "testing" || $2 == "unstable" || $2 == "sid" { print $1; exit }'
}

# $1 name of a private set; $2... an apt-get or apt-cache command. Container images turn apt's caches off, hence their names.
private_apt() {
  local dir="$VMATTACH_CACHE/apt/$1" command="$2"
  shift 2
  "$command" -o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts=- -o Dir::Etc::Preferences=/dev/null \
    -o Dir::Etc::PreferencesParts=/dev/null -o APT::Default-Release= -o Dir::State::Lists="$dir/lists" -o Dir::Cache="$dir/cache" \
    -o Dir::Cache::pkgcache=pkgcache.bin -o Dir::Cache::srcpkgcache=srcpkgcache.bin -o APT::Sandbox::User=root "$@"
}

# $1 archive URI, $2 suite, $3 scratch file
suite_is_served() {
  /usr/lib/apt/apt-helper -o APT::Sandbox::User=root download-file "$1dists/$2/InRelease" "$3" >/dev/null 2>&1
}

# $1 scratch file, $2 whether the machine's own indexes come first (own|-), $3... suites of the main archive to add, if it serves them
source_lines() {
  local scratch="$1" own="$2" archive suite
  shift 2
  archive="$(main_archive)"
  if [ "$own" = own ]; then own_indexes | sed "s|^|deb [signed-by=$DEBIAN_KEYRING] |"; fi
  for suite in "$@"; do
    if suite_is_served "$archive" "$suite" "$scratch"; then
      printf 'deb [signed-by=%s] %s %s main\n' "$DEBIAN_KEYRING" "$archive" "$suite"
    fi
  done
}

# $1 name of a private set; the rest as for source_lines. Lists younger than a day are kept, older ones too if the archive is out of reach.
private_lists() {
  local name="$1" dir="$VMATTACH_CACHE/apt/$1"
  shift
  if [ -n "$(find "$dir/updated" -mmin "-$LISTS_MAX_AGE_MINUTES" 2>/dev/null)" ]; then return; fi
  mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
  source_lines "$dir/probe" "$@" >"$dir/sources.list.next"
  if [ -s "$dir/sources.list.next" ] && mv "$dir/sources.list.next" "$dir/sources.list" && private_apt "$name" apt-get -q update >&2; then
    touch "$dir/updated"
  elif [ ! -e "$dir/updated" ]; then
    printf 'vmattach: no Debian archive can be reached; the apt configuration of this machine names: %s\n' "$(main_archive)" >&2
    return 1
  fi
}
