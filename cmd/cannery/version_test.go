package main

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestVersionSaysWhatWasBuilt(t *testing.T) {
	checkout := &debug.BuildInfo{
		Main: debug.Module{Version: "v1.2.3"},
		Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"},
			{Key: "vcs.time", Value: "2026-11-29T15:00:00Z"},
			{Key: "vcs.modified", Value: "true"},
		},
	}
	for _, tt := range []struct {
		name string
		info *debug.BuildInfo
		want string
	}{
		{"nothing is known", &debug.BuildInfo{}, "cannery (unknown) go"},
		{"installed", &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, "cannery v1.2.3 go"},
		{"of a checkout", checkout, "cannery v1.2.3 commit 0123456789ab (modified) 2026-11-29T15:00:00Z go"},
	} {
		if got := buildOf(tt.info).String(); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s: %q, want %q...", tt.name, got, tt.want)
		}
	}
}

// TestReleaseSaysItsVersion: what the linker sets counts before what Go knows.
func TestReleaseSaysItsVersion(t *testing.T) {
	t.Cleanup(func() { releaseVersion, releaseCommit, releaseDate = "", "", "" })
	releaseVersion, releaseCommit, releaseDate = "1.2.3", "abc", "2026-11-29T15:00:00Z"
	if got := version(); !strings.HasPrefix(got, "cannery 1.2.3 commit abc ") || !strings.Contains(got, " 2026-11-29T15:00:00Z go") {
		t.Errorf("version() = %q", got)
	}
}
