package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
)

// An envCommand prints what programs are to be told of a proxy that runs.
type envCommand struct {
	port  int
	shell string
	json  bool
}

func newEnv(w *world) *cobra.Command {
	o := &envCommand{}
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Print what a shell's programs are to be told of a running proxy",
		Long: `Print, as lines for a shell to read, the variables that have the programs it
begins use the proxy of start --proxy and trust its certificate. They are those
that run --proxy tells its command; what is set already is extended.

The certificates that they name are there while the proxy runs, and are there
again when another one is started on its port: the shell need not be told anew.`,
		Example: `  cannery start --proxy --fixtures fixtures/ &
  eval "$(cannery env)"
  cannery env --port 3128 --shell fish | source
  cannery env --shell powershell | Invoke-Expression`,
		Args: noArguments,
	}
	f := flagsOf(cmd)
	bind(f, "port", &o.port, parsePort)
	bind(f, "shell", &o.shell, oneOf("sh", "fish", "powershell"))
	bind(f, "json", &o.json, parseSwitch)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		env, err := w.resolve(f)
		if err != nil {
			return err
		}
		return o.run(cmd.Context(), w, env)
	}
	return cmd
}

func (o *envCommand) run(ctx context.Context, w *world, env environment) error {
	home, err := runningHome(env)
	if err != nil {
		return fmt.Errorf("env: %w", err)
	}
	dir := filepath.Join(home, strconv.Itoa(o.port))
	at, ca, err := findRunning(ctx, dir)
	if err != nil {
		return o.notFound(home, err)
	}
	told, err := at.setup(dir, ca, env).variables()
	if err != nil {
		return err
	}
	told = append(told, urlVariable+"="+at.URL)
	for name, url := range at.Origins {
		told = append(told, name+"="+url)
	}
	slices.Sort(told)
	if screenOf(w.stdout, env).isTerminal() && !o.json {
		w.warn(`these lines are for a shell: eval "$(cannery env)"`)
	}
	return printed(o.print(w.stdout, told))
}

// notFound says which proxies there are instead.
func (o *envCommand) notFound(home string, why error) error {
	hint := fmt.Sprintf("cannery start --proxy --port %d", o.port)
	entries, _ := os.ReadDir(home)
	var others []string
	for _, entry := range entries {
		if entry.IsDir() && entry.Name() != strconv.Itoa(o.port) {
			others = append(others, "cannery env --port "+entry.Name())
		}
	}
	if others != nil {
		hint += ", or " + strings.Join(others[:min(3, len(others))], ", or ")
	}
	return &failure{exitFailed, fmt.Errorf("env: no proxy of start --proxy is found on port %d: %w", o.port, why), hint}
}

// print prints variables, which are NAME=VALUE.
func (o *envCommand) print(out io.Writer, told []string) error {
	if o.json {
		values := map[string]string{}
		for _, text := range told {
			name, value, _ := strings.Cut(text, "=")
			values[name] = value
		}
		enc := jsonTo(out)
		enc.SetIndent("", "  ")
		return enc.Encode(values)
	}
	var lines strings.Builder
	for _, text := range told {
		name, value, _ := strings.Cut(text, "=")
		switch o.shell {
		case "fish":
			fmt.Fprintf(&lines, "set -gx %s '%s'\n", name, strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value))
		case "powershell":
			fmt.Fprintf(&lines, "$env:%s = '%s'\n", name, strings.ReplaceAll(value, "'", "''"))
		default:
			fmt.Fprintf(&lines, "export %s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`))
		}
	}
	_, err := io.WriteString(out, lines.String())
	return err
}
