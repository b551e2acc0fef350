package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"example.com/cannery/replay/authority"
	"example.com/cannery/testutil/storetest"
)

// hang is how long an exchange may take with whoever sends what it should not.
const hang = 5 * time.Second

// A hostileWorld is what hostile clients meet: cannery as a reverse proxy, plain and
// with TLS, and as a forward proxy, each before the same strict origin, which has a
// plain port and one of TLS. Elsewhere is a host that nobody may ask for.
type hostileWorld struct {
	origin         *strictOrigin
	plain, secured string // host:port of the origin
	elsewhere      string // host:port
	dialled        atomic.Int32

	reverse, overTLS string         // host:port of cannery, before the origin
	front, passing   string         // and as a forward proxy; passing sees nothing, and passes all on
	roots            *x509.CertPool // of cannery's certificates
}

// A hostileDoor is a way in.
type hostileDoor struct {
	name string
	open func(w *hostileWorld) (net.Conn, error)
	base func(w *hostileWorld) string // of targets: "" for origin form
	host func(w *hostileWorld) string // that requests have to name
}

func (w *hostileWorld) dial(address string) (net.Conn, error) {
	conn, err := net.Dial("tcp", address)
	if err == nil {
		err = conn.SetDeadline(time.Now().Add(hang))
	}
	return conn, err
}

// tunnel opens a tunnel to a host.
func (w *hostileWorld) tunnel(host string) (net.Conn, error) {
	conn, err := w.dial(w.front)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", host, host)
	answer := make([]byte, len("HTTP/1.1 200 Connection established\r\n\r\n"))
	if _, err := io.ReadFull(conn, answer); err != nil || !bytes.HasSuffix(answer, []byte("established\r\n\r\n")) {
		return nil, fmt.Errorf("CONNECT: %q, %v", answer, err)
	}
	return conn, nil
}

// secure speaks TLS, and a protocol inside.
func (w *hostileWorld) secure(conn net.Conn, err error, protocol string) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	return tls.Client(conn, &tls.Config{RootCAs: w.roots, ServerName: "localhost", NextProtos: []string{protocol}}), nil
}

func noBase(*hostileWorld) string       { return "" }
func plainHost(w *hostileWorld) string  { return w.plain }
func secureHost(w *hostileWorld) string { return w.secured }

// newHostileWorld starts all of it, for the time of a test.
func newHostileWorld(t *testing.T) *hostileWorld {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED: other processes are tried without -short")
	}
	w := &hostileWorld{origin: &strictOrigin{requests: map[string][]string{}}, roots: x509.NewCertPool()}
	signer, err := authority.New()
	if err != nil {
		t.Fatal(err)
	}
	config := signer.Config(func(net.Conn) string { return "localhost" })
	config.NextProtos = []string{"http/1.1"}
	for _, at := range []*string{&w.plain, &w.secured, &w.elsewhere} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		*at = fmt.Sprint("localhost:", l.Addr().(*net.TCPAddr).Port)
		switch at {
		case &w.secured:
			w.origin.serve(t, tls.NewListener(l, config))
		case &w.plain:
			w.origin.serve(t, l)
		default:
			elsewhere := httptest.NewUnstartedServer(http.NotFoundHandler())
			elsewhere.Listener.Close()
			elsewhere.Listener = l
			elsewhere.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					w.dialled.Add(1)
				}
			}
			elsewhere.Start()
			t.Cleanup(elsewhere.Close)
		}
	}
	w.origin.hosts = []string{w.plain, w.secured}
	trusted := filepath.Join(t.TempDir(), "origin.pem")
	if err := os.WriteFile(trusted, signer.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	base := []string{"--cache-method", "POST", "--origin-ca", trusted}
	w.reverse = w.start(t, append(base, "--origin", "http://"+w.plain)...)
	w.overTLS = w.start(t, append(base, "--origin", "http://"+w.plain, "--tls")...)
	w.front = w.start(t, append(base, "--proxy", "--proxy-loopback")...)
	w.passing = w.start(t, append(base, "--proxy", "--only", "nobody.example")...)
	return w
}

