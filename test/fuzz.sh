#!/bin/sh
# Runs every fuzz target for a while, one after the other.
set -eu

for file in $(git ls-files '*_test.go' | xargs grep -l '^func Fuzz'); do
	dir=$(dirname "$file")
	for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p' "$file"); do
		echo "$dir $target"
		"$GO" test "./$dir" -run '^$' -fuzz "^$target\$" -fuzztime "$FUZZTIME"
	done
done
