package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "example.com/cannery"

// TestImportsPointDownOnly: who may know whom.
func TestImportsPointDownOnly(t *testing.T) {
	deps := map[string][]string{}
	for _, line := range list(t, "-f", `{{.ImportPath}} {{join .Deps " "}}`, module+"/...") {
		pkg, all, _ := strings.Cut(line, " ")
		deps[strings.TrimPrefix(pkg, module+"/")] = strings.Fields(all)
	}
	ground := []string{"fixtures", "fixtures/checkup", "fixtures/coding", "fixtures/exactjson", "fixtures/field", "fixtures/links", "fixtures/mediatype", "fixtures/part", "fixtures/placeholder", "fixtures/protobody", "fixtures/talk"}
	socket := "fixtures/websocket"
	files := append(slices.Clone(ground), "fixtures/codec", "fixtures/filename", "fixtures/file", "fixtures/memory", "fixtures/spelling")
	stored := append(slices.Clone(ground), "fixtures/codec", "fixtures/memory")
	clean := append(slices.Clone(ground), "fixtures/secret", "fixtures/placeholder")
	for _, tt := range []struct {
		pkg    string
		ours   []string // the packages of ours that it may depend on
		forbid []string // what it must not depend on, with what is below it
	}{
		{"fixtures/checkup", nil, []string{"net/http"}},
		{"fixtures/exactjson", nil, []string{"net/http"}},
		{"fixtures/filename", []string{"fixtures/mediatype"}, []string{"net/http/httputil"}},
		{"fixtures/field", nil, []string{"net/http/httputil"}},
		{"fixtures/coding", []string{"fixtures/field"}, []string{"net/http/httputil"}},
		{"fixtures/talk", nil, []string{"net/http"}},
		{"fixtures/websocket", []string{"fixtures/talk"}, []string{"net"}},
		{"fixtures/spelling", nil, []string{"net/http"}},
		{"fixtures/mediatype", nil, []string{"net/http/httputil"}},
		{"fixtures/placeholder", nil, []string{"net/http"}},
		{"fixtures/protobody", []string{"fixtures/coding", "fixtures/exactjson", "fixtures/field", "fixtures/mediatype"}, []string{"net/http/httputil", "google.golang.org/grpc"}},
		{"fixtures/part", []string{"fixtures/exactjson", "fixtures/field"}, []string{"net/http/httputil"}},
		{"fixtures/differ", nil, []string{"net/http"}},
		{"fixtures/links", []string{"fixtures/mediatype"}, []string{"net/http/httputil"}},
		{"fixtures", ground, []string{"github.com/redis", "github.com/spf13", "net/http/httputil"}},
		{"fixtures/codec", ground, []string{"github.com/redis", "github.com/spf13", "net/http/httputil"}},
		{"fixtures/memory", append(slices.Clone(ground), "fixtures/codec"), []string{"github.com/redis", "github.com/spf13", "net/http/httputil"}},
		{"fixtures/file", append(slices.Clone(ground), "fixtures/filename", "fixtures/spelling"), []string{"github.com/redis", "github.com/spf13", "net/http/httputil"}},
		{"fixtures/dir", files, []string{"github.com/redis", "github.com/spf13", "net/http/httputil"}},
		{"fixtures/localstore", append(slices.Clone(stored), "fixtures/filename"), []string{"github.com/redis", "github.com/spf13", "net/http/httputil"}},
		{"fixtures/redisstore", append(slices.Clone(clean), "fixtures/codec", "fixtures/memory"), []string{"github.com/spf13", "net/http/httputil"}},
		{"fixtures/secret", append(slices.Clone(ground), "fixtures/placeholder"), []string{"github.com/redis", "github.com/spf13", "net/http/httputil"}},
		{"fixtures/har", append(slices.Clone(clean), "fixtures/file", "fixtures/filename", "fixtures/spelling"), []string{"github.com/redis", "github.com/spf13", "net/http/httputil"}},
		{"fixtures/publish", append(slices.Clone(clean), "fixtures/codec", "fixtures/dir", "fixtures/file", "fixtures/filename", "fixtures/memory", "fixtures/spelling"), []string{"github.com/redis", "github.com/spf13", "net/http/httputil"}},
		{"fixtures/drift", append(slices.Clone(ground), "fixtures/differ", "fixtures/placeholder"), []string{"github.com/redis", "github.com/spf13", "net/http/httputil"}},
		{"recorder", append(slices.Clone(clean), socket), []string{"github.com/redis", "github.com/spf13"}},
		{"replay/authority", nil, []string{"net/http"}},
		{"replay/tunnel", append(slices.Clone(clean), "replay/authority"), []string{"github.com/redis", "github.com/spf13", "net/http/httputil"}},
		{"replay/explain", append(slices.Clone(clean), "fixtures/differ", "fixtures/spelling"), []string{"github.com/redis", "github.com/spf13", "net/http/httputil"}},
		{"replay/tunnel", append(slices.Clone(clean), "replay/authority"), []string{"github.com/redis", "github.com/spf13", "net/http/httputil"}},
		{"replay", append(slices.Clone(clean), socket, "fixtures/differ", "fixtures/spelling", "replay/explain"), []string{"github.com/redis", "github.com/spf13", "net/http/httputil"}},
		{"replay/page", append(slices.Clone(clean), socket, "fixtures/differ", "fixtures/spelling", "replay", "replay/explain"), []string{"github.com/redis", "github.com/spf13", "net/http/httputil"}},
		{"testutil", append(slices.Clone(clean), socket, "fixtures/differ", "fixtures/spelling", "fixtures/codec", "fixtures/dir", "fixtures/localstore", "fixtures/file", "fixtures/filename", "fixtures/memory", "fixtures/publish", "recorder", "replay", "replay/authority", "replay/explain", "replay/tunnel"), []string{"github.com/redis", "github.com/alicebob", "github.com/spf13"}},
	} {
		if deps[tt.pkg] == nil {
			t.Errorf("%s is no package, or depends on nothing", tt.pkg)
		}
		for _, dep := range deps[tt.pkg] {
			own, isOurs := strings.CutPrefix(dep, module+"/")
			if isOurs && own != tt.pkg && !slices.Contains(tt.ours, own) {
				t.Errorf("%s imports %s", tt.pkg, own)
			}
			for _, path := range tt.forbid {
				if dep == path || strings.HasPrefix(dep, path+"/") {
					t.Errorf("%s depends on %s", tt.pkg, dep)
				}
			}
		}
	}
}

