package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/cannery/fixtures/part"
	"example.com/cannery/fixtures/spelling"
	"example.com/cannery/replay"
)

// The parsers of settings. Their errors say what is wrong; who calls quotes
// the setting and its value.

func parseText(text string) (string, error) { return text, nil }

func parseSwitch(text string) (bool, error) {
	on, err := strconv.ParseBool(text)
	if err != nil {
		return false, errors.New("not true or false")
	}
	return on, nil
}

// parseChoice reads a switch that counts only when it is given.
func parseChoice(text string) (*bool, error) {
	on, err := parseSwitch(text)
	return &on, err
}

func parsePort(text string) (int, error) {
	port, err := strconv.Atoi(text)
	if err != nil || port < 0 || port > 65535 {
		return 0, errors.New("not a port between 0 and 65535")
	}
	return port, nil
}

func parseHost(text string) (string, error) {
	host := strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	if host == "" || strings.ContainsAny(host, " \t/@") || strings.Count(host, ":") == 1 {
		return "", errors.New("not a host name or an address such as 127.0.0.1")
	}
	return host, nil
}

// parsePart returns what reads a part of messages that is given without its kind, "" for
// one with it.
func parsePart(kind string) func(text string) (string, error) {
	return func(text string) (string, error) {
		_, err := part.Parse(kind + text)
		if wrong := new(part.Error); errors.As(err, &wrong) {
			wrong.Part, wrong.At = text, wrong.At-len(kind)
			err = errors.New(wrong.Reason())
		}
		return text, err
	}
}

// parseDuration reads Go's durations, and days.
func parseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok && err != nil {
		var n float64
		n, err = strconv.ParseFloat(days, 64)
		d = time.Duration(n * float64(24*time.Hour))
		if math.Abs(n) > 1e5 {
			err = errors.New("out of range")
		}
	}
	if err != nil || d < 0 {
		return 0, errors.New("not a duration such as 500ms, 30s, 2m or 7d")
	}
	return d, nil
}

// parseTimeout reads a duration that is not zero.
func parseTimeout(text string) (time.Duration, error) {
	d, err := parseDuration(text)
	if err == nil && d == 0 {
		err = errors.New("a store needs some time to answer, such as 1s")
	}
	return d, err
}

// parseSize reads bytes: 1000, 10kB, 10MB, 10MiB.
func parseSize(text string) (int64, error) {
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
	unit, ok := map[string]int64{
		"": 1, "b": 1,
		"kb": 1e3, "mb": 1e6, "gb": 1e9,
		"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30,
	}[strings.ToLower(strings.TrimSpace(text[len(digits):]))]
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || n < 0 || n > math.MaxInt64/unit {
		return 0, errors.New("not a size such as 65536, 10MB or 256MiB")
	}
	return n * unit, nil
}

// parseMissStatus reads the status of an answer that says that there is none.
func parseMissStatus(text string) (int, error) {
	status, err := strconv.Atoi(text)
	if err != nil || status < 400 || status > 599 {
		return 0, errors.New("not a status between 400 and 599")
	}
	return status, nil
}

// parseAfterLast reads what follows the last take of a request.
func parseAfterLast(text string) (replay.AfterLast, error) {
	if _, err := oneOf("repeat", "error", "loop")(text); err != nil {
		return 0, err
	}
	return map[string]replay.AfterLast{"repeat": replay.RepeatLast, "error": replay.FailAfterLast, "loop": replay.LoopTakes}[text], nil
}

func parseSpeed(text string) (float64, error) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || n < 0 || math.IsInf(n, 0) || math.IsNaN(n) {
		return 0, errors.New("not a number such as 0, 1 or 2.5")
	}
	return n, nil
}

// parseNamespace takes what is safe as part of a file's name and of a key.
func parseNamespace(text string) (string, error) {
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
	if text == "" || len(text) > 64 || strings.Trim(text, allowed) != "" || strings.Trim(text, ".") == "" {
		return "", errors.New("not up to 64 letters, digits, '-', '_' or '.'")
	}
	return text, nil
}

// oneOf returns a parser of a choice.
func oneOf(choices ...string) func(string) (string, error) {
	return func(text string) (string, error) {
		if slices.Contains(choices, text) {
			return text, nil
		}
		hint := ""
		if near := spelling.Nearest(text, choices); near != "" {
			hint = fmt.Sprintf("did you mean %s?", near)
		}
		return "", misuse(hint, "not one of %s", strings.Join(choices, ", "))
	}
}
