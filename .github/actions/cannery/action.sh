#!/usr/bin/env bash
# action.sh STEP: what the steps of action.yml do. Inputs come as variables: put into
# a script's text, they would be code.
set -euo pipefail

source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
bin=${RUNNER_TEMP//\\//}/cannery # of Windows, too

# An action is unpacked without its repository: the files say which source it is.
identify() {
	cd "$source"
	printf 'id=%s\n' "$(find go.mod go.sum cmd fixtures recorder replay -type f | LC_ALL=C sort | tr '\n' '\0' | xargs -0 cat | git hash-object --stdin)" >>"$GITHUB_OUTPUT"
}

build() {
	command -v go >/dev/null || {
		echo '::error::cannery is built with Go: let actions/setup-go run before'
		exit 1
	}
	mkdir -p "$bin"
	cd "$source"
	# -buildvcs=false: where the action's own repository runs it, its owner may be another.
	go build -buildvcs=false -ldflags "-s -w -X main.releaseVersion=${GITHUB_ACTION_REF:-}" -o "$bin/" ./cmd/cannery
}

install() {
	printf '%s\n' "$bin" >>"$GITHUB_PATH"
	"$bin/cannery" version
}

check() { cannery export --check "$FIXTURES"; }

run() {
	# What the run came to stands on the job's page, unless FLAGS name another file.
	# shellcheck disable=SC2086 # flags are words
	cannery run ${GITHUB_STEP_SUMMARY:+--report-markdown "$GITHUB_STEP_SUMMARY"} $FLAGS --fixtures "$FIXTURES" -- bash -e -o pipefail -c "$COMMAND"
}

case ${1-} in
identify | build | install | check | run) "$1" ;;
*)
	echo "action.sh: unknown step \"${1-}\"" >&2
	exit 2
	;;
esac
