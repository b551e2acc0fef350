package main

import (
	"fmt"

	"example.com/cannery/replay/tunnel"
)

// uncaughtText says what a forward proxy did not get to see, and what to do.
func uncaughtText(m tunnel.Miss) string {
	client := ""
	if m.Client != "" {
		client = " (" + m.Client + ")"
	}
	switch m.Kind {
	case tunnel.Passed:
		return m.Host + client + " was passed through, and not recorded"
	case tunnel.Barred:
		return fmt.Sprintf("%s%s was refused: %s, and offline nothing is passed through", m.Host, client, m.Why)
	case tunnel.Refused, tunnel.Silent:
		return fmt.Sprintf("%s%s: %s: %s", m.Host, client, m.Why, adviceFor(m.Client))
	}
	return fmt.Sprintf("%s%s: %s; the tunnel was closed. --except %s passes it through", m.Host, client, m.Why, m.Host)
}

// goneAround says for which hosts the user has told clients to use no proxy: what they
// ask of these is not seen here, and offline may leave this machine all the same. Of no
// hosts it is "".
func goneAround(env environment) string {
	var hosts []string
	for _, host := range (clientSetup{env: env}).direct() {
		if !isLoopbackEntry(host) {
			hosts = append(hosts, host)
		}
	}
	if hosts == nil {
		return ""
	}
	return "what the command asks of " + shortList(hosts) + " does not come here: NO_PROXY says so"
}

// neverAsked says that a command has not used the proxy at all.
func neverAsked(forward bool) string {
	if forward {
		return "the command never asked the proxy: does its HTTP client read HTTPS_PROXY and HTTP_PROXY? One that has a setting for a proxy gets " + urlVariable + " there"
	}
	return "the command never asked the proxy: does it read " + urlVariable + "?"
}

// sayUncaught logs what a forward proxy did not get to see of a run.
func (j *journal) sayUncaught(all []tunnel.Miss, around string) {
	if around != "" {
		j.talk("cannery: note: " + around)
	}
	for _, m := range all[:min(len(all), maxListed)] {
		times := ""
		if m.Count > 1 {
			times = fmt.Sprintf(" (%d times)", m.Count)
		}
		j.talk("cannery: not caught" + times + ": " + uncaughtText(m))
	}
	if more := len(all) - maxListed; more > 0 {
		j.talk(fmt.Sprintf("cannery: not caught: %d more", more))
	}
}
