package check

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/cannery/testutil/storetest"
)

// A Config says what histories are made of.
type Config struct {
	For     time.Duration
	Round   time.Duration // of one history; zero: 4 s
	Proxies int
	Clients int

	// Open gives one more handle on the store, as another process has it.
	Open func() (storetest.Store, error)

	// Redis is killed and started again now and then. What it has acknowledged it must
	// have then. Nil: nothing is killed.
	Redis *storetest.RedisServer

	// Meanwhile is done again and again while clients ask, and is no outage. Nil: nothing
	// is.
	Meanwhile func()

	Seed uint64 // of what is done; when it is done is nobody's choice
}

// Figures say what a Run came to.
type Figures struct {
	Answers, Hits, Misses, Bypassed, Left int
	Fetches, Kills, Rounds                int
	Changes                               map[string]int
	Wrong                                 []string

	// Notes are what the proxies said in the round in which something was wrong.
	Notes []string
}

func (f *Figures) String() string {
	return fmt.Sprintf("%d answers (%d hits, %d misses, %d bypassed; %d left early), %d fetches, changes %v, %d kills, %d rounds, %d wrong",
		f.Answers, f.Hits, f.Misses, f.Bypassed, f.Left, f.Fetches, f.Changes, f.Kills, f.Rounds, len(f.Wrong))
}

// What the load is made of.
const (
	urls        = 12 // that are asked for, each by nobody, alice and bob
	changePause = 25 * time.Millisecond
	killEvery   = 1300 * time.Millisecond
	downtime    = 100 * time.Millisecond
)

var callers = []string{"", "Bearer alice", "Bearer bob"}

// A run is the machinery of a Run.
type run struct {
	t       testing.TB
	cfg     Config
	began   time.Time
	origin  *origin
	proxies []string
	admin   storetest.Store
	client  *http.Client
	ids     atomic.Uint64

	mu      sync.Mutex
	history *History // of this round; guarded by mu
	notes   []string // what proxies have said in it; guarded by mu
}

// note keeps what a proxy says of a request.
func (r *run) note(url, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, fmt.Sprintf("%v: %s: %s", r.now(), url, what))
}

// Run lets clients ask proxies while others clear, remove, import and change, and a
// Redis is killed, in rounds whose histories are checked. It ends with the first round
// in which something is wrong.
func Run(t testing.TB, cfg Config) *Figures {
	t.Helper()
	r := newRun(t, cfg)
	figures := &Figures{Changes: map[string]int{}}
	round := cmp.Or(cfg.Round, 4*time.Second)
	end := r.now() + cfg.For
	for ; len(figures.Wrong) == 0 && (r.now() < end || figures.few() && r.now() < end+time.Minute); figures.Rounds++ {
		h := r.round(uint64(figures.Rounds), min(round, max(end-r.now(), round/4)))
		figures.add(h)
		if figures.Wrong = Check(h); figures.Wrong != nil {
			figures.Notes = r.notes
		}
	}
	return figures
}

// newRun starts an origin, and proxies before it.
func newRun(t testing.TB, cfg Config) *run {
	t.Helper()
	r := &run{t: t, cfg: cfg, began: time.Now(), client: newClient(t, cfg.Clients)}
	r.origin = newOrigin(t, r.now)
	open := func() storetest.Store {
		store, err := cfg.Open()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { store.Close() })
		return store
	}
	for range cfg.Proxies {
		r.proxies = append(r.proxies, front(t, open(), r.origin.URL, r.note))
	}
	r.admin = open()
	return r
}

// few reports whether too little has happened to say anything, as on a busy machine.
func (f *Figures) few() bool {
	return f.Hits < 20 || f.Misses < 20 || f.Changes["import"] == 0 || f.Changes["rm"] == 0
}

func (f *Figures) add(h *History) {
	for _, a := range h.Answers {
		f.Answers++
		switch {
		case a.Left:
			f.Left++
		case a.Cache == "HIT":
			f.Hits++
		case a.Cache == "MISS":
			f.Misses++
		case a.Cache == "BYPASS":
			f.Bypassed++
		}
	}
	for _, c := range h.Changes {
		f.Changes[c.What]++
	}
	f.Fetches += len(h.Fetches)
	f.Kills += len(h.Outages)
}

func (r *run) now() time.Duration { return time.Since(r.began) }

