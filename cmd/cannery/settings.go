package main

import (
	"strconv"
	"strings"
)

// A setting is one thing that users can set: by a flag, and by environment
// variables of the same meaning.
type setting struct {
	flag, short string // short is the one-letter flag, "" for none

	// value names what is to be given; "" means a switch.
	value string

	// normal is the default, spelled as users would. "" means none.
	normal string

	// also is a variable that is read when CANNERY_<FLAG> is not set.
	also string

	// once says that the setting belongs to one command line: no variable
	// sets it, because it would be forgotten there.
	once bool

	help string
}

// valuePart is the value of a setting that is a part of messages: see package part.
const valuePart = "PART"

// settings is the table of all there is to set. The table in this folder's README.md is made of it.
func settings() []setting {
	return []setting{
		{flag: "port", value: "PORT", normal: strconv.Itoa(normalPort), help: "port to listen on, or where env looks for the proxy; 0 picks a free one"},
		{flag: "host", value: "HOST", normal: "127.0.0.1", help: "address to listen on; 0.0.0.0 listens on all interfaces"},
		{flag: "origin", value: "URL", help: "origin to stand in front of: URL (http, https or h2c), or NAME=URL to keep its recordings under a name (repeatable: the first is at /, each of the others at /__cannery/origin/NAME/)"},
		{flag: "proxy", help: "be the HTTP proxy of clients too: answer for every host that they ask for, TLS included, with certificates of this run"},
		{flag: "only", value: "HOST", help: "with --proxy, answer for this host alone, as in api.example.com, *.example.com or api.example.com:8443; others are passed through untouched, and refused offline (repeatable)"},
		{flag: "except", value: "HOST", help: "with --proxy, leave this host alone (repeatable)"},
		{flag: "proxy-loopback", help: "with --proxy, answer for this machine's own addresses too, which are left alone without it"},
		{flag: "record", help: "forward every request and record every answer"},
		{flag: "offline", help: "answer from recordings only, and never reach the network"},
		{flag: "fixtures", value: "DIR", help: "use this directory of fixtures instead of a store: record into it, or with --offline serve it as it is"},
		{flag: "watch", help: "serve fixtures that are edited as soon as they are saved"},
		{flag: "after-last", value: "repeat|error|loop", normal: "repeat", help: "offline, when the last take of a request has been served: repeat it, answer a miss, or begin again"},
		{flag: "miss-status", value: "STATUS", normal: "424", help: "status of the answer to a request that is not recorded, offline"},
		{flag: "match-header", value: "NAME", help: "tell requests apart by this header too (repeatable)"},
		{flag: "ignore", value: valuePart, help: "let this part of requests not count: header:NAME, query:NAME, form:NAME, json:$.path, xml://Name, regexp:RE or credentials (repeatable)"},
		{flag: "ignore-query", value: "NAME", help: "short for --ignore query:NAME"},
		{flag: "ignore-body", value: "JSONPATH", help: "short for --ignore json:JSONPATH"},
		{flag: "volatile", value: valuePart, help: "let a change of this part, of a request or an answer, be none to fixtures that are recorded again (repeatable)"},
		{flag: "echo", value: valuePart, help: "let this part not count, and give it to answers that repeat it, as the id of JSON-RPC (repeatable)"},
		{flag: "cache-method", value: "METHOD", help: "answer this method from recordings too, by its body, on all paths or on those of a pattern, as in 'POST /*/_search' (repeatable)"},
		{flag: "proto", value: "FILE", help: "know the messages of gRPC by this set of descriptors, or by this .proto file with what it imports; without it origins are asked for them (repeatable)"},
		{flag: "record-status", value: "LIST", help: "statuses to record, as in 2xx,404; without it 2xx, 3xx and lasting 4xx, or all under --record"},
		{flag: "max-age", value: "DURATION", normal: "0s", help: "record again what is older, as in 12h or 7d; 0s keeps it until it is cleared"},
		{flag: "max-body", value: "SIZE", normal: "256MiB", help: "forward longer answers without recording them"},
		{flag: "rewrite-body", help: "make the origin's URL the proxy's in textual bodies too, as is done without it; --rewrite-body=false leaves it"},
		{flag: "replay-speed", value: "N", normal: "0", help: "pace of recorded streams: 1 as recorded, 2 twice as fast, 0 at once"},
		{flag: "store-down", value: "forward|fail", normal: "forward", help: "while the store is down: forward without recording, or answer 503 (always under --record)"},
		{flag: "store-timeout", value: "DURATION", normal: "1s", help: "longest wait for one operation of Redis"},
		{flag: "origin-timeout", value: "DURATION", normal: "2m", help: "longest wait for the origin's answer to begin; 0s is for ever"},
		{flag: "origin-ca", value: "FILE", help: "trust the certificate authorities in this PEM file too"},
		{flag: "tls", help: "speak TLS with clients, by HTTP/1.1 and HTTP/2, with certificates of an authority that is made for this run"},
		{flag: "tls-cert", value: "FILE", help: "speak TLS with clients with the certificate in this PEM file, its own signers behind it; it is read once, at start"},
		{flag: "tls-key", value: "FILE", help: "the private key of --tls-cert, in PEM, without a password"},
		{flag: "ca-file", value: "FILE", help: "write the certificate of this run's authority, for clients to trust under --proxy or --tls, to this file before the proxy is ready; it is at /__cannery/ca.pem too"},
		{flag: "cache-size", value: "SIZE", normal: "64MiB", help: "memory for recordings that are used often"},
		{flag: "log", value: "text|json|off", normal: "text", help: "how to log requests, on stderr"},
		{flag: "quiet", short: "q", help: "print nothing but errors"},
		{flag: "ready-file", value: "FILE", help: "write the proxy's URL to this file when it is ready"},
		{flag: "redis", value: "URL", also: envURL, help: "keep recordings in this Redis: redis, rediss, unix, redis+cluster or redis+sentinel; one with a password belongs into REDIS_URL or .env, as every user of a machine can list what commands are given"},
		{flag: "redis-tls", also: "REDIS_TLS", help: "speak TLS with Redis, as rediss:// and each of the next four settings have it do, too"},
		{flag: "redis-ca", value: "FILE", also: "REDIS_CA", help: "trust the certificate authorities in this PEM file too, for Redis"},
		{flag: "redis-cert", value: "FILE", also: "REDIS_CERT", help: "show Redis the client's certificate in this PEM file, its own signers behind it"},
		{flag: "redis-key", value: "FILE", also: "REDIS_KEY", help: "the private key of --redis-cert, in PEM, without a password"},
		{flag: "redis-server-name", value: "NAME", also: "REDIS_SERVER_NAME", help: "the name that the certificate of Redis is for, where that is not the name of its host"},
		{flag: "namespace", value: "NAME", normal: "default", help: "keep recordings apart from those of other namespaces"},
		{flag: "json", help: "print what programs read, as JSON, on stdout"},
		{flag: "shell", value: "sh|fish|powershell", normal: "sh", once: true, help: "the shell that is to read the lines"},
		{flag: "match", value: "PATTERN", once: true, help: "only recordings of this method and path, as in 'GET /v1/*', or of this origin too, as in 'GET https://api.example.com/v1/*' or 'GET NAME /v1/*'"},
		{flag: "session", value: "NAME", once: true, help: "only recordings of this session; '' is those of none"},
		{flag: "dry-run", once: true, help: "only say what would be done"},
		{flag: "redact", value: valuePart, help: "replace this part in fixtures: header:NAME, query:NAME, form:NAME, json:$.path, xml://Name or regexp:RE (repeatable)"},
		{flag: "prune", once: true, help: "remove fixtures of what is no longer recorded, or that --record did not make again"},
		{flag: "check", once: true, help: "only look for secrets in the fixtures, and fail when there are some"},
		{flag: "har", value: "FILE", once: true, help: "write a HAR file instead of a directory"},
		{flag: "env", value: "NAME[=/PATH]", help: "tell the command of run the proxy's URL in this variable too, with this path behind it (repeatable)"},
		{flag: "fail-unused", help: "let run exit with 3 when a recording was not used"},
		{flag: "fail-on-miss", help: "let run exit with 3 when a request was not recorded; the default with --offline"},
		{flag: "report", value: "FILE", help: "write what run came to, as JSON, to this file"},
		{flag: "report-html", value: "FILE", help: "write what run came to, as a page for people that needs nothing else, to this file"},
		{flag: "report-junit", value: "FILE", help: "write what run came to, as JUnit XML with a failing case for each request that was missed, to this file"},
		{flag: "report-markdown", value: "FILE", help: "add what run came to, as Markdown, to the end of this file, such as \"$GITHUB_STEP_SUMMARY\""},
		{flag: "merge", once: true, help: "add to what is recorded instead of replacing it"},
		{flag: "raw", once: true, help: "print the content of the answer alone, byte for byte"},
		{flag: "header", value: "FIELD", once: true, help: "send this field too, as in 'Authorization: Bearer ...' (repeatable)"},
		{flag: "rate", value: "N", normal: "10", help: "ask the origin so many times a second at most; 0 is as fast as it answers"},
		{flag: "values", once: true, help: "let other values count as a difference too"},
		{flag: "update", once: true, help: "record again what differs"},
	}
}

