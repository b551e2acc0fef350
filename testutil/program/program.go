// Package program finds the programs that tests of cannery run, such as a real
// redis-server or a browser.
package program

import (
	"os"
	"os/exec"
	"testing"
)

// Chromium are the names under which the browser is installed.
var Chromium = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// Need returns the path of a program, the first of these names that is installed.
// Where there is none it does what Try does, but fails when CI=true: there the test
// must have run.
func Need(t testing.TB, untested string, names ...string) string {
	t.Helper()
	path := find(names)
	if path == "" && os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed, and CI=true demands its tests", names[0])
	}
	return Try(t, untested, names...)
}

// Try is Need of a program that is not to be had everywhere. Where there is none the
// test is skipped with a line that says what is not tested.
func Try(t testing.TB, untested string, names ...string) string {
	t.Helper()
	path := find(names)
	if path == "" {
		t.Skipf("%s is not installed: %s is not tested", names[0], untested)
	}
	return path
}

// find returns "" when none of the names is that of a program.
func find(names []string) string {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}