// TestTheGroundOpensNoFile: whose forms, and places to lie, are packages above it.
// What it has to name is little enough to know by heart.
func TestTheGroundOpensNoFile(t *testing.T) {
	for _, line := range list(t, "-f", `{{join .Imports "\n"}}`, module+"/fixtures", module+"/fixtures/codec", module+"/fixtures/file") {
		if line == "os" || line == "io/fs" || line == "path/filepath" {
			t.Errorf("fixtures, or a form of recordings, imports %s", line)
		}
	}
	names := exported(t, filepath.Join("..", "..", "fixtures"))
	if len(names) > 60 {
		t.Errorf("fixtures exports %d names, more than 60: %q", len(names), names)
	}
}

// exported returns the exported top-level names of a package.
func exported(t *testing.T, folder string) (names []string) {
	t.Helper()
	fset := token.NewFileSet()
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			for _, name := range declared(decl) {
				if name.IsExported() {
					names = append(names, name.Name)
				}
			}
		}
	}
	return names
}

// declared returns the names that a declaration gives, those of methods apart.
func declared(decl ast.Decl) (names []*ast.Ident) {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		if decl.Recv == nil {
			names = append(names, decl.Name)
		}
	case *ast.GenDecl:
		for _, spec := range decl.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, spec.Name)
			case *ast.ValueSpec:
				names = append(names, spec.Names...)
			}
		}
	}
	return names
}

// TestOnlyRedisstoreKnowsRedis: of what is shipped.
func TestOnlyRedisstoreKnowsRedis(t *testing.T) {
	for _, line := range list(t, "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"/...") {
		pkg, imports, _ := strings.Cut(line, " ")
		if pkg == module+"/fixtures/redisstore" || strings.HasPrefix(pkg, module+"/testutil/") {
			continue
		}
		if strings.Contains(imports, "github.com/redis/") {
			t.Errorf("%s imports Redis: %s", pkg, imports)
		}
	}
}

// TestPackagesLiveInFiveFolders is the map.
func TestPackagesLiveInFiveFolders(t *testing.T) {
	folders := []string{"cmd", "recorder", "replay", "fixtures", "testutil"}
	for _, pkg := range list(t, module+"/...") {
		folder, _, _ := strings.Cut(strings.TrimPrefix(pkg, module+"/"), "/")
		if !slices.Contains(folders, folder) {
			t.Errorf("%s is not in one of %v", pkg, folders)
		}
	}
}

// TestShippedCodeImportsNoTests: testutil is for tests, and so is gRPC's library,
// whose work net/http does here.
func TestShippedCodeImportsNoTests(t *testing.T) {
	for _, dep := range list(t, "-deps", module+"/cmd/cannery") {
		if dep == "testing" || strings.HasPrefix(dep, module+"/testutil") || strings.HasPrefix(dep, "google.golang.org/grpc") || strings.HasPrefix(dep, "google.golang.org/genproto") {
			t.Errorf("cannery depends on %s", dep)
		}
	}
}

func list(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list"}, args...)...).Output()
	if err != nil {
		t.Fatalf("go list %v: %v", args, err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}