// again reports whether who records what a miss lacks needs the flag again: without it
// something else would be recorded. What chooses the store is told by storeOptions.
func (s setting) again() bool {
	switch s.flag {
	case "port", "host", "env", "store-down", "store-timeout",
		"match-header", "ignore", "ignore-query", "ignore-body", "volatile", "echo", "cache-method", "proto", "rewrite-body",
		"proxy-loopback", "only", "except", "record-status", "max-age", "max-body", "origin-timeout", "origin-ca", "tls", "tls-cert", "tls-key", "ca-file":
		return true
	}
	return false
}

// variables returns the environment variables of a setting, the first to look
// at first.
func (s setting) variables() []string {
	if s.once {
		return nil
	}
	names := []string{"CANNERY_" + strings.ToUpper(strings.ReplaceAll(s.flag, "-", "_"))}
	if s.also != "" {
		names = append(names, s.also)
	}
	return names
}

// The variables of Redis but for its URL are read, each for itself, when no URL
// is given. A host, a port or a password chooses Redis. Of the passwords
// CACHE_SECRET_KEY counts, wherever it is set.
const (
	envURL         = "REDIS_URL"
	envHost        = "REDIS_HOST"
	envPort        = "REDIS_PORT"
	envPassword    = "CACHE_SECRET_KEY"
	envPasswordToo = "REDIS_PASSWORD"
	envUsername    = "REDIS_USERNAME"
	envDB          = "REDIS_DB"

	// Those of the sentinels themselves go with a URL that names some.
	envSentinelUsername = "REDIS_SENTINEL_USERNAME"
	envSentinelPassword = "REDIS_SENTINEL_PASSWORD"
)
