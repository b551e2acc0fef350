#!/bin/bash
# Programs that know nothing of cannery, as clients of its forward proxy:
#
#     [CANNERY=PATH] [KEEP=DIR] testutil/examples/proxyclients/run.sh [NAME...]
#
# Each asks hosts that are not there, which a proxy of the test stands for: an API with
# and without TLS, a repository of git's, a registry of npm's and one of Cargo's. It is
# recorded by run --proxy --fixtures; then, with the hosts gone, it is run with --offline
# too and with no more of run's variables than it needs, and has to print the same again:
# each answer of the API has a word that is never said twice. A line for each says its
# version, whether that was so, and which variables these are. What is not there is skipped, and said; Node 24, Deno and Bun are
# fetched with npm. The exit code is 1 when a client was not recorded, or missed offline.
# With KEEP what was recorded and printed stays there.
set -u
work=${KEEP:-$(mktemp -d)}
mkdir -p "$work/npm" "$work/git" || exit
work=$(cd "$work" && pwd) || exit
cannery=$work/cannery
if [ -n "${CANNERY:-}" ]; then
	cannery=$(command -v "$CANNERY") && cannery=$(readlink -f "$cannery") || { echo "there is no $CANNERY" >&2; exit 2; }
fi
cd "$(dirname "$0")" || exit
here=$PWD
internet_pid=''
end() {
	[ -z "$internet_pid" ] || { kill "$internet_pid"; wait "$internet_pid"; } 2>/dev/null
	[ -n "${KEEP:-}" ] || rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT TERM

[ "$cannery" != "$work/cannery" ] || go build -o "$cannery" example.com/cannery/cmd/cannery || exit
go build -o "$work/internet" ./internet && go build -o "$work/client" ./client || exit

# fetched PATTERN PACKAGE...: get packages of npm once, print the program among them.
fetched() {
	local pattern=$1
	shift
	(cd "$work/npm" && [ -e package.json ] || echo '{"private": true}' >"$work/npm/package.json"
		cd "$work/npm" && npm install --no-audit --no-fund --silent "$@") >"$work/npm/log" 2>&1
	find "$work/npm/node_modules" -path "$pattern" -type f -size +1M 2>/dev/null | head -1
}

# What the installed clients are is asked before the variables that they are to be told
# of are taken away.
node=$(command -v node)
if [ -n "$node" ] && command -v npm >/dev/null; then
	want=" ${*:-all} "
	case $want in *" all "* | *" node24"*) node24=$(fetched '*/node-*/bin/node' "node-$("$node" -p 'process.platform + "-" + process.arch')@24") ;; esac
	case $want in *" all "* | *" deno"*) deno=$(fetched '*deno/*deno' deno) ;; esac
	case $want in *" all "* | *" bun"*) bun=$(fetched '*bun*/bin/bun*' bun) ;; esac
fi
cargo_home=${CARGO_HOME:-$HOME/.cargo}
rustup_home=${RUSTUP_HOME:-$HOME/.rustup}
for v in $(compgen -e); do
	case $v in CANNERY_* | REDIS* | CACHE_* | GIT_* | *_proxy | *_PROXY | *_CA_* | *_CERT* | *_CAINFO | *_OPTIONS | npm_* | NPM_* | PIP_* | WGETRC) unset "$v" ;; esac
done
export HOME=$work/home XDG_STATE_HOME=$work/state GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
export CARGO_HOME=$cargo_home RUSTUP_HOME=$rustup_home
mkdir -p "$HOME"

repository() {
	local author=(-c user.name=t -c user.email=t@example.test)
	rm -rf "$work/git" "$work/source"
	git init -q --bare "$work/git/try.git" && git init -q "$work/source" && cd "$work/source" &&
		echo hello >said && git add said && git "${author[@]}" commit -qm said &&
		git push -q "$work/git/try.git" HEAD:refs/heads/main && cd "$work/git/try.git" &&
		git symbolic-ref HEAD refs/heads/main && git update-server-info
}
! command -v git >/dev/null || (repository) || exit

