//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/cannery/testutil/anyhost"
)

// TestPagesRun types what each page says, from the first command to the last, in a
// directory that is empty when the page begins, and compares what is printed. What no
// two runs have alike does not count: see alike. With -update the pages get what was
// printed.
func TestPagesRun(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: pages are tried without -short")
	}
	for _, name := range []string{"bash", "curl", "python3"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("SKIPPED: there is no %s here", name)
		}
	}
	holdPorts(t)
	for _, page := range pages(t) {
		t.Run(page, func(t *testing.T) { // not in parallel: pages share ports
			path := filepath.Join("..", "..", page)
			r := newReader(t, readText(t, path))
			r.read()
			if *update {
				writeText(t, path, r.text)
			}
		})
	}
}

// holdPorts waits until no other tests on this machine type pages: the ports are the same.
func holdPorts(t *testing.T) {
	t.Helper()
	lock, err := os.OpenFile(filepath.Join(os.TempDir(), "cannery-pages.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lock.Close() })
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
}

// A step is one command of a console, and what it prints.
type step struct{ command, prints string }

// stepsOf takes a console apart: commands stand behind "$ ", and go on behind "> ".
func stepsOf(text string) (all []step) {
	for line := range strings.Lines(text) {
		last := len(all) - 1
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			all = append(all, step{command: command})
		} else if more, ok := strings.CutPrefix(line, "> "); ok && last >= 0 && all[last].prints == "" {
			all[last].command += more
		} else if last >= 0 {
			all[last].prints += line
		}
	}
	return all
}

// A reader types what a page says.
type reader struct {
	t     *testing.T
	text  string   // the page, with what was printed
	env   []string // of what the reader starts
	home  string
	dir   string            // is empty at first
	suite string            // a directory with a suite of the reader's own
	ports map[string]string // those of the page that are in use here, and the ones to take
	shell *pageTerminal
	other *pageTerminal // in which a proxy runs; nil before one does
}

// pagePorts are those on which pages have something listen.
var pagePorts = []string{"3000", "6379", "8099"}

func newReader(t *testing.T, page string) *reader {
	root := t.TempDir()
	r := &reader{t: t, text: page, home: filepath.Join(root, "home"), dir: filepath.Join(root, "empty"), suite: filepath.Join(root, "suite"), ports: map[string]string{}}
	for _, dir := range []string{r.home, r.dir, r.suite, filepath.Join(root, "bin")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	writeText(t, filepath.Join(r.suite, "package.json"), `{"scripts": {"test": "curl -fsS ${API_URL:-https://api.example.com}/v1/items"}}`)
	r.env = readerEnv(t, root)
	for _, port := range pagePorts {
		if strings.Contains(page, port) {
			if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
				l.Close()
			} else {
				r.ports[port] = freePort(t)
			}
		}
	}
	r.shell = newPageTerminal(t, r, r.dir, "bash", "--norc")
	t.Cleanup(func() { r.shell.end() })
	return r
}

// readerEnv is the environment of somebody who has Go and an internet: every host is
// pageHosts.
func readerEnv(t *testing.T, root string) (env []string) {
	t.Helper()
	internet, err := anyhost.New(pageHosts())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(internet.Close)
	trusted := filepath.Join(root, "internet.pem")
	writeText(t, trusted, string(internet.CA))
	goes := exec.CommandContext(t.Context(), "go", "env", "-json", "GOCACHE", "GOMODCACHE", "GOPATH")
	out, err := goes.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(`"(GO\w+)": "(.*)"`).FindAllStringSubmatch(string(out), -1) {
		env = append(env, found[1]+"="+found[2])
	}
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if name == "LANG" || name == "GOFLAGS" || name == "GOPROXY" || name == "GOTOOLCHAIN" || strings.HasPrefix(name, "PYENV") {
			env = append(env, v)
		}
	}
	bin := filepath.Join(root, "bin")
	return append(env, "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"), "GOBIN="+bin, "HOME="+filepath.Join(root, "home"), "TMPDIR="+t.TempDir(),
		"HTTP_PROXY="+internet.URL, "HTTPS_PROXY="+internet.URL, "NO_PROXY=127.0.0.1,localhost", "SSL_CERT_FILE="+trusted,
		"PYTHONDONTWRITEBYTECODE=1", "npm_config_update_notifier=false")
}

