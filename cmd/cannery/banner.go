package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay"
	"example.com/cannery/replay/explain"
)

// A banner says what has been started. As JSON it is the first line of stdout.
type banner struct {
	URL    string `json:"url"`
	Port   int    `json:"port"`
	Mode   string `json:"mode"`
	Origin string `json:"origin"`          // "": offline, whichever is recorded, or with Proxy none
	Proxy  string `json:"proxy,omitempty"` // the URL to give to clients as their HTTP proxy; "" for none

	// Origins are the URLs of all of several, by the variables that run has for
	// them. Nil: there is one only, or it
	// would take long to find out.
	Origins map[string]string `json:"origins,omitempty"`

	Store string `json:"store"` // the password masked
	PID   int    `json:"pid"`

	// shell is what a shell is told to type, so that what it begins uses the
	// proxy. "": nothing helps.
	shell string
}

// maxTold is how many origins people are told of.
const maxTold = 10

// print writes the banner for people.
func (b banner) print(j *journal, rules *fixtures.Rules) {
	if j.quiet {
		return
	}
	if j.format == "json" {
		j.json(true, "start", b)
		return
	}
	to := ""
	if b.Origin != "" {
		to = "  ->  " + b.Origin
	}
	j.link(b.Mode, b.URL, to)
	if j.screen.isTerminal() {
		j.link("page", b.URL+"/__cannery/", "  shows what comes, and why it is a miss")
	}
	if b.Proxy != "" {
		j.talk(fmt.Sprintf("%-8s  %s  for every host, as the HTTP proxy of clients", "proxy", b.Proxy))
	}
	if b.shell != "" {
		j.talk(fmt.Sprintf("%-8s  %s  tells programs of it", "shell", b.shell))
	}
	for i, name := range slices.Sorted(maps.Keys(b.Origins)) {
		if i == maxTold && len(b.Origins) > maxTold+1 {
			j.talk(fmt.Sprintf("%-8s  and %d more, each at a path of its own", "origin", len(b.Origins)-i))
			break
		}
		j.talk(fmt.Sprintf("%-8s  %s=%s", "origin", name, b.Origins[name]))
	}
	j.talk(fmt.Sprintf("%-8s  %s", "store", b.Store))
	if text := rulesText(rules); text != "" {
		j.talk(fmt.Sprintf("%-8s  %s", "rules", text))
	}
}

// link talks of a URL that people open: it stands out, with blanks around it.
func (j *journal) link(name, url, rest string) {
	j.lines.add(true, func(b *bytes.Buffer) {
		fmt.Fprintf(b, "%-8s  %s%s\n", name, j.screen.paint(bold, printable(url)), printable(rest))
	})
}

// printJSON writes the banner for programs, in one line.
func (b banner) printJSON(out io.Writer) error {
	return jsonTo(out).Encode(b)
}

// rulesText spells rules as the flags that set them.
func rulesText(r *fixtures.Rules) string {
	var words []string
	for _, kind := range []struct {
		flag   string
		values []string
	}{{"match-header", r.MatchHeader}, {"ignore", r.Ignore}, {"volatile", r.Volatile}, {"echo", r.Echo}, {"cache-method", r.Methods}} {
		for _, v := range kind.values {
			words = append(words, "--"+kind.flag+" "+explain.CommandLine(v))
		}
	}
	if r.LeaveBody {
		words = append(words, "--rewrite-body=false")
	}
	return strings.Join(words, " ")
}

// summary is the last line: what the proxy did in its life.
func summary(s replay.Stats, lost int64) string {
	text := fmt.Sprintf("stopped   %s, %s, %d bypassed", count(s.Hits, "hit", "hits"), count(s.Misses, "miss", "misses"), s.Bypasses)
	if s.Refused > 0 {
		text += fmt.Sprintf(", %d refused", s.Refused)
	}
	if lost > 0 {
		text += ", " + count(lost, "recording", "recordings") + " lost"
	}
	return text
}

func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// reachable is a host to reach whoever listens on host.
func reachable(host string) string {
	ip := net.ParseIP(host)
	switch {
	case ip == nil || !ip.IsUnspecified():
		return host
	case ip.To4() == nil:
		return "::1"
	}
	return "127.0.0.1"
}