# about NAME sets the command of a client, how its version is asked, and what of the
# variables it needs; it fails, and says why, when the client is not there.
about() {
	command=() version=() needs='HTTPS_PROXY HTTP_PROXY'
	case $1 in
	curl) command=(sh "$here/curl.sh") version=(curl --version) needs="https_proxy http_proxy CURL_CA_BUNDLE" ;;
	wget) command=(sh "$here/wget.sh") version=(wget --version) needs="WGETRC" ;;
	git) command=(sh "$here/git.sh") version=(git --version) needs="GIT_CONFIG_COUNT GIT_CONFIG_KEY_0 GIT_CONFIG_VALUE_0 GIT_SSL_CAINFO" ;;
	urllib) command=(python3 "$here/urllib_client.py") version=(python3 --version) needs="$needs SSL_CERT_FILE" ;;
	requests)
		command=(python3 "$here/requests_client.py") version=(python3 -c 'import requests; print(requests.__version__)') needs="$needs REQUESTS_CA_BUNDLE"
		python3 -c 'import requests' 2>/dev/null || { echo 'Python has no requests'; return 1; }
		;;
	node-fetch | node-https) command=("$node" "$here/${1#node-}.mjs") version=("$node" --version) needs="$needs NODE_OPTIONS NODE_EXTRA_CA_CERTS" ;;
	node24-fetch) command=("$node24" "$here/fetch.mjs") version=("$node24" --version) needs="$needs NODE_USE_ENV_PROXY NODE_EXTRA_CA_CERTS" ;;
	node24-https) command=("$node24" "$here/https.mjs") version=("$node24" --version) needs="$needs NODE_USE_ENV_PROXY NODE_OPTIONS NODE_EXTRA_CA_CERTS" ;;
	deno-fetch) command=("$deno" run -A "$here/fetch.mjs") version=("$deno" --version) needs="$needs DENO_CERT" ;;
	deno-https) command=("$deno" run -A "$here/https.mjs") version=("$deno" --version) needs="$needs NODE_USE_ENV_PROXY DENO_CERT" ;;
	bun-fetch) command=("$bun" "$here/fetch.mjs") version=("$bun" --version) needs="$needs NODE_EXTRA_CA_CERTS" ;;
	bun-https) command=("$bun" "$here/https.mjs") version=("$bun" --version) needs="$needs BUN_OPTIONS NODE_EXTRA_CA_CERTS" ;;
	go) command=("$work/client") version=(go version) needs="$needs SSL_CERT_FILE" ;;
	java-HttpClient | java-URLConnection) command=(java "$here/${1#java-}Try.java") version=(java --version) needs="JAVA_TOOL_OPTIONS" ;;
	npm) command=(sh "$here/npm.sh") version=(npm --version) needs="npm_config_https_proxy npm_config_cafile" ;;
	cargo) command=(sh "$here/cargo.sh") version=(cargo --version) needs="CARGO_HTTP_PROXY CARGO_HTTP_CAINFO" ;;
	ruby) command=(ruby "$here/client.rb") version=(ruby --version) needs="https_proxy http_proxy SSL_CERT_FILE" ;;
	*) echo "there is no client $1"; return 1 ;;
	esac
	command -v "${version[0]}" >/dev/null || { echo "there is no ${1%-*}"; return 1; }
}

# told are the variables that run sets for its command.
told() {
	comm -13 <(env | cut -d= -f1 | sort) <("$cannery" run --quiet --proxy -- env | cut -d= -f1 | sort)
}

# without prints the flags for env that take away what of told no client needs.
without() {
	for v in $told; do
		case " $needs " in *" $v "*) ;; *) printf -- '-u %s ' "$v" ;; esac
	done
}

# client DIR STAGE FLAG...: run the client under cannery in a new directory.
client() {
	local dir=$1 stage=$2
	shift 2
	mkdir -p "$dir/$stage"
	(cd "$dir/$stage" && "$cannery" run --proxy --fixtures "$dir/fixtures" "$@" -- timeout 120 "${command[@]}") >"$dir/$stage.out" 2>"$dir/$stage.err"
}

[ $# -gt 0 ] || set -- curl wget git urllib requests node-fetch node-https node24-fetch node24-https deno-fetch deno-https bun-fetch bun-https \
	go java-HttpClient java-URLConnection npm cargo ruby
"$work/internet" -git "$work/git" -ca "$work/ca.pem" >"$work/internet.url" 2>"$work/internet.log" &
internet_pid=$!
for _ in $(seq 200); do
	[ -s "$work/internet.url" ] && break
	sleep .05
done
internet=$(cat "$work/internet.url")
told=$(told)

# Lists by client's name: what came of recording it, and why it was skipped.
declare -A recorded skipped
for name; do
	why=$(about "$name") || { skipped[$name]=$why; continue; }
	about "$name"
	rm -rf "${work:?}/try-$name"
	mkdir -p "$work/try-$name"
	if HTTPS_PROXY=$internet HTTP_PROXY=$internet client "$work/try-$name" record --origin-ca "$work/ca.pem" && [ -s "$work/try-$name/record.out" ]; then
		recorded[$name]=yes
	else
		recorded[$name]=NO
	fi
done

kill $internet_pid
wait $internet_pid 2>/dev/null
internet_pid=''
bad=0
printf '%-19s %-10s %-8s %-8s %s\n' client version recorded offline needs
for name; do
	[ -z "${skipped[$name]:-}" ] || { printf '%-19s skipped: %s\n' "$name" "${skipped[$name]}"; continue; }
	about "$name"
	dir=$work/try-$name offline=NO command=(env $(without) "${command[@]}")
	client "$dir" offline --offline && cmp -s "$dir/record.out" "$dir/offline.out" && offline=yes
	number=$("${version[@]}" 2>/dev/null | grep -oE '[0-9]+(\.[0-9]+)+' | head -1)
	printf '%-19s %-10s %-8s %-8s %s\n' "$name" "$number" "${recorded[$name]}" "$offline" "$needs"
	[ "${recorded[$name]}$offline" = yesyes ] || { bad=1; tail -n 20 "$dir"/*.err >&2; }
done
exit $bad