// start runs cannery until the test ends, and then looks at what it has said and
// recorded. It returns where it listens.
func (w *hostileWorld) start(t *testing.T, args ...string) string {
	t.Helper()
	state := t.TempDir()
	ca := filepath.Join(state, "ca.pem")
	cmd := exec.Command("cannery", append([]string{"start", "--port", "0", "--json"}, args...)...)
	if !slices.Contains(args, "http://"+w.plain) || slices.Contains(args, "--tls") {
		cmd.Args = append(cmd.Args, "--ca-file", ca)
	}
	cmd.Env = append(cmd.Environ(), "XDG_STATE_HOME="+state)
	said := &bytes.Buffer{}
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v has ended with %v", args, err)
		}
		for _, trouble := range []string{"panic", "goroutine ", "cannery failed"} {
			if i := strings.Index(said.String(), trouble); i >= 0 {
				t.Errorf("%v says %.2000s", args, said.String()[max(0, i-500):])
			}
		}
		wantRecordedAlone(t, filepath.Join(state, "cannery"))
	})
	var banner struct{ URL string }
	if err := json.NewDecoder(bufio.NewReader(out)).Decode(&banner); err != nil {
		t.Fatal(err, said)
	}
	if pem, err := os.ReadFile(ca); err == nil {
		w.roots.AppendCertsFromPEM(pem)
	}
	_, address, _ := strings.Cut(banner.URL, "://")
	return address
}

// wantRecordedAlone looks at what a store has: each recording must be of one request,
// with the answer that the origin gave to this one.
func wantRecordedAlone(t *testing.T, dir string) {
	t.Helper()
	store := storetest.OpenLocal(t, dir, 1<<20)
	n := 0
	for rec, err := range store.Recordings(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		req, echo := &rec.Request, string(rec.Response.Body.Bytes)
		method, rest, _ := strings.Cut(echo, " ")
		switch want := echoOf(req.Method, req.Target, req.Body); {
		case req.Method == http.MethodHead && echo == "":
		case method != req.Method || !strings.HasPrefix(rest, req.Target+" ") || echo != want && req.Header["Content-Encoding"] == nil && req.Digest == nil:
			t.Errorf("the recording of %s %s, of %d bytes, has the answer %q", req.Method, req.Target, len(req.Body), echo)
		}
	}
	t.Logf("%d recordings, each of one request", n)
}

// wantQuiet looks at what has come of one case.
func (w *hostileWorld) wantQuiet(t *testing.T, name string, most int, refused bool) {
	t.Helper()
	w.origin.mu.Lock()
	defer w.origin.mu.Unlock()
	got := slices.DeleteFunc(slices.Clone(w.origin.requests[name]), func(echo string) bool { return strings.Contains(echo, "/clean ") })
	if len(got) > most || refused && len(got) > 0 {
		t.Errorf("the origin got %d requests: %.500q", len(got), got)
	}
	for _, echo := range got {
		if strings.Contains(echo, "/hidden") {
			t.Errorf("the hidden request reached the origin: %.500q", got)
		}
	}
}

// wantClean asks for something else, on a connection of its own.
func (w *hostileWorld) wantClean(t *testing.T, door hostileDoor, name string) {
	t.Helper()
	conn, err := door.open(w)
	if err != nil {
		t.Fatalf("the next client: %v", err)
	}
	defer conn.Close()
	target, cache := "/"+name+"/clean", "MISS"
	if door.name == passOn {
		cache = "BYPASS"
	}
	fmt.Fprintf(conn, "GET %s%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", door.base(w), target, door.host(w))
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("the next client: %v", err)
	}
	body, err := io.ReadAll(res.Body)
	if want := echoOf("GET", target, nil); err != nil || res.StatusCode != 200 || string(body) != want || res.Header.Get("X-Cache") != cache {
		t.Errorf("the next client got %s %v %q, %v", res.Status, res.Header["X-Cache"], body, err)
	}
}

