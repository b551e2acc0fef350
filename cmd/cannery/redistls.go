package main

import "crypto/tls"

// A redisTLS says how TLS is spoken with Redis. The zero value leaves that to the Redis'
// URL. Its files are read when a Redis is opened: another store needs none of them.
type redisTLS struct {
	on         bool
	ca         string
	cert, key  string
	serverName string
}

// redisTLSFlags are the settings of TLS, each of which has it spoken.
var redisTLSFlags = []string{"redis-tls", "redis-ca", "redis-cert", "redis-key", "redis-server-name"}

func (t *redisTLS) bind(f *flags) {
	bind(f, "redis-tls", &t.on, parseSwitch)
	bind(f, "redis-ca", &t.ca, parseText)
	bind(f, "redis-cert", &t.cert, parseText)
	bind(f, "redis-key", &t.key, parseText)
	bind(f, "redis-server-name", &t.serverName, parseHost)
}

// config returns nil when none of the settings is given.
func (t *redisTLS) config(f *flags) (*tls.Config, error) {
	if *t == (redisTLS{}) {
		return nil, nil
	}
	config := &tls.Config{ServerName: t.serverName, MinVersion: tls.VersionTLS12}
	var err error
	if t.ca != "" {
		if config.RootCAs, err = readAuthorities(t.ca); err != nil {
			return nil, badValue(f.source["redis-ca"], t.ca, err)
		}
	}
	switch {
	case t.cert == "" && t.key == "":
		return config, nil
	case t.key == "":
		return nil, misuse("add --redis-key FILE, with its private key; that may be the same file", "there is no --redis-key beside %s %q", f.source["redis-cert"], t.cert)
	case t.cert == "":
		return nil, misuse("add --redis-cert FILE, with its certificate; that may be the same file", "there is no --redis-cert beside %s %q", f.source["redis-key"], t.key)
	}
	cert, err := readPEM("--redis-cert")(t.cert)
	if err != nil {
		return nil, badValue(f.source["redis-cert"], t.cert, err)
	}
	key, err := readPEM("--redis-key")(t.key)
	if err != nil {
		return nil, badValue(f.source["redis-key"], t.key, err)
	}
	pair, err := pairOf(cert, key)
	if err != nil {
		return nil, err
	}
	config.Certificates = []tls.Certificate{*pair}
	return config, nil
}
