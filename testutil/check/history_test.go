package check

import (
	"slices"
	"strings"
	"testing"
	"time"
)

const ms = time.Millisecond

func span(start, end int) Span { return Span{time.Duration(start) * ms, time.Duration(end) * ms} }

var page = Subject{URL: "/page"}

// asked is an answer, by an ID that is its start, with a version.
func asked(start, end int, cache string, version uint64) Answer {
	return Answer{Span: span(start, end), ID: uint64(start), Subject: page, Status: 200, Cache: cache, Of: page, Version: version}
}

// fetched is what the origin answered to the request that began at by.
func fetched(by, start, end int, version uint64) Fetch {
	return Fetch{Span: span(start, end), ID: uint64(by), Subject: page, Version: version}
}

// good is a history in which everything happens as it should.
func good() *History {
	return &History{
		Fetches: []Fetch{fetched(10, 11, 13, 1), fetched(40, 41, 43, 2), fetched(110, 111, 112, 4)},
		Answers: []Answer{
			asked(10, 15, "MISS", 1), asked(12, 16, "HIT", 1), asked(20, 21, "HIT", 1),
			asked(32, 33, "HIT", 1), // while it is removed
			asked(40, 45, "MISS", 2), asked(46, 47, "HIT", 2),
			asked(61, 62, "HIT", 3), asked(68, 69, "HIT", 3), // imported
			asked(110, 112, "BYPASS", 4), asked(130, 131, "HIT", 3),
		},
		Changes: []Change{
			{Span: span(0, 1), What: "clear"},
			{Span: span(30, 35), What: "rm", URLs: []string{"/page"}},
			{Span: span(50, 60), What: "import", Drops: true, Imported: map[string]uint64{"/page": 3}},
			{Span: span(70, 80), What: "rm", URLs: []string{"/other"}},
		},
		Outages: []Span{span(100, 120)},
	}
}

func TestAGoodHistoryIsGood(t *testing.T) {
	t.Parallel()
	if wrong := Check(good()); wrong != nil {
		t.Errorf("what is wrong with it:\n%s", strings.Join(wrong, "\n"))
	}
	if wrong := Check(&History{}); wrong != nil {
		t.Errorf("what is wrong with nothing: %q", wrong)
	}
}

func TestBadHistoriesAreFound(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spoil func(h *History)
		want  string
	}{
		"stale after a removal": {
			func(h *History) { h.Answers = append(h.Answers, asked(36, 37, "HIT", 1)) },
			"stale since a rm",
		},
		"what was under way comes back after its removal": {
			func(h *History) {
				h.Fetches[0].Start, h.Fetches[0].End = 29*ms, 36*ms
				h.Answers = []Answer{asked(10, 37, "MISS", 1), asked(38, 39, "HIT", 1)}
				h.Fetches = h.Fetches[:1]
			},
			"stale since a rm",
		},
		"stale after an import": {
			func(h *History) { h.Answers = append(h.Answers, asked(63, 64, "HIT", 2)) },
			"stale since a import",
		},
		"older than a HIT before": {
			func(h *History) {
				h.Changes = h.Changes[:1]
				h.Answers = append(h.Answers, asked(48, 49, "HIT", 1))
			},
			"was a HIT before",
		},
		"of before the history": {
			func(h *History) { h.Answers[1].Version = 99 },
			"of before, or nobody's",
		},
		"another URL's": {
			func(h *History) { h.Answers[1].Of.URL = "/other" },
			"the answer to /other",
		},
		"another client's": {
			func(h *History) { h.Answers[1].Of.Who = "bob" },
			`for "bob"`,
		},
		"a version that was another's": {
			func(h *History) { h.Fetches[0].Who = "bob" },
			"it is the answer to",
		},
		"cut": {
			func(h *History) { h.Answers[1].Err = "unexpected EOF" },
			"no whole answer: unexpected EOF",
		},
		"an error": {
			func(h *History) { h.Answers[1].Status = 502 },
			"its status is 502",
		},
		"not recorded": {
			func(h *History) { h.Answers[4].Cache = "BYPASS" },
			"the store was not down",
		},
		"no word of where it is from": {
			func(h *History) { h.Answers[4].Cache = "" },
			`X-Cache is ""`,
		},
		"lost after a MISS": {
			func(h *History) {
				h.Fetches = append(h.Fetches, fetched(22, 23, 24, 5))
				h.Answers = append(h.Answers, asked(22, 25, "MISS", 5))
			},
			"was recorded (HIT, from 20ms to 21ms) and not removed",
		},
		"lost by the removal of another": {
			func(h *History) {
				h.Fetches = append(h.Fetches, fetched(81, 82, 83, 5))
				h.Answers = append(h.Answers, asked(81, 84, "MISS", 5))
			},
			"was recorded (HIT, from 68ms to 69ms) and not removed",
		},
		"lost in an outage": {
			func(h *History) {
				h.Fetches = append(h.Fetches, fetched(121, 122, 123, 5))
				h.Answers = append(h.Answers, asked(121, 124, "MISS", 5))
			},
			"and not removed",
		},
		"two misses at once": {
			func(h *History) {
				h.Fetches = append(h.Fetches, fetched(14, 14, 16, 5))
				h.Answers = append(h.Answers, asked(14, 17, "MISS", 5))
			},
			"at the same time as that of version 1",
		},
		"two at the origin at once, by a removal": {
			func(h *History) {
				h.Fetches[1].End = 50 * ms
				h.Answers[4].End = 51 * ms
				h.Fetches = append(h.Fetches, fetched(42, 43, 44, 5))
				h.Answers = append(h.Answers, asked(42, 45, "MISS", 5))
				h.Changes = append(h.Changes, Change{Span: span(41, 42), What: "clear"})
			},
			"while it answered the same request",
		},
		"asked by nobody": {
			func(h *History) { h.Fetches[0].ID = 7 },
			"by request 7, which nobody made",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := good()
			test.spoil(h)
			wrong := Check(h)
			if !slices.ContainsFunc(wrong, func(s string) bool { return strings.Contains(s, test.want) }) {
				t.Errorf("%q is not among what is wrong:\n%s", test.want, strings.Join(wrong, "\n"))
			}
		})
	}
}

