package main

import (
	"bytes"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay"
)

// maxUnusedNames is how many recordings that were not used are named.
const maxUnusedNames = 10

// trouble logs a request only when it could not be answered, or the note of an
// entry that is no request's.
func (j *journal) trouble(e replay.Entry) {
	switch {
	case e.Method == "":
		j.say(e.Note)
	case e.Status >= http.StatusInternalServerError && e.Cache != "HIT" && e.Note != "":
		j.say(fmt.Sprintf("%s %s: %d: %s", e.Method, e.CleanURL(), e.Status, e.Note))
	}
}

// explain logs why nothing answers a request.
func (j *journal) explain(u replay.Unmatched) {
	if !u.News() {
		return // see sayMisses
	}
	first, rest, _ := strings.Cut(strings.TrimSpace(u.Text), "\n")
	j.lines.add(true, func(b *bytes.Buffer) {
		fmt.Fprintf(b, "cannery: %s\n", printable(first))
		if rest != "" {
			j.indented(b, rest)
		}
	})
}

// finishRun logs what a run came to.
func (j *journal) finishRun(r *runResult) {
	unused := r.report.Unused
	if j.format == "json" {
		j.json(true, "run", runLineJSON{r.code, r.report.Hits, r.report.Misses, r.report.Bypasses, r.report.Refused, r.recorded, r.lost, len(unused), r.old.removed, r.old.kept, !r.report.Asked, r.leads})
		return
	}
	text := fmt.Sprintf("%s, %s", count(r.report.Hits, "hit", "hits"), count(r.report.Misses, "miss", "misses"))
	if r.report.Bypasses > 0 {
		text += fmt.Sprintf(", %d bypassed", r.report.Bypasses)
	}
	if r.report.Refused > 0 {
		text += fmt.Sprintf(", %d refused", r.report.Refused)
	}
	if r.mode != "offline" {
		text += fmt.Sprintf(", %d recorded", r.recorded)
	}
	if r.lost > 0 {
		text += fmt.Sprintf(", %d lost", r.lost)
	}
	if len(unused) > 0 {
		text += fmt.Sprintf(", %d never used", len(unused))
	}
	j.talk("cannery: " + text)
	if n := r.old.removed; n > 0 {
		j.talk(fmt.Sprintf("cannery: %s of earlier runs removed", count(int64(n), "fixture", "fixtures")))
	}
	if n := r.old.kept; n > 0 {
		why := "the command failed"
		switch {
		case r.code == 0 && r.lost > 0:
			why = "recordings were lost"
		case r.code == 0:
			why = "they were not asked for: --prune removes them"
		}
		j.talk(fmt.Sprintf("cannery: %s of earlier runs kept, because %s", count(int64(n), "fixture", "fixtures"), why))
	}
	j.sayMisses(r)
	j.sayErrors(r)
	for why, list := range groupedBypasses(r.bypassed) {
		j.talk(fmt.Sprintf("cannery: not recorded: %s: %s", list, why))
	}
	if !r.report.Asked && len(r.uncaught) == 0 {
		j.talk("cannery: note: " + neverAsked(r.forward))
		for _, why := range r.whyNeverAsked() {
			j.talk("cannery: note: " + why)
		}
	}
	j.sayUncaught(r.uncaught, r.around)
	if unsure := r.report.Unsure; len(unsure) > 0 {
		j.talk(fmt.Sprintf("cannery: note: requests came in another order than recorded, and which state %s ought to see could not be known: give each test a session (%s)", shortList(unsure), fixtures.SessionField))
	}
	if len(r.leads) > 0 {
		j.talk("cannery: note: " + leadsText(r.leads))
	}
	for _, u := range unused[:min(len(unused), maxUnusedNames)] {
		j.talk("  never used: " + unusedText(u))
	}
	if more := len(unused) - maxUnusedNames; more > 0 {
		j.talk(fmt.Sprintf("  and %d more", more))
	}
	j.sayTable(r)
}

