#!/bin/bash
# Real clients of real APIs, against a stand-in origin whose answers are as noisy as
# real ones:
#
#     [CANNERY=PATH] [KEEP=DIR] testutil/examples/clients/run.sh [NAME...]
#
# Each is recorded, exported, run again, imported elsewhere, run offline on another
# port with the origin gone, and recorded anew onto the exported fixtures: in a new
# store that is exported, and twice by run --record. A line for each says how many
# requests it made, how many of them were hits in the second live run and offline,
# and how many files git calls changed after the export and after the last
# recording. What could not be installed is skipped, and said. The exit code is 1
# when a client failed, or missed offline. With KEEP what was recorded and printed
# stays there.
set -u
work=${KEEP:-$(mktemp -d)}
mkdir -p "$work/node" || exit
work=$(cd "$work" && pwd) || exit
cannery=$work/cannery
if [ -n "${CANNERY:-}" ]; then
	cannery=$(command -v "$CANNERY") && cannery=$(readlink -f "$cannery") || { echo "there is no $CANNERY" >&2; exit 2; }
fi
cd "$(dirname "$0")" || exit
here=$PWD
origin_pid='' proxy_pid='' mock_pid=''
end() {
	kill $origin_pid $proxy_pid $mock_pid 2>/dev/null
	wait 2>/dev/null
	[ -n "${KEEP:-}" ] || rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT TERM
for v in $(compgen -e); do case $v in CANNERY_* | REDIS* | CACHE_* | GIT_* | *_proxy | *_PROXY) unset "$v" ;; esac; done
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.test GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.test

[ "$cannery" != "$work/cannery" ] || go build -o "$cannery" example.com/cannery/cmd/cannery || exit
go build -o "$work/origin" ./origin || exit

# rules NAME sets what the client's requests need to be told.
rules() {
	rules=()
	case $1 in
	openai | anthropic | graphql) rules=(--cache-method POST) ;;
	elasticsearch) rules=(--cache-method 'POST /*/_search' --cache-method 'POST /_msearch' --cache-method 'POST /*/_count') ;;
	soap) rules=(--cache-method POST --ignore 'xml://Timestamp/Created' --ignore 'xml://Timestamp/Expires' --ignore 'xml://Timestamp/@Id' --ignore 'xml://UsernameToken') ;;
	ws) rules=(--echo 'json:$.id') ;;
	oauth)
		rules=(--ignore query:state --ignore query:code_challenge --ignore form:code_verifier --ignore form:client_assertion)
		rules+=(--volatile header:Location --volatile 'regexp:[?;&]state=([^"&]+)') # the state comes back
		;;
	esac
}

# ready FILE: wait until it has a line, and print it.
ready() {
	for _ in $(seq 200); do
		[ -s "$1" ] && { head -1 "$1"; return; }
		sleep .05
	done
	echo "nothing came to be in $1" >&2
	return 1
}

# The origin is begun anew for each recording, on a port of its own.
start_origin() {
	local command=("$work/origin" ${mock:+-behind "$mock"} "$name")
	[ "$name" != ws ] || command=(node "$work/node/ws-origin.mjs")
	: >"$1/origin"
	"${command[@]}" >"$1/origin" 2>>"$1/talk" &
	origin_pid=$!
	origin=$(ready "$1/origin")
}
stop_origin() { kill $origin_pid; wait $origin_pid 2>/dev/null; origin_pid=''; }

start_proxy() {
	local dir=$1
	shift
	rm -f "$dir/ready"
	"$cannery" start --port 0 --log off --ready-file "$dir/ready" "$@" >>"$dir/talk" 2>&1 &
	proxy_pid=$!
	url=$(ready "$dir/ready")
}
stop_proxy() { kill $proxy_pid; wait $proxy_pid 2>/dev/null; proxy_pid=''; }

# count FIELD prints one of the proxy's counts.
count() { curl -s "$url/__cannery/status" | sed -n "s/^  \"$1\": \([0-9]*\),*$/\1/p"; }
asked() { echo $(($(count hits) + $(count misses) + $(count bypasses) + $(count unmatched))); }

# client DIR runs the client called $name, with a home of its own.
client() {
	local command
	case $name in
	java) command=(java "$here/Client.java") ;;
	python) command=(python3 "$here/client.py") ;;
	go) command=("$work/client") ;;
	*) command=(node "$work/node/$name.mjs") ;;
	esac
	if [ $# -gt 1 ]; then
		"$cannery" run --quiet "${@:2}" -- timeout 60 "${command[@]}" >>"$1/talk" 2>&1
	else
		CANNERY_URL=$url timeout 60 "${command[@]}" >>"$1/talk" 2>&1
	fi || { echo "the client failed" >>"$1/talk"; failed="$failed $stage"; }
}

