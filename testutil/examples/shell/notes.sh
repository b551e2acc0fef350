#!/bin/sh
# The notes API, tested against recordings:
#
#     cannery run --offline --fixtures fixtures -- sh shell/notes.sh
set -eu

password='correct horse battery staple'

# session NAME: begin a session, and log in.
session() {
	url=$CANNERY_URL/__cannery/session/$1 token=
	token=$(ask POST /v1/login "{\"user\": \"ada\", \"password\": \"$password\"}" | field token)
}

# ask METHOD PATH [BODY]: print what the API answers.
ask() {
	curl --silent --show-error --fail-with-body --request "$1" "$url$2" ${3:+--data "$3"} \
		--header 'Content-Type: application/json' ${token:+--header "Authorization: Bearer $token"}
}

# field NAME: print a field of the JSON on stdin.
field() {
	sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",}]*\).*/\1/p"
}

# equal WANT GOT
equal() {
	[ "$1" = "$2" ] || { echo "got $2, want $1" >&2; exit 1; }
}

new_note_is_in_the_list() {
	equal '[]' "$(ask GET /v1/notes)"
	id=$(ask POST /v1/notes '{"text": "buy milk"}' | field id)
	equal "$id" "$(ask GET /v1/notes | field id)"
}

note_becomes_ready() {
	id=$(ask POST /v1/notes '{"text": "buy milk"}' | field id)
	until [ "$(ask GET "/v1/notes/$id" | field state)" = ready ]; do :; done
}

deleted_note_is_gone() {
	id=$(ask POST /v1/notes '{"text": "buy milk"}' | field id)
	ask DELETE "/v1/notes/$id"
	equal '[]' "$(ask GET /v1/notes)"
}

# All tests at once, each in a session of its own.
running=
for test in new_note_is_in_the_list note_becomes_ready deleted_note_is_gone; do
	(session "$test"; "$test"; echo "ok $test") &
	running="$running $!"
done
for pid in $running; do
	wait "$pid"
done
