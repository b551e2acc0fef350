package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"example.com/cannery/testutil/storetest"
)

// TestRedisFormScripts: they share servers, whose password is "pa$s", and which have a
// user ann with the password "ann":
//
//	PLAIN          without TLS; SOCKET is its socket
//	TLS            with a certificate for 127.0.0.1 that ca.pem has signed
//	MUTUAL         so too, and wants a certificate of its clients, such as client.pem
//	NAMED          with a certificate for redis.test
//	EXPIRED        with a certificate that was valid
//	SENTINEL       a sentinel of PLAIN, which it calls main; its password is "sen$", and
//	               "sam" that of its user sam
//	CLUSTER        the URL of a cluster
//
// NAME_PORT is the port of each. Other.pem is an authority that nobody knows, and
// other-client.pem is signed by it. Their command misfit CODE ARGS... is exits that wants
// an error with a hint, and no password in it.
func TestRedisFormScripts(t *testing.T) {
	authority, other := storetest.NewAuthority(t), storetest.NewAuthority(t)
	socket := filepath.Join(t.TempDir(), "redis.sock")
	start := func(tls *storetest.ServerTLS, more ...string) *storetest.RedisServer {
		if tls != nil {
			tls.Authority = authority
		}
		users := []string{"--requirepass", "pa$s", "--user", "ann", "on", ">ann", "~cannery:*", "+@all", "-@dangerous", "+info"}
		return storetest.RedisConfig{TLS: tls, Args: append(users, more...)}.Start(t)
	}
	local := authority.Sign(time.Now(), "127.0.0.1", "localhost")
	plain := start(nil, "--unixsocket", socket)
	servers := map[string]*storetest.RedisServer{
		"PLAIN":   plain,
		"TLS":     start(&storetest.ServerTLS{Pair: local}),
		"MUTUAL":  start(&storetest.ServerTLS{Pair: local, AskClient: true}),
		"NAMED":   start(&storetest.ServerTLS{Pair: authority.Sign(time.Now(), "redis.test")}),
		"EXPIRED": start(&storetest.ServerTLS{Pair: authority.Sign(time.Now().Add(-2*time.Hour), "127.0.0.1")}),
		"SENTINEL": storetest.RedisConfig{Args: []string{
			"--requirepass", "sen$", "--user", "sam", "on", ">sam", "-@all", "+auth", "+hello", "+ping",
			"+sentinel|get-master-addr-by-name", "+sentinel|sentinels", "+subscribe", "allchannels",
		}}.StartSentinel(t, plain),
	}
	cluster, nodes := storetest.StartRedisCluster(t)
	servers["NODE"] = nodes[0]
	client, stranger := authority.Sign(time.Now()), other.Sign(time.Now())
	runRedisScripts(t, "redisforms", func(env *testscript.Env) error {
		for name, server := range servers {
			_, port, err := net.SplitHostPort(server.Addr)
			if err != nil {
				return err
			}
			env.Setenv(name, server.Addr)
			env.Setenv(name+"_PORT", port)
		}
		env.Setenv("CLUSTER", cluster)
		env.Setenv("SOCKET", socket)
		for name, file := range map[string]string{
			"ca.pem": authority.File, "other.pem": other.File, "client.pem": client.CertFile, "client.key": client.KeyFile,
			"other-client.pem": stranger.CertFile, "other-client.key": stranger.KeyFile,
		} {
			data, err := os.ReadFile(file)
			if err == nil {
				err = os.WriteFile(filepath.Join(env.WorkDir, name), data, 0o600)
			}
			if err != nil {
				return fmt.Errorf("copy %s: %w", name, err)
			}
		}
		return nil
	})
}

// scriptMisfit runs cannery, as exits does. It must fail with a line and a hint, and say
// no password.
func scriptMisfit(ts *testscript.TestScript, neg bool, args []string) {
	scriptExits(ts, neg, args)
	if text := ts.ReadFile("stderr"); !misfit.MatchString(text) || ts.ReadFile("stdout") != "" {
		ts.Fatalf("not a line and its hint, or with a password")
	}
}

// misfit is an error with a hint. No password has a "$" before the end of a line.
var misfit = regexp.MustCompile(`^cannery: [^$\n]+\n  hint: [^$\n]+\n$`)
