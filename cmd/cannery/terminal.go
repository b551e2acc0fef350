package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// A screen is what is known of where something is written to. The zero screen is no
// terminal but a file, or a pipe to a program.
type screen struct {
	columns int  // how wide the terminal is; 0: there is none
	colour  bool // colours can be shown, and are wanted (https://no-color.org)
	moves   bool // a line can be written again, as a progress bar does
}

// usualColumns is how wide a terminal is that does not say.
const usualColumns = 80

func screenOf(out io.Writer, env environment) screen {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return screen{}
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil || columns <= 0 {
		columns = usualColumns
	}
	able := env.get("TERM") != "dumb"
	return screen{columns: columns, colour: able && env.get("NO_COLOR") == "", moves: able}
}

// isTerminal reports whether somebody looks.
func (s screen) isTerminal() bool { return s.columns > 0 }

const (
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	bold   = "\x1b[1m"
	plain  = "\x1b[0m"
)

// paint returns text in a colour, where there are any. Of no colour, it is text.
func (s screen) paint(colour, text string) string {
	if !s.colour || colour == "" || text == "" {
		return text
	}
	return colour + text + plain
}
