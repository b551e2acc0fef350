package main

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/coder/websocket"
	"github.com/mccutchen/go-httpbin/v2/httpbin"
	"github.com/rogpeppe/go-internal/testscript"
	"google.golang.org/grpc"

	"example.com/cannery/testutil/anyhost"
	"example.com/cannery/testutil/storetest"
)

// TestScripts runs testdata/*.txtar, one for each aspect of a command. Beside
// testscript's own commands they have
//
//	exits CODE ARGS...     run cannery, which must exit with CODE
//	utf16 FILE TEXT        write a line as Windows does, in UTF-16
//	full ARGS...           run cannery, which must fail, on a full disk as stdout
//	smalldisk DIR          give a directory a disk of its own, of 256 KiB
//	await FILE VAR         wait for a --ready-file, set VAR to the URL in it
//	get URL [HEADER...]    print status, headers and body of a GET to stdout
//	ask METHOD URL [BODY [HEADER...]]
//	                       print status, X-Cache and content of any request, the
//	                       explanation of a miss as text
//	press PAGE ACTION [FIELD=VALUE | FIELD/OLD/NEW...]
//	                       send a form of cannery's page, as a browser does
//	until URL TEXT         ask again and again, until TEXT is in the answer
//	signal NAME            send TERM or INT to what runs in the background
//	hold URL               begin a GET, of the origin's /hold, and wait until it
//	                       has come there
//	[!] release            let it end; it must (not) come whole
//	socket URL             open a WebSocket, which answers once, and leave it open
//	socket shut            wait until the other side has ended it
//	listener VAR           listen on a port of loopback and answer nothing
//	refused URL            wait until nobody listens there any more
//	gone FILE...           wait until the processes whose numbers are in the
//	                       files have ended
//	receive FILE           listen on a UNIX socket
//	received TEXT          wait until its client has sent all, TEXT among it
//	trust FILE             have get and ask trust the certificates in a file
//	[!] certificate NAME HOST...
//	                       write NAME.pem, NAME.der and NAME.key: a certificate for
//	                       hosts, that is (not) valid any more
//	metrics URL            print the metrics of a proxy, which Prometheus' linter must
//	                       like, and the dashboard must show
//	fetch [METHOD] PATH... be the client that run runs: see fetch
//	talk PATH TEXT...      be one that talks over a WebSocket: see talk
//	call TEXT...           be one that makes a call of gRPC: see call
//	grpc [reflection]      be an origin of gRPC at GRPC_ORIGIN: see scriptGRPC
//	grpc gone              be none any more
//	internet               be every host, behind the proxy INTERNET: see scriptInternet
//	internet gone          be none any more
//	goclient URL...        be a client in Go that knows nothing of a proxy
//	terminal COLUMNS ARGS...
//	                       run a program at a terminal: see atTerminal
//
// the conditions [ipv6] and [smalldisk], and the variables ORIGIN, ORIGIN_ADDRESS, H2C_ORIGIN and TLS_ORIGIN, whose certificate is
// in ca.pem.
func TestScripts(t *testing.T) {
	dir, files := "testdata", []string(nil)
	if testing.Short() {
		dir, files = "", servingScripts(t)
	}
	runScripts(t, testscript.Params{Dir: dir, Files: files})
}

// scriptCommands are those of all scripts. The last need what TestRedisFaultScripts sets
// up.
func scriptCommands() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	return map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"exits":       scriptExits,
		"await":       scriptAwait,
		"get":         scriptGet,
		"until":       scriptUntil,
		"ask":         scriptAsk,
		"press":       scriptPress,
		"signal":      scriptSignal,
		"hold":        scriptHold,
		"release":     scriptRelease,
		"socket":      scriptSocket,
		"listener":    scriptListener,
		"refused":     scriptRefused,
		"gone":        scriptGone,
		"full":        scriptFull,
		"smalldisk":   scriptSmallDisk,
		"utf16":       scriptUTF16,
		"trust":       scriptTrust,
		"certificate": scriptCertificate,
		"receive":     scriptReceive,
		"received":    scriptReceived,
		"metrics":     scriptMetrics,
		"internet":    scriptInternet,
		"grpc":        scriptGRPC,
		"misfit":      scriptMisfit,
		"redis":       scriptRedis,
		"unsaved":     scriptUnsaved,
		"restart":     scriptRestart,
		"wire":        scriptWire,
		"replica":     scriptReplica,
	}
}

func scriptCondition(cond string) (bool, error) {
	switch cond {
	case "ipv6":
		l, err := net.Listen("tcp", "[::1]:0")
		if err == nil {
			l.Close()
		}
		return err == nil, nil
	case "smalldisk":
		can := runtime.GOOS == "linux" && os.Geteuid() == 0
		if !can && os.Getenv("CI") == "true" {
			return false, errors.New("CI=true demands a small disk, which only root on Linux can mount")
		}
		return can, nil
	}
	return false, fmt.Errorf("unknown condition %q", cond)
}

