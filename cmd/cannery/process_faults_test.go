package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/cannery/testutil/storetest"
)

// A proxyProcess is a proxy in a process of its own.
type proxyProcess struct {
	url string
	cmd *exec.Cmd
}

// startProxy starts a proxy and waits until it is ready. It is killed when the test ends.
func startProxy(t *testing.T, origin, stateHome string, args ...string) *proxyProcess {
	t.Helper()
	ready := filepath.Join(t.TempDir(), "ready")
	args = append([]string{"start", "--port", "0", "--log", "off", "--origin", "o=" + origin, "--ready-file", ready}, args...)
	cmd := exec.CommandContext(t.Context(), "cannery", args...)
	cmd.Env = append(os.Environ(), "XDG_STATE_HOME="+stateHome, "GORACE=atexit_sleep_ms=0")
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &proxyProcess{cmd: cmd}
	t.Cleanup(p.kill)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(scriptDeadline); p.url == ""; <-tick.C {
		if text, err := os.ReadFile(ready); err == nil {
			p.url = strings.TrimSpace(string(text))
		} else if time.Now().After(deadline) {
			t.Fatalf("the proxy is not ready: %s", said.String())
		}
	}
	return p
}

func (p *proxyProcess) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// get returns the content of an answer that came whole, and its X-Cache.
func (p *proxyProcess) get(client *http.Client, target string) (content, cache string, err error) {
	res, err := client.Get(p.url + target)
	if err != nil {
		return "", "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", res.Status, text)
	}
	return string(text), res.Header.Get("X-Cache"), err
}

// killedText is what the origin of TestKilledProxies answers: small, or in pieces.
func killedText(target string) string {
	n := 1
	if strings.HasSuffix(target, "0") {
		n = 50_000
	}
	return strings.Repeat(target+"\n", n)
}

// TestKilledProxies kills proxies with SIGKILL at any moment, while clients record large
// and small answers. What a client has had whole is a HIT of the next proxy, and nothing
// is cut.
func TestKilledProxies(t *testing.T) {
	t.Parallel()
	kills := 25
	if testing.Short() {
		kills = 3
	}
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, killedText(r.URL.Path)) }))
	t.Cleanup(origin.Close)
	for name, args := range map[string]func(t *testing.T) []string{
		"embedded": func(*testing.T) []string { return []string{"--redis", ""} },
		"Redis":    func(t *testing.T) []string { return []string{"--redis", storetest.StartRedis(t).URL()} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args, state := args(t), t.TempDir()
			var recorded []string // by the proxy that was killed last
			for kill := range kills + 1 {
				p := startProxy(t, origin.URL, state, args...)
				client := &http.Client{Transport: &http.Transport{}}
				for _, target := range recorded {
					if content, cache, err := p.get(client, target); err != nil || cache != "HIT" || content != killedText(target) {
						t.Errorf("after kill %d: %s is a %s of %d bytes, %v", kill, target, cache, len(content), err)
					}
				}
				recorded = nil
				if kill < kills {
					recorded = p.recordUntilKilled(t, client, kill)
				}
				client.CloseIdleConnections()
			}
		})
	}
}

// recordUntilKilled returns what has been recorded whole when the proxy is killed.
func (p *proxyProcess) recordUntilKilled(t *testing.T, client *http.Client, kill int) (recorded []string) {
	var mu sync.Mutex // protects recorded
	var clients sync.WaitGroup
	for c := range 4 {
		clients.Go(func() {
			for i := 0; ; i++ {
				target := fmt.Sprintf("/%d/%d/%d", kill, c, i)
				content, cache, err := p.get(client, target)
				if err != nil {
					return // it has been killed
				}
				if cache != "MISS" || content != killedText(target) {
					t.Errorf("%s is a %s of %d bytes", target, cache, len(content))
				}
				mu.Lock()
				recorded = append(recorded, target)
				mu.Unlock()
			}
		})
	}
	<-time.After(20*time.Millisecond + rand.N(40*time.Millisecond)) // any moment will do
	p.kill()
	clients.Wait()
	return recorded
}

