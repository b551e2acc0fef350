package replay_test

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"testing"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay"
)

// many is a store of any number of recordings in memory, of which each is its
// own key.
type many struct {
	n     int
	as    func(i int) *fixtures.Recording
	rules fixtures.Rules
}

func (m *many) View(context.Context) (fixtures.View, error) {
	return fixtures.View{Generation: 1, Rules: &m.rules}, nil
}

func (m *many) Recordings(context.Context) iter.Seq2[*fixtures.Recording, error] {
	return func(yield func(*fixtures.Recording, error) bool) {
		for i := range m.n {
			rec := m.as(i)
			rec.Take = 1
			if !yield(rec, nil) {
				return
			}
		}
	}
}

// Takes finds a recording the slow way, as a store on disk is slow.
func (m *many) Takes(_ context.Context, view fixtures.View, key fixtures.Key, req *fixtures.Request) (fixtures.Takes, error) {
	var i int
	if _, err := fmt.Sscanf(req.Target[len(req.Target)-6:], "%06d", &i); err != nil || i >= m.n {
		return fixtures.Takes{}, fixtures.ErrNotFound
	}
	rec := m.as(i)
	rec.Take = 1
	if view.Rules.Key(&rec.Request) != key {
		return fixtures.Takes{}, fixtures.ErrNotFound
	}
	return fixtures.Takes{Recordings: []*fixtures.Recording{rec}}, nil
}

// shapes are stores in which what is near is hard to find in different ways,
// and a request that nothing answers.
var shapes = []struct {
	name    string
	as      func(i int) *fixtures.Recording
	request string
	body    string
}{
	{"paths", func(i int) *fixtures.Recording { return recordedAs(fmt.Sprintf("GET /v1/items/%06d", i), "") }, "GET /v1/itmes/050000", ""},
	{"deep", func(i int) *fixtures.Recording {
		return recordedAs(fmt.Sprintf("GET /api/tenants/%d/projects/%d/items/%06d", i%97, i%1009, i), "")
	}, "GET /api/tenants/1/projets/2/items/x", ""},
	{"queries", func(i int) *fixtures.Recording {
		return recordedAs(fmt.Sprintf("GET /search?q=word%d&page=%d&i=%06d", i%1000, i%7, i), "")
	}, "GET /search?q=word500&page=3&i=99999x", ""},
	{"bodies", func(i int) *fixtures.Recording {
		return recordedAs(fmt.Sprintf("POST /graphql?%06d", i), fmt.Sprintf(`{"query":"query q($id: ID!) { item(id: $id) { name } }","variables":{"id":%d}}`, i), "Content-Type", "application/json")
	}, "POST /graphql?050000", `{"query":"query q($id: ID!) { item(id: $id) { name } }","variables":{"id":"50000"}}`},
	{"far", func(i int) *fixtures.Recording { return recordedAs(fmt.Sprintf("GET /v1/items/%06d", i), "") }, "GET /nothing/of/the/kind", ""},
}

func BenchmarkExplainAMissAmong100000(b *testing.B) {
	for _, shape := range shapes {
		b.Run(shape.name, func(b *testing.B) {
			store := &many{n: 100_000, as: shape.as}
			p := &replay.Proxy{Sequence: &replay.Sequence{Store: store, Catalog: &replay.Catalog{Store: store}}}
			if err := p.Sequence.Catalog.Load(b.Context()); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if res, _ := send(b, p, shape.request, shape.body, "Content-Type", "application/json"); res.StatusCode != 424 {
					b.Fatal(res.Status)
				}
			}
		})
	}
}

// BenchmarkLoadTheCatalog reports the time for each recording, of which the
// store's own share is measured beside, and the memory that stays.
func BenchmarkLoadTheCatalog(b *testing.B) {
	for _, shape := range shapes {
		store := &many{n: 100_000, as: shape.as}
		b.Run(shape.name+"/iterate", func(b *testing.B) {
			for b.Loop() {
				for range store.Recordings(b.Context()) {
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*store.n), "ns/recording")
		})
		b.Run(shape.name+"/load", func(b *testing.B) {
			catalog := &replay.Catalog{Store: store}
			before := heap()
			for b.Loop() {
				catalog = &replay.Catalog{Store: store}
				if err := catalog.Load(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*store.n), "ns/recording")
			b.ReportMetric(float64(heap()-before)/float64(store.n), "bytes/recording")
			runtime.KeepAlive(catalog)
		})
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
