package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/rogpeppe/go-internal/testscript"
)

// scriptMetrics prints the metrics of a proxy. The linter is that of promtool check
// metrics. Every name must be in a panel of the dashboard, and no other.
func scriptMetrics(ts *testscript.TestScript, _ bool, args []string) {
	res, err := ts.Value(originKey{}).(*scriptOrigin).client.RoundTrip(newGet(ts, args[0]+"/__cannery/metrics"))
	ts.Check(err)
	page, err := io.ReadAll(res.Body)
	res.Body.Close()
	ts.Check(err)
	if res.StatusCode != http.StatusOK {
		ts.Fatalf("%s: %s", res.Status, page)
	}
	problems, err := promlint.New(bytes.NewReader(page)).Lint()
	ts.Check(err)
	for _, problem := range problems {
		ts.Fatalf("%s: %s", problem.Metric, problem.Text)
	}
	shown, err := shownMetrics()
	ts.Check(err)
	there := namesIn(page, sampleName)
	for _, name := range there {
		if !slices.Contains(shown, name) {
			ts.Fatalf("grafana.json does not show %s", name)
		}
	}
	for _, name := range shown {
		if !slices.Contains(there, name) {
			ts.Fatalf("grafana.json shows %s, which is not there", name)
		}
	}
	_, err = ts.Stdout().Write(page)
	ts.Check(err)
}

func newGet(ts *testscript.TestScript, url string) *http.Request {
	req, err := http.NewRequest(http.MethodGet, url, http.NoBody)
	ts.Check(err)
	return req
}

var (
	sampleName = regexp.MustCompile(`(?m)^([a-z_]+)[{ ]`)
	shownName  = regexp.MustCompile(`\b((?:cannery|process)_[a-z_]+)\b`)
)

// namesIn returns what the first group of an expression matches, each once.
func namesIn(text []byte, re *regexp.Regexp) (names []string) {
	for _, found := range re.FindAllSubmatch(text, -1) {
		names = append(names, string(found[1]))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// shownMetrics returns the names that the panels of the dashboard ask for.
func shownMetrics() ([]string, error) {
	text, err := os.ReadFile("grafana.json")
	if err != nil {
		return nil, err
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		return nil, fmt.Errorf("grafana.json: %w", err)
	}
	var all bytes.Buffer
	for _, panel := range dashboard.Panels {
		if len(panel.Targets) == 0 {
			return nil, fmt.Errorf("grafana.json: the panel %q asks for nothing", panel.Title)
		}
		for _, target := range panel.Targets {
			fmt.Fprintln(&all, target.Expr)
		}
	}
	return namesIn(all.Bytes(), shownName), nil
}
