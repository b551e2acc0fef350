package check

import (
	"flag"
	"strings"
	"testing"
	"time"

	"example.com/cannery/fixtures/localstore"
	"example.com/cannery/fixtures/redisstore"
	"example.com/cannery/testutil/storetest"
)

var (
	runFor  = flag.Duration("for", 2*time.Second, "how long each history of the checker goes on")
	proxies = flag.Int("proxies", 2, "through how many proxies the checker asks")
	clients = flag.Int("clients", 24, "how many clients ask at once")
	seed    = flag.Uint64("seed", 1, "what clients and commands do")
	at      = flag.String("redis", "", "the URL of a Redis to check on, which is not killed and whose namespace \"check\" is cleared")
)

func TestMain(m *testing.M) {
	storetest.AtOnce()
	m.Run()
}

// onRedis opens a store on a Redis that is given time on a busy machine: without kills
// it is never down.
func onRedis(t *testing.T, url string) func() (storetest.Store, error) {
	cfg := redisstore.Config{URL: url, Namespace: "check", CacheBytes: 4 << 20, Timeout: 20 * time.Second}
	return func() (storetest.Store, error) { return redisstore.Open(t.Context(), cfg) }
}

func onDirectory(t *testing.T) func() (storetest.Store, error) {
	dir := t.TempDir()
	return func() (storetest.Store, error) { return localstore.Open(dir, 4<<20) }
}

// checked runs a history, which must be a good one.
func checked(t *testing.T, redis *storetest.RedisServer, open func() (storetest.Store, error)) {
	t.Helper()
	checkedMeanwhile(t, redis, open, nil)
}

func checkedMeanwhile(t *testing.T, redis *storetest.RedisServer, open func() (storetest.Store, error), meanwhile func()) {
	t.Helper()
	figures := Run(t, Config{For: *runFor, Proxies: *proxies, Clients: *clients, Open: open, Redis: redis, Meanwhile: meanwhile, Seed: *seed})
	t.Log(figures)
	if wrong := figures.Wrong; wrong != nil {
		t.Errorf("%d times something is wrong:\n%s\nwhat the proxies said:\n%s", len(wrong),
			strings.Join(wrong[:min(len(wrong), 10)], "\n"), strings.Join(figures.Notes[:min(len(figures.Notes), 50)], "\n"))
	}
	if figures.few() {
		t.Errorf("too little happened: %v", figures)
	}
}

func TestRedis(t *testing.T) {
	t.Parallel()
	if *at != "" {
		checked(t, nil, onRedis(t, *at))
		return
	}
	checked(t, nil, onRedis(t, storetest.StartRedis(t).URL()))
}

// TestRedisThatIsKilled kills one that keeps what it has acknowledged.
func TestRedisThatIsKilled(t *testing.T) {
	t.Parallel()
	server := storetest.StartRedis(t, "--appendonly", "yes", "--appendfsync", "always")
	checked(t, server, onRedis(t, server.URL()))
}

func TestRedisCluster(t *testing.T) {
	t.Parallel()
	url, _ := storetest.StartRedisCluster(t)
	checked(t, nil, onRedis(t, url))
}

// onItsWay is for how long a slot is half with one master and half with another: longer
// than go-redis waits for it.
const onItsWay = 400 * time.Millisecond

// TestAReshardedCluster moves the slots of the state and of recordings, one after another.
func TestAReshardedCluster(t *testing.T) {
	t.Parallel()
	url, nodes := storetest.StartRedisCluster(t)
	moved := 0
	checkedMeanwhile(t, nil, onRedis(t, url), func() {
		key := "cannery:{check}:state"
		if moved%2 > 0 {
			used, err := nodes[moved%len(nodes)].Client().Keys(t.Context(), "cannery:{check.*:takes:*").Result()
			if err != nil || len(used) == 0 {
				moved++
				return
			}
			key = used[0]
		}
		move := storetest.MoveSlot(t, nodes, key)
		move.Keys(1)
		pause(t.Context(), onItsWay)
		move.Finish()
		moved++
	})
	if moved == 0 {
		t.Error("nothing has moved")
	}
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	checked(t, nil, onDirectory(t))
}

// TestSoak leaks nothing, and answers nothing wrong. It is not parallel: what others have
// is no leak.
func TestSoak(t *testing.T) {
	t.Run("directory", func(t *testing.T) { soaked(t, onDirectory(t)) })
	t.Run("Redis", func(t *testing.T) {
		if *at != "" {
			soaked(t, onRedis(t, *at))
			return
		}
		soaked(t, onRedis(t, storetest.StartRedis(t).URL()))
	})
}

func soaked(t *testing.T, open func() (storetest.Store, error)) {
	t.Helper()
	s := Soak(t, Config{For: *runFor, Proxies: *proxies, Clients: *clients, Open: open, Seed: *seed})
	t.Log(s)
	if len(s.Wrong) > 0 {
		t.Errorf("what was wrong:\n%s", strings.Join(s.Wrong, "\n"))
	}
	if above := s.Last.Above(s.First); above != "" {
		t.Errorf("there are %s more at the end than once it was warm", above)
	}
	if s.Done["events"] == 0 || s.Done["websocket"] == 0 || s.Done["get"] == 0 {
		t.Errorf("too little happened: %v", s)
	}
}