func TestWhatMayBeIsNotFound(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(h *History){
		"a removal that failed and did nothing": func(h *History) {
			h.Changes = append(h.Changes, Change{Span: span(17, 18), What: "clear", Uncertain: true})
		},
		"a removal that failed and did its work": func(h *History) {
			h.Changes = append(h.Changes, Change{Span: span(17, 18), What: "clear", Uncertain: true})
			h.Fetches = append(h.Fetches, fetched(22, 23, 24, 5))
			h.Answers = append(h.Answers, asked(22, 25, "MISS", 5))
			h.Answers = slices.Delete(h.Answers, 2, 4)
		},
		"an import overtaken by a clear": func(h *History) {
			h.Changes = append(h.Changes, Change{Span: span(52, 53), What: "clear"})
		},
		"a client that left": func(h *History) {
			h.Fetches = append(h.Fetches, fetched(28, 29, 31, 5))
			h.Answers = append(h.Answers, Answer{Span: span(28, 29), ID: 28, Subject: page, Left: true})
		},
		"a stream that nobody waits for": func(h *History) {
			h.Fetches = append(h.Fetches, fetched(140, 141, 1900, 5), fetched(150, 1150, 1155, 6), fetched(160, 1151, 1156, 7))
			h.Fetches[3].Stream = true
			h.Answers = append(h.Answers, asked(140, 1901, "MISS", 5), asked(150, 1157, "MISS", 6), asked(160, 1158, "MISS", 7))
			h.Changes = append(h.Changes, Change{Span: span(135, 136), What: "rm", URLs: []string{"/page"}})
		},
		"a MISS that a merge of others has dropped": func(h *History) {
			h.Changes = append(h.Changes, Change{Span: span(44, 45), What: "import --merge", URLs: []string{"/other"}, Drops: true})
			h.Fetches = append(h.Fetches, fetched(48, 48, 49, 5))
			h.Answers = append(h.Answers, asked(48, 49, "MISS", 5))
			h.Answers = slices.Delete(h.Answers, 5, 6)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := good()
			change(h)
			if wrong := Check(h); wrong != nil {
				t.Errorf("what is wrong with it:\n%s", strings.Join(wrong, "\n"))
			}
		})
	}
}

func TestContentThatIsNotWholeIsFound(t *testing.T) {
	t.Parallel()
	subject := Subject{"/page?a=1", "bob"}
	for _, size := range []int{0, 1, 100, 300_000} {
		content := Content(subject, 17, size)
		if s, version, err := Parse(content); s != subject || version != 17 || err != nil {
			t.Errorf("%d bytes: %v %d %v", size, s, version, err)
		}
		if _, _, err := Parse(content[:len(content)-1]); err == nil {
			t.Errorf("%d bytes that are cut are taken for whole", size)
		}
		content[len(content)/2] ^= 1
		if s, version, err := Parse(content); err == nil && s == subject && version == 17 {
			t.Errorf("%d bytes of which one has changed are taken for whole", size)
		}
	}
	if _, _, err := Parse(nil); err == nil {
		t.Error("nothing is taken for whole")
	}
}
