package replay_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// A goModule is a version of a module that a module proxy serves.
type goModule struct {
	path, version string
	files         map[string]string // go.mod is one of them
}

var goModules = []goModule{
	{"lib.test/one", "v1.0.0", map[string]string{
		"go.mod": "module lib.test/one\n\ngo 1.21\n",
		"one.go": "package one\n\nconst Answer = 1\n",
	}},
	{"lib.test/one", "v1.1.0", map[string]string{
		"go.mod":     "module lib.test/one\n\ngo 1.21\n\nrequire lib.test/Two v0.3.0\n",
		"one.go":     "package one\n\nimport two \"lib.test/Two\"\n\nconst Answer = two.Answer\n",
		"sub/sub.go": "package sub\n\n// " + strings.Repeat("A long comment. ", 20_000) + "\nconst Answer = 11\n",
	}},
	{"lib.test/Two", "v0.3.0", map[string]string{
		"go.mod": "module lib.test/Two\n\ngo 1.21\n",
		"two.go": "package two\n\nconst Answer = 2\n",
	}},
}

// goProxy serves modules by the GOPROXY protocol.
func goProxy(t *testing.T) http.HandlerFunc {
	t.Helper()
	served := map[string][]byte{}
	for _, m := range goModules {
		escaped := strings.ReplaceAll(m.path, "T", "!t")
		at := "/" + escaped + "/@v/" + m.version
		info, err := json.Marshal(map[string]any{"Version": m.version, "Time": time.Unix(1_700_000_000, 0).UTC()})
		if err != nil {
			t.Fatal(err)
		}
		served[at+".info"], served["/"+escaped+"/@latest"] = info, info
		served[at+".mod"] = []byte(m.files["go.mod"])
		served[at+".zip"] = m.zip(t)
		list := "/" + escaped + "/@v/list"
		served[list] = append(served[list], m.version+"\n"...)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		content, ok := served[r.URL.Path]
		if !ok {
			http.Error(w, "not found: no such module", http.StatusNotFound)
			return
		}
		http.ServeContent(w, r, r.URL.Path, time.Unix(1_700_000_000, 0), bytes.NewReader(content))
	}
}

func (m goModule) zip(t *testing.T) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for name, content := range m.files {
		w, err := z.Create(m.path + "@" + m.version + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, content)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// goUser is the go command of somebody who has nothing downloaded yet.
func goUser(t *testing.T, proxy string) (sh *shell, dir string) {
	t.Helper()
	sh = newShell(t, "go", "GOPROXY="+proxy, "GOSUMDB=off", "GONOSUMDB=*", "GONOPROXY=", "GOPRIVATE=", "GOTOOLCHAIN=local",
		"GOFLAGS=-mod=mod -modcacherw", "GOENV=off", "GOWORK=off", "GOTELEMETRY=off", "GOMODCACHE="+t.TempDir(), "GOCACHE="+t.TempDir())
	dir = t.TempDir()
	writeFile(t, "module user.test/app\n\ngo 1.21\n\nrequire lib.test/one v1.1.0\n", dir, "go.mod")
	writeFile(t, "package app\n\nimport _ \"lib.test/one/sub\"\n", dir, "app.go")
	return sh, dir
}

func TestGoModulesDownloadFromRecordings(t *testing.T) {
	t.Parallel()
	b := setUp(t, goProxy(t), nil)
	download := func(proxy string) string {
		t.Helper()
		sh, dir := goUser(t, proxy)
		sh.run(t, dir, "", "go", "mod", "download", "all")
		return sh.run(t, dir, "", "go", "list", "-m", "-f", "{{.Path}} {{.Version}} {{.GoModSum}} {{.Sum}}", "all")
	}
	first := download(b.URL)
	if !strings.Contains(first, "lib.test/Two v0.3.0 h1:") || !strings.Contains(first, "lib.test/one v1.1.0 h1:") {
		t.Errorf("go downloaded:\n%s", first)
	}
	closed := b.closeOrigin()
	for _, proxy := range []string{b.URL, b.URL + "/__cannery/session/one"} {
		if second := download(proxy); second != first {
			t.Errorf("from recordings, by %s, go downloaded:\n%sfrom the origin:\n%s", proxy, second, first)
		}
	}
	b.onlyHits(t, closed)
}

// TestGoFindsModulesFromRecordings looks for the module of a package: paths
// that are no module are answered 404, which is recorded too.
func TestGoFindsModulesFromRecordings(t *testing.T) {
	t.Parallel()
	b := setUp(t, goProxy(t), nil)
	find := func() string {
		sh, dir := goUser(t, b.URL)
		writeFile(t, "module user.test/app\n\ngo 1.21\n", dir, "go.mod")
		sh.run(t, dir, "", "go", "get", "lib.test/one/sub@latest")
		return sh.run(t, dir, "", "go", "list", "-m", "-versions", "lib.test/one") +
			sh.run(t, dir, "", "go", "mod", "edit", "-print")
	}
	first := find()
	if !strings.Contains(first, "lib.test/one v1.0.0 v1.1.0\n") || !strings.Contains(first, "lib.test/one v1.1.0") {
		t.Errorf("go found:\n%s", first)
	}
	var missing []string
	for _, e := range b.log(time.Time{}) {
		if e.Status == http.StatusNotFound {
			missing = append(missing, e.URL)
		}
	}
	if !slices.Contains(missing, "/lib.test/one/sub/@v/list") {
		t.Errorf("answered 404: %q", missing)
	}
	closed := b.closeOrigin()
	if second := find(); second != first {
		t.Errorf("from recordings go found:\n%sfrom the origin:\n%s", second, first)
	}
	b.onlyHits(t, closed)
}
