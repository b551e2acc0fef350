package main

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestEverySettingHasAPlaceInTheHelp, one, and nothing else has.
func TestEverySettingHasAPlaceInTheHelp(t *testing.T) {
	places := map[string]int{}
	for _, g := range flagGroups() {
		for _, name := range g.names {
			places[name]++
		}
	}
	places["help"]-- // these two are cobra's
	places["version"]--
	for _, s := range settings() {
		places[s.flag]--
	}
	for name, n := range places {
		if n != 0 {
			t.Errorf("--%s has a place in the help %+d times too often", name, n)
		}
	}
}

// TestTheHelpFitsEveryTerminal, of all commands.
func TestTheHelpFitsEveryTerminal(t *testing.T) {
	root := newRoot(&world{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard})
	grouped := []string{}
	for _, g := range commandGroups() {
		grouped = append(grouped, g.names...)
	}
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		if cmd.Hidden {
			return
		}
		if cmd.Parent() == root && !slices.Contains(grouped, cmd.Name()) {
			t.Errorf("%s has no place in the help", cmd.Name())
		}
		var out bytes.Buffer
		cmd.SetOut(&out)
		if err := cmd.Help(); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if line = strings.TrimSuffix(line, "\n"); len(line) > helpWidth && !isCobras(cmd) {
				t.Errorf("help of %s: %d characters: %s", cmd.CommandPath(), len(line), line)
			}
		}
		for _, below := range cmd.Commands() {
			visit(below)
		}
	}
	visit(root)
}

// isCobras reports whether the text of a command is cobra's own.
func isCobras(cmd *cobra.Command) bool {
	return cmd.Parent() != nil && cmd.Parent().Name() == "completion"
}
