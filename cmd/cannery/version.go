package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion(w *world) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(w.stdout, version())
			return err
		},
	}
}

// version describes this build: its module version, or the commit that it was
// built from, and the Go and platform it was built with.
func version() string {
	number := "(unknown)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		number = info.Main.Version
	}
	return fmt.Sprintf("cannery %s %s %s/%s", number, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
