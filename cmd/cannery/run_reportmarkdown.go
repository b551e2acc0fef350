package main

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"strings"

	"example.com/cannery/replay"
	"example.com/cannery/replay/explain"
)

const (
	// GitHub shows no summary of more than 1 MiB.
	maxMarkdownMisses = 50   // that are explained
	maxMarkdownText   = 8000 // bytes of an explanation
	maxMarkdownLine   = 400  // bytes of a name
)

// writeMarkdown writes the file of --report-markdown. Foreign text is in code spans and
// fences that it cannot end, or in HTML with its characters escaped.
func writeMarkdown(out io.Writer, r *runResult, code int) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "## cannery: %s\n\n", r.headline())
	fmt.Fprintf(&b, "%s exited with %d, and `cannery run` with %d.\n\n", codeSpan(explain.CommandLine(r.hints.Command...)), r.code, code)
	b.WriteString("| | | |\n|---|---:|---|\n")
	for _, row := range r.rows() {
		means := row.means
		if row.what == "recorded" {
			means = "new" // where is a path, or a URL
		}
		fmt.Fprintf(&b, "| %s | %d | %s |\n", row.what, row.n, means)
	}
	for _, err := range r.troubles() {
		fmt.Fprintf(&b, "\n**Error:** %s\n", codeSpan(err.Error()))
	}
	if r.unreachable != nil {
		fmt.Fprintf(&b, "\n**Error:** the origin has answered nothing: %s\n", codeSpan(r.unreachable.Error()))
	}
	r.markdownMisses(&b)
	r.markdownLists(&b)
	for _, step := range r.steps() {
		fmt.Fprintf(&b, "\n%s\n\n%s", step.what, codeBlock("sh", step.command))
	}
	_, err := out.Write(b.Bytes())
	return err
}

// headline is what a run came to, in a few words.
func (r *runResult) headline() string {
	misses := r.report.Misses
	switch {
	case !r.report.Asked:
		return "nothing was asked"
	case misses > 0 && r.mode == "offline":
		return count(misses, "request", "requests") + " had no recording"
	case misses > 0:
		return fmt.Sprintf("%s, %d recorded", count(misses, "request was forwarded", "requests were forwarded"), r.recorded)
	case r.report.Hits > 0:
		return count(r.report.Hits, "request", "requests") + " answered from recordings"
	}
	return "nothing was answered from recordings"
}

// markdownMisses explains what had no recording, each reason once.
func (r *runResult) markdownMisses(b *bytes.Buffer) {
	all := r.report.Unmatched
	if len(all) == 0 {
		return
	}
	b.WriteString("\n### Without a recording\n")
	for _, u := range all[:min(len(all), maxMarkdownMisses)] {
		name := "<code>" + html.EscapeString(printable(clipped(missName(u), maxMarkdownLine))) + "</code>"
		if u.Count > 1 {
			name += fmt.Sprintf(" (%d times)", u.Count)
		}
		text := u.Text
		if u.Like != "" {
			text = "missed for the same reason as " + u.Like
		}
		fmt.Fprintf(b, "\n<details><summary>%s</summary>\n\n%s\n</details>\n", name, codeBlock("text", clipped(text, maxMarkdownText)))
	}
	if more := len(all) - maxMarkdownMisses; more > 0 {
		fmt.Fprintf(b, "\nAnd %d more.\n", more)
	}
}

// markdownLists names what was not caught and not used.
func (r *runResult) markdownLists(b *bytes.Buffer) {
	var uncaught []string
	for _, m := range r.uncaught {
		uncaught = append(uncaught, uncaughtText(m))
	}
	markdownList(b, "Not caught", uncaught)
	markdownList(b, "Never used", unusedTexts(r.report.Unused))
}

func unusedTexts(all []replay.Unused) (texts []string) {
	for _, u := range all {
		texts = append(texts, unusedText(u))
	}
	return texts
}

// markdownList names the first of a list, and says how many more there are.
func markdownList(b *bytes.Buffer, title string, list []string) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### %s\n\n", title)
	for _, text := range list[:min(len(list), maxUnusedNames)] {
		fmt.Fprintf(b, "- %s\n", codeSpan(text))
	}
	if more := len(list) - maxUnusedNames; more > 0 {
		fmt.Fprintf(b, "- and %d more\n", more)
	}
}

// clipped cuts a text that is too long for a page.
func clipped(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + " ..."
}

// codeSpan is a text in one line of code. The spaces keep its own backticks from those
// around it; Markdown strips them.
func codeSpan(text string) string {
	text = printable(clipped(text, maxMarkdownLine))
	if text == "" {
		return "``` ```"
	}
	ticks := strings.Repeat("`", longestTicks(text)+1)
	if strings.ContainsAny(text[:1]+text[len(text)-1:], "` ") {
		text = " " + text + " "
	}
	return ticks + text + ticks
}

// codeBlock is a text in a block of code.
func codeBlock(language, text string) string {
	text = printableLines(strings.TrimSpace(text))
	fence := strings.Repeat("`", max(3, longestTicks(text)+1))
	return fence + language + "\n" + text + "\n" + fence + "\n"
}

// longestTicks is the length of the longest run of backticks in a text.
func longestTicks(text string) (longest int) {
	run := 0
	for i := range len(text) {
		if run++; text[i] != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}
