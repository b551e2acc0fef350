package main

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"example.com/cannery/fixtures/part"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const (
	// maxCompletions is how many values of what is recorded a shell is offered, and
	// completionTime how long they are looked for: somebody waits at a prompt.
	maxCompletions = 200
	completionTime = time.Second
)

// isCompletion reports whether a command line is a shell's question.
func isCompletion(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// complete has the shell complete what commands and flags take.
func (w *world) complete(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "show", "rm":
			cmd.ValidArgsFunction = w.ids
		case "ls":
			cmd.ValidArgsFunction = w.recorded((*completions).path)
		case "export", "verify":
			cmd.ValidArgsFunction = once(nil, cobra.ShellCompDirectiveFilterDirs)
		case "import":
			cmd.ValidArgsFunction = once([]string{"har"}, cobra.ShellCompDirectiveFilterFileExt)
		case "start", "env", "clear-cache", "status", "doctor", "version":
			cmd.ValidArgsFunction = cobra.NoFileCompletions
		}
		cmd.Flags().VisitAll(func(flag *pflag.Flag) {
			if v, ok := flag.Value.(*value); ok {
				_ = cmd.RegisterFlagCompletionFunc(v.flag, w.values(v.setting)) // the flag is there
			}
		})
	}
}

// once offers values for the first argument alone.
func once(values []string, directive cobra.ShellCompDirective) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return values, directive
	}
}

var fixedValues = regexp.MustCompile(`^[a-z]+(\|[a-z]+)+$`)

// values completes the value of a setting.
func (w *world) values(s setting) cobra.CompletionFunc {
	fixed := []string{}
	directive := cobra.ShellCompDirectiveNoFileComp
	switch {
	case s.flag == "session":
		return w.recorded((*completions).session)
	case s.flag == "match":
		return w.recorded((*completions).path)
	case s.flag == "origin":
		return w.recorded((*completions).origin)
	case s.value == "DIR":
		directive = cobra.ShellCompDirectiveFilterDirs
	case s.value == "FILE":
		directive = cobra.ShellCompDirectiveDefault
	case s.value == "":
		fixed = []string{"true", "false"}
	case fixedValues.MatchString(s.value):
		fixed = strings.Split(s.value, "|")
	case s.value == "METHOD":
		fixed = []string{"POST", "PUT", "PATCH", "DELETE", "QUERY", "REPORT"}
	case s.value == valuePart:
		return completePart
	case s.normal != "":
		fixed = []string{s.normal}
	}
	return cobra.FixedCompletions(fixed, directive)
}

// completePart offers how parts of messages begin.
func completePart(*cobra.Command, []string, string) (offers []cobra.Completion, _ cobra.ShellCompDirective) {
	for _, kind := range part.Kinds() {
		name, rest, more := strings.Cut(kind, ":")
		if more {
			name = cobra.CompletionWithDesc(name+":", name+":"+rest)
		}
		offers = append(offers, name)
	}
	return offers, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completions are what a shell is offered of what is recorded.
type completions struct {
	begin string // what was typed
	list  []string
}

// add offers a value, unless it is offered already.
func (c *completions) add(value, description string) {
	if strings.HasPrefix(value, c.begin) && value != "" && !strings.ContainsAny(value+description, "\n\r\t") {
		if value = cobra.CompletionWithDesc(value, description); !slices.Contains(c.list, value) {
			c.list = append(c.list, value)
		}
	}
}

func (c *completions) id(rec member) {
	c.add(takeID(rec.key, rec.Take, len(c.begin) > shortID), printable(rec.Request.Method+" "+rec.url()))
}

func (c *completions) session(rec member) { c.add(rec.Request.Session, "") }
func (c *completions) path(rec member)    { c.add(rec.Request.Path(), "") }

func (c *completions) origin(rec member) {
	name := rec.Request.Origin
	if address := rec.Request.Address(); address != "" && address != name && originNameAlone.MatchString(name) {
		name += "=" + address
	}
	c.add(name, "")
}

// recorded completes what a recording has, in the store or the fixtures that the
// flags choose. What cannot be read has nothing to offer: an error would stand in the
// line that is being typed.
func (w *world) recorded(offer func(*completions, member)) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begin string) ([]string, cobra.ShellCompDirective) {
		c := &completions{begin: begin}
		w.eachRecording(cmd, args, c, offer)
		return c.list, cobra.ShellCompDirectiveNoFileComp
	}
}

func (w *world) eachRecording(cmd *cobra.Command, args []string, c *completions, offer func(*completions, member)) {
	f := flagsOf(cmd)
	env, err := w.resolve(f)
	if err != nil {
		return
	}
	text := func(name string) string {
		if flag := cmd.Flags().Lookup(name); flag != nil {
			return flag.Value.String()
		}
		return ""
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	o := collectionOptions{fixtures: text("fixtures"), store: storeOptions{
		redis: text("redis"), namespace: text("namespace"),
		tls: redisTLS{
			on: text("redis-tls") == "true", ca: text("redis-ca"), cert: text("redis-cert"), key: text("redis-key"),
			serverName: text("redis-server-name"),
		},
	}}
	if cmd.Name() == "verify" && len(args) > 0 {
		o.fixtures = args[0]
	}
	collection, err := o.open(ctx, f, env)
	if err != nil {
		return
	}
	defer collection.close()
	for rec, err := range collection.recordings(ctx) {
		if err != nil || len(c.list) == maxCompletions {
			return
		}
		offer(c, rec)
	}
}

// ids completes IDs, or the path of a fixture where one is being typed.
func (w *world) ids(cmd *cobra.Command, args []string, begin string) ([]string, cobra.ShellCompDirective) {
	if strings.ContainsAny(begin, `/\`) {
		return []string{"json"}, cobra.ShellCompDirectiveFilterFileExt
	}
	if cmd.Name() == "show" && len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	list, directive := w.recorded((*completions).id)(cmd, args, begin)
	return slices.DeleteFunc(list, func(c string) bool {
		id, _, _ := strings.Cut(c, "\t")
		return slices.Contains(args, id)
	}), directive
}
