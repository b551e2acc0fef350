package main

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A listing is what ls shows to people at a terminal: a table whose lines fit, by
// origins and sessions, each named once.
type listing struct {
	screen   screen
	sections []*listingSection
	byTitle  map[string]*listingSection
}

type listingSection struct {
	title string
	rows  []listingRow
}

// A listingRow has the cells of a line. All it keeps of a recording is text.
type listingRow struct {
	cells  [len(listingColumns)]string
	colour string // of the status
}

// listingColumns are in the order shown. Those with a rank are left out, the highest
// first, where they leave the last one no room.
var listingColumns = [...]struct {
	title string
	right bool // its text stands at the right
	rank  int
}{{title: "ID"}, {title: "CODE", rank: 1}, {title: "METHOD", rank: 2}, {title: "SIZE", right: true, rank: 3}, {title: "RECORDED", rank: 4}, {title: "URL"}}

const (
	statusColumn = 1
	urlColumn    = len(listingColumns) - 1

	// leastURL is how many characters of a URL are to be seen, if need be in the
	// place of other columns.
	leastURL = 16
)

func (l *listing) add(row listed) {
	req := &row.Request
	title := printable(req.Origin)
	if address := req.Address(); address != "" && address != req.Origin {
		title = strings.TrimSpace(title + " " + printable(address))
	}
	if req.Session != "" {
		title += "  session " + printable(req.Session)
	}
	if l.byTitle == nil {
		l.byTitle = map[string]*listingSection{}
	}
	section := l.byTitle[title]
	if section == nil {
		section = &listingSection{title: title}
		l.byTitle[title] = section
		l.sections = append(l.sections, section)
	}
	section.rows = append(section.rows, listingRow{
		cells: [...]string{
			row.id, strconv.Itoa(row.Response.Status), printable(req.Method), sizeText(row.Response.Body.Size()),
			timeText(row.Recorded, "2006-01-02 15:04"), printable(row.target()),
		},
		colour: statusColour(row.Response.Status),
	})
}

// text is the whole of it. Of nothing it is empty.
func (l *listing) text() []byte {
	var b bytes.Buffer
	if len(l.sections) == 0 {
		return nil
	}
	slices.SortStableFunc(l.sections, func(a, b *listingSection) int { return strings.Compare(a.title, b.title) })
	widths := l.widths()
	var head listingRow
	for i, c := range listingColumns {
		head.cells[i] = c.title
	}
	head.write(&b, widths, l.screen, bold)
	for i, section := range l.sections {
		if i > 0 {
			b.WriteByte('\n')
		}
		if section.title != "" {
			title := fmt.Sprintf("%s  (%d)", section.title, len(section.rows))
			fmt.Fprintf(&b, "%s\n", l.screen.paint(bold, middleCut(title, l.screen.columns)))
		}
		for _, row := range section.rows {
			row.write(&b, widths, l.screen, row.colour)
		}
	}
	return b.Bytes()
}

// widths are those of the columns, 0 for one that is left out.
func (l *listing) widths() (widths [len(listingColumns)]int) {
	for i, c := range listingColumns {
		widths[i] = len(c.title)
	}
	for _, section := range l.sections {
		for _, row := range section.rows {
			for i, text := range row.cells {
				widths[i] = max(widths[i], utf8.RuneCountInString(text))
			}
		}
	}
	longest := widths[urlColumn]
	for rank := len(listingColumns); ; rank-- {
		room := l.screen.columns
		for i, width := range widths[:urlColumn] {
			if listingColumns[i].rank >= rank {
				widths[i] = 0
			} else if width > 0 {
				room -= width + 2
			}
		}
		if room >= min(longest, leastURL) || rank == 1 {
			widths[urlColumn] = max(min(room, longest), 1)
			return widths
		}
	}
}

// write writes a line. The colour is that of the status, or of the head's every cell.
func (r *listingRow) write(b *bytes.Buffer, widths [len(listingColumns)]int, screen screen, colour string) {
	for i, text := range r.cells {
		painted := ""
		if i == statusColumn || colour == bold {
			painted = colour
		}
		if i == urlColumn {
			text = middleCut(text, widths[i])
			b.WriteString(screen.paint(painted, text) + "\n")
			return
		}
		if widths[i] == 0 {
			continue
		}
		if listingColumns[i].right {
			text = strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)) + text
		}
		cell(b, text, widths[i], screen.paint(painted, text))
	}
}

// middleCut returns text with its middle left out where it is longer than width: how a
// URL begins and ends tells it from others.
func middleCut(text string, width int) string {
	runes := []rune(text)
	if len(runes) <= width {
		return text
	}
	if width < 3 {
		return string(runes[:max(width, 0)])
	}
	tail := (width - 1) / 2
	return string(runes[:width-1-tail]) + "…" + string(runes[len(runes)-tail:])
}
