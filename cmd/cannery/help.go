package main

import (
	"fmt"
	"iter"
	"strings"
	"sync"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpWidth is how wide the help is: what every terminal has.
const helpWidth = 80

// A group is of what belongs together in the help.
type group struct {
	title string
	names []string
}

// commandGroups are all commands, those of every day first.
func commandGroups() []group {
	return []group{
		{"Every day", []string{"run", "start", "clear-cache", "export", "import"}},
		{"What is recorded", []string{"ls", "show", "rm", "verify"}},
		{"What is going on", []string{"status", "doctor", "env", "version"}},
		{"Help", []string{"help", "completion"}},
	}
}

// flagGroups are all settings, as the help of a command has them: those that the command
// has. What is nowhere else comes last.
func flagGroups() []group {
	return []group{
		{"Origin", []string{"origin", "proxy", "only", "except", "proxy-loopback", "origin-timeout", "origin-ca", "header", "rate"}},
		{"Where it listens", []string{"port", "host", "tls", "tls-cert", "tls-key", "ca-file", "ready-file", "env", "shell"}},
		{"Recording", []string{"fixtures", "record", "prune", "record-status", "max-age", "max-body", "merge", "update", "redact", "check", "har"}},
		{"Matching", []string{"match-header", "ignore", "ignore-query", "ignore-body", "echo", "volatile", "cache-method", "proto", "match", "session", "values"}},
		{"Offline", []string{"offline", "after-last", "miss-status", "watch", "fail-on-miss", "fail-unused", "replay-speed", "rewrite-body"}},
		{"Store", []string{"redis", "redis-tls", "redis-ca", "redis-cert", "redis-key", "redis-server-name", "namespace", "store-down", "store-timeout", "cache-size"}},
		{"Output", []string{"log", "quiet", "json", "report", "report-html", "report-junit", "report-markdown", "raw", "dry-run", "help", "version"}},
	}
}

// groupCommands puts the commands of root into their groups. What completion and help
// are for is said in our words.
func groupCommands(root *cobra.Command) {
	for _, g := range commandGroups() {
		root.AddGroup(&cobra.Group{ID: g.title, Title: g.title + ":"})
		for _, name := range g.names {
			cmd, _, err := root.Find([]string{name})
			if err != nil {
				panic(err) // the program is wrong
			}
			cmd.GroupID = g.title
		}
	}
	setUpCobra()
	root.SetUsageTemplate(usageTemplate)
}

// setUpCobra sets what all command trees of a process share.
var setUpCobra = sync.OnceFunc(func() {
	cobra.AddTemplateFunc("flagsOf", flagHelp)
	cobra.EnableCommandSorting = false
})

const usageTemplate = `Usage:{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} COMMAND{{end}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}{{$commands := .Commands}}{{range $group := .Groups}}

{{.Title}}{{range $commands}}{{if eq .GroupID $group.ID}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if not .Groups}}

Commands:{{range $commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{end}}{{flagsOf .}}{{if .HasAvailableSubCommands}}

"{{.CommandPath}} COMMAND --help" says more of a command.{{end}}
`

// flagHelp is the help of a command's flags, by groups.
func flagHelp(cmd *cobra.Command) string {
	var b strings.Builder
	for title, flags := range flagsByGroup(cmd) {
		fmt.Fprintf(&b, "\n\n%s:\n%s", title, strings.TrimRight(flags.FlagUsagesWrapped(helpWidth), "\n"))
	}
	return b.String()
}

// flagsByGroup yields the flags that a command has of each group. What is in no group
// comes last.
func flagsByGroup(cmd *cobra.Command) iter.Seq2[string, *pflag.FlagSet] {
	return func(yield func(string, *pflag.FlagSet) bool) {
		told := map[string]bool{}
		for _, g := range flagGroups() {
			flags := pflag.NewFlagSet(g.title, pflag.ContinueOnError)
			flags.SortFlags = false
			for _, name := range g.names {
				if flag := cmd.Flags().Lookup(name); flag != nil {
					flags.AddFlag(flag)
					told[name] = true
				}
			}
			if flags.HasAvailableFlags() && !yield(g.title, flags) {
				return
			}
		}
		rest := pflag.NewFlagSet("", pflag.ContinueOnError)
		cmd.LocalFlags().VisitAll(func(flag *pflag.Flag) {
			if !told[flag.Name] {
				rest.AddFlag(flag)
			}
		})
		if rest.HasAvailableFlags() {
			yield("Flags", rest)
		}
	}
}