// sayMisses names the requests whose miss was explained once for several: those that
// came again, and others that were missed for the same reason.
func (j *journal) sayMisses(r *runResult) {
	var reasons []string
	names, times := map[string][]string{}, map[string]int64{}
	for _, u := range r.report.Unmatched {
		if names[u.Reason] == nil {
			reasons = append(reasons, u.Reason)
		}
		id := u.Reason + "\n" + u.Name()
		if times[id] == 0 {
			names[u.Reason] = append(names[u.Reason], u.Name())
		}
		times[id] += u.Count
	}
	for _, reason := range reasons {
		list := names[reason]
		if len(list) == 1 && times[reason+"\n"+list[0]] == 1 {
			continue
		}
		for i, name := range list {
			if n := times[reason+"\n"+name]; n > 1 {
				list[i] = fmt.Sprintf("%s (%d times)", name, n)
			}
		}
		j.talk("cannery: missed for one reason, told above: " + shortList(list))
	}
}

// sayErrors logs which errors of the moment were recorded, or dropped.
func (j *journal) sayErrors(r *runResult) {
	if len(r.errors) == 0 {
		return
	}
	var list []string
	for _, e := range r.errors {
		list = append(list, fmt.Sprintf("%s %s (%d)", e.Method, e.Target, e.Status))
	}
	text := fmt.Sprintf("cannery: %s recorded, as the command succeeded: %s", count(int64(len(list)), "error", "errors"), shortList(list))
	if r.code != 0 {
		text = fmt.Sprintf("cannery: %s dropped, because the command failed: %s; --record-status 2xx,3xx,4xx,5xx keeps them", count(int64(len(list)), "recorded error", "recorded errors"), shortList(list))
	}
	j.talk(text)
}

// groupedBypasses yields the reasons for which exchanges were not recorded, each with
// the list of these.
func groupedBypasses(all []bypassed) iter.Seq2[string, string] {
	var reasons []string
	lists := map[string][]string{}
	for _, b := range all {
		if lists[b.Why] == nil {
			reasons = append(reasons, b.Why)
		}
		lists[b.Why] = append(lists[b.Why], b.Method+" "+b.Target)
	}
	return func(yield func(why, list string) bool) {
		for _, why := range reasons {
			if !yield(why, shortList(lists[why])) {
				return
			}
		}
	}
}

// maxListed is how many of a list are named.
const maxListed = 5

// shortList names the first of a list, each once, and says how many more there are.
func shortList(list []string) string {
	var named []string
	more := 0
	for _, text := range list {
		switch {
		case slices.Contains(named, text):
		case len(named) < maxListed:
			named = append(named, text)
		default:
			more++
		}
	}
	if more == 0 {
		return strings.Join(named, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(named, ", "), more)
}

// maxLeads is how many hosts are named that answers led to.
const maxLeads = 5

// leadsText says where answers led past the proxy.
func leadsText(leads []replay.Lead) string {
	var total int64
	var hosts []string
	for _, lead := range leads {
		total += lead.Count
		if len(hosts) < maxLeads {
			hosts = append(hosts, fmt.Sprintf("%s (%d)", printable(lead.Host), lead.Count))
		}
	}
	text := fmt.Sprintf("%s to other hosts, past the proxy: %s", count(total, "link or redirect leads", "links and redirects lead"), strings.Join(hosts, ", "))
	if more := len(leads) - len(hosts); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// runLineJSON is the last line of a log that programs read.
type runLineJSON struct {
	Code     int   `json:"code"`
	Hits     int64 `json:"hits"`
	Misses   int64 `json:"misses"`
	Bypasses int64 `json:"bypasses"`
	Refused  int64 `json:"refused,omitempty"`
	Recorded int64 `json:"recorded"`
	Lost     int64 `json:"lost"`
	Unused   int   `json:"unused"`
	Removed  int   `json:"removed,omitempty"` // fixtures of earlier runs
	Kept     int   `json:"kept,omitempty"`

	NeverAsked bool          `json:"never_asked,omitempty"` // the proxy, by the command
	Leads      []replay.Lead `json:"leads,omitempty"`       // hosts past the proxy
}

// unusedText names a recording for people: the fixture's file, where there is
// one.
func unusedText(u replay.Unused) string {
	text := u.Method + " " + u.Target
	if u.Take > 1 {
		text += fmt.Sprintf(" (take %d)", u.Take)
	}
	if u.Session != "" {
		text += " [" + u.Session + "]"
	}
	if u.Origin != "" {
		text += " of " + u.Origin
	}
	if u.Name != "" {
		text += "  " + u.Name
	}
	return text
}
