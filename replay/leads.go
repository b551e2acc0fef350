package replay

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"example.com/cannery/fixtures/coding"
	"example.com/cannery/fixtures/links"
	"example.com/cannery/fixtures/secret"
)

// A Lead is a host past the proxy to which links and redirects in answers lead.
type Lead struct {
	Host  string `json:"host"`
	Count int64  `json:"count"` // of links and redirects, in all answers
}

// Leads counts what leads clients past the proxy. It may be used concurrently,
// by several proxies. The zero Leads is ready.
type Leads struct {
	mu    sync.Mutex
	hosts map[string]int64 // guarded by mu
}

func (l *Leads) add(host string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hosts == nil {
		l.hosts = map[string]int64{}
	}
	l.hosts[strings.ToLower(host)]++
}

// All returns the hosts, those to which most leads first.
func (l *Leads) All() []Lead {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []Lead
	for host, count := range l.hosts {
		all = append(all, Lead{host, count})
	}
	slices.SortFunc(all, func(a, b Lead) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Host, b.Host)) })
	return all
}

// look notes where an answer that is out leads to.
func (p *Proxy) look(w *writer) {
	rec := w.recording
	if rec != nil && rec.Response.Links == links.Some && !w.leave {
		if field := digestIn(rec.Response.Header); field != "" {
			p.digest.Do(func() {
				p.notice(fmt.Errorf("%s %s names its origin and is left so, as others like it are: %s is of that content", w.request.Method, secret.CleanTargetOf(w.request.Header, w.request.RequestURI), field))
			})
		}
	}
	if p.Events.Leads == nil || w.status == 0 || w.asItIs { // a forward proxy is everywhere
		return
	}
	p.lookAt(w, fieldsOf(w.Header()), fieldLink)
	if rec == nil || rec.Response.Links == links.None && rec.Response.Body.Size() == 0 {
		return
	}
	header := rec.Response.Header
	kind := header.Get("Content-Type")
	link := htmlLink
	switch {
	case !links.Textual(header) || !coding.Decodable(coding.Of(header)):
		return
	case strings.Contains(kind, "json"):
		link = jsonLink
	case !strings.Contains(kind, "html"):
		return
	}
	text, err := content{body: rec.Response.Body, decoded: coding.Of(header)}.inMemory()
	if err != nil { // whoever asked has seen it
		return
	}
	if w.renames(rec.Response.Status, header) {
		text = w.replacer().All(text)
	}
	p.lookAt(w, text, link)
}

// lookAt counts the links in a text that lead to another host than the one that
// was asked.
func (p *Proxy) lookAt(w *writer, text []byte, link *regexp.Regexp) {
	for _, found := range link.FindAllSubmatch(text, -1) {
		host := string(found[len(found)-1])
		if len(found[1]) == 0 && !strings.EqualFold(host, w.request.Host) {
			p.Events.Leads.add(host)
		}
	}
}

// fieldsOf returns the values of the fields that lead, a line each.
func fieldsOf(header http.Header) []byte {
	var lines []string
	for name, values := range header {
		if leads(name) {
			lines = append(lines, values...)
		}
	}
	return []byte(strings.Join(lines, "\n"))
}

// Links by where they stand. What the first group finds is the name of
// something, which nobody goes to; the last finds the host.
var (
	fieldLink = regexp.MustCompile(`(?m)()(?:^|[<"'= ,;])(?:https?:)?//` + hostPattern)
	htmlLink  = regexp.MustCompile(`(?i)()(?:href|src|action)=["']?(?:https?:)?//` + hostPattern)
	jsonLink  = regexp.MustCompile(`(?:("(?:\$schema|\$id|@context|@vocab|type)"\s*:)\s*|^|[^\\])"https?:(?:\\?/){2}` + hostPattern)
)

const hostPattern = `([A-Za-z0-9.-]+(?::\d+)?|\[[0-9A-Fa-f:.]+\](?::\d+)?)`
