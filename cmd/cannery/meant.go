package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.com/cannery/fixtures/secret"
	"example.com/cannery/fixtures/spelling"
	"example.com/cannery/replay/explain"
)

const (
	toRecord = "cannery run --proxy --fixtures fixtures/ -- COMMAND, or cannery start --origin URL"
	toReplay = "cannery run --offline --fixtures fixtures/ -- COMMAND, or cannery start --offline"
)

// otherCommands are what people call our commands at the first try, by what to type.
var otherCommands = map[string][]string{
	"did you mean 'cannery ls'?":            {"list", "dir"},
	"did you mean 'cannery rm'?":            {"delete", "del", "remove"},
	"did you mean 'cannery show'?":          {"cat", "get", "view", "print", "inspect"},
	"did you mean 'cannery clear-cache'?":   {"clear", "clean", "reset", "flush", "purge"},
	"did you mean 'cannery verify'?":        {"check", "diff", "compare"},
	"did you mean 'cannery export'?":        {"save", "dump"},
	"did you mean 'cannery import'?":        {"load"},
	"did you mean 'cannery run'?":           {"exec", "test"},
	"did you mean 'cannery start'?":         {"serve", "server", "proxy", "up"},
	"did you mean 'cannery status'?":        {"info", "stats"},
	"'cannery start' ends with Ctrl-C":      {"stop", "kill", "down"},
	"nothing has to be set up: " + toRecord: {"init", "setup", "install", "config", "login"},
	toRecord:                                {"record", "capture"},
	toReplay:                                {"replay", "play", "mock", "offline"},
}

// commandHint says what a command may have been meant to be, "" for anything.
func commandHint(root *cobra.Command, name string) string {
	for hint, names := range otherCommands {
		if slices.Contains(names, strings.ToLower(name)) {
			return hint
		}
	}
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	if near := spelling.Nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean '%s %s'?", root.Name(), near)
	}
	return ""
}

// otherFlags are what people call our flags at the first try.
var otherFlags = map[string][]string{
	"origin":   {"url", "target", "upstream", "backend", "base-url", "to"},
	"fixtures": {"dir", "directory", "output", "out", "cassette", "cassettes", "path"},
	"match":    {"filter", "pattern"},
}

// flagHint says which flags of a command may have been meant, "" for any.
func flagHint(cmd *cobra.Command, name string) string {
	names := flagNames(cmd)
	if cmd.Name() == "rm" && name == "all" {
		return "'cannery clear-cache' removes all"
	}
	for ours, others := range otherFlags {
		if slices.Contains(others, name) && slices.Contains(names, ours) {
			return fmt.Sprintf("did you mean --%s?", ours)
		}
	}
	if near := spelling.Nearest(name, names); near != "" {
		return fmt.Sprintf("did you mean --%s?", near)
	}
	return ""
}

// shortHint is flagHint for letters after one dash.
func shortHint(cmd *cobra.Command, letters string) string {
	if len(letters) > 1 {
		return flagHint(cmd, letters) // -port, as some programs have it
	}
	var begin []string
	for _, name := range flagNames(cmd) {
		if slices.Contains([]string{"port", "origin", "fixtures"}, name) && strings.HasPrefix(name, letters) {
			return fmt.Sprintf("did you mean --%s?", name)
		}
		if strings.HasPrefix(name, strings.ToLower(letters)) {
			begin = append(begin, "--"+name)
		}
	}
	if len(begin) == 0 {
		return ""
	}
	return fmt.Sprintf("did you mean %s?", strings.Join(begin, " or "))
}

func flagNames(cmd *cobra.Command) (names []string) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// valueHint says how a flag is given its value.
func valueHint(flag *pflag.Flag) string {
	v, ok := flag.Value.(*value)
	if !ok || v.value == "" {
		return ""
	}
	return fmt.Sprintf("write --%s %s", v.flag, v.value)
}

// noDashes is the error of "run" without "--" before the command: with it, the line is
// as it was meant.
func noDashes(f *flags, command []string) error {
	first := secret.ShownCommand(command[:1])[0]
	if slices.Contains(command, "--") {
		return misuse("", "run: unexpected argument %q before --", first)
	}
	words := []string{"cannery", "run"}
	f.set.Visit(func(flag *pflag.Flag) {
		v, ok := flag.Value.(*value)
		if !ok || f.source[flag.Name] != "--"+flag.Name {
			return
		}
		for _, text := range v.given {
			given := explain.Flag{Name: flag.Name, Value: masked(text)}
			if v.value == "" && text == "true" {
				words = append(words, "--"+flag.Name)
			} else {
				words = append(words, given.Words()...)
			}
		}
	})
	if !slices.ContainsFunc([]string{"origin", "proxy", "offline"}, func(name string) bool { return f.source[name] != "" }) {
		words = append(words, "--proxy")
	}
	return misuse(explain.CommandLine(slices.Concat(words, []string{"--"}, secret.ShownCommand(command))...), "run: there is no -- before the command %q", first)
}

// flagsBehind is the error of "run" whose own flags stand behind "--", nil for none.
func flagsBehind(command []string) error {
	for i, word := range command {
		name, _, _ := strings.Cut(word, "=")
		if name == "--offline" || name == "--origin" || name == "--proxy" || name == "--record" {
			if i == 0 {
				return misuse("the command begins behind --: cannery run "+name+" ... -- COMMAND", "run: %s stands behind --", name)
			}
			return misuse("flags of run stand before --, and those of the command behind", "run: neither --offline nor --origin is given, and %s is the command's", name)
		}
	}
	return nil
}

// whyNeverAsked are guesses, from its command line, at why a command has not asked the
// proxy.
func (r *runResult) whyNeverAsked() (notes []string) {
	command := r.hints.Command
	text := strings.Join(command, " ")
	const variable = "$" + urlVariable
	isShell := len(command) > 2 && command[1] == "-c" && slices.Contains([]string{"sh", "bash", "dash", "zsh"}, filepath.Base(command[0]))
	switch {
	case r.forward:
		if !r.loopback && (strings.Contains(text, "://localhost") || strings.Contains(text, "://127.")) {
			notes = append(notes, "what is asked of this machine itself does not come here: --proxy-loopback has it come")
		}
		return notes
	case !isShell && (strings.Contains(text, variable) || strings.Contains(text, "${"+urlVariable)):
		notes = append(notes, "no shell has replaced "+variable+" in the command: write sh -c '...' around it")
	case isShell && !strings.Contains(text, urlVariable) && strings.Contains(text, "curl ") && !strings.Contains(text, "://"):
		notes = append(notes, "in double quotes your own shell replaces "+variable+", before it is set: use single quotes")
	}
	for _, origin := range r.hints.Origins {
		_, address, named := strings.Cut(origin, "=")
		if !named {
			address = origin
		}
		if strings.Contains(address, "://") && strings.Contains(text, address) {
			notes = append(notes, fmt.Sprintf("the command names the origin itself, %s: write %s in its place", address, variable))
		}
	}
	return notes
}
