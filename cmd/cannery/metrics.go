package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	prometheus "github.com/VictoriaMetrics/metrics"

	"example.com/cannery/replay"
)

// A meter counts what Prometheus reads of a proxy. Nothing of a request is in its
// labels, so there are no more metrics after a million requests than after one. It may
// be used concurrently.
type meter struct {
	families families

	recorded   *prometheus.Counter
	unanswered *prometheus.Counter
	answers    [5]*prometheus.Counter // of origins, by the first digit of their status
}

// newMeter makes a meter of what recorders tell.
func newMeter() *meter {
	m := &meter{}
	m.recorded = m.families.counter("cannery_recorded_total", "Answers of origins that the store has taken.")
	m.unanswered = m.families.counter("cannery_origin_errors_total", "Requests sent to an origin that gave no answer.")
	const name = "cannery_origin_responses_total"
	set := m.families.add(name, "counter", "Answers of origins, by the class of their status.")
	for i := range m.answers {
		m.answers[i] = set.NewCounter(fmt.Sprintf(`%s{code="%dxx"}`, name, i+1))
	}
	return m
}

// answered counts an answer of an origin, or, of status 0, that there was none.
func (m *meter) answered(status int) {
	switch class := status / 100; {
	case class == 0:
		m.unanswered.Inc()
	case class <= len(m.answers):
		m.answers[class-1].Inc()
	}
}

// watch counts what becomes of the requests of a proxy that has not served any yet,
// and makes that a page of it.
func (m *meter) watch(p *replay.Proxy, src *source, lost *replay.Outage) {
	m.watchRequests(p)
	m.watchStore(p, src, lost)
	m.families.gauge("process_start_time_seconds", "When the proxy was started, in seconds since 1970.", constant(float64(time.Now().UnixMilli())/1000))
	const build = "cannery_build_info"
	m.families.add(build, "gauge", "What this proxy was built from. Its value is always 1.").NewGauge(
		fmt.Sprintf("%s{version=%q,go=%q}", build, moduleVersion(), runtime.Version()), constant(1))
	p.Answers.Metrics = m.families.write
}

// latencies are the upper bounds of the histograms' buckets, in seconds: most HITs take
// less than a millisecond, answers of language models many seconds.
var latencies = []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

func (m *meter) watchRequests(p *replay.Proxy) {
	const requests, took = "cannery_requests_total", "cannery_request_duration_seconds"
	label := func(name, outcome string) string {
		return fmt.Sprintf("%s{mode=%q,outcome=%q}", name, p.Mode(), outcome)
	}

	// The proxy counts them already.
	counted := m.families.add(requests, "counter", "Requests by what X-Cache said, hit, miss or bypass, and those refused, that were passed on to nobody.")
	counted.NewGauge(label(requests, "hit"), func() float64 { return float64(p.Stats().Hits) })
	counted.NewGauge(label(requests, "miss"), func() float64 { return float64(p.Stats().Misses) })
	counted.NewGauge(label(requests, "bypass"), func() float64 { return float64(p.Stats().Bypasses) })
	counted.NewGauge(label(requests, "refused"), func() float64 { return float64(p.Stats().Refused) })

	unmatched := m.families.counter("cannery_unmatched_requests_total", "Misses that nothing could answer, because there was no recording and no origin.")
	onMiss := p.Events.OnMiss
	p.Events.OnMiss = func(u replay.Unmatched) {
		unmatched.Inc()
		if onMiss != nil {
			onMiss(u)
		}
	}

	set := m.families.add(took, "histogram", "Time from a request to the end of its answer.")
	hit := set.NewPrometheusHistogramExt(label(took, "hit"), latencies)
	miss := set.NewPrometheusHistogramExt(label(took, "miss"), latencies)
	bypass := set.NewPrometheusHistogramExt(label(took, "bypass"), latencies)
	refused := set.NewPrometheusHistogramExt(label(took, "refused"), latencies)
	log := p.Events.Log
	p.Events.Log = func(e replay.Entry) {
		switch {
		case e.Cache == "HIT":
			hit.Update(e.Duration.Seconds())
		case e.Cache == "MISS":
			miss.Update(e.Duration.Seconds())
		case e.Refused:
			refused.Update(e.Duration.Seconds())
		case e.Cache == "BYPASS":
			bypass.Update(e.Duration.Seconds())
		}
		log(e)
	}
}

func (m *meter) watchStore(p *replay.Proxy, src *source, lost *replay.Outage) {
	var reads []*replay.Outage
	if p.Cache != nil {
		reads = append(reads, p.Cache.Down)
	}
	if p.Sequence != nil {
		reads = append(reads, p.Sequence.Down)
	}
	all := append(slices.Clone(reads), lost)
	const failed = "cannery_store_errors_total"
	set := m.families.add(failed, "counter", "Operations of the store that failed.")
	set.NewGauge(failed+`{operation="read"}`, func() (n float64) {
		for _, outage := range reads {
			n += float64(outage.Lost())
		}
		return n
	})
	set.NewGauge(failed+`{operation="write"}`, func() float64 { return float64(lost.Lost()) })
	m.families.gauge("cannery_store_up", "1, or 0 since the store's last operation failed.", func() float64 {
		for _, outage := range all {
			if outage.Down() {
				return 0
			}
		}
		return 1
	})
	m.families.gauge("cannery_store_recordings", "Recordings that the store holds, NaN when it cannot say.", func() float64 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second) // Prometheus waits some seconds for all
		defer cancel()
		n, err := src.Count(ctx)
		if err != nil {
			return math.NaN()
		}
		return float64(n)
	})
	m.families.gauge("cannery_cache_bytes", "Memory that is used to answer again what was asked for lately.", func() float64 { return float64(src.CacheSize()) })
}

func constant(value float64) func() float64 { return func() float64 { return value } }

// moduleVersion is what this build calls itself.
func moduleVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
