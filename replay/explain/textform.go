package explain

import (
	"regexp"
	"strings"
	"unicode"

	"example.com/cannery/fixtures/placeholder"
)

// A textForm says how a text stands in content.
type textForm struct {
	special    string // the characters that may be spelled otherwise
	ascii      bool   // so may all beyond ASCII
	begin, end string // what stands around the text, as expressions

	// escapes spells characters that are always spelled so. Nil is none.
	escapes *strings.Replacer
}

var (
	plainText  = textForm{special: "\n", begin: "(?m:^)", end: "(?m:$)"}
	fieldText  = textForm{special: "\n"}
	jsonString = textForm{special: `/<>&'`, ascii: true, begin: `"`, end: `"`, escapes: strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", `\n`, "\t", `\t`)}
	xmlText    = textForm{special: `"<>&'`, ascii: true, begin: ">", end: "<"}
)

const (
	// maxContext is how many characters of what does not change are enough to find what
	// does, and minContext how many letters it takes.
	maxContext = 32
	minContext = 3
)

// within names what changes within a text by expressions, and reports whether it can:
// when something else stands around it by which it is found.
func (n *namer) within(s textForm, x, y string) bool {
	whole := s == plainText // it is all of the content
	if !n.patterns {
		return false
	}
	changes := changesOf(x, y)
	if changes == nil && !s.ascii {
		changes = wordOfChange(x, y)
	}
	var exprs []string
	for i, c := range changes {
		if c.same {
			continue
		}
		from, to := 0, len(x)
		if i > 0 {
			from = changes[i-1].to
		}
		if i+1 < len(changes) {
			to = changes[i+1].from
		}
		before, atBegin := s.before(x[from:c.from])
		after, atEnd := "", false
		if letters(before) < minContext {
			after, atEnd = s.after(x[c.to:to])
		}
		enough := letters(before)+letters(after) >= minContext
		if !enough && (!whole || c.expr == anyWord) {
			return false // the member is all there is to be named
		}
		expr, edge := s.spell(before)+"("+c.expr+")"+s.spell(after), !enough || before == ""
		if edge && atBegin && (from == 0 || whole) {
			expr = s.begin + expr
		}
		if edge && atEnd && to == len(x) {
			expr += s.end
		}
		if expr == "("+c.expr+")" {
			return false // it would be found anywhere
		}
		exprs = append(exprs, "regexp:"+expr)
	}
	for _, expr := range exprs {
		n.add(expr)
	}
	return len(exprs) > 0
}

// spell returns an expression for a text as it stands in content.
func (s textForm) spell(text string) string {
	if s.escapes != nil {
		text = s.escapes.Replace(text)
	}
	return strings.ReplaceAll(regexp.QuoteMeta(text), "\t", `\t`)
}

// before returns the end of a text, whole words that are spelled as they are, and
// whether the text begins there.
func (s textForm) before(text string) (context string, all bool) {
	from := strings.LastIndexFunc(text, s.isSpecial) + 1
	for from < len(text) && !isStart(text[from]) {
		from++ // behind the first byte of a character beyond ASCII
	}
	if marks := placeholder.Pattern.FindAllStringIndex(text, -1); marks != nil {
		from = max(from, marks[len(marks)-1][1])
	}
	all = from == 0 || s == plainText && text[from-1] == '\n'
	if cut := len(text) - maxContext; cut > from {
		all = false
		for cut < len(text) && !isStart(text[cut]) {
			cut++
		}
		from = cut
		if space := strings.IndexByte(text[cut:], ' '); space >= 0 && space < maxContext/2 {
			from = cut + space + 1
		}
	}
	return text[from:], all
}

// after is before for the beginning of a text.
func (s textForm) after(text string) (context string, all bool) {
	to := strings.IndexFunc(text, s.isSpecial)
	all = to < 0 || s == plainText && text[to] == '\n'
	if to < 0 {
		to = len(text)
	}
	if mark := placeholder.Pattern.FindStringIndex(text); mark != nil && mark[0] < to {
		to, all = mark[0], false
	}
	if to > maxContext {
		to, all = maxContext, false
		for to > 0 && !isStart(text[to]) {
			to--
		}
		if space := strings.LastIndexByte(text[:to], ' '); space > maxContext/2 {
			to = space
		}
	}
	return text[:to], all
}

func isStart(b byte) bool { return b < 0x80 || b >= 0xc0 }

func (s textForm) isSpecial(r rune) bool {
	if r == '\t' || r == '\n' && s.escapes != nil {
		return false
	}
	return !unicode.IsPrint(r) || r == unicode.ReplacementChar || s.ascii && r > 0x7f || strings.ContainsRune(s.special, r)
}

func letters(text string) int {
	n := 0
	for _, r := range text {
		if unicode.IsLetter(r) {
			n++
		}
	}
	return n
}
