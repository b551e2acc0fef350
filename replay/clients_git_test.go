package replay_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cgi"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/cannery/fixtures"
)

// gitRefs is how many refs the served repository has: enough for the list of
// what a clone wants to be longer than the smallPostBuffer.
const gitRefs = 1500

// smallPostBuffer makes git send longer content chunked. Git fails with less
// than its longest packet, 65,520 bytes.
const smallPostBuffer = "http.postBuffer=66000"

// A gitBench is a bench before a git server.
type gitBench struct {
	*bench
	shell *shell
	repo  string // the served bare repository
}

// setUpGit serves a repository of more than 1 MB over smart HTTP. Methods are
// answered from recordings.
func setUpGit(t *testing.T, methods ...string) *gitBench {
	t.Helper()
	sh := newShell(t, "git", "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@a.test", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@a.test",
		"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=core.fsync", "GIT_CONFIG_VALUE_0=none") // the disk is not what is tested
	root := t.TempDir()
	g := &gitBench{shell: sh, repo: filepath.Join(root, "repo.git")}
	g.git(t, root, "init", "--quiet", "--bare", "--initial-branch=main", "repo.git")
	g.git(t, g.repo, "config", "http.receivepack", "true")
	g.git(t, g.repo, "config", "core.fsync", "none") // the server's git gets another environment
	sh.run(t, g.repo, gitHistory(), "git", "fast-import", "--quiet")
	var tags strings.Builder
	for commit := range strings.FieldsSeq(g.git(t, g.repo, "rev-list", "main")) {
		fmt.Fprintf(&tags, "%s refs/tags/t%s\n", commit, commit)
	}
	writeFile(t, tags.String(), g.repo, "packed-refs") // much faster than to have git make them
	backend := &cgi.Handler{
		Path:   filepath.Join(strings.TrimSpace(g.git(t, root, "--exec-path")), "git-http-backend"),
		Env:    []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "HOME=" + sh.home, "GIT_CONFIG_NOSYSTEM=1"},
		Stderr: io.Discard,
	}
	g.bench = setUp(t, func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength < 0 {
			// CGI needs to be told the length (RFC 3875, section 4.1.2).
			body, err := io.ReadAll(r.Body)
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
		}
		backend.ServeHTTP(w, r)
	}, func(b *bench) {
		b.proxy.Cache.Methods, b.recorder.Methods = methods, methods
	})
	return g
}

// gitHistory is a stream for git fast-import: commits of files that do not
// compress.
func gitHistory() string {
	var s strings.Builder
	random := rand.NewChaCha8([32]byte{})
	for i := range gitRefs {
		fmt.Fprintf(&s, "commit refs/heads/main\ncommitter A <a@a.test> %d +0000\ndata <<.\ncommit %d\n.\n", 1_700_000_000+i, i)
		size := 100
		if i%100 == 0 {
			size = 100_000
		}
		data := make([]byte, size)
		random.Read(data)
		fmt.Fprintf(&s, "M 644 inline file%d\ndata %d\n%s\n\n", i%50, size, data)
	}
	return s.String()
}

func (g *gitBench) git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	return g.shell.run(t, dir, "", "git", args...)
}

// clone clones through the proxy, with options of git before the command, and
// returns the clone's directory.
func (g *gitBench) clone(t *testing.T, options ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "clone")
	g.git(t, g.shell.home, append(options, "clone", "--quiet", g.URL+"/repo.git", dir)...)
	return dir
}

// commit commits a file of 300,000 bytes that do not compress.
func (g *gitBench) commit(t *testing.T, clone string, seed byte) {
	t.Helper()
	data := make([]byte, 300_000)
	rand.NewChaCha8([32]byte{seed}).Read(data)
	writeFile(t, string(data), clone, "pushed")
	g.git(t, clone, "add", "--all")
	g.git(t, clone, "commit", "--quiet", "--message=pushed")
}

// sameAsServed fails the test unless a clone has every object that is served,
// and the files of its last commit.
func (g *gitBench) sameAsServed(t *testing.T, clone string) {
	t.Helper()
	list := []string{"rev-list", "--objects", "--tags", "main"}
	if diff := cmp.Diff(g.git(t, g.repo, list...), g.git(t, clone, list...)); diff != "" {
		t.Errorf("objects of the clone (-origin +clone):\n%.1000s", diff)
	}
	if changed := g.git(t, clone, "status", "--porcelain"); changed != "" {
		t.Errorf("files of the clone differ from the commit: %s", changed)
	}
}

// posts counts what the origin was asked by POST, and how it was sent.
func (b *bench) posts() (all, gzip, chunked int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.asked {
		if r.Method != http.MethodPost {
			continue
		}
		all++
		if r.Header.Get("Content-Encoding") == "gzip" {
			gzip++
		}
		if r.ContentLength < 0 {
			chunked++
		}
	}
	return all, gzip, chunked
}

func TestGitClonesThroughTheProxy(t *testing.T) {
	t.Parallel()
	g := setUpGit(t)
	g.sameAsServed(t, g.clone(t))
	first := g.originAsked()
	g.sameAsServed(t, g.clone(t))
	second := g.originAsked() - first
	all, gzip, chunked := g.posts()
	t.Logf("the first clone asked the origin %d times, the second %d times; of %d POST %d gzip, %d chunked", first, second, all, gzip, chunked)
	if gzip == 0 {
		t.Error("git sent no gzip content: the test does not test what it should")
	}
	if second != first-1 {
		t.Errorf("the second clone asked the origin %d times, want %d: POST is always forwarded, the list of refs is a HIT", second, first-1)
	}
	g.sameAsServed(t, g.clone(t, "-c", smallPostBuffer))
	if _, _, chunked := g.posts(); chunked == 0 {
		t.Error("git sent no chunked content: the test does not test what it should")
	}
}

func TestGitClonesFromRecordings(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]string{
		"gzip":        nil,
		"chunked":     {"-c", smallPostBuffer},
		"protocol v0": {"-c", "protocol.version=0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := setUpGit(t, http.MethodPost)
			g.sameAsServed(t, g.clone(t, options...))
			closed := g.closeOrigin()
			g.sameAsServed(t, g.clone(t, options...))
			g.onlyHits(t, closed)
		})
	}
}

// TestGitPushesThroughTheProxy pushes in live mode: the refs that the first
// push was told of are a recording, which a clear removes before the second.
func TestGitPushesThroughTheProxy(t *testing.T) {
	t.Parallel()
	g := setUpGit(t)
	clone := g.clone(t)
	for i, options := range [][]string{nil, {"-c", smallPostBuffer}} {
		g.commit(t, clone, byte(i+1))
		g.git(t, clone, append(options, "push", "--quiet", "origin", "main")...)
		g.sameAsServed(t, clone)
		if _, err := g.store.Remove(t.Context(), fixtures.Filter{}, false); err != nil {
			t.Fatal(err)
		}
	}
	all, gzip, chunked := g.posts()
	t.Logf("%+v: of %d POST %d gzip, %d chunked", g.proxy.Stats(), all, gzip, chunked)
	if chunked == 0 {
		t.Error("git sent no chunked content: the test does not test what it should")
	}
}

func TestGitPushesTwiceInRecordMode(t *testing.T) {
	t.Parallel()
	g := setUpGit(t)
	g.front(t, g.origin.URL, func(b *bench) {
		b.proxy.Cache.Anew = true
		b.recorder.Anew = true
	})
	clone := g.clone(t)
	for i := range 2 {
		g.commit(t, clone, byte(i+1))
		g.git(t, clone, "push", "--quiet", "origin", "main")
		g.sameAsServed(t, clone)
	}
}