func freePort(t *testing.T) string {
	t.Helper()
	l := httptest.NewUnstartedServer(nil).Listener
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// read types all of a page.
func (r *reader) read() {
	page := r.text
	var out strings.Builder
	from := 0
	for _, b := range blocksOf(page) {
		r.write(b, page)
		r.checkJob(b)
		if b.language == "console" || b.language == "text" {
			out.WriteString(page[from:b.begin])
			from = b.end
			if b.language == "text" {
				out.WriteString(r.logged(b.text))
				continue
			}
			for _, s := range stepsOf(b.text) {
				prints := r.do(s)
				out.WriteString("$ " + strings.ReplaceAll(strings.TrimSuffix(s.command, "\n"), "\n", "\n> ") + "\n" + prints)
			}
		}
	}
	out.WriteString(page[from:])
	r.text = out.String()
	if r.other != nil {
		r.other.stop()
	}
}

var namedFile = regexp.MustCompile("`([\\w./-]+)`:\n\n```\\w+\n$")

// write writes a file whose name and content a page gives: the name in backquotes, at the
// end of the sentence that leads to the block.
func (r *reader) write(b block, page string) {
	if b.language == "console" || b.language == "text" || b.language == "" {
		return
	}
	if found := namedFile.FindStringSubmatch(page[:b.begin]); found != nil && !strings.Contains(found[1], "..") {
		path := filepath.Join(r.shell.where(), found[1])
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			r.t.Fatal(err)
		}
		writeText(r.t, path, r.withPorts(b.text))
	}
}

var jobLine = regexp.MustCompile(`(?m)run: '?(cannery [^#\n']*)`)

// checkJob types what a configuration of CI would, which must succeed.
func (r *reader) checkJob(b block) {
	if b.language != "yaml" {
		return
	}
	dir := ""
	if tools.MatchString(b.text) {
		dir = r.suite
		if _, err := exec.LookPath("npm"); err != nil {
			return
		}
	}
	for _, found := range jobLine.FindAllStringSubmatch(b.text, -1) {
		if printed, code := r.shell.run(found[1], dir); code != 0 {
			r.t.Errorf("%s exits with %d:\n%s", found[1], code, printed)
		}
	}
}

// do types a command, and returns what is to stand in the page below it.
func (r *reader) do(s step) string {
	command := r.withPorts(s.command)
	dir := ""
	switch {
	case strings.HasPrefix(command, "go test ./"):
		return s.prints // this is one of them
	case strings.Contains(command, " ./cmd/") || strings.Contains(command, "testutil/"):
		dir = filepath.Join("..", "..")
	case strings.Contains(command, "npm "):
		dir = r.suite
	}
	for _, tool := range tools.FindAllString(command, -1) {
		if _, err := exec.LookPath(tool); err != nil {
			if strings.HasPrefix(tool, "redis") { // nothing that follows goes without
				r.t.Skipf("SKIPPED: there is no %s here", tool)
			}
			r.t.Logf("SKIPPED: there is no %s here: %s", tool, command)
			return s.prints
		}
	}
	if starts(command) {
		if dir == "" {
			dir = r.shell.where()
		}
		return r.compare(s, r.start(command, dir, strings.Count(s.prints, "\n")))
	}
	printed, code := r.shell.run(command, dir)
	if dir == r.suite && s.prints == "" { // what a suite prints is its own affair
		if code != 0 {
			r.t.Errorf("$ %s exits with %d:\n%s", s.command, code, printed)
		}
		return ""
	}
	r.awaitPorts(command)
	return r.compare(s, printed)
}

