package main

import (
	"errors"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// urlVariable always holds the proxy's URL for the command.
const urlVariable = "CANNERY_URL"

var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(=/[^\x00]*)?$`)

// parseVariable reads NAME, or NAME=/PATH for a URL that has a path.
func parseVariable(text string) (string, error) {
	name, rest, ok := strings.Cut(text, "=")
	switch {
	case variable.MatchString(text):
		return text, nil
	case ok && variable.MatchString(name):
		hint := "the value is the proxy's URL and this path: write " + name + " for the URL alone"
		if strings.Contains(rest, "://") {
			hint = "the origin is set with --origin; the command gets the proxy's URL in " + name
		}
		return "", misuse(hint, "the path does not begin with /")
	}
	return "", errors.New("not the name of a variable")
}

// variables returns what a command is told in its environment: the URL, those of
// origins by their variables, and that no other proxy stands between it and this one. Vars are as
// parseVariable returns them.
func variables(url string, origins map[string]string, vars []string, env environment) []string {
	told := []string{urlVariable + "=" + url}
	for _, name := range slices.Sorted(maps.Keys(origins)) {
		told = append(told, name+"="+origins[name])
	}
	for _, v := range vars {
		name, path, _ := strings.Cut(v, "=")
		told = append(told, name+"="+url+path)
	}
	host := urlHost(url)
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} {
		if env.get(name) != "" {
			// Not every client knows by itself that loopback needs no proxy.
			return append(told, withHost("NO_PROXY", host, env), withHost("no_proxy", host, env))
		}
	}
	return told
}

// urlHost is the host of a proxy's URL, without its port.
func urlHost(at string) string {
	u, err := url.Parse(at)
	if err != nil {
		return "" // not reached: it is ours
	}
	return u.Hostname()
}

// withHost adds a host to a list of hosts in a variable.
func withHost(name, host string, env environment) string {
	if hosts := env.get(name); hosts != "" {
		host = hosts + "," + host
	}
	return name + "=" + host
}
