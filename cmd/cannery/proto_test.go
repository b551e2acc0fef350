package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestProtoIsASourceOrASet: imports are found above the file, and those of protobuf's own
// are there.
func TestProtoIsASourceOrASet(t *testing.T) {
	root := t.TempDir()
	t.Chdir(root)
	for name, text := range map[string]string{
		"api/v1/service.proto":  `syntax = "proto3"; package api.v1; import "api/v1/types.proto"; service Users { rpc Get(User) returns (User); }`,
		"api/v1/types.proto":    `syntax = "proto3"; package api.v1; import "google/protobuf/timestamp.proto"; message User { string id = 1; google.protobuf.Timestamp at = 2; }`,
		"broken.proto":          "syntax = \"proto3\";\nmessage {",
		"api/v1/imports.proto":  `syntax = "proto3"; import "api/v1/mistaken.proto";`,
		"api/v1/mistaken.proto": "syntax = \"proto3\";\n\nmessage User { Unknown of = 1; }",
		"lonely.proto":          `syntax = "proto3"; import "nowhere.proto";`,
	} {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := parseProto(filepath.FromSlash("api/v1/service.proto"))
	if err != nil || !schema.Has("api.v1.Users") {
		t.Fatalf("a source: %v", err)
	}
	if err := os.WriteFile("set", schema.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if again, err := parseProto("set"); err != nil || !again.Equal(schema) {
		t.Errorf("a set: %v", err)
	}
	for name, want := range map[string]string{
		"broken.proto": "broken.proto:2:", filepath.FromSlash("api/v1/imports.proto"): "api/v1/mistaken.proto:3:", "lonely.proto": "nowhere.proto", "missing": "no such file", filepath.FromSlash("api/v1/types.proto") + "x": "no such file",
	} {
		if _, err := parseProto(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