// awaitPorts waits until a server that a command has begun listens: who types is slower.
func (r *reader) awaitPorts(command string) {
	if !strings.Contains(command, "& sleep") {
		return
	}
	for _, port := range pagePorts {
		port = r.withPorts(port)
		for strings.Contains(command, port) && r.t.Context().Err() == nil {
			if conn, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
				conn.Close()
				break
			}
		}
	}
}

// tools are programs that not everybody has.
var tools = regexp.MustCompile(`\b(npm|node|java|git|redis-server|redis-cli)\b`)

// starts reports whether a command goes on until it is stopped.
func starts(command string) bool {
	return strings.Contains(command, "cannery start") && !strings.Contains(command, "&")
}

// start begins a proxy in another terminal, and returns its first lines.
func (r *reader) start(command, dir string, lines int) string {
	if r.other != nil {
		r.other.stop()
	}
	r.other = newPageTerminal(r.t, r, dir, "bash", "-c", command)
	r.t.Cleanup(r.other.end)
	return r.other.lines(lines)
}

// logged returns what the other terminal says next.
func (r *reader) logged(want string) string {
	if r.other == nil {
		r.t.Fatalf("no proxy runs that says\n%s", want)
	}
	return r.compare(step{"(the log)", want}, r.other.lines(strings.Count(want, "\n")))
}

// compare returns what a page has, or what was printed where that is something else.
func (r *reader) compare(s step, got string) string {
	if cmp.Equal(r.alike(r.withPorts(s.prints)), r.alike(got)) {
		return s.prints
	}
	if !*update {
		r.t.Errorf("$ %s prints something else (-page +printed):\n%s", s.command, cmp.Diff(r.alike(r.withPorts(s.prints)), r.alike(got)))
	}
	got = strings.NewReplacer(r.home, "/home/ada", "\r", "").Replace(got)
	for page, here := range r.ports {
		got = strings.ReplaceAll(got, here, page)
	}
	return got
}

func (r *reader) withPorts(text string) string {
	for page, here := range r.ports {
		text = regexp.MustCompile(`\b`+page+`\b`).ReplaceAllString(text, here)
	}
	return text
}

