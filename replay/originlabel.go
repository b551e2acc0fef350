package replay

import (
	"net/url"
	"strings"
	"sync/atomic"

	"example.com/cannery/fixtures"
)

// OriginPath returns the path that an origin of a name is at: below it is all that
// the origin has. One whose name is a URL is at its host and port.
func OriginPath(name string) string { return originPrefix + url.PathEscape(OriginLabel(name)) }

// OriginLabel returns what stands for an origin of a name in paths.
func OriginLabel(name string) string {
	_, at, isURL := strings.Cut(name, "://")
	if !isURL {
		return name
	}
	host, _, _ := strings.Cut(at, "/")
	return host
}

// pathAmong returns the path of an origin among others. What is at http:// and at
// https:// of one host has one label, which is then that of https: the other has its
// port, too.
func pathAmong(name string, has func(name string) bool) string {
	if rest, isPlain := strings.CutPrefix(name, "http://"); isPlain && has("https://"+rest) {
		return originPrefix + url.PathEscape(portLabel(name))
	}
	return OriginPath(name)
}

// portLabel is the label of an origin with the port that its scheme implies.
func portLabel(name string) string {
	label := OriginLabel(name)
	scheme, _, isURL := strings.Cut(name, "://")
	if port := fixtures.DefaultPort(scheme); isURL && port != "" && strings.LastIndexByte(label, ':') <= strings.LastIndexByte(label, ']') {
		return label + ":" + port
	}
	return label
}

// pathsAmong returns the paths of origins by their names.
func pathsAmong(names []string) map[string]string {
	paths := make(map[string]string, len(names))
	for _, name := range names {
		paths[name] = ""
	}
	for name := range paths {
		paths[name] = pathAmong(name, func(name string) bool { _, ok := paths[name]; return ok })
	}
	return paths
}

// A labelCache finds the origins that labels mean. It may be used concurrently.
type labelCache struct{ known atomic.Pointer[labels] }

// labels are those of some origins: by label the name. A whole name, and a label with a
// port, are never another's; a label is that of https where http has it too.
type labels struct {
	of []string
	by map[string]string
}

// named returns which of some origins a label means, "" for none.
func (c *labelCache) named(origins []string, label string) string {
	if len(origins) == 0 {
		return ""
	}
	known := c.known.Load()
	if known == nil || len(known.of) != len(origins) || &known.of[0] != &origins[0] {
		known = newLabels(origins)
		c.known.Store(known)
	}
	return known.by[label]
}

func newLabels(origins []string) *labels {
	l := &labels{origins, make(map[string]string, 3*len(origins))}
	for _, name := range origins {
		if label := OriginLabel(name); l.by[label] == "" || strings.HasPrefix(name, "https://") {
			l.by[label] = name
		}
	}
	for _, name := range origins {
		l.by[portLabel(name)] = name
	}
	for _, name := range origins {
		l.by[name] = name
	}
	return l
}