// TestIdleConnectionsAreInNobodysWay opens ten thousand, which send nothing or a part of a
// header.
func TestIdleConnectionsAreInNobodysWay(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: ten thousand connections are opened without -short")
	}
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "clean") }))
	t.Cleanup(origin.Close)
	p := startProxy(t, origin.URL, t.TempDir(), "--redis", "")
	address := strings.TrimPrefix(p.url, "http://")
	const many = 10_000
	opened := 0
	for ; opened < many; opened++ {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Logf("more than %d connections cannot be opened here: %v", opened, err)
			break
		}
		defer conn.Close()
		if opened%2 == 0 {
			io.WriteString(conn, "GET / HTTP/1.1\r\nHost:")
		}
	}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	began := time.Now()
	const asked = 50
	for range asked {
		if content, _, err := p.get(client, "/"); content != "clean" || err != nil {
			t.Fatalf("%q, %v", content, err)
		}
	}
	if took := time.Since(began); took > 30*time.Second || opened < 1000 {
		t.Errorf("beside %d connections %d requests took %v", opened, asked, took)
	} else {
		t.Logf("beside %d connections %d requests took %v", opened, asked, took)
	}
}

// TestLargeAnswersTakeLittleMemory measures a process, on each store, with answers of
// 100 MiB, of declared length and not, recorded and replayed.
func TestLargeAnswersTakeLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: hundreds of megabytes are sent without -short")
	}
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED: only Linux tells how much memory a process has had at most")
	}
	t.Parallel()
	const size = 100 << 20
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		if r.URL.Path == "/length" {
			w.Header().Set("Content-Length", strconv.Itoa(size))
		}
		for n := range size >> 20 {
			w.Write(largeBlock(n))
		}
	}))
	t.Cleanup(origin.Close)
	for name, args := range map[string]func(t *testing.T) []string{
		"embedded": func(*testing.T) []string { return []string{"--redis", ""} },
		"Redis": func(t *testing.T) []string {
			return []string{"--redis", storetest.StartRedis(t).URL(), "--store-timeout", "20s"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startProxy(t, origin.URL, t.TempDir(), args(t)...)
			idle := p.memory(t, "VmRSS")
			for _, target := range []string{"/length", "/chunked"} {
				for _, want := range []string{"MISS", "HIT"} {
					res, err := http.Get(p.url + target)
					if err != nil {
						t.Fatal(err)
					}
					n, err := wholeBlocks(res.Body)
					res.Body.Close()
					if got := res.Header.Get("X-Cache"); n != size || err != nil || got != want {
						t.Errorf("%s: %s, %d bytes, %v, want a whole %s", target, got, n, err, want)
					}
				}
			}
			grown := p.memory(t, "VmHWM") - idle
			t.Logf("%.0f MiB over the %.0f of an idle one", float64(grown)/1024, float64(idle)/1024)
			if grown > 64<<10 {
				t.Errorf("the process has grown by %d KiB, more than 64 MiB", grown)
			}
		})
	}
}

// largeBlock is a MiB of content that differs from its neighbours.
func largeBlock(n int) []byte {
	return bytes.Repeat(fmt.Appendf(nil, "%015d\n", n), 1<<16)
}

// wholeBlocks reads content that is made of blocks.
func wholeBlocks(r io.Reader) (size int, err error) {
	buf := make([]byte, 1<<20)
	for n := 0; ; n++ {
		got, err := io.ReadFull(r, buf)
		size += got
		switch {
		case err == io.EOF:
			return size, nil
		case err != nil:
			return size, err
		case !bytes.Equal(buf, largeBlock(n)):
			return size, fmt.Errorf("block %d is another", n)
		}
	}
}

// memory returns a figure, in KiB, of a process.
func (p *proxyProcess) memory(t *testing.T, name string) (kib int) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), name+":")
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatalf("%s of the process: %v", name, err)
	}
	return kib
}