// varying are texts that no two runs have alike, and what stands for them.
var varying = []struct {
	re *regexp.Regexp
	as string
}{
	{regexp.MustCompile(`(127\.0\.0\.1[:+])\d+`), "${1}PORT"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*Z`), "TIME"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d`), "TIME"},
	{regexp.MustCompile(`\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT`), "TIME"},
	{regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d`), "TIME"},
	{regexp.MustCompile(`\b\d+(\.\d+)?(µs|ms|s)\b`), "DURATION"},
	{regexp.MustCompile(`\b[0-9a-f]{8}\b`), "ID"},
	{regexp.MustCompile(`curl/[\d.]+`), "curl/VERSION"},
	{regexp.MustCompile(`Python/[\d.]+`), "Python/VERSION"},
	{regexp.MustCompile(`cannery:[A-Z0-9]{26}@`), "cannery:TOKEN@"},
	{regexp.MustCompile(`cannery env --port \d+`), "cannery env"}, // 3000 is not said
	{regexp.MustCompile(`\r`), ""},
	{regexp.MustCompile(`[ \t]+`), " "},
}

// alike returns a text without what no two runs have alike.
func (r *reader) alike(text string) string {
	text = strings.ReplaceAll(text, r.home, "/home/ada")
	for _, v := range varying {
		text = v.re.ReplaceAllString(text, v.as)
	}
	return text
}

// A pageTerminal is where a reader types and reads.
type pageTerminal struct {
	t   *testing.T
	cmd *exec.Cmd
	in  *os.File
	out *bufio.Reader
}

// pageTimeout is how long one terminal may take for all of a page.
const pageTimeout = 3 * time.Minute

func newPageTerminal(t *testing.T, r *reader, dir, name string, args ...string) *pageTerminal {
	t.Helper()
	theirIn, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), pageTimeout)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, r.env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = theirIn, theirOut, theirOut
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirIn.Close()
	theirOut.Close()
	return &pageTerminal{t: t, cmd: cmd, in: in, out: bufio.NewReader(out)}
}

// typed is printed when a command has ended.
const typed = '\x1e'

// run types a command, in a directory or, when that is "", where the shell is, and
// returns what it prints and its exit code.
func (t *pageTerminal) run(command, dir string) (printed string, code int) {
	t.t.Helper()
	if dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			t.t.Fatal(err)
		}
		command = "(cd '" + abs + "'\n" + command + "\n)"
	}
	fmt.Fprintf(t.in, "{\n%s\n} </dev/null\nprintf '\\036%%d\\n' $?\n", command)
	printed, err := t.out.ReadString(typed)
	if err != nil {
		t.t.Fatalf("%s: %v\n%s", command, err, printed)
	}
	if _, err := fmt.Fscanln(t.out, &code); err != nil {
		t.t.Fatalf("%s: %v", command, err)
	}
	return strings.TrimSuffix(printed, string(typed)), code
}

// where returns the directory in which the shell is.
func (t *pageTerminal) where() string {
	dir, _ := t.run("pwd", "")
	return strings.TrimSpace(dir)
}

// lines returns the next lines.
func (t *pageTerminal) lines(n int) string {
	t.t.Helper()
	var all bytes.Buffer
	for range n {
		line, err := t.out.ReadString('\n')
		all.WriteString(line)
		if err != nil {
			t.t.Errorf("%v: %v", t.cmd.Args, err)
			break
		}
	}
	return all.String()
}

// stop asks what runs to end, and waits until it has.
func (t *pageTerminal) stop() {
	if t.cmd.ProcessState != nil {
		return
	}
	_ = syscall.Kill(-t.cmd.Process.Pid, syscall.SIGTERM)
	_ = t.cmd.Wait()
}

// end ends all that a terminal has begun.
func (t *pageTerminal) end() {
	t.in.Close()
	_ = syscall.Kill(-t.cmd.Process.Pid, syscall.SIGKILL)
	if t.cmd.ProcessState == nil {
		_ = t.cmd.Wait()
	}
}

// pageHosts are the hosts that pages ask. Their answers are always the same.
func pageHosts() http.Handler {
	hosts := http.NewServeMux()
	for pattern, answer := range map[string]string{
		"GET /v1/items":    `[{"id": 1, "name": "lamp"}]`,
		"POST /graphql":    `{"data": {"user": {"name": "Ada"}}}`,
		"GET /v1/customer": `{"name": "Ada", "iban": "DE02120300000000202051"}`,
		"POST /v1/login":   `{"access_token": "c7a1e9d04b5f4a6f8e2d"}`,
		"GET /v1/me":       `{"name": "Ada"}`,
	} {
		hosts.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintln(w, answer)
		})
	}
	hosts.HandleFunc("POST /rpc", func(w http.ResponseWriter, r *http.Request) {
		var call struct{ ID json.RawMessage }
		if err := json.NewDecoder(r.Body).Decode(&call); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"jsonrpc": "2.0", "id": %s, "result": 19}`+"\n", call.ID)
	})
	events := func(all ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			for _, data := range all {
				fmt.Fprintf(w, "data: %s\n\n", data)
				_ = http.NewResponseController(w).Flush()
			}
		}
	}
	hosts.HandleFunc("GET /v1/events", events(`{"step": 1}`, `{"step": 2}`, `{"step": 3}`))
	hosts.HandleFunc("POST /v1/chat/completions", events(`{"choices":[{"delta":{"content":"Hel"}}]}`, `{"choices":[{"delta":{"content":"lo"}}]}`, `[DONE]`))
	return hosts
}
