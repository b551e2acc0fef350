package main

import (
	"errors"
	"fmt"
	"strings"

	"example.com/cannery/fixtures/redisstore"
)

// unreachedAdvice is what to look at when no Redis answers.
var unreachedAdvice = map[redisstore.Reason]string{
	redisstore.NoHost:      "is its host name right?",
	redisstore.Refused:     "is it running there?",
	redisstore.Unreachable: "is it on a network that this machine is on?",
	redisstore.NoRight:     "may you open its socket?",
	redisstore.NotRedis:    "is its port right? something else answers there, or a Redis with TLS (rediss://)",
	redisstore.NotTLS:      "it does not speak TLS: write redis:// for rediss://",
	redisstore.Certificate: "its certificate is not trusted here: name its authority with SSL_CERT_FILE",
	redisstore.TimedOut:    "is it reachable from here, and does it speak TLS if you wrote rediss://? --store-timeout allows more time for each operation",
}

// answeredAdvice is what is the matter with a Redis that answers, each after "it",
// and what to do.
var answeredAdvice = map[redisstore.Reason]string{
	redisstore.Protected:   "serves its own machine only: give it a password, or set its protected-mode to no",
	redisstore.Forbidden:   "refuses its user a right: 'ACL SETUSER NAME ~cannery:* +@all -@dangerous +info' gives all that are needed",
	redisstore.NoDatabase:  "has no database of that number: it usually has 0 to 15",
	redisstore.InCluster:   "is part of a cluster: write redis+cluster:// for redis://",
	redisstore.NotCluster:  "is no cluster: write redis:// for redis+cluster://",
	redisstore.NoMaster:    "knows no master of that name: 'SENTINEL MASTERS' lists them",
	redisstore.TooOld:      "lacks a command that is needed: use Redis 6.2 or newer, and redis+sentinel:// for sentinels only",
	redisstore.Full:        "is full: raise its maxmemory, or remove what it need not keep ('cannery clear-cache' removes recordings)",
	redisstore.Replica:     "is a replica and takes no writes: name its master",
	redisstore.NoReplicas:  "takes no writes because it has too few replicas: bring them back, or lower its min-replicas-to-write",
	redisstore.NotSaving:   "takes no writes because it cannot save them: look at its log and at the room on its disk",
	redisstore.Loading:     "is still loading its data: try again in a moment",
	redisstore.Busy:        "is busy with a script: try again in a moment, or end that with 'redis-cli SCRIPT KILL'",
	redisstore.Crowded:     "has as many clients as it takes: close some, or raise its maxclients",
	redisstore.ClusterDown: "is part of a cluster that is down: 'redis-cli CLUSTER INFO' says why",
	redisstore.MasterDown:  "is a replica that has lost its master: name another server, or bring the master back",
	redisstore.Failed:      "has failed as said above: its own log may say more",
}

// redisError names the setting that chose the Redis, by a URL or in parts, and
// what to do.
func (o *storeOptions) redisError(err error, source string, f *flags, cfg redisstore.Config) error {
	reason, advice := redisstore.ReasonOf(err), ""
	var open *redisstore.OpenError
	if errors.As(err, &open) {
		reason = open.Reason
	}
	switch reason {
	case redisstore.BadConfig:
		return misuse("", "%s: %w", source, err)
	case redisstore.Password:
		advice = "set its password"
		if cfg.URL == "" {
			advice = "set " + envPassword
		}
	case redisstore.Damaged:
		command := []string{"cannery", "clear-cache"}
		for _, flag := range o.flags(f, cfg.String()) {
			command = append(command, flag.Words()...)
		}
		advice = fmt.Sprintf("'%s' repairs it and removes all recordings", strings.Join(command, " "))
	default:
		advice = unreachedAdvice[reason]
	}
	if advice == "" {
		advice = "it " + answeredAdvice[reason]
	}
	return &failure{exitStore, err, fmt.Sprintf("this Redis was chosen by %s; %s", source, advice)}
}

// redisHint is what to do about what a Redis has answered in the middle of a
// command, "" when the error is of another kind.
func redisHint(err error) string {
	reason := redisstore.ReasonOf(err)
	if advice := answeredAdvice[reason]; advice != "" && reason != redisstore.Failed {
		return "this Redis " + advice
	}
	return ""
}