# live DIR records the client in a store of its own, and leaves the proxy running.
live() {
	export XDG_STATE_HOME=$1/$stage
	start_origin "$1" && start_proxy "$1" --origin "api=$origin" "${rules[@]}" || return
	client "$1"
}

# changed prints how many files git calls changed, and commits them.
changed() {
	git add . && git diff --cached --no-renames --name-only | wc -l
	git diff --cached --no-renames >>../changes
	git commit -qm "$stage" --allow-empty
}

try() {
	local dir=$work/$name failed='' stage=live requests again hits exported recorded
	rm -rf "$dir"
	mkdir -p "$dir/home" "$dir/fixtures"
	export HOME=$dir/home
	live "$dir" || return
	requests=$(asked)
	"$cannery" export "$dir/fixtures" >>"$dir/talk" 2>&1 || failed="$failed export"
	(cd "$dir/fixtures" && git init -q && changed) >/dev/null
	again=$(count hits)
	client "$dir"
	again=$(($(count hits) - again))
	stop_proxy
	stop_origin

	stage=offline
	export XDG_STATE_HOME=$dir/offline
	"$cannery" import "$dir/fixtures" >>"$dir/talk" 2>&1 || failed="$failed import"
	start_proxy "$dir" --offline || return
	client "$dir"
	hits=$(count hits)
	[ "$(count unmatched)" = 0 ] || failed="$failed misses"
	stop_proxy

	stage=exporting
	live "$dir" || return
	stop_proxy
	stop_origin
	"$cannery" export "$dir/fixtures" --prune >>"$dir/talk" 2>&1 || failed="$failed export"
	exported=$(cd "$dir/fixtures" && changed)

	export XDG_STATE_HOME=$dir/recording
	for stage in recording re-recording; do
		start_origin "$dir" || return
		client "$dir" --record --origin "api=$origin" --fixtures "$dir/fixtures" "${rules[@]}"
		stop_origin
		recorded=$(cd "$dir/fixtures" && changed)
		sleep 1.1 # the Date of HTTP is another then
	done
	printf '%-14s %8s %9s %12s %8s %8s  %s\n' "$name" "$requests" "$again" "$hits" "$exported" "$recorded" "${failed:+failed:$failed}"
	[ -z "$failed" ] || { bad=1; tail -5 "$dir/talk" >&2; }
}

skip() { printf '%-14s skipped: %s\n' "$name" "$1"; }

# install gets the packages of npm once.
install() {
	cp "$here"/*.mjs "$here/package.json" "$work/node"
	[ -e "$work/node/done" ] && return
	command -v node >/dev/null && command -v npm >/dev/null || { echo "there is no node or npm"; return 1; }
	(cd "$work/node" && npm install --no-audit --no-fund --no-package-lock --silent) >"$work/npm" 2>&1 || { echo "npm install: $(head -1 "$work/npm")"; return 1; }
	touch "$work/node/done"
}

bad=0
home=$HOME
[ $# -gt 0 ] || set -- s3 octokit stripe openai anthropic elasticsearch graphql soap oauth jwt grpc ws java python go
for name; do
	case $name in
	java | python | go) ;;
	*) [ -f "$name.mjs" ] || { echo "there is no client $name" >&2; exit 2; } ;;
	esac
done
printf '%-14s %8s %9s %12s %8s %8s\n' client requests 'hits, 2nd' 'hits offline' exported recorded
for name; do
	export HOME=$home
	mock=''
	case $name in
	java) command -v java >/dev/null || { skip 'there is no java'; continue; } ;;
	python) command -v python3 >/dev/null || { skip 'there is no python3'; continue; } ;;
	go) go build -o "$work/client" ./client || { bad=1; continue; } ;;
	*) why=$(install) || { skip "$why"; continue; } ;;
	esac
	if [ $name = stripe ]; then
		GOBIN=$work go install github.com/stripe/stripe-mock@v0.203.0 2>"$work/mock" || { skip "stripe-mock: $(tail -1 "$work/mock")"; continue; }
		"$work/stripe-mock" -http-addr 127.0.0.1:0 -https-addr 127.0.0.1:0 >"$work/mock" 2>&1 &
		mock_pid=$!
		for _ in $(seq 200); do
			mock=$(sed -n 's/^Listening for HTTP at address: /http:\/\//p' "$work/mock")
			[ -n "$mock" ] && break
			sleep .05
		done
	fi
	rules "$name"
	try
	[ -z "$mock_pid" ] || { kill $mock_pid; wait $mock_pid 2>/dev/null; mock_pid=''; }
done
exit $bad
