package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"example.com/cannery/fixtures/part"
)

// Exit codes. Whatever is not told apart is exitFailed.
const (
	exitOK        = 0
	exitFailed    = 1
	exitMisuse    = 2
	exitDifferent = 3 // what was asked for is not what is recorded
	exitStore     = 4 // the store is unreachable
	exitOrigin    = 5 // the origin is unreachable
	// Secrets stand in what is meant to be published.
	exitSecrets = 6
)

// A failure is an error that knows its exit code, and what to type next.
type failure struct {
	code int
	err  error
	hint string // "" for none
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// misuse is the error of a command line, or a setting, that cannot be used.
// Without a hint, the command's help is pointed to.
func misuse(hint, format string, args ...any) error {
	return &failure{exitMisuse, fmt.Errorf(format, args...), hint}
}

// report prints an error, if there is one, and returns the exit code. Command
// is the one that failed, with its parents.
func report(stderr io.Writer, command string, err error) int {
	if err == nil {
		return exitOK
	}
	var status exitStatus
	if errors.As(err, &status) {
		return int(status)
	}
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{code: exitFailed, hint: storeHint(err)}
	}
	if f.code == exitFailed && errors.As(err, new(*part.Error)) { // in cannery.json
		f = &failure{code: exitMisuse, hint: "parts of messages are " + strings.Join(part.Kinds(), ", ")}
	}
	if f.hint == "" && f.code == exitMisuse {
		f.hint = fmt.Sprintf("see '%s --help'", command)
	}
	fmt.Fprintf(stderr, "cannery: %s\n", oneLine(err.Error()))
	if f.hint != "" {
		fmt.Fprintf(stderr, "  hint: %s\n", oneLine(f.hint))
	}
	return f.code
}

// oneLine keeps foreign text from looking like several lines of ours.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), " ")
}

// flagError says what is wrong with a flag in the words of all our errors.
func flagError(cmd *cobra.Command, err error) error {
	where := cmd.Name() + ": "
	if !cmd.HasParent() {
		where = "" // report names the program
	}
	var (
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
	)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return err
	case errors.As(err, &unknown):
		if letters := unknown.GetSpecifiedShortnames(); letters != "" {
			return misuse(shortHint(cmd, letters), "%sunknown flag -%s", where, letters)
		}
		name := unknown.GetSpecifiedName()
		return misuse(flagHint(cmd, name), "%sunknown flag --%s", where, name)
	case errors.As(err, &missing):
		return misuse(valueHint(missing.GetFlag()), "%s--%s needs a value", where, missing.GetFlag().Name)
	case errors.As(err, &invalid):
		if errors.Is(err, errNoValue) {
			return misuse(valueHint(invalid.GetFlag()), "%s--%s needs a value", where, invalid.GetFlag().Name)
		}
		return badValue("--"+invalid.GetFlag().Name, invalid.GetValue(), invalid.Unwrap())
	}
	return misuse("", "%s%w", where, err)
}

// badValue is the error of a value that its setting refuses.
func badValue(setting, value string, err error) error {
	hint := ""
	var f *failure
	if errors.As(err, &f) {
		hint = f.hint
	}
	return misuse(hint, "%s %q: %w", setting, masked(value), err)
}

// misread makes our error of one of cobra's, which it returns before a command
// has begun.
func misread(root *cobra.Command, err error) error {
	var f *failure
	if errors.As(err, &f) {
		return err
	}
	var name, parent string
	if n, _ := fmt.Sscanf(err.Error(), "unknown command %q for %q", &name, &parent); n != 2 {
		return misuse("", "%w", err)
	}
	if parent != root.Name() {
		return misuse("", "%s: unexpected argument %q", strings.TrimPrefix(parent, root.Name()+" "), name)
	}
	return misuse(commandHint(root, name), "unknown command %q", name)
}

// masked returns a value that is fit to be quoted: an address without its user
// and password. What follows the last "@" is not the password, whatever
// characters that has.
func masked(value string) string {
	return userinfo.ReplaceAllString(value, "//***@")
}

var userinfo = regexp.MustCompile(`//.*@`)

// printed is the error of a result that could not be printed.
func printed(err error) error {
	if err != nil {
		return fmt.Errorf("print the result: %w", cause(err))
	}
	return nil
}

// shown is the error of something long that could not be printed. That its
// reader has seen enough, as in "cannery ls | head", is none.
func shown(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return printed(err)
}

// jsonTo writes JSON for programs, with <, > and & as they are.
func jsonTo(out io.Writer) *json.Encoder {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	return enc
}
