package tunnel_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestAThousandHosts: each with a leaf of its own, and nothing left over once clients have
// gone.
func TestAThousandHosts(t *testing.T) {
	hosts := 1000
	if testing.Short() {
		hosts = 100
	}
	b := setUp(t, nil)
	server := b.host(t, "https://api.example.com", speak)
	server.TLS.GetCertificate = hostsCA().Config(nil).GetCertificate // of whatever name is asked for
	for i := range hosts {
		b.name(fmt.Sprintf("host%d.example.com:443", i), server.Listener.Addr().String())
	}
	get(t, b.client(t, true), "https://api.example.com/")
	before := runtime.NumGoroutine()
	ask := func(b *bench, hosts int, want string) {
		client := b.client(t, true)
		names := make(chan string)
		var asking sync.WaitGroup
		for range 8 {
			asking.Go(func() {
				for name := range names {
					res, err := client.Get("https://" + name + "/x")
					if err != nil {
						t.Error(err)
						continue
					}
					a := read(t, res)
					if a.cache() != want || !strings.Contains(a.body, name) || a.TLS.PeerCertificates[0].VerifyHostname(name) != nil {
						t.Errorf("%s: %d %s %q", name, a.StatusCode, a.cache(), a.body)
					}
				}
			})
		}
		for i := range hosts {
			names <- fmt.Sprintf("host%d.example.com", i)
		}
		close(names)
		asking.Wait()
		client.CloseIdleConnections()
	}
	ask(b, hosts, "MISS")
	off := b.goOffline(t, nil)
	ask(off, hosts/5, "HIT")
	b.transport.CloseIdleConnections()
	server.CloseClientConnections()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		left := runtime.NumGoroutine() - before
		if left < 20 { // those of the second proxy among them
			break
		}
		if time.Now().After(end) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines are left:\n%.5000s", left, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
