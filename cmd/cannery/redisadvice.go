package main

import (
	"crypto/x509"
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
	redisstore.NotRedis:    "is its port right? something else answers there",
	redisstore.TimedOut:    "is it reachable from here? --store-timeout allows more time for each operation",
}

// answeredAdvice is what is the matter with a Redis that answers, each after "it",
// and what to do.
var answeredAdvice = map[redisstore.Reason]string{
	redisstore.Protected:   "serves its own machine only: give it a password, or set its protected-mode to no",
	redisstore.Forbidden:   "refuses its user a right: 'ACL SETUSER NAME ~cannery:* +@all -@dangerous +info' gives all that are needed",
	redisstore.NoDatabase:  "has no database of that number: it usually has 0 to 15",
	redisstore.InCluster:   "is part of a cluster: write redis+cluster:// for redis://",
	redisstore.NotCluster:  "is no cluster: write redis:// for redis+cluster://",
	redisstore.IsSentinel:  "is a sentinel: write redis+sentinel://HOST:PORT/MASTER, with the password of the master; 'redis-cli SENTINEL MASTERS' lists their names",
	redisstore.NotSentinel: "is no sentinel: write redis:// for redis+sentinel://, or the port of a sentinel, which usually is 26379",
	redisstore.NoMaster:    "knows no master of that name: 'redis-cli SENTINEL MASTERS' lists them",
	redisstore.TooOld:      "lacks a command that is needed: use Redis 6.2 or newer",
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
	switch reason {
	case redisstore.BadConfig:
		return misuse("as in "+source+" redis://localhost:6379", "%s: %w", source, err)
	case redisstore.Password:
		advice = "set its password"
		if cfg.URL == "" {
			advice = "set " + envPassword
		}
	case redisstore.SentinelPassword:
		advice = "set " + envSentinelPassword + ", and " + envSentinelUsername + " where the sentinel has users: they are not those of the master"
	case redisstore.SentinelRight:
		advice = "the sentinel refuses its user a right: 'ACL SETUSER NAME -@all +auth +hello +ping +sentinel|get-master-addr-by-name +sentinel|sentinels +subscribe allchannels' gives all that are needed"
	case redisstore.NotTLS, redisstore.OnlyTLS, redisstore.Certificate, redisstore.WrongName, redisstore.Expired, redisstore.NoClientCert, redisstore.ClientCert:
		advice = o.tlsAdvice(reason, err, f, cfg)
	case redisstore.Damaged:
		command := []string{"cannery", "clear-cache"}
		for _, flag := range o.flags(f, cfg.String()) {
			command = append(command, flag.Words()...)
		}
		advice = fmt.Sprintf("'%s' repairs it and removes all recordings", strings.Join(command, " "))
	default:
		advice = unreachedAdvice[reason]
	}
	var open *redisstore.OpenError
	if errors.As(err, &open) && open.Advice != "" {
		advice = open.Advice
	}
	if advice == "" {
		advice = "it " + answeredAdvice[reason]
	}
	return &failure{exitStore, err, fmt.Sprintf("this Redis was chosen by %s; %s", source, advice)}
}

// outageHint returns what knows what to do about a Redis that has been opened and fails
// later: whoever changes its password leaves cannery with the old one.
func (o *storeOptions) outageHint(f *flags, env environment) func(error) string {
	cfg, source, err := o.redisConfig(f, env)
	if err != nil || source == "" {
		return nil
	}
	if cfg.URL == "" {
		source = envPassword
	}
	return func(err error) string {
		if redisstore.ReasonOf(err) != redisstore.Password {
			return ""
		}
		return "give " + source + " the password that this Redis wants now, and start cannery again"
	}
}

// tlsAdvice is what to do where TLS fails.
func (o *storeOptions) tlsAdvice(reason redisstore.Reason, err error, f *flags, cfg redisstore.Config) string {
	switch reason {
	case redisstore.NotTLS:
		for _, name := range redisTLSFlags {
			if source := f.source[name]; source != "" {
				return "it does not speak TLS: leave out " + source
			}
		}
		return "it does not speak TLS: write redis:// for rediss://"
	case redisstore.OnlyTLS:
		if cfg.URL == "" {
			return "it speaks TLS only: set REDIS_TLS=true"
		}
		return "it speaks TLS only: write rediss:// for redis://, or give --redis-tls"
	case redisstore.WrongName:
		var name x509.HostnameError
		if errors.As(err, &name) && len(name.Certificate.DNSNames)+len(name.Certificate.IPAddresses) == 0 {
			return "its certificate is for no host: have it made anew, with the name of the host"
		}
		return fmt.Sprintf("its certificate is for %s: give that name to REDIS_SERVER_NAME or --redis-server-name if it is the right server", namesOf(name.Certificate))
	case redisstore.Expired:
		return "renew its certificate, and look at the clock of this machine"
	case redisstore.NoClientCert:
		return "name a certificate for it with REDIS_CERT and REDIS_KEY, or --redis-cert and --redis-key"
	case redisstore.ClientCert:
		return fmt.Sprintf("it does not trust the certificate in %s %q: is it signed by who is in its tls-ca-cert-file, and still valid?", f.source["redis-cert"], o.tls.cert)
	}
	if o.tls.ca != "" {
		return fmt.Sprintf("its certificate is not signed by who is in %s %q", f.source["redis-ca"], o.tls.ca)
	}
	return "name the file of the authority that has signed its certificate with REDIS_CA or --redis-ca"
}

// redisHint is what to do about what a Redis has answered in the middle of a
// command, "" when the error is of another kind.
func redisHint(err error) string {
	reason := redisstore.ReasonOf(err)
	if reason == redisstore.Damaged {
		return "'cannery clear-cache' repairs this Redis and removes all recordings"
	}
	if advice := answeredAdvice[reason]; advice != "" && reason != redisstore.Failed {
		return "this Redis " + advice
	}
	return ""
}
