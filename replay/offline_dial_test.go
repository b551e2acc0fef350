package replay_test

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/cannery/replay"
)

// dialers are what connects to another host or looks one up, by package. A
// name that ends in "*" is a prefix.
var dialers = map[string][]string{
	"net":        {"Dial*", "Lookup*", "Resolver", "DefaultResolver", "ResolveIPAddr", "ResolveTCPAddr", "ResolveUDPAddr"},
	"net/http":   {"Client", "Transport", "NewClientConn", "Get", "Post", "PostForm", "Head", "DefaultClient", "DefaultTransport"},
	"crypto/tls": {"Dial*", "Client"},
	"syscall":    {"Connect", "Socket", "Sendto", "ForkExec", "StartProcess", "Exec"},
	"os":         {"StartProcess"},
}

// notNeeded are the packages that no part of offline mode imports at all.
var notNeeded = []string{"os/exec", "plugin", "net/http/httputil", "net/rpc", "net/smtp", "C"}

// TestOfflineCannotDial proves by the source that what an offline proxy is made
// of has nothing to reach a network with: it may listen, and answer.
func TestOfflineCannotDial(t *testing.T) {
	files := 0
	for _, pkg := range offlinePackages(t) {
		path, dir, names := pkg[0], pkg[1], strings.Fields(pkg[2])
		ours := strings.HasPrefix(path, "example.com/cannery/")
		for _, name := range names {
			files++
			file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, use := range dials(t, file) {
				// Libraries may name what they are not asked for, as long as
				// it is no dialer.
				if ours || !strings.HasPrefix(use, "syscall.") {
					t.Errorf("%s: %s uses %s", path, name, use)
				}
			}
		}
	}
	if files < 50 {
		t.Errorf("only %d files were looked at", files)
	}
}

