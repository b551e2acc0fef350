package recorder_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"example.com/cannery/recorder"
)

func TestBadStatusListIsQuoted(t *testing.T) {
	for _, list := range []string{"", "2x", "xx", "9xx", "199", "600", "200,,404", "404-410", "ok", "-404", "2xxx"} {
		if _, err := recorder.ParseStatuses(list); err == nil {
			t.Errorf("%q is accepted", list)
		} else if item := list[strings.LastIndex(list, ",")+1:]; list != "200,,404" && !strings.Contains(err.Error(), `"`+item+`"`) {
			t.Errorf("the error for %q does not quote it: %v", list, err)
		}
	}
	for _, list := range []string{"200", " 2XX , 404", "5xx"} {
		if _, err := recorder.ParseStatuses(list); err != nil {
			t.Errorf("%q: %v", list, err)
		}
	}
}

func TestStatusesToRecordDependOnWhoAsksAndHow(t *testing.T) {
	p := before(t, func(w http.ResponseWriter, r *http.Request) {
		status, _ := strconv.Atoi(r.URL.Query().Get("status"))
		w.WriteHeader(status)
	})
	some, err := recorder.ParseStatuses("404,5xx")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		statuses *recorder.Statuses
		method   string
		fields   []string
		recorded []int
		not      []int
	}{
		{
			name: "by default", method: http.MethodGet,
			recorded: []int{200, 204, 301, 302, 308, 400, 401, 403, 404, 410, 422, 451},
			not:      []int{206, 304, 407, 408, 409, 421, 423, 425, 429, 500, 503, 599, 600},
		},
		{
			name: "with credentials", method: http.MethodGet, fields: []string{"Authorization: Bearer a"},
			recorded: []int{200, 404},
			not:      []int{401, 403, 429, 500},
		},
		{
			name: "of what is always forwarded", method: http.MethodPost,
			recorded: []int{201, 303, 409, 423},
			not:      []int{408, 429, 503},
		},
		{
			name: "as asked for", statuses: some, method: http.MethodGet, fields: []string{"Authorization: Bearer a"},
			recorded: []int{404, 500, 503, 599},
			not:      []int{200, 301, 401, 600},
		},
		{
			name: "all", statuses: recorder.AllStatuses(), method: http.MethodGet, fields: []string{"Authorization: Bearer a"},
			recorded: []int{200, 206, 304, 401, 408, 429, 500, 600, 999},
		},
	} {
		p.Statuses = c.statuses
		for _, status := range append(c.recorded, c.not...) {
			want, cache := slices.Contains(c.recorded, status), "BYPASS"
			if want {
				cache = "MISS"
			}
			a := p.ask(t, c.method, "/?status="+strconv.Itoa(status), "", c.fields...)
			if a.StatusCode != status || a.recorded != want || a.Header.Get("X-Cache") != cache {
				t.Errorf("%s: %d is passed on as %d with %q, recorded: %v", c.name, status, a.StatusCode, a.Header.Get("X-Cache"), a.recorded)
			}
		}
	}
}