// round makes one history.
func (r *run) round(number uint64, takes time.Duration) *History {
	r.origin.take() // of what was left behind
	r.mu.Lock()
	r.history, r.notes = &History{}, nil
	r.mu.Unlock()
	r.change("clear", rand.New(rand.NewPCG(r.cfg.Seed, number)))
	ctx, cancel := context.WithCancel(r.t.Context())
	defer cancel()
	var running sync.WaitGroup
	r.clients(ctx, &running, number, r.ask)
	running.Go(func() {
		random := rand.New(rand.NewPCG(r.cfg.Seed+number, 0))
		for ctx.Err() == nil {
			r.change([]string{"clear", "match", "match", "rm", "rm", "rm", "import", "merge", "post"}[random.IntN(9)], random)
			pause(ctx, changePause)
		}
	})
	r.faults(ctx, takes)
	cancel()
	running.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history.Fetches = r.origin.take()
	r.unsent()
	return r.history
}

// clients starts those of a load, which do something again and again.
func (r *run) clients(ctx context.Context, running *sync.WaitGroup, number uint64, once func(proxy string, random *rand.Rand)) {
	for i := range r.cfg.Clients {
		random := rand.New(rand.NewPCG(r.cfg.Seed+number, uint64(i)+1))
		running.Go(func() {
			for ctx.Err() == nil {
				once(r.proxies[i%len(r.proxies)], random)
			}
		})
	}
}

// faults returns when a round is over. It kills the Redis meanwhile, or does what there
// is to do.
func (r *run) faults(ctx context.Context, takes time.Duration) {
	end := r.now() + takes
	for r.cfg.Redis != nil && r.now()+killEvery < end {
		pause(ctx, killEvery)
		outage := Span{Start: r.now()}
		r.cfg.Redis.Kill()
		pause(ctx, downtime)
		r.cfg.Redis.Restart()
		for _, proxy := range r.proxies {
			r.awaitStore(ctx, proxy)
		}
		outage.End = r.now()
		r.mu.Lock()
		r.history.Outages = append(r.history.Outages, outage)
		r.mu.Unlock()
	}
	for r.cfg.Meanwhile != nil && r.now() < end {
		r.cfg.Meanwhile()
	}
	pause(ctx, end-r.now())
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// awaitStore waits until a proxy records again.
func (r *run) awaitStore(ctx context.Context, proxy string) {
	const patience = 20 * time.Second
	for deadline := r.now() + patience; ctx.Err() == nil; {
		probe := fmt.Sprint(proxy, "/probe/", r.ids.Add(1))
		if r.probe(probe) == "MISS" && r.probe(probe) == "HIT" {
			return
		}
		if r.now() > deadline {
			r.t.Errorf("a proxy has not begun to record again %v after its store was back", patience)
			return
		}
		pause(ctx, 5*time.Millisecond)
	}
}

// probe returns where the answer to a request that no history knows is from.
func (r *run) probe(url string) string {
	res, err := r.client.Get(url)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	io.Copy(io.Discard, res.Body)
	return res.Header.Get("X-Cache")
}

// unsent makes uncertain what clients changed while the store was down: a proxy tells
// others of it once the store is back.
func (r *run) unsent() {
	for i := range r.history.Changes {
		c := &r.history.Changes[i]
		for _, outage := range r.history.Outages {
			if c.What == "post" && c.overlaps(outage) {
				c.Uncertain, c.End = true, max(c.End, outage.End)
			}
		}
	}
}

func anyURL(random *rand.Rand) string { return fmt.Sprint("/u/", random.IntN(urls)) }

func anySubject(random *rand.Rand) Subject {
	return Subject{anyURL(random), callers[random.IntN(len(callers))]}
}

// ask asks for something as a client, which leaves early now and then.
func (r *run) ask(proxy string, random *rand.Rand) {
	subject, leave := anySubject(random), time.Duration(0)
	if random.IntN(50) == 0 {
		leave = time.Duration(random.IntN(4000)+1) * time.Microsecond
	}
	a, err := r.get(proxy, subject, leave)
	if err != nil {
		a.Err = err.Error()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history.Answers = append(r.history.Answers, a)
}

// get asks for content, and leaves after a while when that is not zero.
func (r *run) get(proxy string, subject Subject, leave time.Duration) (a Answer, err error) {
	ctx, cancel := context.WithCancel(r.t.Context())
	defer cancel()
	if leave > 0 {
		defer time.AfterFunc(leave, cancel).Stop()
	}
	a = Answer{ID: r.ids.Add(1), Subject: subject, Left: leave > 0, Span: Span{Start: r.now()}}
	defer func() { a.End = r.now() }()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, proxy+a.URL, nil)
	if err != nil {
		return a, err
	}
	req.Header.Set(idHeader, fmt.Sprint(a.ID))
	if a.Who != "" {
		req.Header.Set("Authorization", a.Who)
	}
	res, err := r.client.Do(req)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	a.Status, a.Cache = res.StatusCode, res.Header.Get("X-Cache")
	content, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode == http.StatusOK {
		a.Of, a.Version, err = Parse(content)
	}
	return a, err
}