// offlinePackages returns import path, directory and files of everything below
// replay and the stores of fixtures that is not Go's own.
func offlinePackages(t *testing.T) (packages [][]string) {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}`, "example.com/cannery/fixtures/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	args := []string{"list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}\t{{.Dir}}\t{{join .GoFiles \" \"}} {{join .CgoFiles \" \"}}{{end}}", "example.com/cannery/replay", "example.com/cannery/replay/tunnel"}
	for path := range strings.FieldsSeq(string(out)) {
		// The only connection of an offline proxy is to Redis, when that is
		// its store.
		if path != "example.com/cannery/fixtures/redisstore" {
			args = append(args, path)
		}
	}
	out, err = exec.Command("go", args...).Output()
	if err != nil {
		t.Fatalf("go %v: %v", args, err)
	}
	for line := range strings.Lines(string(out)) {
		if pkg := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); len(pkg) == 3 {
			packages = append(packages, pkg)
		}
	}
	return packages
}

// dials returns what a file uses to reach others.
func dials(t *testing.T, file *ast.File) (uses []string) {
	t.Helper()
	imported := map[string]string{} // local name to path
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		name := path[strings.LastIndex(path, "/")+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		if name == "." && dialers[path] != nil {
			uses = append(uses, "import . "+path)
		}
		for _, other := range notNeeded {
			if path == other {
				uses = append(uses, path)
			}
		}
		imported[name] = path
	}
	ast.Inspect(file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok {
			for _, forbidden := range dialers[imported[x.Name]] {
				prefix, open := strings.CutSuffix(forbidden, "*")
				if sel.Sel.Name == forbidden || open && strings.HasPrefix(sel.Sel.Name, prefix) {
					uses = append(uses, imported[x.Name]+"."+sel.Sel.Name)
				}
			}
		}
		return true
	})
	return uses
}

// watch takes the address of an origin that is closed and counts who connects.
func watch(t *testing.T, address string) *atomic.Int64 {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	var count atomic.Int64
	var accepting sync.WaitGroup
	t.Cleanup(func() { listener.Close(); accepting.Wait() })
	accepting.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			count.Add(1)
			conn.Close()
		}
	})
	return &count
}

// trapNames counts who looks a name up until the test has ended, and answers
// nobody. The test must not be parallel to others.
func trapNames(t *testing.T) *atomic.Int64 {
	t.Helper()
	var count atomic.Int64
	own := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		count.Add(1)
		return nil, errors.New("nobody looks a name up here")
	}}
	t.Cleanup(func() { net.DefaultResolver = own })
	if _, err := net.DefaultResolver.LookupHost(t.Context(), "trap.example.com"); err == nil || count.Swap(0) == 0 {
		t.Fatalf("the trap does not catch: %v", err)
	}
	return &count
}

// TestOfflineReachesNobody: whatever is asked, where the origin was nobody
// comes by, and nobody looks a name up.
func TestOfflineReachesNobody(t *testing.T) {
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://"+r.Host+"/next")
		w.WriteHeader(http.StatusFound)
	}, recording)
	b.ask(t, "GET /", "POST /", "PUT /", "GET /")
	off := b.goOffline(t, func(p *replay.Proxy) {
		p.Sequence.AfterLast = replay.FailAfterLast
	})
	address := b.origin.Listener.Addr().String()
	connections, lookups := watch(t, address), trapNames(t)
	for _, c := range []struct {
		request string // without the fields that all have
		want    string // the answer begins with it
	}{
		{"GET / HTTP/1.1\r\nHost: " + address, "HTTP/1.1 302 Found"},
		{"GET /nothing HTTP/1.1\r\nHost: " + address, "HTTP/1.1 424 "},
		{"GET http://" + address + "/ HTTP/1.1\r\nHost: " + address, "HTTP/1.1 302 Found"},
		{"GET http://api.example.com/nothing HTTP/1.1\r\nHost: api.example.com", "HTTP/1.1 421 "},
		{"GET http://" + address + "/nothing HTTP/1.1\r\nHost: " + address, "HTTP/1.1 424 "},
		{"POST / HTTP/1.1\r\nContent-Length: 0\r\nHost: " + address, "HTTP/1.1 302 Found"},
		{"POST / HTTP/1.1\r\nContent-Length: 3\r\nHost: " + address + "\r\n\r\nabc", "HTTP/1.1 424 "},
		{"PUT / HTTP/1.1\r\nContent-Length: 0\r\nHost: " + address, "HTTP/1.1 302 Found"},
		{"GET / HTTP/1.1\r\nHost: " + address, "HTTP/1.1 302 Found"},
		{"GET / HTTP/1.1\r\nHost: " + address, "HTTP/1.1 424 "},
		{"GET / HTTP/1.1\r\nHost: " + address + "\r\nRange: bytes=0-1\r\nIf-None-Match: \"a\"", "HTTP/1.1 424 "},
		{"PURGE / HTTP/1.1\r\nHost: " + address, "HTTP/1.1 424 "},
		{"OPTIONS * HTTP/1.1\r\nHost: " + address, "HTTP/1.1 424 "},
		{"CONNECT " + address + " HTTP/1.1\r\nHost: " + address, "HTTP/1.1 405 "},
		{"GET /socket HTTP/1.1\r\nHost: " + address + "\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\nSec-Websocket-Version: 13\r\nSec-Websocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "HTTP/1.1 424 "},
		{"GET /socket HTTP/1.1\r\nHost: " + address + "\r\nUpgrade: h2c", "HTTP/1.1 424 "},
		{"GET /__cannery/session/a/nothing HTTP/1.1\r\nHost: " + address, "HTTP/1.1 424 "},
	} {
		head, content, _ := strings.Cut(c.request, "\r\n\r\n")
		if !strings.Contains(head, "Connection:") {
			head += "\r\nConnection: close"
		}
		if got := off.raw(t, head+"\r\n\r\n"+content); !strings.HasPrefix(got, c.want) {
			t.Errorf("%q: %.300q, want %q", c.request, got, c.want)
		}
	}
	if n := connections.Load(); n != 0 {
		t.Errorf("%d connections to the origin's address", n)
	}
	if n := lookups.Load(); n != 0 {
		t.Errorf("%d names looked up", n)
	}
}
