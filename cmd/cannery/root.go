package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

// A world is what the commands know of the process that they run in.
type world struct {
	env            environment
	stdin          io.Reader
	stdout, stderr io.Writer

	// signals makes the signals that ask to stop come through a channel from
	// now on; before, they end the process. The second means at once.
	signals func() <-chan os.Signal
}

func (w *world) warn(text string) { fmt.Fprintf(w.stderr, "cannery: %s\n", printable(text)) }

// run executes a command line, without the program's name, and returns the exit
// code. Beside env it sees .env in the working directory.
func run(ctx context.Context, args []string, env environment, stdin io.Reader, stdout, stderr io.Writer, signals func() <-chan os.Signal) int {
	w := &world{env: env, stdin: stdin, stdout: stdout, stderr: stderr, signals: signals}
	root := newRoot(w)
	if isCompletion(args) {
		w.complete(root)
	}
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)

	begun := false
	root.PersistentPreRun = func(*cobra.Command, []string) { begun = true }
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !begun {
		err = misread(root, err)
	}
	return report(stderr, cmd.CommandPath(), err)
}

func newRoot(w *world) *cobra.Command {
	root := &cobra.Command{
		Use:   "cannery",
		Short: "A record/replay caching proxy for tests",
		Long: `cannery stands in front of HTTP origins, or is the HTTP proxy of a program. What
it knows it answers from recordings (X-Cache: HIT); what it does not know it
forwards and records (X-Cache: MISS).

Every flag can also be set as CANNERY_<FLAG>, in the environment or in .env in
the working directory. Exit codes: 0 ok, 1 failed, 2 misuse, 3 not as recorded,
4 store unreachable, 5 origin unreachable, 6 secrets found.`,
		Example: `  cannery start --port 3000 --origin https://httpbin.org
  cannery clear-cache
  cannery export fixtures/
  cannery run --proxy --fixtures fixtures/ -- npm test
  cannery run --proxy --offline --fixtures fixtures/ -- npm test`,
		Version:            version(),
		SilenceErrors:      true,
		SilenceUsage:       true,
		DisableSuggestions: true, // misread makes them
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		newRun(w), newStart(w), newClearCache(w), newExport(w), newImport(w),
		newEnv(w), newGuard(w),
		newList(w), newShow(w), newRemove(w), newVerify(w), newStatus(w), newDoctor(w),
		newVersion(w), newMan(w),
	)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	groupCommands(root)
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Args = existingCommand
			cmd.Short = "Say more of a command"
		case "completion":
			cmd.Args = cobra.ArbitraryArgs
			cmd.RunE = noShell
			cmd.Short = "Print what has a shell complete commands"
		}
	}
	return root
}

// existingCommand is the check of "help COMMAND", which cobra does not fail.
func existingCommand(cmd *cobra.Command, args []string) error {
	_, _, err := cmd.Root().Find(args)
	return err
}

// noShell is what "completion" does without one of its subcommands.
func noShell(_ *cobra.Command, args []string) error {
	const hint = "cannery completion bash, or fish, powershell, zsh"
	if len(args) == 0 {
		return misuse(hint, "completion: no shell is given")
	}
	return misuse(hint, "completion: unknown shell %q", args[0])
}

// noArguments is the check of a command that takes flags only.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if _, err := parseOrigin(args[0]); err == nil && cmd.Flags().Lookup("origin") != nil {
		hint = fmt.Sprintf("did you mean --origin %s?", args[0])
	}
	if cmd.Name() == "clear-cache" {
		hint = "cannery clear-cache removes all, and --match 'GET /v1/*' only some"
	}
	return misuse(hint, "%s: unexpected argument %q", cmd.Name(), masked(args[0]))
}
