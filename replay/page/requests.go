package page

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/cannery/replay"
)

// A row is a request that has come.
type row struct {
	Clock    string `json:"clock"`
	Machine  string `json:"machine"`
	Method   string `json:"method"`
	URL      string `json:"url"`
	Status   string `json:"status"`
	Cache    string `json:"cache"`
	Size     string `json:"size"`
	Duration string `json:"duration"`
	Session  string `json:"session"`
	Note     string `json:"note"`
	Link     string `json:"link"` // to the view of the miss; "" for none
}

func rowOf(e *replay.Entry) row {
	out := row{
		Clock: clockText(e.Time), Machine: machineTime(e.Time), Method: printable(e.Method), URL: printable(e.URL), Status: strconv.Itoa(e.Status),
		Cache: e.Cache, Size: sizeText(e.Size), Duration: millis(e.Duration), Session: printable(e.Session),
	}
	if e.Status == 0 {
		out.Status = "-" // its client left before
	}
	out.Note, _, _ = strings.Cut(e.Note, "\n")
	if out.Note == "" {
		out.Note = e.Bypassed
	}
	out.Note = printable(out.Note)
	if e.Miss != 0 {
		out.Link = fmt.Sprintf("%s#miss-%d", link("misses", "page", pageOf(e.Miss)), e.Miss)
	}
	return out
}

// has reports whether a filter's words all are in a request's row.
func (r *row) has(words []string) bool {
	all := strings.ToLower(strings.Join([]string{r.Method, r.URL, r.Status, r.Cache, r.Session, r.Note}, " "))
	return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(all, word) })
}

type requestsBody struct {
	Filter string
	Rows   []row // the newest first
	Count  uint64
}

func (p *Page) requests(w http.ResponseWriter, r *http.Request) {
	entries, n := p.proxy.Latest()
	body := requestsBody{Filter: r.URL.Query().Get("q"), Count: n}
	body.Rows = rowsOf(entries, body.Filter)
	p.show(w, r, "requests", "Requests", body)
}

func rowsOf(entries []replay.Entry, filter string) (rows []row) {
	words := strings.Fields(strings.ToLower(filter))
	for _, e := range slices.Backward(entries) {
		if row := rowOf(&e); row.has(words) {
			rows = append(rows, row)
		}
	}
	return rows
}

// eventPause lets requests that come together be sent together.
const eventPause = 100 * time.Millisecond

// events sends the requests as they come, as server-sent events: each is a list of
// rows, whose id is how many requests have come by then.
func (p *Page) events(w http.ResponseWriter, r *http.Request) {
	after := r.URL.Query().Get("after")
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		after = last
	}
	seen, _ := strconv.ParseUint(after, 10, 64)
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	flush := http.NewResponseController(w)
	if flush.Flush() != nil || r.Method == http.MethodHead {
		return
	}
	for {
		entries, n, ok := p.proxy.Follow(r.Context(), seen)
		if !ok {
			return
		}
		seen = n
		rows := make([]row, len(entries))
		for i := range entries {
			rows[i] = rowOf(&entries[i])
		}
		data, err := json.Marshal(rows)
		if err != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "id: %d\ndata: %s\n\n", n, data); err != nil || flush.Flush() != nil {
			return
		}
		pause(r.Context(), eventPause)
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
