#!/usr/bin/env bash
# Formats the C++ sources by .clang-format.
# usage: format.sh [--check]   With --check: changes nothing and fails on a file not formatted.
source "$(dirname "${BASH_SOURCE[0]}")/setup/lib.sh"

cd "$repo_root"
mapfile -t files < <(git ls-files --cached --others --exclude-standard -- '*.cc' '*.h')
case ${1:-} in
  --check) clang-format-14 --dry-run --Werror "${files[@]}" ;;
  '') clang-format-14 -i "${files[@]}" ;;
  *) die "usage: format.sh [--check]" ;;
esac
say "${#files[@]} files are formatted"
