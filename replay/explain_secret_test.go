package replay_test

import (
	"net/http"
	"strings"
	"testing"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay"
)

// TestAnExplanationHidesWhatTheLogHides: short values too, that fixtures keep,
// and whatever the content is declared to be.
func TestAnExplanationHidesWhatTheLogHides(t *testing.T) {
	const form, js, text = "application/x-www-form-urlencoded", "application/json", "text/plain"
	for _, c := range []struct{ recorded, recordedBody, kind, request, body, where string }{
		{"GET /q?sig=zqA&page=1", "", js, "GET /q?sig=zqB&page=1", "", "query parameter sig"},
		{"GET /q?code=zqA", "", js, "GET /q?code=zqB", "", "query parameter code"},
		{"GET /q?key=zqA&n=1", "", js, "GET /q?key=zqA&n=2", "", "query parameter n"},
		{"GET /q?filter[token]=zqA", "", js, "GET /q?filter[token]=zqB", "", "query parameter filter[token]"},
		{"GET /q?jwt=zqA", "", js, "GET /q?assertion=zqB", "", "query parameter assertion"},
		{"GET /q?to=http://host/z?token=zqA", "", js, "GET /q?to=http://host/z?token=zqB&n=1", "", "query parameter n"},
		{"POST /b", `{"token":"zqA","n":1}`, form, "POST /b", `{"token":"zqB","n":2}`, "body $.n"},
		{"POST /b", `{"jwt":"zqA","n":1}`, form, "POST /b", `{"jwt":"zqB","n":1}`, "body $.jwt"},
		{"POST /b", `{"a":{"jwt":"zqA"}}`, js, "POST /b", `{"b":{"jwt":"zqB"}}`, "body $.b"},
		{"POST /b", `{"jwt":"zqA", "n":1}`, text, "POST /b", `{"jwt":"zqA","n":1}`, "body"},
		{"POST /b", `password=zqA&n=1`, text, "POST /b", `password=zqB&n=2`, "body"},
		{"POST /b", `{"password":"zqA","n":1`, js, "POST /b", `{"password":"zqB","n":2`, "body"},
		{"POST /b", `{"jwt":"zqA","n":1`, js, "POST /b", `{"jwt":"zqB","n":2`, "body"},
	} {
		p := offlineOn(imported(t, fixtures.Rules{}, recordedAs(c.recorded, c.recordedBody, "Content-Type", c.kind)))
		var logged, heard string
		p.Events.Log = func(e replay.Entry) { logged = e.CleanURL() + "\n" + e.Note }
		p.Events.OnMiss = func(u replay.Unmatched) { heard = u.URL + "\n" + u.Text }
		_, answer := send(t, p, c.request, c.body, "Content-Type", c.kind)
		for _, told := range []string{answer, logged, heard} {
			if strings.Contains(told, "zq") || !strings.Contains(told, "  "+c.where) {
				t.Errorf("%s %s: a secret is shown, or not %s:\n%s", c.request, c.body, c.where, told)
			}
		}
	}
}

func TestARefusedSessionIsQuotedCleanAndShort(t *testing.T) {
	const token = "ghp_abcdefghijklmnopqrstuvwxyz0123456789"
	p := offlineOn(imported(t, fixtures.Rules{}, recordedAs("GET /a", "")))
	var logged replay.Entry
	p.Events.Log = func(e replay.Entry) { logged = e }
	res, answer := send(t, p, "GET /a", "", fixtures.SessionField, "a/"+token+strings.Repeat("/b", 200))
	if res.StatusCode != http.StatusBadRequest || logged.Status != res.StatusCode {
		t.Fatalf("%s %s", res.Status, answer)
	}
	for _, told := range []string{answer, logged.Session, logged.Note} {
		if strings.Contains(told, token) || strings.Count(told, "/b") > 50 || !strings.Contains(told, "a/REDACTED/b/b") {
			t.Errorf("got %s", told)
		}
	}
	_, answer = send(t, p, "GET /a", "", fixtures.SessionField, "a/"+token, fixtures.SessionField, "b")
	if strings.Contains(answer, token) {
		t.Errorf("got %s", answer)
	}
}
