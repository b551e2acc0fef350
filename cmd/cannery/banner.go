package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay"
	"example.com/cannery/replay/explain"
)

// A banner says what has been started. As JSON it is the first line of stdout.
type banner struct {
	URL    string `json:"url"`
	Port   int    `json:"port"`
	Mode   string `json:"mode"`
	Origin string `json:"origin"` // "": offline, whichever is recorded

	// Origins are the URLs of all of several, by the variables that run has for
	// them. Nil: there is one only, or it
	// would take long to find out.
	Origins map[string]string `json:"origins,omitempty"`

	Store string `json:"store"` // the password masked
	PID   int    `json:"pid"`
}

// print writes the banner for people.
func (b banner) print(j *journal, rules *fixtures.Rules) {
	if j.quiet {
		return
	}
	if j.format == "json" {
		j.json(true, "start", b)
		return
	}
	if b.Origin == "" {
		j.talk(fmt.Sprintf("%-8s  %s", b.Mode, b.URL))
	} else {
		j.talk(fmt.Sprintf("%-8s  %s  ->  %s", b.Mode, b.URL, b.Origin))
	}
	for _, name := range slices.Sorted(maps.Keys(b.Origins)) {
		j.talk(fmt.Sprintf("%-8s  %s=%s", "origin", name, b.Origins[name]))
	}
	j.talk(fmt.Sprintf("%-8s  %s", "store", b.Store))
	if text := rulesText(rules); text != "" {
		j.talk(fmt.Sprintf("%-8s  %s", "rules", text))
	}
}

// printJSON writes the banner for programs, in one line.
func (b banner) printJSON(out io.Writer) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	return enc.Encode(b)
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

// proxyURL returns the URL to reach a listener at, which was to listen on host.
func proxyURL(host string, addr net.Addr) (url string, port int) {
	port = addr.(*net.TCPAddr).Port
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip.To4() == nil {
			host = "::1"
		}
	}
	return "http://" + net.JoinHostPort(host, fmt.Sprint(port)), port
}

// isTerminal reports whether colours can be shown (https://no-color.org).
func isTerminal(out io.Writer, env environment) bool {
	file, ok := out.(*os.File)
	return ok && env.get("NO_COLOR") == "" && env.get("TERM") != "dumb" && term.IsTerminal(int(file.Fd()))
}
