package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestQuickIsADefault(t *testing.T) {
	s, err := parse([]string{"-quick", "-rounds", "1"})
	if err != nil {
		t.Fatal(err)
	}
	if s.rounds != 1 || s.duration != time.Second || s.many != 10_000 {
		t.Errorf("%d rounds of %v with %d", s.rounds, s.duration, s.many)
	}
}

func TestOnlyWhatIsAskedForIsChosen(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-only ^flat", "flat/directory flat/offline flat/redis"},
		{"-only varnish|alone", "with/varnish alone/redis"},
	} {
		s, err := parse(strings.Fields(c.args))
		if err != nil {
			t.Fatalf("%s: %v", c.args, err)
		}
		var got []string
		for _, m := range s.chosen() {
			got = append(got, m.name)
		}
		if want := strings.Fields(c.want); !slices.Equal(got, want) {
			t.Errorf("%s: measures %q, not %q", c.args, got, want)
		}
	}
}

func TestMisuseIsQuoted(t *testing.T) {
	for args, want := range map[string]string{
		"-only nothing": `"nothing"`,
		"-only (":       "-only",
		"-rounds 0":     "more than 0",
		"hit":           `"hit"`,
		"-duration 0s":  "more than 0",
	} {
		if _, err := parse(strings.Fields(args)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", args, err)
		}
	}
}

func TestWhatIsMissingCanBeInstalled(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := find("no-such-program")
	if err == nil || !strings.Contains(err.Error(), "apt-get install no-such-program") {
		t.Error(err)
	}
}

func TestMeasurementsHaveNamesOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range measurements() {
		if seen[m.name] {
			t.Errorf("two are called %q", m.name)
		}
		seen[m.name] = true
	}
}
