package storetest

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

var (
	safeElement = regexp.MustCompile(`^[A-Za-z0-9_~+=,%@][A-Za-z0-9._~+=,@%-]*$`)
	device      = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)`)
)

// SafePath fails the test unless a recording's slash-separated path is one that
// Linux, macOS and Windows take, and in which no folder could be taken for a
// file.
func SafePath(t testing.TB, name string) {
	t.Helper()
	if len(name) > 400 || path.Clean(name) != name {
		t.Errorf("path %q has %d bytes, or is not clean", name, len(name))
	}
	elements := strings.Split(name, "/")
	if len(elements) < 2 {
		t.Errorf("path %q stands at the top", name)
	}
	for i, e := range elements {
		isFile := i == len(elements)-1
		if !safeElement.MatchString(e) || device.MatchString(e) || strings.HasSuffix(e, ".") || len(e) > 128 {
			t.Errorf("path %q: %q is not safe", name, e)
		}
		if strings.Contains(e, "--") != isFile {
			t.Errorf("path %q: %q could be taken for a file, or a file for a folder", name, e)
		}
	}
}