// passOn is the door of requests that a forward proxy is not to see.
const passOn = "passed on"

// doors are the ways in of a case over HTTP/1.1: the reverse proxy, and the forward proxy
// in absolute form and inside of a tunnel. Tunnels have TLS or not by turns, and every
// fourth case goes through a proxy that is not to see it, too.
func (w *hostileWorld) doors(i int) []hostileDoor {
	doors := []hostileDoor{
		{"reverse", func(w *hostileWorld) (net.Conn, error) { return w.dial(w.reverse) }, noBase, func(w *hostileWorld) string { return w.reverse }},
		{"absolute", func(w *hostileWorld) (net.Conn, error) { return w.dial(w.front) }, func(w *hostileWorld) string { return "http://" + w.plain }, plainHost},
	}
	if i%2 == 0 {
		doors = append(doors, hostileDoor{"tunnel", func(w *hostileWorld) (net.Conn, error) { return w.tunnel(w.plain) }, noBase, plainHost})
	} else {
		doors = append(doors, hostileDoor{"TLS in a tunnel", func(w *hostileWorld) (net.Conn, error) {
			conn, err := w.tunnel(w.secured)
			return w.secure(conn, err, "http/1.1")
		}, noBase, secureHost})
	}
	if i%4 == 0 {
		doors = append(doors, hostileDoor{passOn, func(w *hostileWorld) (net.Conn, error) { return w.dial(w.passing) }, func(w *hostileWorld) string { return "http://" + w.plain }, plainHost})
	}
	return doors
}

// http2Doors are those for HTTP/2.
func (w *hostileWorld) http2Doors() []hostileDoor {
	inTLS := func(w *hostileWorld) (net.Conn, error) {
		conn, err := w.dial(w.overTLS)
		return w.secure(conn, err, "h2")
	}
	inTunnel := func(w *hostileWorld) (net.Conn, error) {
		conn, err := w.tunnel(w.secured)
		return w.secure(conn, err, "h2")
	}
	return []hostileDoor{
		{"h2", inTLS, noBase, func(w *hostileWorld) string { return w.overTLS }},
		{"h2c", func(w *hostileWorld) (net.Conn, error) { return w.dial(w.reverse) }, noBase, func(w *hostileWorld) string { return w.reverse }},
		{"h2 in a tunnel", inTunnel, noBase, secureHost},
	}
}

// TestHostileClients sends what no client should: see hostileRequests, over HTTP/1.1, and
// hostileFrameCases, over HTTP/2. The origin, which takes nothing that could be read in
// two ways, may see one request of each and none that is hidden in another's bytes;
// nobody else may be dialled, and the next client is served as ever.
func TestHostileClients(t *testing.T) {
	t.Parallel()
	w := newHostileWorld(t)
	requests, frames := hostileRequests(), hostileFrameCases()
	exchanges := 0
	t.Run("clients", func(t *testing.T) {
		for i, c := range requests {
			doors := w.doors(i)
			exchanges += len(doors)
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				for j, door := range doors {
					c.try(t, w, door, fmt.Sprintf("case-%d-%d", i, j))
				}
			})
		}
		for i, f := range frames {
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				for j, door := range w.http2Doors() {
					f.try(t, w, door, fmt.Sprintf("case-%d-%d", len(requests)+i, j))
				}
			})
		}
	})
	t.Logf("%d requests over HTTP/1.1 in %d exchanges, and %d of frames over HTTP/2 in %d", len(requests), exchanges, len(frames), len(frames)*len(w.http2Doors()))
	w.wantNothingElse(t)
}

