package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"unicode/utf8"
)

// An environment is where settings come from that the command line does not
// give: the process's variables, then those of a .env file.
type environment struct {
	// lookup finds a variable of the process, as os.LookupEnv does.
	lookup func(string) (string, bool)

	// names are the variables of the process.
	names []string

	// file holds the variables of .env.
	file map[string]string
}

const dotenvName = ".env"

// get returns a variable of the process, "" when it is not set.
func (e environment) get(name string) string {
	text, _ := e.lookup(name)
	return text
}

// first returns the first of the variables that is set, in the process or, if
// none of them is there, in .env; and a name of the place for people.
func (e environment) first(names ...string) (text, source string, ok bool) {
	for _, name := range names {
		if text, ok := e.lookup(name); ok {
			return text, name, true
		}
	}
	for _, name := range names {
		if text, ok := e.file[name]; ok {
			return text, name + " in " + dotenvName, true
		}
	}
	return "", "", false
}

// twoPasswords says which of two passwords of Redis counts when they differ.
func (e environment) twoPasswords() []string {
	password, from, _ := e.first(envPassword)
	other, otherFrom, _ := e.first(envPasswordToo)
	if password == "" || other == "" || password == other {
		return nil
	}
	return []string{fmt.Sprintf("%s is not the password that %s has, which counts", otherFrom, from)}
}

// maxDotenv bounds .env, in bytes: what is longer is something else.
const maxDotenv = 1 << 20

// withDotenv returns the environment with what .env in the working directory
// says, if there is one, and the numbers of its lines that say nothing.
func (e environment) withDotenv() (environment, []int, error) {
	file, err := os.Open(dotenvName)
	if errors.Is(err, fs.ErrNotExist) {
		return e, nil, nil
	}
	if err != nil {
		return e, nil, fmt.Errorf("read %q: %w", dotenvName, cause(err))
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxDotenv+1))
	switch {
	case err != nil:
		return e, nil, fmt.Errorf("read %q: %w", dotenvName, cause(err))
	case len(data) > maxDotenv:
		return e, nil, fmt.Errorf("read %q: it is longer than 1 MiB", dotenvName)
	}
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		// PowerShell's ">" writes UTF-16, of which no line would be known.
		return e, nil, &failure{exitMisuse, fmt.Errorf("read %q: it is not UTF-8 text", dotenvName), "save it as UTF-8"}
	}
	bindings, junk := parseDotenv(string(data))
	e.file = expand(bindings, e.lookup)
	return e, junk, nil
}

// cause strips what package os puts in front of an error: ours names the file.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
