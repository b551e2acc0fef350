package main

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
	"github.com/rogpeppe/go-internal/testscript"

	"example.com/cannery/testutil/storetest"
)

// TestRightsAreEnoughAndNoMore: with the line of the page cannery can do all it does, on
// a server and on a cluster; each command of the line is used there, and no other is.
func TestRightsAreEnoughAndNoMore(t *testing.T) {
	line := rightsLine(t)
	single := storetest.StartRedis(t)
	cluster, nodes := storetest.StartRedisCluster(t)
	for _, server := range append(nodes, single) {
		command := make([]any, 0, len(line))
		for _, word := range line {
			command = append(command, strings.Replace(word, "PASSWORD", "secret", 1))
		}
		client := server.Client()
		if err := client.Do(t.Context(), command...).Err(); err != nil {
			t.Fatalf("%s: %v", strings.Join(line, " "), err)
		}
		if err := client.ConfigResetStat(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("scripts", func(t *testing.T) {
		for name, url := range map[string]string{
			"server":  "redis://cannery:secret@" + single.Addr + "/1",
			"cluster": strings.Replace(cluster, "://", "://cannery:secret@", 1),
		} {
			t.Run(name, func(t *testing.T) {
				runRedisScripts(t, "redisrights", func(env *testscript.Env) error { env.Setenv("REDIS_URL", url); return nil })
			})
		}
	})
	askDuringAMove(t, strings.Replace(cluster, "://", "://cannery:secret@", 1), nodes)
	used := map[string]bool{}
	for _, server := range append(nodes, single) {
		client := server.Client()
		stats, err := client.Info(t.Context(), "commandstats").Result()
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range commandStat.FindAllStringSubmatch(stats, -1) {
			used[match[1]] = true
		}
		refused, err := client.Do(t.Context(), "ACL", "LOG").Slice()
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range refused {
			// Doctor tries whether it may look at the settings, and does without.
			if text := fmt.Sprint(entry); !strings.Contains(text, " config|get ") {
				t.Errorf("the server has refused %s", text)
			}
		}
	}
	// Whoever connects may use the first two; the others are this test's.
	for _, free := range []string{"auth", "hello", "config|resetstat", "config|get", "cluster|keyslot", "cluster|myid", "cluster|setslot"} {
		delete(used, free)
	}
	var given []string
	for _, word := range line {
		if command, found := strings.CutPrefix(word, "+"); found {
			given = append(given, command)
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(used)), slices.Sorted(slices.Values(given))); diff != "" {
		t.Errorf("the line of fixtures/redisstore/README.md has other commands than cannery uses (-used +given):\n%s", diff)
	}
}

// askDuringAMove counts the recordings of a cluster one of whose slots is on its way to
// another master.
func askDuringAMove(t *testing.T, url string, nodes []*storetest.RedisServer) {
	t.Helper()
	clients := make([]*redis.Client, len(nodes))
	ids := make([]string, len(nodes))
	for i, node := range nodes {
		clients[i] = node.Client()
		ids[i] = clients[i].ClusterMyID(t.Context()).Val()
	}
	slot := clients[0].ClusterKeySlot(t.Context(), "cannery:{default.00}:").Val()
	from := int(slot) * len(nodes) / 16384
	to := (from + 1) % len(nodes)
	for _, err := range []error{
		clients[to].Do(t.Context(), "CLUSTER", "SETSLOT", slot, "IMPORTING", ids[from]).Err(),
		clients[from].Do(t.Context(), "CLUSTER", "SETSLOT", slot, "MIGRATING", ids[to]).Err(),
	} {
		if err != nil {
			t.Fatalf("move slot %d: %v", slot, err)
		}
	}
	if code, stderr := runWith(t, map[string]string{"REDIS_URL": url}, "status"); code != exitOK {
		t.Errorf("status: exit %d, %s", code, stderr)
	}
}

// runWith runs cannery with an environment and returns its exit code and what it says.
func runWith(t *testing.T, variables map[string]string, args ...string) (code int, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	env := environment{lookup: func(name string) (string, bool) { text, ok := variables[name]; return text, ok }}
	code = run(t.Context(), args, env, nil, &out, &errs, nil)
	return code, errs.String()
}

var commandStat = regexp.MustCompile(`(?m)^cmdstat_([^:]+):`)

// rightsLine returns the words of the page's line.
func rightsLine(t *testing.T) []string {
	t.Helper()
	page := readText(t, filepath.Join("..", "..", "fixtures", "redisstore", "README.md"))
	lines := regexp.MustCompile(`(?m)^ACL SETUSER .*$`).FindAllString(page, -1)
	if len(lines) != 1 {
		t.Fatalf("the page has %d lines of ACL SETUSER, want 1", len(lines))
	}
	return strings.Fields(lines[0])
}
