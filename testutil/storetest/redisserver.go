package storetest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"example.com/cannery/testutil/program"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
)

// A RedisConfig says how a Redis is started. The zero RedisConfig is a redis-server without
// a password.
type RedisConfig struct {
	Program string     // "" means redis-server
	TLS     *ServerTLS // nil: it speaks none; else nothing else
	Args    []string   // more of them, such as "--maxmemory", "8mb"
}

// A RedisServer is a real redis-server of a test's own, on loopback, without
// persistence: after Restart it is empty. Its methods fail the test when they
// cannot do what they say.
type RedisServer struct {
	Addr     string // host:port
	Password string // as given by --requirepass

	t      testing.TB
	config RedisConfig
	file   string // of a sentinel's configuration, "" for a server
	dir    string
	cmd    *exec.Cmd
	// exited is closed when cmd has ended.
	exited chan struct{}
}

// StartRedis starts a redis-server with more arguments, such as "--maxmemory",
// "8mb", and stops it when the test ends. Where redis-server is not installed
// the test is skipped, but fails when CI=true: there it must have run.
func StartRedis(t testing.TB, args ...string) *RedisServer {
	t.Helper()
	return RedisConfig{Args: args}.Start(t)
}

// Start does what StartRedis does.
func (c RedisConfig) Start(t testing.TB) *RedisServer {
	t.Helper()
	return c.start(t, "")
}

func (c RedisConfig) start(t testing.TB, file string) *RedisServer {
	t.Helper()
	c.Program = cmp.Or(c.Program, "redis-server")
	if c.Program == "redis-server" {
		program.Need(t, "what wants a real Redis", c.Program)
	} else {
		program.Try(t, "what wants a real one", c.Program) // valkey-server is in no package of Debian 12
	}
	s := &RedisServer{t: t, config: c, file: file, dir: t.TempDir()}
	for i, arg := range c.Args {
		if arg == "--requirepass" {
			s.Password = c.Args[i+1]
		}
	}
	t.Cleanup(s.Kill)
	var err error
	for range 5 { // another process may take the port that was free
		s.Addr = freeAddr(t)
		if err = s.start(); err == nil {
			return s
		}
	}
	t.Fatal(err)
	return nil
}

// freeAddr returns a loopback address that was free a moment ago, with a port
// that leaves room for the bus of a cluster, 10000 above it.
func freeAddr(t testing.TB) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatalf("find a free port: %v", err)
		}
		l.Close()
		if addr := l.Addr().(*net.TCPAddr); addr.Port < 55000 {
			return addr.String()
		}
	}
	t.Fatal("find a free port below 55000: none in 100 tries")
	return ""
}

// URL returns the server's address as users write it.
func (s *RedisServer) URL() string {
	scheme := "redis://"
	if s.config.TLS != nil {
		scheme = "rediss://"
	}
	if s.Password != "" {
		scheme += ":" + url.QueryEscape(s.Password) + "@"
	}
	return scheme + s.Addr + "/0"
}

// Client returns a client of the server, which is closed when the test ends.
func (s *RedisServer) Client() *redis.Client {
	client := redis.NewClient(s.options())
	s.t.Cleanup(func() { client.Close() })
	return client
}

func (s *RedisServer) options() *redis.Options {
	o := &redis.Options{Addr: s.Addr, Password: s.Password, Protocol: 2, DisableIdentity: true}
	if s.config.TLS != nil {
		o.TLSConfig = s.config.TLS.client()
	}
	return o
}

// Kill ends the server as SIGKILL does, and waits until it is gone.
func (s *RedisServer) Kill() {
	if s.cmd != nil {
		s.cmd.Process.Kill()
		<-s.exited
	}
}

// Restart starts the server again at its address, empty, after a Kill.
func (s *RedisServer) Restart() {
	s.t.Helper()
	if err := s.start(); err != nil {
		s.t.Fatal(err)
	}
}

// FailToSave has the server refuse writes with MISCONF: the disk that it is to save
// to is gone. CONFIG SET save "" has it take them again.
func (s *RedisServer) FailToSave() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	client := s.Client()
	err := errors.Join(os.RemoveAll(s.dir), client.ConfigSet(ctx, "save", "3600 1").Err(), client.BgSave(ctx).Err())
	for info := ""; err == nil && !strings.Contains(info, "rdb_last_bgsave_status:err"); {
		info, err = client.Info(ctx, "persistence").Result()
	}
	if err != nil {
		s.t.Fatalf("have redis-server fail to save: %v", err)
	}
}

// StartReplica starts a replica of the server, and waits until it follows. It is stopped
// when the test ends.
func (s *RedisServer) StartReplica() *RedisServer {
	s.t.Helper()
	host, port, _ := net.SplitHostPort(s.Addr)
	replica := StartRedis(s.t, "--replicaof", host+" "+port, "--masterauth", s.Password)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	conn := s.Client().Conn()
	defer conn.Close()
	for {
		// A replica that is online may still load what it was sent: it follows once it
		// confirms what this connection has seen.
		info, err := conn.Info(ctx, "replication").Result()
		if n, err := conn.Wait(ctx, 1, 100*time.Millisecond).Result(); n == 1 && err == nil {
			return replica
		}
		select {
		case <-ctx.Done():
			s.t.Fatalf("the replica does not follow: %v\n%s", err, info)
		case <-tick.C:
		}
	}
}

func (s *RedisServer) start() error {
	host, port, _ := net.SplitHostPort(s.Addr)
	args := []string{"--bind", host, "--dir", s.dir, "--daemonize", "no"}
	if s.file != "" {
		args = append([]string{s.file, "--sentinel"}, args...)
	} else {
		args = append(args, "--save", "", "--appendonly", "no")
	}
	if t := s.config.TLS; t != nil {
		args = append(args, "--port", "0", "--tls-port", port, "--tls-replication", "yes", "--tls-cluster", "yes")
		args = append(args, t.args()...)
	} else {
		args = append(args, "--port", port)
	}
	args = append(args, s.config.Args...)
	cmd, exited := exec.Command(s.config.Program, args...), make(chan struct{})
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", s.config.Program, err)
	}
	s.cmd, s.exited = cmd, exited
	go func() {
		defer close(exited)
		cmd.Wait()
	}()
	if err := s.awaitAnswer(); err != nil {
		s.Kill()
		return fmt.Errorf("start %s: %w\n%s", s.config.Program, err, out.String())
	}
	return nil
}

// awaitAnswer waits until it is this server, and no other, that answers.
func (s *RedisServer) awaitAnswer() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	logging.Disable() // of tries that come too early
	options := s.options()
	options.MaxRetries, options.DialerRetries = -1, 1
	client := redis.NewClient(options)
	defer client.Close()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		info, err := client.Info(ctx, "server").Result()
		if strings.Contains(info, fmt.Sprintf("process_id:%d\r\n", s.cmd.Process.Pid)) {
			return nil
		}
		select {
		case <-s.exited:
			return errors.New("it has ended")
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", err)
		case <-tick.C:
		}
	}
}
