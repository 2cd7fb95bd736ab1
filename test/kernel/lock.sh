# shellcheck shell=bash
# Sourced. Keeps two runs from making the same thing at once.

# $1 lock file; $2... what to do while nobody else holds it
with_lock() {
  local file="$1"
  shift
  mkdir -p "${file%/*}"
  (
    flock 9
    "$@"
  ) 9>"$file"
}
