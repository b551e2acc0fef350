package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/rogpeppe/go-internal/testscript"

	"example.com/cannery/testutil/storetest"
	"example.com/cannery/testutil/wire"
)

// runRedisScripts runs the scripts of a directory in testdata, which need a real server.
func runRedisScripts(t *testing.T, dir string, setup func(env *testscript.Env) error) {
	t.Helper()
	runScripts(t, testscript.Params{Dir: filepath.Join("testdata", dir), Setup: func(env *testscript.Env) error {
		env.Setenv("CANNERY_STORE_TIMEOUT", "10s") // a busy machine is no fault of Redis
		return setup(env)
	}})
}

// TestRedisScripts: of one server.
func TestRedisScripts(t *testing.T) {
	server := storetest.StartRedis(t, "--requirepass", "pa$s#word")
	host, port, err := net.SplitHostPort(server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	var databases atomic.Int32
	runRedisScripts(t, "redis", func(env *testscript.Env) error {
		env.Setenv("SERVER", server.Addr)
		// Scripts run at once: each has a database of its own.
		dotenv := fmt.Sprintf("REDIS_HOST=%s\nREDIS_PORT=%s\nREDIS_DB=%d\nCACHE_SECRET_KEY=%s\n", host, port, databases.Add(1), server.Password)
		return os.WriteFile(filepath.Join(env.WorkDir, ".env"), []byte(dotenv), 0o600)
	})
}

// TestRedisFaultScripts: each script has a server of its own, that REDIS_URL names, at
// the end of a wire at WIRE, and the commands
//
//	redis ARGS...          send the server a command
//	unsaved                have the server refuse writes with MISCONF
//	restart                kill the server, and start it empty
//	wire FAULT             break the wire: hang, reset or refuse; or mend it
//	replica                start a replica of the server, which follows
//	replica freeze, thaw   have it hang, and go on
func TestRedisFaultScripts(t *testing.T) {
	runRedisScripts(t, "redisfaults", func(env *testscript.Env) error {
		server := storetest.StartRedis(t)
		s := &scriptServer{RedisServer: server, client: server.Client(), wire: wire.To(t, server.Addr)}
		env.Values[serverKey{}] = s
		env.Setenv("REDIS_URL", server.URL())
		env.Setenv("SERVER", server.Addr)
		env.Setenv("WIRE", s.wire.Addr)
		return nil
	})
}

// A scriptServer is the Redis of one script.
type scriptServer struct {
	*storetest.RedisServer
	client  *redis.Client // one for all commands: a server may take no more
	wire    *wire.Wire
	replica *storetest.RedisServer // nil before the command replica
}

type serverKey struct{}

func serverOf(ts *testscript.TestScript) *scriptServer { return ts.Value(serverKey{}).(*scriptServer) }

// scriptRedis expands a pattern among its arguments, as KEYS has them, that begins with
// a star.
func scriptRedis(ts *testscript.TestScript, _ bool, args []string) {
	ctx, client := context.Background(), serverOf(ts).client
	command := make([]any, len(args))
	for i, arg := range args {
		command[i] = arg
		if strings.HasPrefix(arg, "*") {
			keys, err := client.Keys(ctx, arg).Result()
			if err != nil || len(keys) != 1 {
				ts.Fatalf("%s is %q, %v", arg, keys, err)
			}
			command[i] = keys[0]
		}
	}
	ts.Check(client.Do(ctx, command...).Err())
}

func scriptUnsaved(ts *testscript.TestScript, _ bool, _ []string) { serverOf(ts).FailToSave() }

func scriptRestart(ts *testscript.TestScript, _ bool, _ []string) {
	serverOf(ts).Kill()
	serverOf(ts).Restart()
}

func scriptWire(ts *testscript.TestScript, _ bool, args []string) {
	w := serverOf(ts).wire
	map[string]func(){"hang": w.Hang, "reset": w.Reset, "refuse": w.Refuse, "mend": w.Mend}[args[0]]()
}

func scriptReplica(ts *testscript.TestScript, _ bool, args []string) {
	s := serverOf(ts)
	switch strings.Join(args, " ") {
	case "":
		s.replica = s.StartReplica()
	case "freeze":
		s.replica.Pause()
	case "thaw":
		s.replica.Resume()
	default:
		ts.Fatalf("replica %q", args)
	}
}
