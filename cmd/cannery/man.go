package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// newMan makes the command for those who package cannery.
func newMan(w *world) *cobra.Command {
	return &cobra.Command{
		Use:               "man DIR",
		Short:             "Write the man pages",
		Long:              `Write a man page for each command into a directory, which is made.`,
		Example:           `  cannery man man1/`,
		Hidden:            true,
		ValidArgsFunction: cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse("cannery man man1/", "man: one directory is needed, %d are given", len(args))
			}
			n, err := writeManPages(cmd.Root(), args[0])
			if err != nil {
				return fmt.Errorf("man %q: %w", args[0], cause(err))
			}
			_, err = fmt.Fprintf(w.stdout, "wrote %s to %s\n", count(int64(n), "man page", "man pages"), args[0])
			return printed(err)
		},
	}
}

// writeManPages writes the pages of all commands that users see, and says how many.
func writeManPages(root *cobra.Command, dir string) (n int, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	for _, cmd := range append([]*cobra.Command{root}, visible(root)...) {
		cmd.InitDefaultHelpFlag()
		if err := os.WriteFile(filepath.Join(dir, manName(cmd)+".1"), manPage(cmd), 0o644); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// visible returns the commands below one that have a page: help is one itself.
func visible(cmd *cobra.Command) (all []*cobra.Command) {
	for _, below := range cmd.Commands() {
		if !below.Hidden && below.Name() != "help" {
			all = append(all, below)
		}
	}
	return all
}

func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage is the page of a command, in the macros of man(7). It depends on nothing but
// the program: the date is that of its commit.
func manPage(cmd *cobra.Command) []byte {
	var b bytes.Buffer
	date, _, _ := strings.Cut(thisBuild().Date, "T")
	fmt.Fprintf(&b, ".TH %q 1 %q %q\n", strings.ToUpper(manName(cmd)), date, "cannery "+thisBuild().Version)
	b.WriteString(".nh\n.ad l\n") // what is to be typed is not hyphenated
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(manName(cmd)), roff(cmd.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n\\fB%s\\fR\n", roff(synopsis(cmd)))
	fmt.Fprintf(&b, ".SH DESCRIPTION\n%s\n", roff(cmd.Long))
	manCommands(&b, cmd)
	for title, flags := range flagsByGroup(cmd) {
		fmt.Fprintf(&b, ".SH %q\n", "FLAGS: "+strings.ToUpper(title))
		flags.VisitAll(func(flag *pflag.Flag) { manFlag(&b, flag) })
	}
	if cmd.Example != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(cmd.Example))
	}
	if cmd.HasParent() {
		fmt.Fprintf(&b, ".SH SEE ALSO\n\\fB%s\\fR(1), for exit codes and variables\n", roff(manName(cmd.Parent())))
	}
	return b.Bytes()
}

func synopsis(cmd *cobra.Command) string {
	if cmd.HasParent() {
		return cmd.UseLine()
	}
	return cmd.Name() + " COMMAND [flags]"
}

// manCommands names the pages of the commands below one, by groups where it has some.
func manCommands(b *bytes.Buffer, cmd *cobra.Command) {
	all := visible(cmd)
	if len(all) == 0 || cmd.HasParent() { // those of completion have no page
		return
	}
	for _, group := range cmd.Groups() {
		fmt.Fprintf(b, ".SH %q\n", strings.ToUpper(strings.TrimSuffix(group.Title, ":")))
		for _, below := range all {
			if below.GroupID == group.ID {
				fmt.Fprintf(b, ".TP\n\\fB%s\\fR(1)\n%s\n", roff(manName(below)), roff(below.Short))
			}
		}
	}
}

func manFlag(b *bytes.Buffer, flag *pflag.Flag) {
	name := "--" + flag.Name
	if flag.Shorthand != "" {
		name = "-" + flag.Shorthand + ", " + name
	}
	fmt.Fprintf(b, ".TP\n\\fB%s\\fR", roff(name))
	v, ours := flag.Value.(*value)
	if ours && v.value != "" {
		fmt.Fprintf(b, " \\fI%s\\fR", roff(v.value))
	}
	fmt.Fprintf(b, "\n%s\n", roff(flag.Usage))
	if !ours {
		return
	}
	if names := v.variables(); names != nil {
		fmt.Fprintf(b, ".br\nEnvironment: %s\n", roff(strings.Join(names, ", ")))
	}
	if v.normal != "" {
		fmt.Fprintf(b, ".br\nDefault: %s\n", roff(v.normal))
	}
}

// roff has a text stand for itself, paragraph by paragraph: a line that begins with a dot
// or a quote would be a macro, and "-" a hyphen that nobody can copy into a shell.
func roff(text string) string {
	var b strings.Builder
	for line := range strings.Lines(escapeRoff.Replace(text)) {
		switch {
		case strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'"):
			b.WriteString(`\&` + line)
		case line == "\n":
			b.WriteString(".PP\n")
		default:
			b.WriteString(line)
		}
	}
	return b.String()
}

var escapeRoff = strings.NewReplacer(`\`, `\e`, `-`, `\-`)
