package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLinksLeadSomewhere: what a page links to within the repository is there, down to
// the heading.
func TestLinksLeadSomewhere(t *testing.T) {
	for _, page := range pages(t) {
		path := filepath.Join("..", "..", page)
		for _, found := range pageLink.FindAllStringSubmatch(withoutBlocks(readText(t, path)), -1) {
			if link := found[1]; !strings.Contains(link, "://") && !leads(t, path, link) {
				t.Errorf("%s links to %s, which is not there", page, link)
			}
		}
	}
}

var (
	pageLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// leads reports whether a link in the page at a path leads to something.
func leads(t *testing.T, path, link string) bool {
	t.Helper()
	name, anchor, _ := strings.Cut(link, "#")
	if name != "" {
		path = filepath.Join(filepath.Dir(path), name)
	}
	if _, err := os.Stat(path); err != nil {
		return false
	}
	if anchor == "" {
		return true
	}
	for _, found := range heading.FindAllStringSubmatch(withoutBlocks(readText(t, path)), -1) {
		if anchorOf(found[1]) == anchor {
			return true
		}
	}
	return false
}

// anchorOf returns the anchor that GitHub gives to a heading.
func anchorOf(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		}
		return -1
	}, strings.ToLower(heading))
}

// withoutBlocks returns a page without what is in its blocks of code.
func withoutBlocks(page string) string { return fenced.ReplaceAllString(page, "") }

// pages returns the Markdown files of the repository.
func pages(t *testing.T) (all []string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", "-C", filepath.Join("..", ".."), "ls-files", "--cached", "--others", "--exclude-standard", "*.md").Output()
	if err != nil {
		t.Skipf("SKIPPED: git does not tell which pages there are: %v", err)
	}
	return strings.Fields(string(out))
}

// TestFrontPageIsShort: it is a front page, and the manual stands beside what it describes.
func TestFrontPageIsShort(t *testing.T) {
	if n := strings.Count(readText(t, readmePath), "\n"); n > 200 {
		t.Errorf("README.md has %d lines, want 200 at most", n)
	}
}

// A block is a piece of code in a page.
type block struct {
	language   string
	text       string
	begin, end int // where the text stands in the page
}

var fenced = regexp.MustCompile("(?ms)^```(\\w*)\\n(.*?)^```$")

func blocksOf(page string) (all []block) {
	for _, at := range fenced.FindAllStringSubmatchIndex(page, -1) {
		all = append(all, block{page[at[2]:at[3]], page[at[4]:at[5]], at[4], at[5]})
	}
	return all
}