// servingScripts returns the scripts of the commands that serve, and so do several
// things at once.
func servingScripts(t *testing.T) (files []string) {
	t.Helper()
	for _, pattern := range []string{"run_*.txtar", "start_*.txtar"} {
		found, err := filepath.Glob(filepath.Join("testdata", pattern))
		if err != nil || found == nil {
			t.Fatalf("no script is a %s: %v", pattern, err)
		}
		files = append(files, found...)
	}
	t.Log("SKIPPED: scripts of commands that do not serve are tried without -short")
	return slices.DeleteFunc(files, func(name string) bool { return strings.HasSuffix(name, "_misuse.txtar") })
}

// A scriptOrigin is the origin of one script, and its client.
type scriptOrigin struct {
	client  *http.Transport
	began   chan struct{} // a held request has come
	let     chan struct{} // closed when it may end
	release func()        // closes let
	held    chan error    // what became of it
	socket  *websocket.Conn
	heard   chan string // what the client of receive's socket has sent

	internet *anyhost.Net // of the command internet
	grpc     *grpc.Server // of the command grpc
}

type originKey struct{}

// noisy answers always the same, in fields and in a boundary that are new each time.
// A request may want another X-Total, which is content as far as clients go.
func noisy(w http.ResponseWriter, r *http.Request) {
	for name := range strings.FieldsSeq("Cf-Ray Openai-Processing-Ms Server-Timing Via X-Amz-Request-Id X-Github-Request-Id X-Ratelimit-Remaining X-Runtime") {
		w.Header().Set(name, rand.Text())
	}
	w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
	w.Header().Set("X-Ratelimit-Reset", fmt.Sprint(time.Now().Unix()))
	w.Header().Set("X-Total", cmp.Or(r.Header.Get("X-Want"), "1"))
	switch r.URL.Path {
	case "/noisy/parts":
		parts := multipart.NewWriter(w)
		w.Header().Set("Content-Type", "multipart/mixed; boundary="+parts.Boundary())
		part, _ := parts.CreatePart(nil)
		fmt.Fprint(part, "one")
		parts.Close()
	case "/noisy/stream":
		w.Header().Set("Content-Type", "text/event-stream")
		for range 3 {
			fmt.Fprint(w, "data: again\n\n")
			_ = http.NewResponseController(w).Flush()
		}
	default:
		fmt.Fprint(w, "ok")
	}
}

func setupScript(env *testscript.Env) error {
	o := &scriptOrigin{client: &http.Transport{DisableCompression: true}, began: make(chan struct{}, 1), let: make(chan struct{}), held: make(chan error, 1), heard: make(chan string, 1)}
	o.release = sync.OnceFunc(func() { close(o.let) })
	mux := http.NewServeMux()
	mux.Handle("/", httpbin.New().Handler())
	mux.HandleFunc("/hold", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "first ")
		_ = http.NewResponseController(w).Flush()
		o.began <- struct{}{}
		<-o.let
		fmt.Fprint(w, "last")
	})
	mux.HandleFunc("/noisy/", noisy)
	mux.HandleFunc("/noisy", noisy)
	plain, unencrypted, secure := httptest.NewServer(mux), httptest.NewUnstartedServer(mux), httptest.NewUnstartedServer(mux)
	unencrypted.Config.Protocols = new(http.Protocols)
	unencrypted.Config.Protocols.SetUnencryptedHTTP2(true)
	unencrypted.Start()
	secure.EnableHTTP2 = true
	secure.StartTLS()
	env.Defer(plain.Close)
	env.Defer(unencrypted.Close)
	env.Defer(secure.Close)
	env.Defer(o.release)
	env.Defer(o.client.CloseIdleConnections)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	if err := os.WriteFile(filepath.Join(env.WorkDir, "ca.pem"), ca, 0o600); err != nil {
		return err
	}
	env.Values[originKey{}] = o
	env.Setenv("GORACE", "atexit_sleep_ms=0") // it would add a second to every command
	env.Setenv("ORIGIN", plain.URL)
	env.Setenv("ORIGIN_ADDRESS", plain.Listener.Addr().String())
	env.Setenv("H2C_ORIGIN", "h2c"+strings.TrimPrefix(unencrypted.URL, "http"))
	env.Setenv("TLS_ORIGIN", secure.URL)
	env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
	env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "state"))
	return os.Mkdir(filepath.Join(env.WorkDir, "home"), 0o700)
}

func scriptExits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec("cannery", args[1:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
	if len(args) > 1 && args[1] == "doctor" {
		wantAdvice(ts)
	}
}

// wantAdvice fails when doctor has said of something that it is wrong, and not what to
// do.
func wantAdvice(ts *testscript.TestScript) {
	wrong := ""
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		if wrong != "" && !strings.HasPrefix(line, "      ") {
			break
		}
		wrong = ""
		json := strings.HasPrefix(line, "{") && !strings.Contains(line, `"level":"ok"`) && !strings.Contains(line, `"hint":"`)
		if json || strings.HasPrefix(line, "warn ") || strings.HasPrefix(line, "fail ") {
			wrong = line
		}
	}
	if wrong != "" {
		ts.Fatalf("doctor has no advice about %s", wrong)
	}
}

