package check

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// idHeader tells the origin which request it is asked by. It takes no part in
// matching.
const idHeader = "X-Check"

// An origin gives each answer a version, and writes down that it did.
type origin struct {
	*httptest.Server
	now      func() time.Duration
	versions atomic.Uint64
	asking   sync.WaitGroup

	mu      sync.Mutex
	fetches []Fetch // guarded by mu
}

func newOrigin(t testing.TB, now func() time.Duration) *origin {
	o := &origin{now: now}
	mux := http.NewServeMux()
	mux.Handle("/", o)
	mux.HandleFunc("GET /events/", serveEvents)
	mux.HandleFunc("GET /socket", serveSocket)
	o.Server = httptest.NewServer(mux)
	t.Cleanup(o.Close)
	return o
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.asking.Add(1)
	defer o.asking.Done()
	id, err := strconv.ParseUint(r.Header.Get(idHeader), 10, 64)
	if err != nil || r.Method != http.MethodGet {
		fmt.Fprint(w, "changed") // and so does a probe think
		return
	}
	f := Fetch{ID: id, Subject: Subject{r.URL.RequestURI(), r.Header.Get("Authorization")}, Version: o.versions.Add(1)}
	f.Start = o.now()
	// An origin takes its time: some of it for an answer that has begun.
	time.Sleep(time.Duration(id%4) * time.Millisecond)
	content := Content(f.Subject, f.Version, sizeOf(f.URL))
	if f.Stream = f.Version%2 == 0; !f.Stream {
		w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	}
	half := len(content) / 2
	w.Write(content[:half])
	if id%3 == 0 {
		_ = http.NewResponseController(w).Flush() // who has left is not there to be told
		time.Sleep(time.Millisecond)
	}
	w.Write(content[half:])
	f.End = o.now()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fetches = append(o.fetches, f)
}

// sizeOf returns about how much content a URL has. Some is too large for memory.
func sizeOf(url string) int {
	n, _ := strconv.Atoi(url[strings.LastIndexByte(url, '/')+1:])
	return []int{100, 3_000, 40_000, 300_000}[n%4]
}

// take returns what was fetched, and forgets it. Nothing is under way any more then.
func (o *origin) take() []Fetch {
	o.asking.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	all := o.fetches
	o.fetches = nil
	return all
}

// eventsOf is the stream of events of a URL, which is the same each time.
func eventsOf(url string) string {
	var all strings.Builder
	for n := range 9 {
		fmt.Fprintf(&all, "data: %s %d\n\n", url, n)
	}
	return all.String()
}

// serveEvents sends the events of a URL one by one.
func serveEvents(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	for event := range strings.SplitAfterSeq(eventsOf(r.URL.Path), "\n\n") {
		io.WriteString(w, event)
		if http.NewResponseController(w).Flush() != nil {
			return // nobody listens any more
		}
		time.Sleep(time.Millisecond) // events come in the course of time
	}
}

// serveSocket says again what it hears.
func serveSocket(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	for {
		kind, heard, err := conn.Read(r.Context())
		if err != nil || conn.Write(r.Context(), kind, heard) != nil {
			return
		}
	}
}
