package replay_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/cannery/recorder"
)

// npmRegistry is the name by which the registry's documents call it. It does
// not resolve: a client that follows such a link past the proxy fails.
const npmRegistry = "http://registry.invalid"

// An npmPackage is a version of a package.
type npmPackage struct {
	Name         string            `json:"name"`
	Version      string            `json:"version"`
	Main         string            `json:"main"`
	Dependencies map[string]string `json:"dependencies,omitempty"`
}

var npmPackages = []npmPackage{
	{Name: "left", Version: "1.2.3", Main: "index.js", Dependencies: map[string]string{"@scope/right": "^2.0.0"}},
	{Name: "@scope/right", Version: "2.1.0", Main: "index.js"},
}

// registry serves the packages as a registry does: documents with gzip and an
// entity tag, whose links to the tarballs are absolute.
func registry(t *testing.T) http.HandlerFunc {
	t.Helper()
	served := map[string][]byte{}
	for _, p := range npmPackages {
		tarball := p.tarball(t)
		base := p.Name[strings.LastIndexByte(p.Name, '/')+1:]
		path := fmt.Sprintf("/%s/-/%s-%s.tgz", p.Name, base, p.Version)
		served[path] = tarball
		sum := sha512.Sum512(tarball)
		doc, err := json.Marshal(map[string]any{
			"name":      p.Name,
			"dist-tags": map[string]string{"latest": p.Version},
			"versions": map[string]any{p.Version: map[string]any{
				"name": p.Name, "version": p.Version, "main": p.Main, "dependencies": p.Dependencies,
				"dist": map[string]string{
					"tarball":   npmRegistry + path,
					"integrity": "sha512-" + base64.StdEncoding.EncodeToString(sum[:]),
				},
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		served["/"+p.Name] = gzipped(t, string(doc))
	}
	return func(w http.ResponseWriter, r *http.Request) {
		content, ok := served[r.URL.Path]
		switch {
		case !ok:
			http.NotFound(w, r)
			return
		case strings.HasSuffix(r.URL.Path, ".tgz"):
			w.Header().Set("Content-Type", "application/octet-stream")
		default:
			w.Header().Set("Content-Type", "application/vnd.npm.install-v1+json")
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Vary", "Accept-Encoding, Accept")
		}
		w.Header().Set("Etag", fmt.Sprintf(`"%x"`, sha512.Sum512(content)))
		w.Header().Set("Cache-Control", "public, max-age=300")
		w.Write(content)
	}
}

func (p npmPackage) tarball(t *testing.T) []byte {
	t.Helper()
	manifest, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	w := tar.NewWriter(z)
	for name, content := range map[string]string{
		"package/package.json": string(manifest),
		"package/index.js":     "module.exports = " + string(manifest) + ";\n// " + strings.Repeat("padding ", 20_000),
	} {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(w, content)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// TestNpmInstallsFromRecordings has npm follow the links in documents, which
// must lead it through the proxy.
func TestNpmInstallsFromRecordings(t *testing.T) {
	t.Parallel()
	newShell(t, "npm")
	b := setUp(t, registry(t), nil)
	transport := recorder.NewTransport(recorder.TransportConfig{})
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, b.origin.Listener.Addr().String())
	}
	t.Cleanup(transport.CloseIdleConnections)
	b.front(t, npmRegistry, func(b *bench) {
		b.recorder.Transport = transport
	})
	b.npmInstall(t)
	if want := 2 * len(npmPackages); b.originAsked() != want {
		t.Errorf("the registry was asked %d times, want %d: a document and a tarball for each package", b.originAsked(), want)
	}
	closed := b.closeOrigin()
	b.npmInstall(t)
	b.onlyHits(t, closed)
}

// npmInstall installs with an empty cache, and checks what is there then.
func (b *bench) npmInstall(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	sh := newShell(t, "npm", "npm_config_cache="+t.TempDir(), "npm_config_update_notifier=false", "npm_config_fetch_retries=0")
	writeFile(t, `{"name": "app", "version": "1.0.0", "dependencies": {"left": "^1.0.0"}}`, dir, "package.json")
	out := sh.run(t, dir, "", "npm", "install", "--registry", b.URL, "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-online")
	t.Logf("npm install: %s", strings.TrimSpace(out))
	for _, p := range npmPackages {
		data, err := os.ReadFile(filepath.Join(dir, "node_modules", filepath.FromSlash(p.Name), "package.json"))
		if err != nil {
			t.Fatal(err)
		}
		var got npmPackage
		if err := json.Unmarshal(data, &got); err != nil || got.Name != p.Name || got.Version != p.Version {
			t.Errorf("installed %s %s (%v), want %s %s", got.Name, got.Version, err, p.Name, p.Version)
		}
	}
}