// wantNothingElse looks at what has come of all cases.
func (w *hostileWorld) wantNothingElse(t *testing.T) {
	t.Helper()
	if n := w.dialled.Load(); n > 0 {
		t.Errorf("another host was dialled %d times", n)
	}
	w.origin.mu.Lock()
	defer w.origin.mu.Unlock()
	for _, fault := range w.origin.faults {
		t.Errorf("the origin got what it could misread: %s", fault)
	}
	for _, echoes := range w.origin.requests {
		for _, echo := range echoes {
			if strings.Contains(echo, "/hidden ") {
				t.Errorf("the hidden request reached the origin: %.500q", echo)
			}
		}
	}
	if got := w.origin.requests[""]; len(got) > 0 {
		t.Errorf("the origin got requests of nobody: %.1000q", got)
	}
}

// try sends a case through a door, and looks at what has come of it.
func (c *hostileRequest) try(t *testing.T, w *hostileWorld, door hostileDoor, name string) {
	t.Helper()
	if door.name == passOn && strings.HasPrefix(c.text, "CONNECT {ELSE}") {
		return // it is passed on, as it is to be
	}
	base, host := door.base(w), door.host(w)
	hidden := "GET " + base + "/" + name + "/hidden HTTP/1.1\r\nHost: " + host + "\r\n\r\n"
	text := strings.NewReplacer("{HIDDEN}", hidden, "{LEN}", fmt.Sprint(len(hidden)), "{T}", base+"/"+name, "{B}", base, "{N}", name, "{HOST}", host, "{ELSE}", w.elsewhere).Replace(c.text)
	conn, err := door.open(w)
	if err != nil {
		t.Fatalf("%s: %v", door.name, err)
	}
	defer conn.Close()
	began := time.Now()
	statuses, err := c.exchange(conn, text)
	if took := time.Since(began); took > hang || isTimeout(err) {
		t.Errorf("%s: %v hangs after %v: %.300q", door.name, statuses, took, text)
	}
	first := 0
	if len(statuses) > 0 {
		first = statuses[0]
	}
	// What does not look like HTTP ends a tunnel without a word.
	silent := first == 0 && (c.end == cut || door.name == "tunnel")
	if want := c.want; want != 0 && first != want && !(want == refused && silent) {
		t.Errorf("%s: status %v, want %d: %.300q", door.name, statuses, want, text)
	}
	if n := max(c.sends, 1); len(statuses) > n {
		t.Errorf("%s: answers %v to %.300q", door.name, statuses, text)
	}
	// An answer to a part, or to a condition, is made of the whole.
	served := first == http.StatusPreconditionFailed || first == http.StatusRequestedRangeNotSatisfiable
	w.wantQuiet(t, name, max(c.sends, 1), first >= 400 && !served)
	w.wantClean(t, door, name)
}

func isTimeout(err error) bool {
	timeout, ok := err.(net.Error)
	return ok && timeout.Timeout()
}

// exchange sends bytes, and returns the statuses of the answers.
func (c *hostileRequest) exchange(conn net.Conn, text string) (statuses []int, err error) {
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = io.WriteString(conn, text) // what is refused may not be read to its end
		switch c.end {
		case cut:
			_ = conn.(interface{ CloseWrite() error }).CloseWrite()
		case left:
			_ = conn.Close()
		}
	}()
	defer func() { _ = conn.Close(); <-sent }()
	if c.end == left {
		<-sent
		return nil, nil
	}
	in := bufio.NewReader(conn)
	for {
		method, _, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), " ")
		res, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			return statuses, err
		}
		_, err = io.Copy(io.Discard, res.Body)
		if res.StatusCode >= 200 {
			statuses = append(statuses, res.StatusCode)
		}
		if err != nil {
			return statuses, err
		}
		if len(statuses) == max(c.sends, 1) {
			<-sent
			_ = conn.(interface{ CloseWrite() error }).CloseWrite() // and see whether more comes
		}
	}
}
