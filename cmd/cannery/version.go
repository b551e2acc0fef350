package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// What the build of a release sets, with -ldflags "-X main.releaseVersion=...". Empty is
// what Go knows of the build.
var releaseVersion, releaseCommit, releaseDate string

func newVersion(w *world) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Long: `Print the version, the commit that it was built from, the time of that commit,
and the Go and the platform that it was built for.`,
		Example: `  cannery version
  cannery version --json`,
		Args: noArguments,
	}
	f := flagsOf(cmd)
	bind(f, "json", &asJSON, parseSwitch)
	cmd.RunE = func(*cobra.Command, []string) error {
		if _, err := w.resolve(f); err != nil {
			return err
		}
		if asJSON {
			return printed(json.NewEncoder(w.stdout).Encode(thisBuild()))
		}
		_, err := fmt.Fprintln(w.stdout, version())
		return printed(err)
	}
	return cmd
}

// A build says what this program was made of. An empty field is not known.
type build struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Date    string `json:"date,omitempty"`     // of the commit, in RFC 3339
	Changed bool   `json:"modified,omitempty"` // the commit, before it was built
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

// version describes this build on one line.
func version() string { return thisBuild().String() }

func (b build) String() string {
	parts := []string{"cannery", b.Version}
	if b.Commit != "" {
		parts = append(parts, "commit", b.Commit[:min(12, len(b.Commit))])
	}
	if b.Changed {
		parts = append(parts, "(modified)")
	}
	if b.Date != "" {
		parts = append(parts, b.Date)
	}
	return strings.Join(append(parts, b.Go, b.OS+"/"+b.Arch), " ")
}

func thisBuild() build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	b := buildOf(info)
	b.Version = cmp.Or(releaseVersion, b.Version)
	b.Commit = cmp.Or(releaseCommit, b.Commit)
	b.Date = cmp.Or(releaseDate, b.Date)
	return b
}

// buildOf reads what Go writes into every program: the version of a module that was
// installed, and the commit of a checkout.
func buildOf(info *debug.BuildInfo) build {
	b := build{Version: cmp.Or(info.Main.Version, "(unknown)"), Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Date = s.Value
		case "vcs.modified":
			b.Changed = s.Value == "true"
		}
	}
	return b
}
