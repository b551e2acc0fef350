package main

import (
	"encoding/pem"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"software.sslmate.com/src/go-pkcs12"

	"example.com/cannery/replay/authority"
)

const testProxy = "http://127.0.0.1:3128"

// told returns the variables that clients are told when the user has set some, which are
// NAME=VALUE.
func told(t *testing.T, s clientSetup, user ...string) map[string]string {
	t.Helper()
	set := variablesOf(user)
	s.env = environment{lookup: func(name string) (string, bool) { value, ok := set[name]; return value, ok }}
	for name := range set {
		s.env.names = append(s.env.names, name)
	}
	if s.dir == "" {
		s.dir = t.TempDir()
	}
	if s.ca == nil {
		s.ca = newCA(t)
	}
	all, err := s.variables()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSorted(all) {
		t.Errorf("%q are not sorted", all)
	}
	return variablesOf(all)
}

func variablesOf(all []string) map[string]string {
	values := map[string]string{}
	for _, text := range all {
		name, value, _ := strings.Cut(text, "=")
		values[name] = value
	}
	return values
}

func newCA(t *testing.T) []byte {
	t.Helper()
	a, err := authority.New()
	if err != nil {
		t.Fatal(err)
	}
	return a.PEM()
}

// caFile writes a certificate of the user's, and returns its path and what is in it.
func caFile(t *testing.T) (string, []byte) {
	t.Helper()
	ca := newCA(t)
	path := filepath.Join(t.TempDir(), "own.pem")
	if err := os.WriteFile(path, ca, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, ca
}

// holds reports whether a file has a certificate.
func holds(t *testing.T, path string, ca []byte) bool {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all := new(certificates)
	all.addPEM(data)
	block, _ := pem.Decode(ca)
	return all.seen[string(block.Bytes)]
}

func TestClientsAreToldOfTheProxy(t *testing.T) {
	got := told(t, clientSetup{proxy: testProxy})
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "npm_config_proxy", "npm_config_https_proxy", "CARGO_HTTP_PROXY"} {
		if got[name] != testProxy {
			t.Errorf("%s=%s", name, got[name])
		}
	}
	for _, name := range []string{"NO_PROXY", "no_proxy", "npm_config_noproxy"} {
		if got[name] != "localhost,127.0.0.1,::1,[::1]" {
			t.Errorf("%s=%s", name, got[name])
		}
	}
	if got["NODE_USE_ENV_PROXY"] != "1" {
		t.Error("Node is not asked to read the variables")
	}
	for _, name := range []string{"ALL_PROXY", "all_proxy", "NODE_TLS_REJECT_UNAUTHORIZED"} {
		if value, ok := got[name]; ok {
			t.Errorf("%s=%s", name, value)
		}
	}
}

func TestClientsAreToldOfTheCertificate(t *testing.T) {
	ca, dir := newCA(t), t.TempDir()
	got := told(t, clientSetup{ca: ca, dir: dir})
	for _, name := range slices.Concat(rootVariables, extraVariables, []string{caVariable}) {
		if !holds(t, got[name], ca) {
			t.Errorf("%s=%s does not have it", name, got[name])
		}
	}
	for _, name := range []string{"HTTPS_PROXY", "NO_PROXY", "NODE_OPTIONS", "BUN_OPTIONS", "NODE_USE_ENV_PROXY"} {
		if value, ok := got[name]; ok {
			t.Errorf("%s=%s is set where there is no proxy", name, value)
		}
	}
	if strings.Contains(got["JAVA_TOOL_OPTIONS"], "proxy") {
		t.Errorf("JAVA_TOOL_OPTIONS=%s", got["JAVA_TOOL_OPTIONS"])
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != fs.FileMode(0o600) {
			t.Errorf("%s: %v", entry.Name(), info.Mode())
		}
	}
}

// TestClientsTrustWhatTheyDid: bundles have the system's roots, and what the user named.
func TestClientsTrustWhatTheyDid(t *testing.T) {
	curl, curlCA := caFile(t)
	node, nodeCA := caFile(t)
	upper, npmCA := caFile(t)
	inDir, dirCA := caFile(t)
	ca := newCA(t)
	got := told(t, clientSetup{ca: ca}, "CURL_CA_BUNDLE="+curl, "NODE_EXTRA_CA_CERTS="+node, "NPM_CONFIG_CAFILE="+upper, "SSL_CERT_DIR="+filepath.Dir(inDir),
		"REQUESTS_CA_BUNDLE=/nowhere.pem")
	system := new(certificates)
	system.addSystem()
	for _, name := range []string{"CURL_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NPM_CONFIG_CAFILE"} {
		for whose, ca := range map[string][]byte{"curl": curlCA, "Node": nodeCA, "npm": npmCA, "the directory": dirCA, "the run": ca} {
			if !holds(t, got[name], ca) {
				t.Errorf("%s does not have the certificate of %s", name, whose)
			}
		}
		for _, der := range system.ders {
			if !holds(t, got[name], pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})) {
				t.Fatalf("%s does not have the system's roots", name)
			}
		}
	}
	if !holds(t, got["NODE_EXTRA_CA_CERTS"], nodeCA) || !holds(t, got["NODE_EXTRA_CA_CERTS"], ca) || holds(t, got["NODE_EXTRA_CA_CERTS"], curlCA) {
		t.Error("NODE_EXTRA_CA_CERTS is not the user's and the run's")
	}
}

