package tunnel_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"example.com/cannery/replay/tunnel"
)

func patterns(t testing.TB, texts ...string) (all []tunnel.Pattern) {
	t.Helper()
	for _, text := range texts {
		p, err := tunnel.ParsePattern(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		all = append(all, p)
	}
	return all
}

// TestChosenHostsAreAnsweredFor, and the others passed through: their TLS is their own.
func TestChosenHostsAreAnsweredFor(t *testing.T) {
	type choice struct {
		only, except, named []string
		loopback            bool
	}
	urls := []string{"https://api.example.com", "https://api.example.com:8443", "https://deep.api.example.com", "http://api.example.com", "https://[2001:db8::7]", "https://192.0.2.7", "http://localhost:8080"}
	for name, tt := range map[string]struct {
		choice choice
		want   []int // which of the URLs are answered for
	}{
		"all":             {choice{}, []int{0, 1, 2, 3, 4, 5}},
		"loopback too":    {choice{loopback: true}, []int{0, 1, 2, 3, 4, 5, 6}},
		"a host":          {choice{only: []string{"API.example.com."}}, []int{0, 1, 3}},
		"a port":          {choice{only: []string{"api.example.com:8443"}}, []int{1}},
		"all below":       {choice{only: []string{"*.example.com"}}, []int{0, 1, 2, 3}},
		"below":           {choice{only: []string{"*.api.example.com"}}, []int{2}},
		"addresses":       {choice{only: []string{"2001:db8::7", "192.0.2.7:443"}}, []int{4, 5}},
		"IPv6 and a port": {choice{only: []string{"[2001:db8::7]:443"}}, []int{4}},
		"but":             {choice{except: []string{"api.example.com"}}, []int{2, 4, 5}},
		"only but":        {choice{only: []string{"*.example.com"}, except: []string{"*.api.example.com", "api.example.com:80"}}, []int{0, 1}},
		"named":           {choice{only: []string{"192.0.2.7"}, named: []string{"localhost:8080"}}, []int{5, 6}},
		"only loopback":   {choice{only: []string{"localhost"}}, []int{6}},
	} {
		t.Run(name, func(t *testing.T) {
			b := setUp(t, func(b *bench) {
				b.front.Choice = tunnel.Choice{Except: patterns(t, tt.choice.except...), Named: patterns(t, tt.choice.named...), Loopback: tt.choice.loopback, Only: patterns(t, tt.choice.only...)}
			})
			for _, at := range urls {
				b.host(t, at, speak)
			}
			client := b.client(t, false)
			roots := client.Transport.(*http.Transport).TLSClientConfig.RootCAs
			roots.AddCert(hostsCA().Certificate()) // whoever answers is trusted
			for i, at := range urls {
				a := get(t, client, at+"/")
				answered := a.cache() == "MISS"
				if answered != slices.Contains(tt.want, i) || a.StatusCode != http.StatusOK || !strings.Contains(a.body, "GET ") {
					t.Errorf("%s: answered for: %v; %d %q", at, answered, a.StatusCode, a.body)
				}
			}
			var passed int
			for _, miss := range b.uncaught.All() {
				if miss.Kind == tunnel.Passed {
					passed++
				}
			}
			if passed != len(urls)-len(tt.want) {
				t.Errorf("said to be passed through: %+v", b.uncaught.All())
			}
		})
	}
}

// TestWhatIsNotChosenIsRefusedOffline: with the reason, and nobody is reached.
func TestWhatIsNotChosenIsRefusedOffline(t *testing.T) {
	b := setUp(t, nil).goOffline(t, func(b *bench) {
		b.front.Choice = tunnel.Choice{Except: patterns(t, "left.example.com", "127.0.0.1:9090")}
	})
	for host, want := range map[string]string{
		"left.example.com:443": "--only or --except",
		"127.0.0.1:9090":       "--only or --except",
		"localhost:443":        "--proxy-loopback",
		"127.0.0.1:8443":       "--proxy-loopback",
		"[::1]:443":            "NO_PROXY=::1",
		"api.localhost:80":     "NO_PROXY=api.localhost",
	} {
		_, res := b.tryConnect(t, host)
		if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusForbidden || !strings.Contains(string(body), want) {
			t.Errorf("CONNECT %s: %s %s", host, res.Status, body)
		}
		b.wantUncaught(t, tunnel.Barred, host)
		if got := get(t, b.client(t, false), "http://"+host+"/"); got.StatusCode != http.StatusForbidden || !strings.Contains(got.body, want) {
			t.Errorf("GET http://%s/: %d %s", host, got.StatusCode, got.body)
		}
	}
}

// TestATunnelThatIsPassedThroughCarriesAnything: each side may end before the other.
func TestATunnelThatIsPassedThroughCarriesAnything(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "220 mail.example.com\r\n") // who speaks first
		all, _ := io.ReadAll(conn)                   // and then waits for the client's end
		_, _ = conn.Write(all)
	}()
	b := setUp(t, func(b *bench) { b.front.Choice.Except = patterns(t, "mail.example.com") })
	b.name("mail.example.com:25", listener.Addr().String())
	conn := b.connect(t, "mail.example.com:25")
	greeting := make([]byte, len("220 mail.example.com\r\n"))
	if _, err := io.ReadFull(conn, greeting); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "EHLO\r\n"); err != nil {
		t.Fatal(err)
	}
	conn.CloseWrite()
	if rest, err := io.ReadAll(conn); err != nil || string(rest) != "EHLO\r\n" {
		t.Errorf("%q, %v", rest, err)
	}
	if miss := b.wantUncaught(t, tunnel.Passed, "mail.example.com:25"); miss.Client != "tester/1" {
		t.Errorf("%+v", miss)
	}
	_, res := b.tryConnect(t, "unknown.example.com:25")
	if res.StatusCode != http.StatusOK { // it is chosen
		t.Errorf("%s", res.Status)
	}
	b.name("mail.example.com:25", "127.0.0.1:1")
	_, res = b.tryConnect(t, "mail.example.com:25")
	if body, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusBadGateway || !strings.Contains(string(body), "mail.example.com:25, which is passed through") {
		t.Errorf("%s %s", res.Status, body)
	}
}

// TestABadCONNECTIsRefused: with what is wrong with it.
func TestABadCONNECTIsRefused(t *testing.T) {
	b := setUp(t, nil)
	for _, host := range []string{"api.example.com", "api.example.com:0", "api.example.com:99999", "api.example.com:http", ":443", "[::1%25eth0]:443"} {
		conn, err := net.Dial("tcp", b.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		got := raw(t, conn, "CONNECT "+host+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		conn.Close()
		if !strings.HasPrefix(got, "HTTP/1.1 400 ") {
			t.Errorf("%s: %q", host, got)
		}
	}
}

func TestPatterns(t *testing.T) {
	for text, want := range map[string]string{
		"API.Example.com": "api.example.com", "*.example.com:8443": "*.example.com:8443", "[::1]:80": "[::1]:80", "::1": "::1", "example.com.": "example.com", "example.com.:80": "example.com:80",
	} {
		if p, err := tunnel.ParsePattern(text); err != nil || p.String() != want {
			t.Errorf("%q is %v, error %v", text, p, err)
		}
	}
	for _, text := range []string{"", "*", "*.", "https://api.example.com", "api.example.com/v1", "a:0", "a:x", "a b", "a*.example.com", "me@example.com"} {
		if p, err := tunnel.ParsePattern(text); err == nil {
			t.Errorf("%q is %v", text, p)
		}
	}
}
