package main

import (
	"regexp"
	"strings"
)

// A binding is a variable of a .env file. A key without "=" has no value.
type binding struct {
	key, value string
	hasValue   bool
}

// The grammar is that of python-dotenv, expression by expression
// (src/dotenv/parser.py), because it is what people test their .env with.
// Other readers take "#" and "$" out of passwords.
var (
	dotenvBlank    = regexp.MustCompile(`^[\s\v]*`)
	dotenvSpace    = regexp.MustCompile(`^[^\S\r\n]*`)
	dotenvExport   = regexp.MustCompile(`^(?:export[^\S\r\n]+)?`)
	dotenvQuoted   = regexp.MustCompile(`^'([^']+)'`)
	dotenvKey      = regexp.MustCompile(`^([^=#\s]+)`)
	dotenvEqual    = regexp.MustCompile(`^=[^\S\r\n]*`)
	dotenvSingle   = regexp.MustCompile(`^'((?:\\'|[^'])*)'`)
	dotenvDouble   = regexp.MustCompile(`^"((?:\\"|[^"])*)"`)
	dotenvUnquoted = regexp.MustCompile(`^([^\r\n]*)`)
	dotenvComment  = regexp.MustCompile(`^(?:[^\S\r\n]*#[^\r\n]*)?`)
	dotenvEnd      = regexp.MustCompile(`^[^\S\r\n]*(?:\r\n|\n|\r|$)`)
	dotenvRest     = regexp.MustCompile(`^[^\r\n]*(?:\r\n|\n|\r|$)`)

	dotenvTrailing      = regexp.MustCompile(`\s+#.*`)
	dotenvSingleEscapes = regexp.MustCompile(`\\[\\']`)
	dotenvDoubleEscapes = regexp.MustCompile(`\\[\\'"abfnrtv]`)
	dotenvVariable      = regexp.MustCompile(`\$\{([^}:]*)(?::-([^}]*))?\}`)
)

// parseDotenv reads a .env file: its bindings in order, and the numbers of the
// lines that cannot be read.
func parseDotenv(text string) (bindings []binding, junk []int) {
	rest := strings.TrimPrefix(text, "\ufeff")
	total := strings.NewReplacer("\r\n", "\n", "\r", "\n")
	for {
		take(&rest, dotenvBlank)
		if rest == "" {
			return bindings, junk
		}
		line := 1 + strings.Count(total.Replace(text[:len(text)-len(rest)]), "\n")
		b, ok := parseBinding(&rest)
		switch {
		case !ok:
			take(&rest, dotenvRest)
			junk = append(junk, line)
		case b.key != "":
			bindings = append(bindings, b)
		}
	}
}

// parseBinding reads a line. It has no key when the line is a comment. When it
// cannot be read, rest is left where the trouble is.
func parseBinding(rest *string) (b binding, ok bool) {
	take(rest, dotenvExport)
	switch {
	case strings.HasPrefix(*rest, "#"):
	case strings.HasPrefix(*rest, "'"):
		b.key, ok = take(rest, dotenvQuoted)
		if !ok {
			return b, false
		}
	default:
		b.key, ok = take(rest, dotenvKey)
		if !ok {
			return b, false
		}
	}
	take(rest, dotenvSpace)
	if strings.HasPrefix(*rest, "=") {
		take(rest, dotenvEqual)
		b.hasValue = true
		if b.value, ok = parseValue(rest); !ok {
			return b, false
		}
	}
	take(rest, dotenvComment)
	_, ok = take(rest, dotenvEnd)
	return b, ok
}

func parseValue(rest *string) (value string, ok bool) {
	switch {
	case strings.HasPrefix(*rest, "'"):
		value, ok = take(rest, dotenvSingle)
		return dotenvSingleEscapes.ReplaceAllStringFunc(value, unescape), ok
	case strings.HasPrefix(*rest, `"`):
		value, ok = take(rest, dotenvDouble)
		return dotenvDoubleEscapes.ReplaceAllStringFunc(value, unescape), ok
	}
	value, _ = take(rest, dotenvUnquoted)
	return strings.TrimSpace(dotenvTrailing.ReplaceAllString(value, "")), true
}

func unescape(escape string) string {
	if i := strings.IndexByte("abfnrtv", escape[1]); i >= 0 {
		return "\a\b\f\n\r\t\v"[i : i+1]
	}
	return escape[1:]
}

// take cuts off what an expression matches, and returns its group or, when it
// has none, all of it.
func take(rest *string, expr *regexp.Regexp) (match string, ok bool) {
	m := expr.FindStringSubmatch(*rest)
	if m == nil {
		return "", false
	}
	*rest = (*rest)[len(m[0]):]
	return m[len(m)-1], true
}

// expand returns the variables with ${NAME} and ${NAME:-default} in their
// values replaced: by what the process has, else by what stands above in the
// file. Keys without a value are left out.
func expand(bindings []binding, lookup func(string) (string, bool)) map[string]string {
	out := map[string]string{}
	for _, b := range bindings {
		if !b.hasValue {
			delete(out, b.key)
			continue
		}
		out[b.key] = dotenvVariable.ReplaceAllStringFunc(b.value, func(variable string) string {
			m := dotenvVariable.FindStringSubmatch(variable)
			if text, ok := lookup(m[1]); ok {
				return text
			}
			if text, ok := out[m[1]]; ok {
				return text
			}
			return m[2]
		})
	}
	return out
}