// TestKeysAreNotCopied: a file for clients may hold a key too.
func TestKeysAreNotCopied(t *testing.T) {
	all := new(certificates)
	all.addPEM([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" + string(newCA(t))))
	if got := string(all.pem()); strings.Contains(got, "PRIVATE") || strings.Count(got, "BEGIN") != 1 {
		t.Errorf("%s", got)
	}
}

func TestDirectHosts(t *testing.T) {
	for _, tt := range []struct {
		loopback bool
		user     []string
		want     string
	}{
		{false, nil, "localhost,127.0.0.1,::1,[::1]"},
		{true, nil, ""},
		{false, []string{"NO_PROXY=db.test, .corp.test", "no_proxy=db.test,10.0.0.0/8"}, "localhost,127.0.0.1,::1,[::1],db.test,.corp.test,10.0.0.0/8"},
		{true, []string{"NO_PROXY=localhost,127.0.0.0/8,db.test"}, "db.test"},
		{false, []string{"no_proxy=*"}, "localhost,127.0.0.1,::1,[::1]"},
	} {
		if got := told(t, clientSetup{proxy: testProxy, loopback: tt.loopback}, tt.user...)["NO_PROXY"]; got != tt.want {
			t.Errorf("loopback %t, %q: %q, want %q", tt.loopback, tt.user, got, tt.want)
		}
	}
}

func TestOptionsAreExtended(t *testing.T) {
	got := told(t, clientSetup{proxy: testProxy, dir: t.TempDir()}, "NODE_OPTIONS=--max-old-space-size=4096", "BUN_OPTIONS=--smol", "JAVA_TOOL_OPTIONS=-Xmx1g", "_JAVA_OPTIONS=-Dhttps.proxyHost=corp", "JDK_JAVA_OPTIONS=-ea")
	for name, begin := range map[string]string{
		"NODE_OPTIONS": "--max-old-space-size=4096 --require ", "BUN_OPTIONS": "--smol --preload=",
		"JAVA_TOOL_OPTIONS": "-Xmx1g -Dhttp.proxyHost=127.0.0.1 ", "_JAVA_OPTIONS": "-Dhttps.proxyHost=corp -Dhttp.proxyHost=127.0.0.1 ",
	} {
		if !strings.HasPrefix(got[name], begin) {
			t.Errorf("%s=%s", name, got[name])
		}
	}
	if _, ok := got["JDK_JAVA_OPTIONS"]; ok {
		t.Error("JDK_JAVA_OPTIONS says nothing of proxies, and is changed")
	}
}

// TestPathsWithSpaces: each client has its own way to write them.
func TestPathsWithSpaces(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	got := told(t, clientSetup{proxy: testProxy, dir: dir})
	if want := `--require "` + filepath.Join(dir, "node-proxy.cjs") + `"`; got["NODE_OPTIONS"] != want {
		t.Errorf("NODE_OPTIONS=%s, want %s", got["NODE_OPTIONS"], want)
	}
	if properties := javaProperties(got["JAVA_TOOL_OPTIONS"]); properties[trustStoreProperty] != filepath.Join(dir, "truststore.p12") {
		t.Errorf("JAVA_TOOL_OPTIONS=%s", got["JAVA_TOOL_OPTIONS"])
	}
	if value, ok := got["BUN_OPTIONS"]; ok {
		t.Errorf("BUN_OPTIONS=%s, which Bun cannot read", value)
	}
}

func TestWgetKeepsItsSettings(t *testing.T) {
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, ".wgetrc"), []byte("tries = 7\nhttps_proxy = http://corp:1"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	got := told(t, clientSetup{proxy: testProxy, dir: dir}, "HOME="+home)
	want := "tries = 7\nhttps_proxy = http://corp:1\n# for cannery's proxy\nca_certificate = " + filepath.Join(dir, "bundle.pem") +
		"\nuse_proxy = on\nhttp_proxy = " + testProxy + "\nhttps_proxy = " + testProxy + "\nno_proxy = localhost,127.0.0.1,::1,[::1]\n"
	if diff := cmp.Diff(want, readText(t, got["WGETRC"])); diff != "" {
		t.Error(diff)
	}
}

func TestGitKeepsItsSettings(t *testing.T) {
	for _, tt := range []struct{ user, want []string }{
		{nil, []string{"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http.proxy", "GIT_CONFIG_VALUE_0=" + testProxy}},
		{[]string{"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=a.b"}, []string{"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_1=http.proxy", "GIT_CONFIG_VALUE_1=" + testProxy}},
		{[]string{"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=HTTP.proxy", "GIT_CONFIG_KEY_1=a.b"}, []string{"GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_0=http.proxy", "GIT_CONFIG_VALUE_0=" + testProxy}},
	} {
		got := told(t, clientSetup{proxy: testProxy}, tt.user...)
		for name, value := range variablesOf(tt.want) {
			if got[name] != value {
				t.Errorf("%q: %s=%s, want %s", tt.user, name, got[name], value)
			}
		}
	}
}

func TestPHPKeepsItsSettings(t *testing.T) {
	dir, separator := t.TempDir(), string(os.PathListSeparator)
	for user, want := range map[string]string{"": separator + dir, "/own": "/own" + separator + dir, separator + dir: separator + dir} {
		got := told(t, clientSetup{dir: dir}, "PHP_INI_SCAN_DIR="+user)["PHP_INI_SCAN_DIR"]
		if got != want {
			t.Errorf("%q: %q, want %q", user, got, want)
		}
	}
}

func TestFilesThatCannotBeWritten(t *testing.T) {
	s := clientSetup{proxy: testProxy, ca: newCA(t), dir: filepath.Join(t.TempDir(), "gone"), env: environment{lookup: func(string) (string, bool) { return "", false }}}
	_, err := s.variables()
	if err == nil || !strings.Contains(err.Error(), "for the clients of the proxy: no such file or directory") {
		t.Errorf("%v", err)
	}
}

func TestJavaTrustsWhatItDid(t *testing.T) {
	own, ca := newCA(t), newCA(t)
	block, _ := pem.Decode(own)
	certs := new(certificates)
	certs.addPEM(own)
	p12, err := pkcs12.Modern.EncodeTrustStore(certs.parsed(), "own pass")
	if err != nil {
		t.Fatal(err)
	}
	jks := slices.Concat(jksMagic, []byte{0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 'a', 0, 0, 0, 0, 0, 0, 0, 0, 0, 5}, []byte("X.509"),
		[]byte{0, 0, byte(len(block.Bytes) >> 8), byte(len(block.Bytes))}, block.Bytes, make([]byte, 20))
	for form, store := range map[string][]byte{"PKCS12": p12, "JKS": jks} {
		path := filepath.Join(t.TempDir(), "own store")
		if err := os.WriteFile(path, store, 0o600); err != nil {
			t.Fatal(err)
		}
		got := told(t, clientSetup{ca: ca}, `JAVA_TOOL_OPTIONS=-ea "-Djavax.net.ssl.trustStore=`+path+`" -Djavax.net.ssl.trustStorePassword='own pass'`)
		properties := javaProperties(got["JAVA_TOOL_OPTIONS"])
		data := readText(t, properties[trustStoreProperty])
		trusted, err := pkcs12.DecodeTrustStore([]byte(data), properties[trustStoreProperty+"Password"])
		if err != nil {
			t.Fatal(err)
		}
		all := new(certificates)
		for _, cert := range trusted {
			all.add(cert.Raw)
		}
		run, _ := pem.Decode(ca)
		if !all.seen[string(run.Bytes)] || !all.seen[string(block.Bytes)] {
			t.Errorf("%s: the store does not have the run's certificate and the user's", form)
		}
	}
}

func TestTrustStoresThatCannotBeRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	for _, content := range []string{"", "nonsense", string(jksMagic), string(jksMagic) + "\x00\x00\x00\x02\xff\xff\xff\xff\x00\x00\x00\x01", string(jksMagic) + "\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff"} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := new(certificates).addTrustStore("-D" + trustStoreProperty + "=" + path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v", content, err)
		}
	}
}

