package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/checkup"
	"example.com/cannery/fixtures/localstore"
	"example.com/cannery/fixtures/redisstore"
	"example.com/cannery/recorder"
	"example.com/cannery/replay/explain"
)

// A store is what commands need of one. Its contract is that of package
// fixtures.
type store interface {
	library
	recorder.Store
	SetRules(ctx context.Context, rules fixtures.Rules) error
	Remove(ctx context.Context, filter fixtures.Filter, dryRun bool) (int, error)
	Import(ctx context.Context, rules fixtures.Rules, recs iter.Seq2[*fixtures.Recording, error], merge bool) (int, error)
	Examine(ctx context.Context, closely bool) []checkup.Finding
	Close() error
}

// storeOptions choose a store: equal settings mean the same one, whatever the
// command.
type storeOptions struct {
	redis     string
	tls       redisTLS
	namespace string
	timeout   time.Duration // zero: the store's own
	cacheSize int64         // bytes; zero: none
	repair    bool          // a damaged state of a Redis is made anew, without recordings
}

func (o *storeOptions) bind(f *flags) {
	bind(f, "redis", &o.redis, parseText)
	o.tls.bind(f)
	bind(f, "namespace", &o.namespace, parseNamespace)
	bind(f, "store-timeout", &o.timeout, parseTimeout)
}

// open opens the store, and returns its address for people: Redis when one is
// configured, else a directory of the user's.
func (o *storeOptions) open(ctx context.Context, f *flags, env environment) (s store, address string, err error) {
	cfg, source, err := o.redisConfig(f, env)
	switch {
	case err != nil:
		return nil, "", err
	case source == "":
		return o.openDir(env)
	}
	if cfg.TLS, err = o.tls.config(f); err != nil {
		return nil, "", err
	}
	cfg.Namespace, cfg.Timeout, cfg.CacheBytes, cfg.Repair = o.namespace, o.timeout, o.cacheSize, o.repair
	redis, err := redisstore.Open(ctx, cfg)
	if err != nil {
		return nil, "", o.redisError(err, source, f, cfg)
	}
	return redis, cfg.String(), nil
}

// flags returns those that chose the store of this address, without secrets:
// what comes from the environment is there for the next command, too.
func (o *storeOptions) flags(f *flags, address string) (list []explain.Flag) {
	if f.source["redis"] == "--redis" {
		if o.redis == "" {
			address = "" // none is wanted
		}
		list = append(list, explain.Flag{Name: "redis", Value: address})
	}
	for _, name := range redisTLSFlags {
		if f.source[name] == "--"+name {
			list = append(list, explain.Flag{Name: name, Value: f.set.Lookup(name).Value.String()})
		}
	}
	if f.source["namespace"] == "--namespace" {
		list = append(list, explain.Flag{Name: "namespace", Value: o.namespace})
	}
	return list
}

func (o *storeOptions) openDir(env environment) (store, string, error) {
	path, err := o.dirPath(env)
	if err != nil {
		return nil, "", err
	}
	dir, err := localstore.Open(path, o.cacheSize)
	if err != nil {
		return nil, "", &failure{exitStore, err, cmp.Or(storeHint(err), "recordings are kept there unless XDG_STATE_HOME names another directory, or --redis a Redis")}
	}
	return dir, path, nil
}

// dirPath returns the directory of the embedded store.
func (o *storeOptions) dirPath(env environment) (string, error) {
	name := "cannery"
	if o.namespace != "default" {
		name += "-" + o.namespace
	}
	if state := stateHome(env); state != "" {
		return filepath.Join(state, name), nil
	}
	return "", &failure{exitStore, errors.New("open the store: there is no home directory to keep it in"), "set HOME or XDG_STATE_HOME, or use a Redis with --redis"}
}

// stateHome returns the directory of what programs keep for a user (XDG Base Directory
// Specification: relative paths do not count), "" when there is no home.
func stateHome(env environment) string {
	if state := env.get("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return state
	}
	for _, home := range []string{env.get("HOME"), env.get("USERPROFILE")} {
		if filepath.IsAbs(home) {
			return filepath.Join(home, ".local", "state")
		}
	}
	return ""
}

// redisConfig returns the Redis that is configured, and the setting that chose
// it; "" when none is.
func (o *storeOptions) redisConfig(f *flags, env environment) (cfg redisstore.Config, source string, err error) {
	if source = f.source["redis"]; source != "" {
		if o.redis == "" {
			return cfg, "", nil // --redis '' wants none
		}
		if isPlaceholder(o.redis) {
			return cfg, "", placeholderError(source)
		}
		cfg.URL = o.redis
		cfg.SentinelUsername, _, _ = env.first(envSentinelUsername)
		cfg.SentinelPassword, _, _ = env.first(envSentinelPassword)
		return cfg, source, nil
	}
	values := map[string]string{}
	for _, name := range []string{envHost, envPort, envPassword, envPasswordToo, envUsername, envDB} {
		text, from, _ := env.first(name)
		if name == envPasswordToo {
			name = envPassword
		}
		if text = strings.TrimSpace(text); text == "" || values[name] != "" {
			continue
		}
		if isPlaceholder(text) {
			return cfg, "", placeholderError(from)
		}
		values[name] = text
		if source == "" && name != envUsername && name != envDB {
			source = from
		}
	}
	if source == "" {
		return cfg, "", nil
	}
	cfg, err = partsConfig(values)
	return cfg, source, err
}

// partsConfig makes a configuration of the variables that are set.
func partsConfig(values map[string]string) (cfg redisstore.Config, err error) {
	host, port := values[envHost], values[envPort]
	switch h, p, err := net.SplitHostPort(host); {
	case strings.Contains(host, "://"):
		return cfg, misuse("write a whole URL into REDIS_URL", "%s %q: it is a URL, not a host", envHost, masked(host))
	case err == nil && port == "":
		host, port = h, p
	case err == nil && port != p:
		return cfg, misuse("leave the port out of "+envHost, "%s %q: it has another port than %s", envHost, host, envPort)
	case err == nil:
		host = h
	}
	if host == "" {
		host = "localhost"
	}
	if port == "" {
		port = "6379"
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return cfg, misuse("a Redis usually has 6379", "%s %q: not a port between 1 and 65535", envPort, port)
	}
	if db := values[envDB]; db != "" {
		if cfg.DB, err = strconv.Atoi(db); err != nil || cfg.DB < 0 {
			return cfg, misuse("a Redis usually has 0 to 15", "%s %q: not the number of a database", envDB, db)
		}
	}
	cfg.Addr = net.JoinHostPort(host, port)
	if strings.HasPrefix(host, "/") {
		cfg.Addr = host // a socket
	}
	cfg.Username, cfg.Password = values[envUsername], values[envPassword]
	return cfg, nil
}

// placeholders are the values of .env.example.
var placeholders = regexp.MustCompile(`(?i)^<?your_[a-z_]*_here>?$`)

func isPlaceholder(text string) bool { return placeholders.MatchString(text) }

func placeholderError(source string) error {
	return &failure{
		exitStore,
		fmt.Errorf("open the store: %s is still the placeholder of the example", source),
		"write your Redis there, or remove the REDIS_ and CACHE_SECRET_KEY lines to keep recordings in a directory",
	}
}