const (
	// scriptDeadline bounds every wait of a script.
	scriptDeadline = time.Minute

	// scriptsDeadline bounds all of them.
	scriptsDeadline = 9 * time.Minute
)

func scriptAwait(ts *testscript.TestScript, _ bool, args []string) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(scriptDeadline)
	for {
		if url, err := os.ReadFile(ts.MkAbs(args[0])); err == nil {
			ts.Setenv(args[1], strings.TrimSpace(string(url)))
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			ts.Fatalf("%s did not come", args[0])
		}
	}
}

func scriptUntil(ts *testscript.TestScript, _ bool, args []string) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(scriptDeadline)
	for {
		res, err := (&http.Client{Transport: ts.Value(originKey{}).(*scriptOrigin).client}).Get(args[0])
		ts.Check(err)
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		ts.Check(err)
		if strings.Contains(string(body), args[1]) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			ts.Fatalf("%s says %q", args[0], body)
		}
	}
}

func scriptGet(ts *testscript.TestScript, _ bool, args []string) {
	req, err := http.NewRequest(http.MethodGet, args[0], nil)
	ts.Check(err)
	for _, field := range args[1:] {
		name, value, _ := strings.Cut(field, ": ")
		req.Header.Add(name, value)
	}
	res, err := ts.Value(originKey{}).(*scriptOrigin).client.RoundTrip(req)
	ts.Check(err)
	defer res.Body.Close()
	fmt.Fprintln(ts.Stdout(), res.Status)
	for _, name := range slices.Sorted(maps.Keys(res.Header)) {
		for _, value := range res.Header[name] {
			fmt.Fprintf(ts.Stdout(), "%s: %s\n", name, value)
		}
	}
	_, err = io.Copy(ts.Stdout(), res.Body)
	ts.Check(err)
	fmt.Fprintln(ts.Stdout())
}

func scriptSignal(ts *testscript.TestScript, _ bool, args []string) {
	sig := map[string]os.Signal{"TERM": syscall.SIGTERM, "INT": os.Interrupt}[args[0]]
	for _, cmd := range ts.BackgroundCmds() {
		if err := cmd.Process.Signal(sig); !errors.Is(err, os.ErrProcessDone) {
			ts.Check(err)
		}
	}
}

func scriptHold(ts *testscript.TestScript, _ bool, args []string) {
	o := ts.Value(originKey{}).(*scriptOrigin)
	go func() {
		res, err := (&http.Client{Transport: o.client}).Get(args[0])
		if err == nil {
			var body []byte
			body, err = io.ReadAll(res.Body)
			res.Body.Close()
			if err == nil && string(body) != "first last" {
				err = fmt.Errorf("body %q is not whole", body)
			}
		}
		o.held <- err
	}()
	select {
	case <-o.began:
	case <-time.After(scriptDeadline):
		ts.Fatalf("the request did not reach the origin")
	}
}

// scriptRelease lets the held request end; "! release" wants it cut short.
func scriptRelease(ts *testscript.TestScript, neg bool, _ []string) {
	o := ts.Value(originKey{}).(*scriptOrigin)
	if !neg {
		o.release()
	}
	select {
	case err := <-o.held:
		if neg != (err != nil) {
			ts.Fatalf("the held request: %v", err)
		}
	case <-time.After(scriptDeadline):
		ts.Fatalf("the held request did not end")
	}
}

func scriptListener(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	_, port, err := net.SplitHostPort(l.Addr().String())
	ts.Check(err)
	ts.Setenv(args[0], port)
}

func scriptRefused(ts *testscript.TestScript, _ bool, args []string) {
	_, address, _ := strings.Cut(args[0], "://")
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(scriptDeadline)
	for {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		conn.Close()
		select {
		case <-tick.C:
		case <-deadline:
			ts.Fatalf("%s is still listened on", address)
		}
	}
}

func scriptFull(ts *testscript.TestScript, _ bool, args []string) {
	if err := ts.Exec("sh", append([]string{"-c", `cannery "$@" >/dev/full`, "sh"}, args...)...); err == nil {
		ts.Fatalf("cannery did not fail")
	}
}

func scriptSmallDisk(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	unmount, err := storetest.MountSmallDisk(dir, "size=256k")
	ts.Check(err)
	ts.Defer(func() { ts.Check(unmount()) })
}

func scriptUTF16(ts *testscript.TestScript, _ bool, args []string) {
	out := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(args[1] + "\r\n")) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), out, 0o600))
}

func scriptReceive(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("unix", ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	heard := ts.Value(originKey{}).(*scriptOrigin).heard
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		text, _ := io.ReadAll(conn)
		heard <- string(text)
	}()
}

func scriptReceived(ts *testscript.TestScript, _ bool, args []string) {
	select {
	case text := <-ts.Value(originKey{}).(*scriptOrigin).heard:
		if !strings.Contains(text, args[0]) {
			ts.Fatalf("received %q", text)
		}
	case <-time.After(scriptDeadline):
		ts.Fatalf("nothing was received")
	}
}