func TestJavaFields(t *testing.T) {
	got := javaFields(" -ea  -Da='b c'd \"-De=f g\"\t-Dh=\"\" '' ")
	if diff := cmp.Diff([]string{"-ea", "-Da=b cd", "-De=f g", "-Dh=", ""}, got); diff != "" {
		t.Error(diff)
	}
}

func TestJavaHasNoLoopbackLeftOutWhenAsked(t *testing.T) {
	got := told(t, clientSetup{proxy: testProxy, loopback: true})["JAVA_TOOL_OPTIONS"]
	if !strings.Contains(got, " -Dhttp.nonProxyHosts= ") {
		t.Errorf("%s", got)
	}
	got = told(t, clientSetup{proxy: testProxy}, "NO_PROXY=.corp.test,*.x.test,10.0.0.0/8,db:5432")["JAVA_TOOL_OPTIONS"]
	if want := " -Dhttp.nonProxyHosts=localhost|*.localhost|127.0.0.1|::1|[::1]|corp.test|*.corp.test|x.test|*.x.test|db|*.db "; !strings.Contains(got, want) {
		t.Errorf("%s", got)
	}
}

// TestToldTwice: who has been told already is told the same.
func TestToldTwice(t *testing.T) {
	own, _ := caFile(t)
	s := clientSetup{proxy: testProxy, ca: newCA(t), dir: t.TempDir()}
	first := told(t, s, "NO_PROXY=db.test", "NODE_OPTIONS=--no-warnings", "SSL_CERT_FILE="+own)
	wgetrc := readText(t, first["WGETRC"])
	var again []string
	for name, value := range first {
		again = append(again, name+"="+value)
	}
	if diff := cmp.Diff(first, told(t, s, again...)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(wgetrc, readText(t, first["WGETRC"])); diff != "" {
		t.Error(diff)
	}
}
